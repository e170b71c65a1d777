"""The figure of the variants: all distances by what two models differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lumlip.plotting.style import FAMILY_COLORS
from lumlip.zoo.relations import KINDS, family_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY, PAPER_COLOR = "#888888", "#c4c4c4"


def kinds_plot(figure: Figure, rows: pd.DataFrame) -> None:
    """Draw all distances by kind of difference: the paper's ranges, published models, minis.

    Parameters
    ----------
    rows : DataFrame
        From :func:`chapters.variants.pairs.kind_rows` and `paper_rows`, put together.
    """
    lines: list[tuple[str, pd.Series | None]] = []
    for kind in (kind for kind in KINDS if (rows["kind"] == kind).any()):
        lines.append((KINDS[kind], None))
        lines += [(_label(row), row) for _, row in rows[rows["kind"] == kind].iterrows()]
    figure.set_size_inches(7.4, 0.7 + 0.17 * len(lines))
    ax = figure.subplots()
    for place, (_, row) in enumerate(reversed(lines)):
        if row is None:
            ax.axhline(place + 0.55, color="#dddddd", lw=0.6)
        else:
            _one_line(ax, place, row)
    ax.set_yticks(range(len(lines)), [text for text, _ in reversed(lines)], fontsize=6.8)
    for tick, (_, row) in zip(ax.get_yticklabels(), reversed(lines), strict=True):
        tick.set(**_tick_style(row))
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="GFRE (no unit)", xlim=(0, 1), ylim=(-0.7, len(lines) - 0.3))
    _legend(ax)


def _label(row: pd.Series) -> str:
    if not row["name"]:
        return f"{row['source']}: families"
    name = family_name(row["name"])
    return {"paper": f"paper: {name}", "minis": f"{name} minis"}.get(row["source"], name)


def _tick_style(row: pd.Series | None) -> dict[str, object]:
    if row is None:
        return {"fontweight": "bold"}
    if row["source"] == "minis":
        return {"fontstyle": "italic"}
    return {"color": "#777777" if row["source"] == "paper" else "#222222"}


def _one_line(ax: Axes, place: int, row: pd.Series) -> None:
    """Draw one row: a grey bar for the paper; else every pair, the mean and its interval."""
    if row["source"] == "paper":
        ax.hlines(place, row["low"], row["high"], color=PAPER_COLOR, lw=6)
        ax.scatter(row["value"], place, marker="|", color="#555555", s=34, lw=1.4, zorder=3)
        return
    color = FAMILY_COLORS.get(row["name"], GREY)
    face = color if row["source"] == "published" else "white"
    ax.hlines(place, row["low"], row["high"], color=color, lw=2.4, alpha=0.45)
    points = np.full(len(row["pairs"]), place)
    ax.scatter(row["pairs"], points, s=8, color=color, edgecolors="white", lw=0.3, zorder=2.5)
    ax.scatter(row["value"], place, s=26, facecolors=face, edgecolors=color, lw=1.2, zorder=3)


def _legend(ax: Axes) -> None:
    ax.hlines([], [], [], color=PAPER_COLOR, lw=6, label="paper: range, mean")
    for face, text in ((GREY, "published models"), ("white", "minis")):
        ax.scatter([], [], s=26, facecolors=face, edgecolors=GREY, lw=1.2, label=f"{text}: mean")
    ax.scatter([], [], s=8, color=GREY, label="single pairs")
    ax.figure.legend(loc="outside upper center", ncols=4, fontsize=7)
