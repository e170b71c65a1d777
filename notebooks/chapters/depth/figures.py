"""Figures of the chapter on depth: errors stage by stage, and how they change in each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chapters.depth.paths import STAGES
from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import FAMILY_COLORS, INK, MIDDLE
from lumlip.zoo.relations import family_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PUBLISHED, REST, MINIS, UNTRAINED, SEEDS = (
    "published families",
    "published families, the rest",
    "minis of two families",
    "untrained minis",
    "two seeds of one mini",
)
#: Published models are filled, minis hollow, what was not trained is a cross.
LOOKS: Mapping[str, dict[str, Any]] = {
    PUBLISHED: {"color": INK, "marker": "o"},
    REST: {"color": INK, "marker": "s", "ls": ":"},
    MINIS: {"color": INK, "marker": "o", "mfc": "white", "ls": "--"},
    UNTRAINED: {"color": MIDDLE, "marker": "x", "ls": "-."},
    SEEDS: {"color": MIDDLE, "marker": "D", "mfc": "white"},
}


def stage_lines(ax: Axes, lines: Mapping[str, Mapping[str, Estimate]]) -> None:
    """Draw errors by stage with 95 % intervals, a line per kind of pair.

    Parameters
    ----------
    ax : Axes
    lines : dict of kind to dict of stage to Estimate
        Of kinds in `LOOKS`; what is missing is not drawn.
    """
    for i, (kind, errors) in enumerate(lines.items()):
        found = {stage: e for stage, e in errors.items() if e.value == e.value}
        x = [STAGES.index(stage) + 0.07 * (i - 2) for stage in found]
        low, high = [e.low for e in found.values()], [e.high for e in found.values()]
        ax.vlines(x, low, high, color=LOOKS[kind]["color"], lw=1.8, alpha=0.4)
        look = {"lw": 1.2, "ms": 4.5, "label": kind, **LOOKS[kind]}
        ax.plot(x, [e.value for e in found.values()], **look)
    ax.set_xticks(range(len(STAGES)), list(STAGES), rotation=40, ha="right", rotation_mode="anchor")
    ax.set_xlim(-0.4, len(STAGES) - 0.6)
    ax.grid(axis="y", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def pair_changes(
    axs: Sequence[Axes], changes: Mapping[str, Sequence[Estimate]], pairs: Sequence[tuple[str, str]]
) -> None:
    """Draw the changes in each pair of families, a row, and a panel for each kind of change.

    Parameters
    ----------
    axs : sequence of Axes
    changes : dict of kind to sequence of Estimate
        One of each pair.
    pairs : sequence of (str, str)
        Families; a mark is half in the color of each.
    """
    y = np.arange(len(pairs), 0, -1)
    for ax, (kind, found) in zip(axs, changes.items(), strict=True):
        ax.hlines(y, [e.low for e in found], [e.high for e in found], color=INK, lw=1.3, zorder=2)
        for place, e, (one, other) in zip(y, found, pairs, strict=True):
            halves = [FAMILY_COLORS.get(family, MIDDLE) for family in (one, other)]
            fill = {"mfc": halves[0], "markerfacecoloralt": halves[1], "mec": INK, "mew": 0.6}
            ax.plot(e.value, place, "o", ms=7.5, fillstyle="left", **fill)  # type: ignore[arg-type]
        ax.axvline(0, color=MIDDLE, lw=1, ls="--", zorder=0)
        ax.tick_params(axis="y", length=0)
        ax.margins(x=0.12)
        ax.locator_params(axis="x", nbins=3)
        ax.set(title=kind, ylim=(0.4, len(pairs) + 0.6))
        ax.grid(axis="x", color="#dddddd", lw=0.6)
        ax.set_axisbelow(True)
    axs[len(axs) // 2].set_xlabel("change of GFRE")
    axs[0].set_yticks(y, ["\u2013".join(map(family_name, pair)) for pair in pairs])
