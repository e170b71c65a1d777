"""Figures of the chapter on fine-tuning: distances from the parent, and pairs by relation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lumlip.metrics.repeated import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A color and a marker per column of numbers: the paper's, minis, and published models.
LOOKS = (("#444444", "D"), ("#E69F00", "o"), ("#CC79A7", "s"), ("#0072B2", "^"))


def distance_rows(ax: Axes, rows: Mapping[str, Mapping[str, Estimate]], *, label: str) -> None:
    """Draw distances with their intervals, one line per role, one marker per column.

    Parameters
    ----------
    rows : dict of str to dict of str to Estimate
        Row to column to number; missing ones are left out. A row without columns is a gap.
    label : str
        Of the horizontal axis.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    places = np.arange(len(rows))[::-1].astype(float)
    for i, column in enumerate(columns):
        color, marker = LOOKS[i % len(LOOKS)]
        some = [row.get(column, Estimate.missing()) for row in rows.values()]
        at = places + 0.22 * ((len(columns) - 1) / 2 - i)
        low, high = [one.low for one in some], [one.high for one in some]
        ax.hlines(at, low, high, color=color, lw=2, alpha=0.5)
        drawn: dict[str, Any] = {
            "color": color,
            "marker": marker,
            "s": 20,
            "zorder": 3,
            "label": column,
        }
        ax.scatter([one.value for one in some], at, **drawn)
    named = [(place, name) for place, (name, row) in zip(places, rows.items(), strict=True) if row]
    ax.set_yticks([place for place, _ in named], [name for _, name in named])
    for place, row in zip(places, rows.values(), strict=True):
        if not row:
            ax.axhline(place, color="#bbbbbb", lw=0.8, ls=(0, (4, 3)))
    _finish(ax, len(rows), label)
    ax.legend(fontsize=7.5, loc="upper right")


def pair_rows(ax: Axes, rows: Mapping[str, Mapping[str, Sequence[float]]], *, label: str) -> None:
    """Draw distances of single pairs, one line per row, a marker for the paper and one for ours.

    Bars are means.

    Parameters
    ----------
    rows : dict of str to dict of str to sequence of float
        Row to column to the distances of the pairs; a column may be empty.
    label : str
        Of the horizontal axis.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    places = np.arange(len(rows))[::-1].astype(float)
    for i, column in enumerate(columns):
        color, marker = LOOKS[-i % len(LOOKS)]
        at = places + 0.24 * ((len(columns) - 1) / 2 - i)
        for place, row in zip(at, rows.values(), strict=True):
            found = np.asarray(row.get(column, ()), dtype=float)
            dots: dict[str, Any] = {
                "color": color,
                "marker": marker,
                "s": 18,
                "alpha": 0.6,
                "lw": 0,
            }
            ax.scatter(found, np.full(len(found), place), **dots)
            if len(found):
                ax.vlines(found.mean(), place - 0.11, place + 0.11, color=color, lw=2)
        ax.scatter([], [], color=color, marker=marker, s=18, label=column)
    ax.set_yticks(places, list(rows))
    _finish(ax, len(rows), label)
    ax.legend(fontsize=7.5, loc="upper left")


def _finish(ax: Axes, n_rows: int, label: str) -> None:
    ax.set(xlabel=label, ylim=(-0.6, n_rows - 0.4))
    ax.set_xlim(0, None)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
