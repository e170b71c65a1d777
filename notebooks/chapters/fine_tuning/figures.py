"""Figures of the chapter on fine-tuning: distances from the parent, and pairs by relation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import FAMILY_COLORS, FAMILY_MARKERS, INK, LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Ends of a mini's name in front of its task.
MINI = "-mini"


def _look(name: str) -> dict[str, Any]:
    """Hue and marker of the family that a name begins with; minis are hollow."""
    family = name.split("-")[0].split(" ")[0].lower()
    color = FAMILY_COLORS.get(family, INK)
    face = "white" if MINI in name else color
    return {
        "marker": FAMILY_MARKERS.get(family, "o"),
        "edgecolors": color,
        "facecolors": face,
        "lw": 1.3,
    }


def distance_rows(ax: Axes, rows: Mapping[str, Mapping[str, Estimate]], *, label: str) -> None:
    """Draw distances with their intervals, one line per role, one marker per column.

    Parameters
    ----------
    rows : dict of str to dict of str to Estimate
        Row to column to number; missing ones are left out. A row without columns is a gap. The
        name of a column begins with that of its family.
    label : str
        Of the horizontal axis.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    places = np.arange(len(rows))[::-1].astype(float)
    for i, column in enumerate(columns):
        look = _look(column)
        some = [row.get(column, Estimate.missing()) for row in rows.values()]
        at = places + 0.24 * ((len(columns) - 1) / 2 - i)
        low, high = [one.low for one in some], [one.high for one in some]
        ax.hlines(at, low, high, color=look["edgecolors"], lw=2, alpha=0.5)
        ax.scatter([one.value for one in some], at, s=26, zorder=3, label=column, **look)
    named = [(place, name) for place, (name, row) in zip(places, rows.items(), strict=True) if row]
    ax.set_yticks([place for place, _ in named], [name for _, name in named])
    for place, row in zip(places, rows.values(), strict=True):
        if not row:
            ax.axhline(place, color=LIGHT, lw=0.8, ls=(0, (4, 3)))
    _finish(ax, len(rows), label)


def pair_rows(ax: Axes, rows: Mapping[str, Mapping[str, Sequence[float]]], *, label: str) -> None:
    """Draw distances of single pairs, one line per row, a marker per family; bars are means.

    Parameters
    ----------
    rows : dict of str to dict of str to sequence of float
        Row to family to the distances of the pairs; a family may be empty.
    label : str
        Of the horizontal axis.
    """
    places = np.arange(len(rows))[::-1].astype(float)
    for place, row in zip(places, rows.values(), strict=True):
        every = np.concatenate([np.asarray(found, dtype=float) for found in row.values()])
        if len(every):
            ax.vlines(every.mean(), place - 0.3, place + 0.3, color=INK, lw=1.6, zorder=1)
        for family, found in row.items():
            ax.scatter(found, np.full(len(found), place), s=26, alpha=0.75, **_look(family))
    for family in dict.fromkeys(family for row in rows.values() for family in row):
        ax.scatter([], [], s=26, label=family, **_look(family))
    ax.set_yticks(places, list(rows))
    _finish(ax, len(rows), label)


def _finish(ax: Axes, n_rows: int, label: str) -> None:
    ax.set(xlabel=label, ylim=(-0.6, n_rows - 0.4))
    ax.set_xlim(0, None)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color=LIGHT, lw=0.4)
    ax.set_axisbelow(True)
    legend = ax.figure.legend(loc="outside upper center", ncols=4, columnspacing=1.2)
    for text in legend.get_texts():
        text.set(fontstyle="italic" if MINI in text.get_text() else "normal")
