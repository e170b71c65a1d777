"""Figures of the chapters: pairs of models, intervals, breakdowns, maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lumlip.array_types import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GREY = "#888888"
#: Okabe and Ito (2008), the yellow darker, and a purple in place of their orange.
KIND_COLORS = (
    "#0072B2",
    "#56B4E9",
    "#222222",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#D8C200",
    "#6A3D9A",
)
_METRIC_COLORS = {"gfre": "#0072B2", "lfre": "#E69F00", "gfrd": "#009E73"}


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
    """Draw one two-dimensional map per model, the points colored by label.

    Parameters
    ----------
    points : dict of str to array of shape (n_points, 2)
    labels : sequence of str, length n_points
    """
    kinds = list(dict.fromkeys(labels))
    colors = {kind: KIND_COLORS[i % len(KIND_COLORS)] for i, kind in enumerate(kinds)}
    n_columns = min(3, len(points))
    axes = figure.subplots(-(-len(points) // n_columns), n_columns, squeeze=False)
    shade = [colors[label] for label in labels]
    for ax, (model, xy) in zip(axes.flat, points.items(), strict=False):
        ax.scatter(*xy.T, c=shade, s=4, linewidths=0, alpha=0.7, rasterized=True)
        ax.text(0.03, 0.97, model, transform=ax.transAxes, va="top", fontsize=7.5)
        ax.set(xticks=[], yticks=[])
    for ax in axes.flat[len(points) :]:
        ax.set_axis_off()
    handles = [
        figure.axes[0].scatter([], [], color=colors[kind], s=18, label=kind) for kind in kinds
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(kinds)))
