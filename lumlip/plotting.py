"""Figures: one look for the whole book, chosen once with :func:`use_style`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: One hue per family, told apart by readers with any kind of color vision (Okabe and Ito 2008).
FAMILY_COLORS = {
    "chgnet": "#0072B2",
    "sevennet": "#D55E00",
    "diep": "#009E73",
    "mace": "#CC79A7",
    "pet": "#E69F00",
    "dpa": "#56B4E9",
    "uma": "#7A5195",
}
ERROR_COLORS = "mako_r"
INK = "#222222"


def use_style() -> None:
    """Set the look of the figures that follow; touches nothing but matplotlib's settings."""
    import matplotlib as mpl

    mpl.rcParams.update(
        {
            "axes.edgecolor": "#555555",
            "axes.labelcolor": INK,
            "axes.linewidth": 0.8,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "figure.constrained_layout.use": True,
            "figure.dpi": 130,
            "font.family": "DejaVu Sans",
            "font.size": 8.5,
            "legend.frameon": False,
            "lines.linewidth": 2,
            "savefig.dpi": 130,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )


def family_of(model: str) -> str:
    """Return the family that a model's color and group come from."""
    from lumlip.zoo import resolve

    return resolve(model).family


def heat_map(ax: Axes, table: pd.DataFrame, *, label: str, vmax: float = 1.0) -> None:
    """Draw a table of reconstruction errors: row = source, column = target, numbers in the cells.

    Parameters
    ----------
    ax : matplotlib Axes
    table : DataFrame of shape (n_models, n_models)
    label : str
        What the colors mean, for the color bar.
    vmax : float
        Error at the dark end; larger ones get the same color.
    """
    import seaborn as sns

    values = table.to_numpy(dtype=float)
    mask = np.eye(len(values), dtype=bool) if list(table.index) == list(table.columns) else None
    sns.heatmap(
        table,
        ax=ax,
        mask=mask,
        cmap=ERROR_COLORS,
        vmin=0,
        vmax=vmax,
        square=True,
        linewidths=0.6,
        linecolor="white",
        annot=True,
        fmt=".2f",
        annot_kws={"size": 7.5},
        cbar_kws={"label": label, "shrink": 0.72, "pad": 0.02},
    )
    ax.set(xlabel="target: rebuilt", ylabel="source: rebuilt from")
    ax.set_facecolor("#f1f1f1")
    ax.tick_params(length=0)
    ax.set_xticklabels(ax.get_xticklabels(), rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticklabels(ax.get_yticklabels(), rotation=0)


def family_lines(ax: Axes, families: Sequence[str]) -> None:
    """Part the families of a heat map by heavier white lines."""
    for i in range(1, len(families)):
        if families[i] != families[i - 1]:
            ax.axhline(i, color="white", lw=3.5)
            ax.axvline(i, color="white", lw=3.5)


def heat_map_figure(table: pd.DataFrame, *, metric: str, vmax: float = 1.0) -> Figure:
    """Return a figure with one heat map, sized to its number of models."""
    from matplotlib.figure import Figure

    size = 2.6 + 0.44 * len(table)
    figure = Figure(figsize=(size + 0.5, size), layout="constrained")
    ax = figure.subplots()
    heat_map(ax, table, label=f"{metric.upper()} (0: fully contained, 1: not at all)", vmax=vmax)
    if list(table.index) == list(table.columns):
        family_lines(ax, [family_of(model) for model in table.index])
    return figure


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
    figure: Figure, points: Mapping[str, np.ndarray[Any, Any]], labels: Sequence[str]
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
