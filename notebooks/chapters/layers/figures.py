"""Figures of the chapter on layers: both ways within models, and pairs of families by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lumlip.plotting.style import FAMILY_COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#8a8a8a"
_DARK = "#333333"
#: Layer -> color, marker, how it is called.
_LAYERS = {
    "backbone": ("#0072B2", "o", "backbone"),
    "last_layer": ("#D55E00", "s", "last layer"),
    "readout": ("#009E73", "D", "readout"),
}


def both_ways(ax: Axes, rows: pd.DataFrame, random: Mapping[str, float]) -> None:
    """Draw a line per model from its error forth (filled) to its error back (open).

    Parameters
    ----------
    rows : DataFrame
        From :func:`chapters.layers.tables.way_rows`: a heading for each ``kind``.
    random : dict of model to float
        Error back from random channels of the backbone, drawn as a bar across the line.
    """
    place, ticks, names = 0.0, [], []
    for kind, some in rows.groupby("kind", sort=False):
        ax.text(0.01, place, str(kind), fontsize=8, fontweight="bold", va="center",
                transform=ax.get_yaxis_transform())  # fmt: skip
        for row in some.itertuples():
            place -= 1
            color = FAMILY_COLORS.get(str(row.family), _GREY)
            _dumbbell(ax, place, row, color)
            if str(row.model) in random:
                ax.plot(
                    random[str(row.model)], place, marker="|", ms=11, mew=2, color=_DARK, zorder=4
                )
            ticks.append(place)
            names.append(str(row.model))
        place -= 1.2
    ax.set_yticks(ticks, names, fontsize=7.5)
    for label in ax.get_yticklabels():
        if "-mini" in label.get_text():
            label.set(fontstyle="italic")
    ax.tick_params(axis="y", length=0)
    # One crystal can stretch an interval far beyond all values.
    right = 1.25 * max(found.value for way in ("forth", "back") for found in rows[way])
    ax.set(xlabel="GFRE", xlim=(-0.02, right), ylim=(place + 0.6, 0.8))
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
    _legend(ax, random)


def _dumbbell(ax: Axes, y: float, row: object, color: str) -> None:
    forth, back = row.forth, row.back  # type: ignore[attr-defined]
    ax.plot([forth.value, back.value], [y, y], color=color, lw=1.2, alpha=0.5)
    for found, face in ((forth, color), (back, "white")):
        ax.hlines(y, found.low, found.high, color=color, lw=3, alpha=0.35)
        ax.scatter(found.value, y, s=24, facecolors=face, edgecolors=color, lw=1.3, zorder=3)


def _legend(ax: Axes, random: Mapping[str, float]) -> None:
    for face, label in ((_DARK, "backbone to last layer"), ("white", "last layer to backbone")):
        ax.scatter([], [], s=24, facecolors=face, edgecolors=_DARK, label=label)
    if random:
        label = "random channels to backbone"
        ax.plot([], [], marker="|", ms=10, mew=2, ls="", color=_DARK, label=label)
    ax.legend(fontsize=7.5, loc="lower right", frameon=True, edgecolor="none")


def by_layer(ax: Axes, table: pd.DataFrame) -> None:
    """Draw the error between each pair of families, a mark for each layer.

    Parameters
    ----------
    table : DataFrame
        From :func:`chapters.layers.tables.family_table`.
    """
    y = np.arange(len(table), 0, -1)
    for shift, (layer, (color, marker, label)) in zip((0.2, 0, -0.2), _LAYERS.items(), strict=True):
        found = table[layer]
        ax.hlines(y + shift, [e.low for e in found], [e.high for e in found], color=color, lw=1.2)
        ax.scatter([e.value for e in found], y + shift, s=24, marker=marker, color=color,
                   label=label, zorder=3)  # fmt: skip
    ax.set_yticks(y, table.index)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="GFRE between the two families", ylim=(0.4, len(table) + 0.6))
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
    ax.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1, 1))
