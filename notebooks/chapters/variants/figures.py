"""Figures of the variants: tables with intervals, parts of a task, all distances side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lumlip.metrics.bootstrap import Distances, interval_95, subset_of
from lumlip.plotting.style import FAMILY_COLORS, MINI_COLOR, error_cells
from lumlip.zoo.relations import KINDS, family_name, family_of
from lumlip.zoo.table import resolve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY = "#888888"
PAPER_COLOR = "#c4c4c4"
_LAYER_COLORS = {"backbone": "#0072B2", "last_layer": "#D55E00"}


def family_tables(figure: Figure, by_metric: Mapping[str, Distances], *, vmax: float = 1.0) -> None:
    """Draw a heat map per family and metric, each cell with its 95 % interval.

    Parameters
    ----------
    by_metric : dict of str to Distances
        One column each; one row per family of at least two models.
    vmax : float
        Error at the dark end of the colors.
    """
    models = list(next(iter(by_metric.values())).table.index)
    members: dict[str, list[str]] = {}
    for model in models:
        members.setdefault(family_of(model), []).append(model)
    groups = [names for names in members.values() if len(names) > 1]
    if not groups:
        _say_nothing(figure, "no family with two models in this run")
        return
    heights = [len(names) for names in groups]
    figure.set_size_inches(7.4, 0.32 * sum(heights) + 0.62 * len(groups) + 0.1)
    axes = figure.subplots(len(groups), len(by_metric), squeeze=False, height_ratios=heights)
    for row, names in zip(axes, groups, strict=True):
        for ax, (metric, distances) in zip(row, by_metric.items(), strict=True):
            _with_intervals(ax, subset_of(distances, names), vmax=vmax)
            ax.set_xlabel(f"{metric.upper()}, target", fontsize=7.5)
            ax.set_ylabel(f"{family_name(family_of(names[0]))}, source", fontsize=7.5)
            if ax is not row[0]:
                ax.set(ylabel="", yticklabels=[])


def _with_intervals(ax: Axes, distances: Distances, *, vmax: float) -> None:
    """One heat map: the error of each pair, and below it the interval in small digits."""
    table, values = distances.table, distances.table.to_numpy(dtype=float)
    low, high = interval_95(distances.draws[..., 1:], axis=-1)
    eye = np.eye(len(table), dtype=bool)
    error_cells(ax, table, eye, vmax=vmax, cbar=False)
    for i, j in zip(*np.nonzero(~eye), strict=True):
        value = values[i, j]
        ink = "white" if value > 0.45 * vmax else "#222222"
        ax.text(j + 0.5, i + 0.4, f"{value:.2f}", ha="center", va="center", fontsize=7, color=ink)
        bounds = f"{low[i, j]:.2f}–{high[i, j]:.2f}"
        ax.text(j + 0.5, i + 0.76, bounds, ha="center", va="center", fontsize=4.6, color=ink)
    ax.tick_params(labelsize=6.5)
    short = _without_common_start(list(table.index))
    ax.set_xticklabels(short, rotation=20, ha="right", rotation_mode="anchor")
    ax.set_yticklabels(short, rotation=0)
    if all(resolve(model).mini for model in table.index):
        for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
            label.set(fontstyle="italic", color=MINI_COLOR)


def _without_common_start(names: Sequence[str]) -> list[str]:
    """Drop what all names begin with, up to a hyphen or an @.

    >>> _without_common_start(["pet-mini", "pet-mini-seed2"])
    ['mini', 'mini-seed2']
    """
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    common = "".join(letters[0] for letters in same)
    cut = max(common.rfind("-"), common.rfind("@")) + 1
    return [name[cut:] for name in names]


def _say_nothing(figure: Figure, why: str) -> None:
    figure.set_size_inches(7.4, 0.8)
    figure.text(0.5, 0.5, why, ha="center", color=GREY)


def parts_plot(figure: Figure, rows: pd.DataFrame) -> None:
    """Draw how far each part of another task takes the features away, by layer.

    Parameters
    ----------
    rows : DataFrame
        From :func:`chapters.variants.tables.part_rows`.
    """
    if rows.empty:
        _say_nothing(figure, "no swapped parts of a task in this run")
        return
    ax = figure.subplots()
    parts = list(dict.fromkeys(rows["part"]))
    for i, (layer, own) in enumerate(rows.groupby("layer", sort=True)):
        place = np.array([len(parts) - parts.index(part) for part in own["part"]]) + 0.12 - 0.24 * i
        color = _LAYER_COLORS[str(layer)]
        ax.hlines(place, own["low"], own["high"], color=color, lw=2.2, alpha=0.55)
        ax.scatter(own["value"], place, s=24, color=color, label=str(layer).replace("_", " "))
    ax.set_yticks(range(len(parts), 0, -1), parts)
    ax.set(xlim=(-0.01, None), ylim=(0.4, len(parts) + 0.6))
    ax.set_xlabel("GFRE between the task and itself with this part of the other, mean of both ways")
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
    figure.legend(loc="outside upper right", ncols=2)


def kinds_plot(figure: Figure, rows: pd.DataFrame, *, noise: float = np.nan) -> None:
    """Draw all distances by kind of difference: the paper's ranges, published models, minis.

    Parameters
    ----------
    rows : DataFrame
        From :func:`chapters.variants.study.kind_rows` and `paper_rows`, put together.
    noise : float
        Mean between two seeds: a dashed line; NaN for none.
    """
    lines: list[tuple[str, pd.Series | None]] = []
    for kind in (kind for kind in KINDS if (rows["kind"] == kind).any()):
        lines.append((KINDS[kind], None))
        lines += [(_label(row), row) for _, row in rows[rows["kind"] == kind].iterrows()]
    figure.set_size_inches(7.4, 0.7 + 0.158 * len(lines))
    ax = figure.subplots()
    for place, (_, row) in enumerate(reversed(lines)):
        if row is None:
            ax.axhline(place + 0.55, color="#dddddd", lw=0.6)
        else:
            _one_line(ax, place, row)
    if np.isfinite(noise):
        ax.axvline(noise, color=MINI_COLOR, lw=0.9, ls="--", zorder=0)
    ax.set_yticks(range(len(lines)), [text for text, _ in reversed(lines)], fontsize=6.8)
    for tick, (_, row) in zip(ax.get_yticklabels(), reversed(lines), strict=True):
        tick.set(**_tick_style(row))
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="GFRE (no unit)", xlim=(0, None), ylim=(-0.7, len(lines) - 0.3))
    _legend(ax, noise)


def _label(row: pd.Series) -> str:
    if row["name"] == "all":
        return "minis" if row["source"] == "minis" else "published models"
    name = family_name(row["name"])
    return {"paper": f"paper: {name}", "minis": f"{name} minis"}.get(row["source"], str(name))


def _tick_style(row: pd.Series | None) -> dict[str, object]:
    if row is None:
        return {"fontweight": "bold"}
    if row["source"] == "minis":
        return {"fontstyle": "italic", "color": MINI_COLOR}
    return {"color": "#777777" if row["source"] == "paper" else "#222222"}


def _one_line(ax: Axes, place: int, row: pd.Series) -> None:
    """Draw one row: a grey bar for the paper; else every pair, the mean and its interval."""
    if row["source"] == "paper":
        ax.hlines(place, row["low"], row["high"], color=PAPER_COLOR, lw=6)
        ax.scatter(row["value"], place, marker="|", color="#555555", s=34, lw=1.4, zorder=3)
        return
    color = FAMILY_COLORS.get(row["name"], GREY)
    face = color if row["source"] == "real" else "white"
    ax.hlines(place, row["low"], row["high"], color=color, lw=2.4, alpha=0.45)
    points = np.full(len(row["pairs"]), place)
    ax.scatter(row["pairs"], points, s=8, color=color, edgecolors="white", lw=0.3, zorder=2.5)
    ax.scatter(row["value"], place, s=26, facecolors=face, edgecolors=color, lw=1.2, zorder=3)


def _legend(ax: Axes, noise: float) -> None:
    ax.hlines([], [], [], color=PAPER_COLOR, lw=6, label="paper: range, mean")
    for face, text in ((GREY, "published models"), ("white", "minis")):
        ax.scatter([], [], s=26, facecolors=face, edgecolors=GREY, lw=1.2, label=f"{text}: mean")
    ax.scatter([], [], s=8, color=GREY, label="single pairs")
    if np.isfinite(noise):
        ax.plot([], [], color=MINI_COLOR, lw=0.9, ls="--", label="two seeds (minis)")
    ax.figure.legend(loc="outside upper center", ncols=5, fontsize=7)
