"""Figures of the chapter on measures of similarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chapters.similarity.all_measures import LABELS
from chapters.similarity.draws import BEFORE, MINIS, PUBLISHED
from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import INK, MIDDLE, WIDTH

_LOOKS: dict[str, dict[str, Any]] = {
    PUBLISHED: {"marker": "o", "color": MIDDLE},
    MINIS: {"marker": "o", "color": INK, "facecolors": "none"},
    BEFORE: {"marker": "x", "color": INK},
}
_EDGES = (-0.3, 2.1)


def scale_figure(figure: Figure, views: Mapping[str, Mapping[str, Mapping[str, Estimate]]]) -> None:
    """Draw where pairs lie between permuted atoms and two seeds, by view, group and measure."""
    figure.set_size_inches(WIDTH, 1.1 + 0.34 * len(LABELS))
    axes = figure.subplots(1, len(views), sharey=True, squeeze=False)[0]
    for ax, (view, groups) in zip(axes, views.items(), strict=True):
        for i, (name, found) in enumerate(groups.items()):
            _marks(ax, found, (len(groups) - 1) / 2 - i, _LOOKS[name], label=name)
        for at in (0, 1):
            ax.axvline(at, color=MIDDLE, lw=1, ls=":", zorder=0)
        ax.set_title(view)
        ax.set(xlim=_EDGES, xticks=[0, 1, 2])
        _rows(ax, list(LABELS))
    handles, names = axes[0].get_legend_handles_labels()
    figure.supxlabel("0: permuted atoms, 1: two seeds of a mini", fontsize=9)
    figure.legend(handles, names, loc="outside upper center", ncols=2)


def order_figure(
    figure: Figure, all_pairs: Mapping[str, Estimate], between: Mapping[str, Estimate], null: float
) -> None:
    """Draw Spearman's coefficient of each measure with the GFRE; ``null`` is that of chance."""
    figure.set_size_inches(WIDTH, 1.1 + 0.26 * len(all_pairs))
    ax = figure.subplots()
    look = {"marker": "o", "color": MIDDLE}
    _marks(ax, all_pairs, 0.5, look, label="all pairs of models")
    look = {"marker": "D", "color": INK}
    _marks(ax, between, -0.5, look, label="pairs of two families")
    if np.isfinite(null):
        ax.axvline(null, color=INK, lw=1, ls=":", label="chance (97.5 % quantile)")
    ax.set(xlabel="agreement with the order by GFRE (Spearman)", xlim=(-0.3, 1.05))
    _rows(ax, list(all_pairs))
    figure.legend(loc="outside upper center", ncols=2)


def _marks(
    ax: Axes, found: Mapping[str, Estimate], place: float, look: Mapping[str, Any], *, label: str
) -> None:
    """Draw estimates with intervals, the first at the top; outside of the axes at their edge."""
    heights = np.arange(len(found))[::-1] + 0.26 * place
    low, value, high = np.array([[e.low, e.value, e.high] for e in found.values()]).T.clip(*_EDGES)
    ax.hlines(heights, low, high, color=look["color"], lw=1.5, alpha=0.5)
    ax.scatter(value, heights, s=20, label=label, zorder=3, **look)


def _rows(ax: Axes, measures: Sequence[str]) -> None:
    places = np.arange(len(measures))[::-1]
    ax.set_yticks(places, [LABELS[name] for name in measures])
    ax.hlines(places[:-1] - 0.5, *_EDGES, color="#dddddd", lw=0.6, zorder=0)
    ax.set_ylim(-0.5, len(measures) - 0.5)
    ax.tick_params(axis="y", length=0)
