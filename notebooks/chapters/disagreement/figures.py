"""Figures of the chapter on distance and disagreement."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes

from chapters.disagreement.detection import COMPOSITION, DISTANCE, ERROR, Areas, mean_area
from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import MIDDLE

_BLUE, _GREY = "#0072B2", "#8a8a8a"
_LOOKS = {ERROR: (_BLUE, "o"), DISTANCE: ("#D55E00", "s"), COMPOSITION: (_GREY, "D")}


def _mark(ax: Axes, found: Estimate, y: float, color: str, face: str, marker: str = "o") -> None:
    ax.hlines(y, found.low, found.high, color=color, lw=1.3, alpha=0.6)
    ax.scatter(found.value, y, s=26, marker=marker, facecolors=face, edgecolors=color, zorder=3)


def own_and_foreign(ax: Axes, rows: Mapping[str, tuple[Estimate, Estimate]]) -> None:
    """Draw rank correlations with the disagreement of each pair: own filled, foreign open."""
    places = range(len(rows), 0, -1)
    for y, (name, (own, foreign)) in zip(places, rows.items(), strict=True):
        color = MIDDLE if "mini" in name else _BLUE
        _mark(ax, own, y + 0.13, color, color)
        _mark(ax, foreign, y - 0.13, color, "white")
    for face, label in ((_GREY, "own error"), ("white", "error of strangers")):
        ax.scatter([], [], s=26, facecolors=face, edgecolors=_GREY, label=label)
    ax.set_yticks(places, list(rows))
    ax.set(xlabel="rank correlation with the pair's disagreement in energy")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=7.5)


def by_subset(ax: Axes, areas: Areas) -> None:
    """Draw the area of each score for each subset that was left out."""
    order = sorted(areas, key=lambda name: mean_area({name: areas[name]}, DISTANCE).value)
    for i, name in enumerate(order):
        for shift, (score, (color, marker)) in zip((0.2, 0, -0.2), _LOOKS.items(), strict=True):
            _mark(ax, mean_area({name: areas[name]}, score), i + shift, color, color, marker)
    for score, (color, marker) in _LOOKS.items():
        ax.scatter([], [], s=26, marker=marker, color=color, label=score)
    ax.axvline(0.5, color=_GREY, lw=0.9, ls=":")
    ax.set_yticks(range(len(order)), order)
    ax.set(xlabel="AUROC: the left-out subset against all others", xlim=(0, 1))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=7.5)
