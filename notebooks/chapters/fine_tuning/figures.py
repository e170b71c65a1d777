"""Figures of the chapter on fine-tuning: tables side by side, distances, progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from chapters.shared.lineage import is_known
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval
from lumlip.plotting.style import INK, MINI_COLOR, WRITTEN, error_cells
from lumlip.zoo.table import resolve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Kinds of structures that share a color in maps.
KINDS = {
    "crystals": ("bulk", "rattled", "random", "2d"),
    "surfaces and clusters": ("surface", "cluster"),
    "molecules": ("molcrys", "molfrags"),
}
_KIND_OF = {subset: kind for kind, subsets in KINDS.items() for subset in subsets}
_MAP_COLORS = ("#0072B2", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#888888")
#: A color and a marker per column of numbers; the paper's first, then minis.
LOOKS = (("#444444", "D"), ("#E69F00", "o"), ("#CC79A7", "s"), ("#0072B2", "^"))
_LAYER_COLORS = ("#0072B2", "#E69F00", "#009E73")


def tables_side_by_side(
    figure: Figure, tables: Mapping[str, Mapping[str, pd.DataFrame]], *, vmax: float
) -> None:
    """Draw square tables of errors in the same colors, a row per metric, a column per name.

    Parameters
    ----------
    tables : dict of str to dict of str to DataFrame of shape (n, n)
        Metric to name to table; row = source, column = target.
    vmax : float
        Error at the dark end of the colors.
    """
    names = list(next(iter(tables.values())))
    figure.set_size_inches(7.4, 0.7 + len(tables) * 6.3 / len(names))
    axes = figure.subplots(len(tables), len(names), squeeze=False)
    for i, (metric, row) in enumerate(tables.items()):
        for j, name in enumerate(names):
            ax, table = axes[i, j], row[name]
            _table(ax, table, vmax=vmax)
            is_last = i == len(tables) - 1
            ax.set_yticklabels([] if j else table.index, rotation=0)
            columns = list(table.columns) if is_last else []
            ax.set_xticklabels(columns, rotation=45, ha="right", rotation_mode="anchor")
            ax.set(xlabel="target" if is_last else "", ylabel="" if j else "source")
            if i == 0:
                ax.set_title(name, fontsize=8.5, **_name_style(name))
        bar = figure.colorbar(axes[i, -1].collections[0], ax=list(axes[i]), shrink=0.8, pad=0.01)
        bar.set_label(metric.upper())


def _name_style(name: str) -> dict[str, str]:
    """Return how the name of a mini is written, as in the other figures of the book."""
    is_mini = is_known(name) and resolve(name).mini
    return {"fontstyle": "italic", "color": MINI_COLOR} if is_mini else {}


def _table(ax: Axes, table: pd.DataFrame, *, vmax: float) -> None:
    mask = np.eye(len(table), dtype=bool) | table.isna().to_numpy()
    look = {"linewidths": 0.5, "annot_kws": {"size": 6.3}, "cbar": False, **WRITTEN}
    error_cells(ax, table, mask, vmax=vmax, xticklabels=True, yticklabels=True, **look)
    ax.tick_params(labelsize=7)


def distance_rows(ax: Axes, rows: Mapping[str, Mapping[str, Interval]], *, label: str) -> None:
    """Draw distances with their intervals, one line per question, one marker per column.

    Parameters
    ----------
    rows : dict of str to dict of str to (value, low, high)
        Row to column to numbers; NaN is left out. A row without columns is a gap.
    label : str
        Of the horizontal axis.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    places = np.arange(len(rows))[::-1].astype(float)
    for i, column in enumerate(columns):
        color, marker = LOOKS[i % len(LOOKS)]
        found = np.array([row.get(column, Interval.missing()) for row in rows.values()])
        at = places + 0.22 * ((len(columns) - 1) / 2 - i)
        ax.hlines(at, found[:, 1], found[:, 2], color=color, lw=2, alpha=0.5)
        ax.scatter(found[:, 0], at, color=color, marker=marker, s=20, zorder=3, label=column)
    named = [(place, name) for place, (name, row) in zip(places, rows.items(), strict=True) if row]
    ax.set_yticks([place for place, _ in named], [name for _, name in named])
    ax.set(xlabel=label, ylim=(-0.6, len(rows) - 0.4))
    ax.set_xlim(0, None)
    ax.tick_params(axis="y", length=0)
    for place, row in zip(places, rows.values(), strict=True):
        if not row:
            ax.axhline(place, color="#bbbbbb", lw=0.8, ls=(0, (4, 3)))
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
    ax.legend(fontsize=7.5, loc="upper right")


def progress_panels(figure: Figure, runs: Mapping[str, Mapping[str, pd.DataFrame]]) -> None:
    """Draw distances along training, a row of panels per family, a panel per run.

    Parameters
    ----------
    runs : dict of str to dict of str to DataFrame
        Family to run to distances, from :func:`chapters.shared.fine_tuning.progress`.
    """
    names = list(dict.fromkeys(name for of_family in runs.values() for name in of_family))
    figure.set_size_inches(7.4, 0.7 + 1.9 * len(runs))
    axes = figure.subplots(len(runs), len(names), squeeze=False, sharex=True, sharey=True)
    for i, (family, of_family) in enumerate(runs.items()):
        for j, name in enumerate(names):
            ax = axes[i, j]
            if name not in of_family:
                ax.set_axis_off()
                continue
            _curves(ax, of_family[name])
            ax.set_title(f"{family}, {name}", fontsize=8.5, **_name_style(family))
            ax.set(xlabel="share of the training" if i == len(runs) - 1 else "")
        axes[i, 0].set_ylabel("distance (GFRE)")
    drawn = [ax.get_legend_handles_labels() for ax in axes.flat]
    named = {label: handle for pair in drawn for handle, label in zip(*pair, strict=True)}
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=len(named))


def _curves(ax: Axes, distances: pd.DataFrame) -> None:
    for column, color in zip(distances, _LAYER_COLORS, strict=False):
        ax.plot(distances.index, distances[column], "o-", ms=4, lw=1.4, color=color, label=column)
    ax.set_xticks([0, 0.5, 1])
    ax.grid(color="#e5e5e5", lw=0.6)
    ax.set_axisbelow(True)


def by_label(ax: Axes, tables: Mapping[str, pd.DataFrame], *, label: str) -> None:
    """Draw errors per label, one color per pair of models: root mean square and median atom.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Pair to a table from :func:`chapters.shared.breakdown.error_by_label`, of the same labels.
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    order = sorted(next(iter(tables.values())).index)
    rows = np.arange(len(order))[::-1].astype(float)
    for i, (pair, table) in enumerate(tables.items()):
        at, color = rows + 0.15 - 0.3 * i, _LAYER_COLORS[i]
        rms, median = (table.loc[order, column] for column in ("error", "median"))
        ax.hlines(at, median, rms, color=color, lw=1.2, alpha=0.5)
        ax.scatter(rms, at, s=24, color=color, zorder=3, label=pair)
        ax.scatter(median, at, s=24, facecolors="white", edgecolors=color, zorder=3)
    ax.set_yticks(rows, order)
    ax.set(xlabel=label, xscale="log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def projected(
    figure: Figure,
    maps: Mapping[str, tuple[FloatArray, FloatArray]],
    labels: Sequence[str],
    *,
    name: str,
) -> None:
    """Draw maps of one set of structures, with another set projected into each.

    Parameters
    ----------
    maps : dict of str to (array of shape (n, 2), array of shape (m, 2))
        Model to the points of the set that made the map, and of the projected one.
    labels : sequence of str, length n
        What the colors mean; the projected points are dark.
    name : str
        Of the projected set.
    """
    of_kind = [_KIND_OF.get(label, label) for label in labels]
    kinds = list(dict.fromkeys(of_kind))
    color = {kind: _MAP_COLORS[i % len(_MAP_COLORS)] for i, kind in enumerate(kinds)}
    figure.set_size_inches(7.4, 0.7 + 7.0 / len(maps))
    axes = figure.subplots(1, len(maps), squeeze=False)[0]
    for ax, (model, (base, other)) in zip(axes, maps.items(), strict=True):
        ax.scatter(*base.T, c=[color[k] for k in of_kind], s=6, lw=0, alpha=0.55, rasterized=True)
        ax.scatter(*other.T, c=INK, s=6, marker="x", lw=0.5, alpha=0.6, rasterized=True)
        ax.set_title(model, fontsize=8.5)
        ax.set(xticks=[], yticks=[], xlabel="first covariate")
    axes[0].set_ylabel("second covariate")
    handles = [axes[0].scatter([], [], color=color[kind], s=16, label=kind) for kind in kinds]
    handles.append(axes[0].scatter([], [], color=INK, marker="x", s=16, lw=1, label=name))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
