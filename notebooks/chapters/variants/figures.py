"""The figure of the variants: all distances by what two models differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from chapters.variants.kinds import KINDS
from lumlip.plotting.style import FAMILY_COLORS, FAMILY_MARKERS, INK, LIGHT, WIDTH
from lumlip.zoo.relations import family_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
        some = rows[rows["kind"] == kind]
        lines += [(family_name(row["name"]) or "families", row) for _, row in some.iterrows()]
    figure.set_size_inches(WIDTH, 0.9 + 0.185 * len(lines))
    ax = figure.subplots()
    for place, (_, row) in enumerate(reversed(lines)):
        if row is None:
            ax.axhline(place + 0.55, color=LIGHT, lw=0.5)
        else:
            _one_line(ax, place, row)
    ax.set_yticks(range(len(lines)), [text for text, _ in reversed(lines)])
    for tick, (_, row) in zip(ax.get_yticklabels(), reversed(lines), strict=True):
        tick.set(**_tick_style(row))
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="GFRE (no unit)", xlim=(0, 1), ylim=(-0.7, len(lines) - 0.3))
    _legend(ax)


def _tick_style(row: pd.Series | None) -> dict[str, object]:
    if row is None:
        return {"fontweight": "bold"}
    return {"fontstyle": "italic" if row["source"] == "minis" else "normal"}


def _one_line(ax: Axes, place: int, row: pd.Series) -> None:
    """Draw one row: a gray bar for the paper; else every pair, the mean and its interval."""
    if row["source"] == "paper":
        ax.hlines(place, row["low"], row["high"], color=LIGHT, lw=6)
        ax.scatter(row["value"], place, marker="|", color=INK, s=34, lw=1.4, zorder=3)
        return
    color = FAMILY_COLORS.get(row["name"], INK)
    ax.hlines(place, row["low"], row["high"], color=color, lw=2.4, alpha=0.45)
    points = np.full(len(row["pairs"]), place)
    ax.scatter(row["pairs"], points, s=7, color=color, alpha=0.6, linewidths=0, zorder=2.5)
    ax.scatter(
        row["value"],
        place,
        s=30,
        marker=FAMILY_MARKERS.get(row["name"], "o"),
        facecolors=color if row["source"] == "published" else "white",
        edgecolors=color,
        lw=1.3,
        zorder=3,
    )


def _legend(ax: Axes) -> None:
    ax.hlines([], [], [], color=LIGHT, lw=6, label="paper: range and mean")
    for face, text in ((INK, "published models: mean"), ("white", r"$\it{minis}$: mean")):
        ax.scatter([], [], s=30, facecolors=face, edgecolors=INK, lw=1.3, label=text)
    ax.scatter([], [], s=7, color=INK, label="single pairs")
    ax.figure.legend(loc="outside upper center", ncols=2)
