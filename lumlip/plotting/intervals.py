"""Figures of the chapters: pairs of models, intervals, breakdowns, maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd
import xarray as xr

from lumlip.array_types import BoolArray, FloatArray
from lumlip.metrics.bootstrap import Resampling, mean_with_interval
from lumlip.plotting.style import FAMILY_COLORS
from lumlip.zoo.relations import family_of

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


def pair_scatter(
    ax: Axes,
    x: FloatArray,
    y: FloatArray,
    pairs: Mapping[str, BoolArray],
    *,
    log: bool = False,
) -> None:
    """Draw one table against another, a point per ordered pair of models, and the diagonal.

    Parameters
    ----------
    x, y : arrays of shape (n_models, n_models)
    pairs : dict of str to bool array of shape (n_models, n_models)
        Kinds of pairs by name; the first is drawn filled, others open.
    log : bool
        Logarithmic axes, for errors that span orders of magnitude.
    """
    values = np.concatenate([v[mask] for v in (x, y) for mask in pairs.values()])
    low, high = (0.8 * values.min(), 1.4 * values.max()) if log else (0, max(1.0, values.max()))
    for i, (name, mask) in enumerate(pairs.items()):
        if mask.any():
            face = "#0072B2" if i == 0 else "none"
            edge = "#0072B2" if i == 0 else "#D55E00"
            ax.scatter(x[mask], y[mask], s=22, facecolors=face, edgecolors=edge, lw=1, label=name)
    scale = "log" if log else "linear"
    ax.set(
        xscale=scale, yscale=scale, xlim=(low, 1.06 * high), ylim=(low, 1.06 * high), aspect="equal"
    )
    ax.plot([low, 1.06 * high], [low, 1.06 * high], color="#bbbbbb", lw=1, zorder=0)
    ax.legend(loc="lower right", fontsize=7.5)


def source_rows(
    errors: xr.DataArray, pairs: BoolArray, groups: Sequence[int], **options: Unpack[Resampling]
) -> pd.DataFrame:
    """Mean error from each source over its pairs, with intervals: rows for `interval_plot`.

    Parameters
    ----------
    errors : DataArray of shape (source, target, atom)
    pairs : bool array of shape (n_sources, n_targets)
    groups : sequence of int, length n_test
        The structure of every test atom.
    options
        ``n_bootstrap`` and ``seed``.
    """
    rows = []
    for i, source in enumerate(errors["source"].to_numpy()):
        chosen = np.zeros_like(pairs)
        chosen[i] = pairs[i]
        if not chosen.any():
            continue
        found = mean_with_interval(errors, chosen, groups, **options)
        color = FAMILY_COLORS.get(family_of(source), _GREY)
        rows.append({"name": source, **found._asdict(), "color": color})
    return pd.DataFrame(rows)


def paired_dots(ax: Axes, by_label: Mapping[str, pd.DataFrame], *, label: str) -> None:
    """Draw the errors of two or more metrics per label on a logarithmic axis, hardest on top.

    Filled: root mean square; open: median. Far apart, they say that few atoms carry the error.

    Parameters
    ----------
    by_label : dict of str to DataFrame of shape (n_labels, n_columns)
        Metric to a table from :func:`chapters.shared.breakdown.error_by_label`; the first gives the
        order.
    """
    first = next(iter(by_label.values()))
    rows = np.arange(len(first))[::-1].astype(float)
    for i, (metric, table) in enumerate(by_label.items()):
        place = rows + 0.16 * (len(by_label) - 1) - 0.32 * i
        color = _METRIC_COLORS.get(metric, _GREY)
        rms, median = (table.loc[first.index, column] for column in ("error", "median"))
        ax.hlines(place, median, rms, color=color, lw=1.2, alpha=0.5)
        ax.scatter(rms, place, s=26, color=color, zorder=3, label=f"{metric.upper()}")
        ax.scatter(median, place, s=26, facecolors="white", edgecolors=color, zorder=3)
    ax.scatter([], [], s=26, facecolors="white", edgecolors=_GREY, label="median")
    ax.set_yticks(rows, [f"{name} ({n})" for name, n in first["atoms"].items()])
    ax.set(xlabel=label, xscale="log")
    _plain_log_ticks(ax)
    ax.legend(loc="lower right")


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
