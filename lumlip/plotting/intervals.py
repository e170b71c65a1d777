"""Figures of the chapters: pairs of models, intervals, breakdowns, maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lumlip.array_types import FloatArray
from lumlip.plotting.style import FAMILY_COLORS, INK, LIGHT, WIDTH
from lumlip.zoo.relations import family_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _plain_log_ticks(ax: Axes) -> None:
    """Write 0.2, 1, 5 instead of powers of ten, and draw a light grid."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def interval_plot(ax: Axes, rows: pd.DataFrame, *, label: str, log: bool = False) -> None:
    """Draw values with their 95 % intervals, one line per row, sorted as they come.

    Parameters
    ----------
    rows : DataFrame of shape (n_rows, 5)
        Columns ``name``, ``value``, ``low``, ``high`` and ``color``.
    label : str
        Of the horizontal axis.
    log : bool
        A logarithmic one.
    """
    place = np.arange(len(rows))[::-1]
    ax.hlines(place, rows["low"], rows["high"], color=rows["color"], lw=2.2, alpha=0.55)
    ax.scatter(rows["value"], place, color=rows["color"], s=18, zorder=3)
    ax.set_yticks(place, rows["name"])
    ax.set(xlabel=label, ylim=(-0.7, len(rows) - 0.3))
    if log:
        ax.set_xscale("log")
        _plain_log_ticks(ax)
    else:
        ax.set_xlim(0, None)
        ax.grid(axis="x", color="#dddddd", lw=0.6)
        ax.set_axisbelow(True)


def map_panels(figure: Figure, points: Mapping[str, FloatArray], labels: Sequence[str]) -> None:
    """Draw two-dimensional maps: a row per model, each label in its family's color in one column.

    Parameters
    ----------
    figure : Figure
        It gets the size that the panels need.
    points : dict of str to array of shape (n_points, 2)
    labels : sequence of str, length n_points
    """
    kinds, of = list(dict.fromkeys(labels)), np.asarray(labels)
    panel = WIDTH / max(4, len(kinds))
    figure.set_size_inches(WIDTH, 0.7 + (panel + 0.15) * len(points))
    axes = figure.subplots(len(points), len(kinds), squeeze=False)
    for row, (model, xy) in zip(axes, points.items(), strict=True):
        color = FAMILY_COLORS.get(family_of(model), INK)
        for ax, kind in zip(row, kinds, strict=True):
            for some, shade in ((of != kind, LIGHT), (of == kind, color)):
                ax.scatter(*xy[some].T, color=shade, s=2, linewidths=0, rasterized=True)
            ax.set(xticks=[], yticks=[])
        row[0].set_title(model, loc="left")
    for ax, kind in zip(axes[-1], kinds, strict=True):
        ax.set_xlabel(kind, rotation=40, ha="right", rotation_mode="anchor")
