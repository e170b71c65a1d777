"""Figures of the chapter on depth: errors stage by stage, and how they change in each pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from chapters.depth.paths import STAGES
from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import MIDDLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Kind of pair -> color and marker.
KINDS = {
    "published families": ("#222222", "o"),
    "minis of different families": (MIDDLE, "s"),
    "the same, never trained": ("#8a8a8a", "^"),
    "a mini and its other seed": ("#0072B2", "D"),
}


def stage_lines(ax: Axes, lines: Mapping[str, Mapping[str, Estimate]]) -> None:
    """Draw errors by stage with 95 % intervals, a line per kind of pair.

    Parameters
    ----------
    ax : Axes
    lines : dict of kind to dict of stage to Estimate
        Of kinds in `KINDS`; what is missing is not drawn.
    """
    for i, (kind, errors) in enumerate(lines.items()):
        color, marker = KINDS[kind]
        found = {stage: e for stage, e in errors.items() if e.value == e.value}
        x = [STAGES.index(stage) + 0.06 * (i - 1.5) for stage in found]
        low, high = [e.low for e in found.values()], [e.high for e in found.values()]
        ax.vlines(x, low, high, color=color, lw=1.8, alpha=0.4)
        style: dict[str, Any] = {"color": color, "marker": marker, "ms": 4, "mfc": "white"}
        ax.plot(x, [e.value for e in found.values()], lw=1.3, label=kind, **style)
    ax.set_xticks(range(len(STAGES)), list(STAGES), rotation=30, ha="right")
    ax.set_xlim(-0.4, len(STAGES) - 0.6)
    ax.grid(axis="y", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def pair_changes(ax: Axes, table: pd.DataFrame) -> None:
    """Draw the changes in each pair of families (rows), a mark for each kind of change (columns).

    Parameters
    ----------
    table : DataFrame of Estimate
    """
    y = np.arange(len(table), 0, -1)
    for i, (kind, found) in enumerate(table.items()):
        color, marker = (("#222222", "o"), ("#0072B2", "s"), ("#D55E00", "D"))[i % 3]
        place = y + 0.2 * (1 - i)
        ax.hlines(place, [e.low for e in found], [e.high for e in found], color=color, lw=1.4)
        style: dict[str, Any] = {"s": 22, "marker": marker, "color": color, "zorder": 3}
        ax.scatter([e.value for e in found], place, label=str(kind), **style)
    ax.axvline(0, color="#777777", lw=1, ls="--", zorder=0)
    ax.set_yticks(y, table.index)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="change of GFRE", ylim=(0.4, len(table) + 0.6))
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.legend(fontsize=7.5, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
