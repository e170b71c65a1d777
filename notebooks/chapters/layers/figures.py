"""Figures of the chapter on layers: both ways within models, and pairs of families by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lumlip.plotting.style import FAMILY_COLORS, FAMILY_MARKERS, INK, MIDDLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Layer -> marker, face, edge, how it is called.
_LAYERS = {
    "backbone": ("o", INK, INK, "backbones"),
    "last_layer": ("s", "white", INK, "last layers"),
    "readout": ("D", MIDDLE, MIDDLE, "readouts"),
}


def both_ways(ax: Axes, rows: pd.DataFrame, random: Mapping[str, float]) -> None:
    """Draw a line per model from its error forth (a bar) to its error back (a marker).

    Parameters
    ----------
    rows : DataFrame
        From :func:`chapters.layers.tables.way_rows`: a heading for each ``kind``.
    random : dict of model to float
        Error back from random channels of the backbone, drawn as a cross.
    """
    place, ticks, names = 0.0, [], []
    for kind, some in rows.groupby("kind", sort=False):
        ax.text(0.01, place, str(kind), fontweight="bold", va="center",
                transform=ax.get_yaxis_transform())  # fmt: skip
        for row in some.itertuples():
            place -= 1
            _one_line(ax, place, row)
            if str(row.model) in random:
                ax.scatter(random[str(row.model)], place, marker="x", s=34, color=INK, zorder=4)
            ticks.append(place)
            names.append(_short(str(row.model)))
        place -= 1.2
    ax.set_yticks(ticks, names)
    for tick in ax.get_yticklabels():
        tick.set(fontstyle="italic" if "-mini" in tick.get_text() else "normal")
    ax.tick_params(axis="y", length=0)
    # One crystal can stretch an interval far beyond all values.
    right = 1.15 * max(found.value for way in ("forth", "back") for found in rows[way])
    ax.set(xlabel="GFRE", xlim=(-0.02, right), ylim=(place + 0.6, 0.8))
    _grid(ax)
    for marker, label in (("|", "forth"), ("o", "back"), ("x", "control")):
        ax.plot([], [], marker, color=INK, label=label)
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=3, handletextpad=0.2)


def _short(model: str) -> str:
    """Name a mini without its training and task, which stand in the heading.

    >>> _short("dpa-mini-untrained@inorganic"), _short("sevennet-mf-0@PBE")
    ('dpa-mini', 'sevennet-mf-0@PBE')
    """
    return model.split("-untrained")[0].split("@")[0] if "-mini" in model else model


def _one_line(ax: Axes, y: float, row: object) -> None:
    model, family = str(row.model), str(row.family)  # type: ignore[attr-defined]
    color, marker = FAMILY_COLORS.get(family, MIDDLE), FAMILY_MARKERS.get(family, "o")
    forth, back = row.forth, row.back  # type: ignore[attr-defined]
    ax.plot([forth.value, back.value], [y, y], color=color, lw=1)
    ax.plot(forth.value, y, marker="|", ms=9, mew=1.8, color=color)
    ax.hlines(y, back.low, back.high, color=color, lw=5, alpha=0.3)
    style: dict[str, Any] = {
        "facecolors": "white" if "-mini" in model else color,
        "edgecolors": color,
    }
    if "-untrained" in model:  # a control
        marker, style = "x", {"color": color}
    ax.scatter(back.value, y, s=34, marker=marker, lw=1.3, zorder=3, **style)


def by_layer(ax: Axes, table: pd.DataFrame) -> None:
    """Draw the error between each pair of families, a mark for each layer, see `family_table`."""
    y = np.arange(len(table), 0, -1)
    for shift, (layer, style) in zip((0.22, 0, -0.22), _LAYERS.items(), strict=True):
        found, (marker, face, edge, label) = table[layer], style
        ax.hlines(y + shift, [e.low for e in found], [e.high for e in found], color=edge, lw=1.2)
        ax.scatter([e.value for e in found], y + shift, s=28, marker=marker, facecolors=face,
                   edgecolors=edge, lw=1.3, label=label, zorder=3)  # fmt: skip
    ax.set_yticks(y, table.index)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="GFRE between the two families", ylim=(0.4, len(table) + 0.6))
    _grid(ax)
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=3, handletextpad=0.2)


def _grid(ax: Axes) -> None:
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
