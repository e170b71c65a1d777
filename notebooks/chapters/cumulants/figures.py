"""Figures of the chapter on averages and cumulants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from chapters.cumulants.targets import SUBSET
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval
from lumlip.plotting.intervals import KIND_COLORS
from lumlip.plotting.style import FAMILY_COLORS, MINI_COLOR
from lumlip.zoo.relations import family_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GREY = "#888888"
_BAND: dict[str, Any] = {"alpha": 0.16, "lw": 0}
#: Line styles of the variants of one family.
_STYLES = ("-", "--", ":", "-.")


def looks(models: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Color by family and line style by variant, for every model."""
    seen: dict[str, int] = {}
    found = {}
    for model in models:
        family = family_of(model)
        style = _STYLES[seen.get(family, 0) % len(_STYLES)]
        seen[family] = seen.get(family, 0) + 1
        found[model] = {"color": FAMILY_COLORS.get(family, _GREY), "ls": style}
    return found


def order_lines(
    ax: Axes,
    values: xr.DataArray,
    *,
    published: pd.Series | None = None,
    minis: Sequence[str] = (),
    label: str,
) -> None:
    """Draw an error against the order, a line per model, and the published points.

    Parameters
    ----------
    values : DataArray of shape (model, order)
    published : Series indexed by order, optional
        NaN where nothing was published.
    minis : sequence of str
        Models to be drawn thinner.
    label : str
        Of the vertical axis.
    """
    models = [str(model) for model in values["model"].to_numpy()]
    for model, look in looks(models).items():
        width = 1.0 if model in minis else 1.8
        one = values.sel(model=model)
        ax.plot(one["order"], one, lw=width, marker="o", ms=2.2 * width, label=model, **look)
    if published is not None:
        known = published.dropna()
        ax.plot(
            known.index, known, "X", color="black", ms=6, ls="", label="paper: PET-MAD", zorder=5
        )
    orders = values["order"].to_numpy()
    ax.set(xlabel="order K", ylabel=label, xticks=orders)
    ax.set(xlim=(orders[0] - 0.4, orders[-1] + 0.4), ylim=(0, max(1.0, 1.05 * float(values.max()))))
    _light_grid(ax, "y")


def band(ax: Axes, curve: Mapping[int, Interval], *, label: str) -> None:
    """Draw the mean over models of a curve with its interval, behind the lines.

    Parameters
    ----------
    curve : mapping of order to (value, low, high)
    """
    rows = np.array([[order, *numbers] for order, numbers in curve.items()])
    ax.fill_between(rows[:, 0], rows[:, 2], rows[:, 3], color=_GREY, label=label, zorder=0, **_BAND)


def model_legend(figure: Figure, axes: Sequence[Axes], *, ncols: int = 4) -> None:
    """Put one legend for several axes below a figure, each name once, minis in italics."""
    from lumlip.zoo.table import resolve

    handles: dict[str, Any] = {}
    for ax in axes:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(name, handle)
    legend = figure.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=ncols, fontsize=7
    )
    for text in legend.get_texts():
        name = text.get_text()
        if "mini" in name and resolve(name).mini:
            text.set(fontstyle="italic", color=MINI_COLOR)


def table_pair(figure: Figure, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw two tables of GFRE between models side by side; large ones above each other.

    Parameters
    ----------
    tables : mapping of title to DataFrame of shape (n_models, n_models)
    """
    from lumlip.plotting.style import family_lines, heat_map

    n_models = max(len(table) for table in tables.values())
    beside = n_models <= 6
    grid = (1, len(tables)) if beside else (len(tables), 1)
    size = (7.4, 1.7 + 0.42 * n_models) if beside else (7.4, len(tables) * (2 + 0.42 * n_models))
    figure.set_size_inches(*size)
    axes = figure.subplots(*grid, squeeze=False).flat
    for i, (ax, (title, table)) in enumerate(zip(axes, tables.items(), strict=True)):
        heat_map(ax, table, label="GFRE (no unit)")
        family_lines(ax, [family_of(model) for model in table.index])
        ax.set_title(title, fontsize=8.5)
        if beside and i:
            ax.set(ylabel="", yticks=[])
        if beside and i < len(tables) - 1:
            ax.collections[0].colorbar.remove()  # type: ignore[union-attr]


def share_bars(ax: Axes, shares: FloatArray) -> None:
    """Draw which part of the variance each order holds: mean over models, points for each.

    Parameters
    ----------
    shares : array of shape (n_models, order)
    """
    orders = np.arange(1, shares.shape[1] + 1)
    colors = ["#0072B2", *["#9db8cc"] * (len(orders) - 1)]
    ax.bar(orders, 100 * shares.mean(axis=0), color=colors, width=0.7)
    for row in shares:
        ax.scatter(orders, 100 * row, s=7, color="black", lw=0, alpha=0.6, zorder=3)
    ax.set(xlabel="order", ylabel="share of the variance (%)", xticks=orders)


def scaling_lines(ax: Axes, curves: Mapping[str, ArrayLike], orders: Sequence[int]) -> None:
    """Draw the mean error from order 1 to higher ones for several scalings.

    Parameters
    ----------
    curves : mapping of str to array of shape (n_orders,)
        The last one is a bound: drawn in grey.
    orders : sequence of int
    """
    styles: list[dict[str, Any]] = [
        {"color": "#0072B2"},
        {"color": "#D55E00"},
        {"color": _GREY, "ls": ":"},
    ]
    for (name, values), style in zip(curves.items(), styles, strict=False):
        ax.plot(orders, np.asarray(values), marker="o", ms=3.5, lw=1.6, label=name, **style)
    top = max(1.0, 1.05 * max(float(np.max(values)) for values in curves.values()))
    ax.set(xlabel="order K", ylabel="GFRE, order 1 → K", ylim=(0, top), xticks=list(orders))
    _light_grid(ax, "y")
    ax.legend(loc="lower right", fontsize=7)


def score_panels(figure: Figure, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw the scores of the probes: a panel per target, a row per way of pooling.

    Parameters
    ----------
    tables : mapping of target to DataFrame
        From :func:`chapters.cumulants.targets.score_table`; the column ``"baseline"`` is drawn as a
        cross.
    """
    if not tables:
        figure.text(0.5, 0.5, "nothing to predict in this run", ha="center")
        return
    ways = list(dict.fromkeys(way for table in tables.values() for way in table.index))
    place = {way: len(ways) - 1 - i for i, way in enumerate(ways)}
    axes = figure.subplots(-(-len(tables) // 2), min(2, len(tables)), sharey=True, squeeze=False)
    for ax, (target, table) in zip(axes.flat, tables.items(), strict=False):
        for model in table.columns:
            known = table[model].dropna()
            rows = [place[str(way)] for way in known.index]
            if model == "baseline":
                ax.scatter(known, rows, marker="x", s=26, color="black", label="no model", zorder=3)
            else:
                color = FAMILY_COLORS.get(family_of(model), _GREY)
                ax.scatter(known, rows, s=20, color=color, label=model, zorder=3)
        unit = "balanced accuracy" if target == SUBSET else "R²"
        ax.set(xlabel=f"{target} ({unit})", ylim=(-0.6, len(ways) - 0.4))
        ax.set_yticks(range(len(ways)), ways[::-1])
        _light_grid(ax, "both")
    for ax in list(axes.flat)[len(tables) :]:
        ax.set_axis_off()
    model_legend(figure, list(axes.flat)[: len(tables)])


def map_grid(
    figure: Figure,
    points: Mapping[str, FloatArray],
    subset: Sequence[str],
    energy: ArrayLike,
    *,
    label: str,
) -> None:
    """Draw maps side by side, above colored by subset, below by a number.

    Parameters
    ----------
    points : mapping of str to array of shape (n_structures, 2)
    subset : sequence of str
    energy : array of shape (n_structures,)
        Colors are cut at its 2 and 98 % quantiles.
    label : str
        Of the color bar.
    """
    axes = figure.subplots(2, len(points), squeeze=False)
    kinds = list(dict.fromkeys(subset))
    shade = [KIND_COLORS[kinds.index(kind) % len(KIND_COLORS)] for kind in subset]
    low, high = np.quantile(np.asarray(energy), [0.02, 0.98])
    look: dict[str, Any] = {"s": 5, "linewidths": 0, "rasterized": True}
    for column, (name, xy) in enumerate(points.items()):
        axes[0, column].scatter(*xy.T, c=shade, alpha=0.75, **look)
        drawn = axes[1, column].scatter(
            *xy.T, c=energy, cmap="viridis", vmin=low, vmax=high, **look
        )
        boxed = {"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 2}
        place = axes[0, column].transAxes
        axes[0, column].text(0.03, 0.97, name, transform=place, va="top", bbox=boxed)
        for ax in axes[:, column]:
            ax.set(xlim=_without_outliers(xy[:, 0]), ylim=_without_outliers(xy[:, 1]))
            ax.set(xticks=[], yticks=[])
    figure.colorbar(drawn, ax=list(axes[1]), label=label, shrink=0.85)
    handles = [
        axes[0, 0].scatter([], [], color=KIND_COLORS[i % len(KIND_COLORS)], s=18, label=kind)
        for i, kind in enumerate(kinds)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(kinds)))


def _without_outliers(x: FloatArray) -> tuple[float, float]:
    """Limits of an axis that few far points do not stretch."""
    low, high = np.quantile(x, [0.004, 0.996])
    margin = 0.12 * (high - low)
    return max(low - margin, x.min() - 0.1 * margin), min(high + margin, x.max() + 0.1 * margin)


def _light_grid(ax: Axes, axis: str) -> None:
    ax.grid(axis=axis, color="#dddddd", lw=0.6)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
