"""Figures of the page about one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import FAMILY_COLORS, FAMILY_MARKERS, INK, LIGHT, MIDDLE, WIDTH
from lumlip.zoo.relations import family_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lumlip.array_types import FloatArray

#: Rows of a figure, at most.
MOST = 15


def place_map(
    ax: Axes, points: FloatArray, draws: FloatArray, models: Sequence[str], labels: Sequence[str]
) -> None:
    """Draw a map of models, the first one with a ring, and how it changes with the structures.

    Parameters
    ----------
    points, draws : arrays of shape (n_models, 2) and (n_draws, n_models, 2)
    models, labels : sequences of str
        Ids, and how they are called.
    """
    for i, model in enumerate(models):
        family = family_of(model)
        look: dict[str, Any] = {"color": FAMILY_COLORS.get(family, INK), "label": labels[i]}
        ax.scatter(
            draws[:, i, 0], draws[:, i, 1], s=4, alpha=0.2, linewidths=0, rasterized=True, **look
        )
        marker = FAMILY_MARKERS.get(family, "o")
        ax.scatter(points[i, 0], points[i, 1], s=50, marker=marker, zorder=3, **look)
        # Names stand beside the map, from top to bottom as the points do, lest they overlap.
        beside = 1.05, (np.argsort(points[:, 1]).tolist().index(i) + 0.5) / len(points)
        line = {"arrowstyle": "-", "color": look["color"], "lw": 0.5}
        options: dict[str, Any] = {"textcoords": "axes fraction", "va": "center"}
        ax.annotate(labels[i], points[i], beside, arrowprops=line, **options)
    ax.scatter(
        points[0, 0], points[0, 1], s=190, facecolors="none", edgecolors=INK, lw=1.2, zorder=3
    )
    ax.set(xlabel="GFRE", ylabel="GFRE", aspect="equal")
    ax.set_adjustable("datalim")
    ax.margins(0.15)


def intervals(
    figure: Figure,
    parts: Mapping[str, Mapping[str, Estimate]],
    label: str,
    *,
    level: Estimate | None = None,
) -> None:
    """Draw a row for each `Estimate`, a panel for each part, and a band to compare with."""
    parts = {title: dict(list(part.items())[:MOST]) for title, part in parts.items() if len(part)}
    sizes = [len(part) for part in parts.values()] or [1]
    figure.set_size_inches(WIDTH, 0.6 + 0.4 * len(sizes) + 0.22 * sum(sizes))
    axs = figure.subplots(len(sizes), sharex=True, squeeze=False, height_ratios=sizes)
    for ax, (title, part) in zip(axs[:, 0], parts.items(), strict=False):
        if level:
            ax.axvspan(level.low, level.high, color=LIGHT, alpha=0.35, lw=0)
            ax.axvline(level.value, color=MIDDLE, lw=1, ls=":")
        y, found = range(len(part), 0, -1), part.values()
        ax.hlines(y, [e.low for e in found], [e.high for e in found], color=INK, lw=1.4, alpha=0.6)
        ax.scatter([e.value for e in found], y, s=26, color=INK, zorder=3)
        ax.set_yticks(y, list(part))
        ax.set_ylim(0.4, len(part) + 0.6)
        ax.set_title(title, loc="left")
    # One interval may reach far beyond all numbers.
    every = [e for part in parts.values() for e in part.values()] or [Estimate.missing()]
    right = min(max(e.high for e in every), 3 * max(e.value for e in every))
    axs[-1, 0].set(xlabel=label, xlim=(0, 1.05 * right if right > 0 else None))
