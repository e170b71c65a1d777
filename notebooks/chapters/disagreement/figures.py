"""Figures of the chapter on distance and disagreement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from chapters.disagreement.detection import COMPOSITION, DISTANCE, ERROR, Areas, mean_area
from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import INK, MIDDLE

Look = Mapping[str, Any]
#: Of marks: what is claimed is filled, or hollow where minis are meant; what it is held against
#: is a cross.
CLAIMED: Look = {"marker": "o", "color": INK}
MINI: Look = {"marker": "o", "facecolors": "white", "edgecolors": INK}
AGAINST: Look = {"marker": "x", "color": MIDDLE}
_LOOKS = {ERROR: CLAIMED, DISTANCE: {"marker": "s", "color": MIDDLE}, COMPOSITION: AGAINST}


def _mark(ax: Axes, found: Estimate, y: float, look: Look, label: str = "") -> None:
    ax.hlines(y, found.low, found.high, color=look.get("color", INK), lw=1.3, alpha=0.6)
    ax.scatter(found.value, y, s=26, zorder=3, label=label, **look)


def own_and_foreign(
    ax: Axes, rows: Mapping[str, tuple[Estimate, Estimate]], *, mini: bool = False
) -> None:
    """Draw rank correlations with the disagreement of each pair: its own, and of strangers."""
    places = range(len(rows), 0, -1)
    for y, (own, foreign) in zip(places, rows.values(), strict=True):
        first = y == len(rows)
        _mark(ax, own, y + 0.15, MINI if mini else CLAIMED, "its own error" * first)
        _mark(ax, foreign, y - 0.15, AGAINST, "error of strangers" * first)
    ax.set_yticks(places, list(rows), fontstyle="italic" if mini else "normal")
    ax.set_ylim(0.4, len(rows) + 0.6)


def by_subset(ax: Axes, areas: Areas) -> None:
    """Draw the area of each score for each subset that was left out."""
    order = sorted(areas, key=lambda name: mean_area({name: areas[name]}, DISTANCE).value)
    for i, name in enumerate(order):
        for shift, (score, look) in zip((0.22, 0, -0.22), _LOOKS.items(), strict=True):
            _mark(ax, mean_area({name: areas[name]}, score), i + shift, look, "" if i else score)
    ax.axvline(0.5, color=MIDDLE, lw=0.9, ls=":")
    ax.set_yticks(range(len(order)), order)
    ax.set(xlabel="AUROC: the left-out subset against all others", xlim=(0, 1))
