"""Figures of the chapters: pairs of models, intervals, breakdowns, maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from lumlip.breakdown import mean_with_interval
from lumlip.plotting import FAMILY_COLORS, family_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GREY = "#888888"
_METRIC_COLORS = {"gfre": "#0072B2", "lfre": "#E69F00", "gfrd": "#009E73"}


def pair_scatter(
    ax: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    pairs: Mapping[str, NDArray[np.bool_]],
) -> None:
    """Draw one table against another, a point per ordered pair of models, and the diagonal.

    Parameters
    ----------
    x, y : arrays of shape (n_models, n_models)
    pairs : dict of str to bool array of shape (n_models, n_models)
        Kinds of pairs by name; the first is drawn filled, others open.
    """
    top = 1.06 * max(
        [1.0, *(np.max(v[mask]) for v in (x, y) for mask in pairs.values() if mask.any())]
    )
    ax.plot([0, top], [0, top], color="#bbbbbb", lw=1, zorder=0)
    for i, (name, mask) in enumerate(pairs.items()):
        if mask.any():
            face = "#0072B2" if i == 0 else "none"
            edge = "#0072B2" if i == 0 else "#D55E00"
            ax.scatter(x[mask], y[mask], s=22, facecolors=face, edgecolors=edge, lw=1, label=name)
    ax.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    ax.legend(loc="upper left", fontsize=7.5)


def source_rows(
    errors: xr.DataArray, pairs: NDArray[np.bool_], groups: Sequence[int], **options: Any
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
        value, low, high = mean_with_interval(errors, chosen, groups, **options)
        color = FAMILY_COLORS.get(family_of(source), _GREY)
        rows.append({"name": source, "value": value, "low": low, "high": high, "color": color})
    return pd.DataFrame(rows)


def paired_bars(ax: Axes, by_label: Mapping[str, pd.DataFrame], *, label: str) -> None:
    """Draw two or more errors per label as horizontal bars, hardest label on top.

    Parameters
    ----------
    by_label : dict of str to DataFrame
        Metric to a table from :func:`lumlip.breakdown.error_by_label`; the first gives the order.
    """
    first = next(iter(by_label.values()))
    place = np.arange(len(first))[::-1].astype(float)
    height = 0.8 / len(by_label)
    for i, (metric, table) in enumerate(by_label.items()):
        values = table.loc[first.index, "error"]
        color = _METRIC_COLORS.get(metric, _GREY)
        ax.barh(place + 0.4 - (i + 0.5) * height, values, height, color=color, label=metric.upper())
    ax.axvline(1, color="#bbbbbb", lw=1)
    ax.set_yticks(place, [f"{name} ({n})" for name, n in first["atoms"].items()])
    ax.set(xlabel=label)
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="lower right")


def interval_plot(ax: Axes, rows: pd.DataFrame, *, label: str) -> None:
    """Draw values with their 95 % intervals, one line per row, sorted as they come.

    Parameters
    ----------
    rows : DataFrame
        Columns ``name``, ``value``, ``low``, ``high`` and ``color``.
    label : str
        Of the horizontal axis.
    """
    place = np.arange(len(rows))[::-1]
    ax.hlines(place, rows["low"], rows["high"], color=rows["color"], lw=2.2, alpha=0.55)
    ax.scatter(rows["value"], place, color=rows["color"], s=18, zorder=3)
    ax.set_yticks(place, rows["name"])
    ax.set(xlabel=label, xlim=(0, None), ylim=(-0.7, len(rows) - 0.3))
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def map_panels(
    figure: Figure, points: Mapping[str, NDArray[np.float64]], labels: Sequence[str]
) -> None:
    """Draw one two-dimensional map per model, the points colored by label.

    Parameters
    ----------
    points : dict of str to array of shape (n_points, 2)
    labels : sequence of str, length n_points
    """
    import seaborn as sns

    kinds = list(dict.fromkeys(labels))
    colors = dict(zip(kinds, sns.color_palette("husl", len(kinds)), strict=True))
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
