"""Figures of the chapter on measures of similarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chapters.similarity.all_measures import LABELS
from chapters.similarity.draws import BEFORE, MINIS, PUBLISHED
from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import INK

_LOOKS = {
    PUBLISHED: {"marker": "o", "color": INK},
    MINIS: {"marker": "s", "color": "#0072B2"},
    BEFORE: {"marker": "v", "color": "#D55E00"},
}
_EDGES = (-0.3, 2.1)


def scale_figure(figure: Figure, views: Mapping[str, Mapping[str, Mapping[str, Estimate]]]) -> None:
    """Draw where groups of pairs lie between permuted atoms and two seeds, a row per measure.

    Parameters
    ----------
    views : dict of str to dict of str to dict of str to Estimate
        View (a panel), group, and measure.
    """
    figure.set_size_inches(7.4, 1.4 + 0.3 * len(LABELS))
    axes = figure.subplots(1, len(views), sharey=True, squeeze=False)[0]
    for ax, (view, groups) in zip(axes, views.items(), strict=True):
        for i, (name, found) in enumerate(groups.items()):
            _marks(ax, found, (len(groups) - 1) / 2 - i, _LOOKS[name], label=name)
        for at in (0, 1):
            ax.axvline(at, color="#888888", lw=1, ls=":", zorder=0)
        ax.set_title(view, fontsize=9)
        ax.set(xlim=_EDGES, xlabel="0: permuted atoms, 1: two seeds")
        _rows(ax, list(LABELS))
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=8)


def order_figure(
    ax: Axes,
    all_pairs: Mapping[str, Estimate],
    between: Mapping[str, Estimate],
    null: float,
) -> None:
    """Draw how far each measure puts pairs of models in the order of the share recovered.

    Parameters
    ----------
    all_pairs, between : dict of str to Estimate
        Spearman's coefficient by measure: over all pairs, and over those of two families.
    null : float
        What chance reaches, over all pairs.
    """
    measures = list(all_pairs)
    _marks(ax, all_pairs, 0.5, {"marker": "o", "color": INK}, label="all pairs of models")
    look = {"marker": "D", "color": "#0072B2"}
    _marks(ax, between, -0.5, look, label="pairs of two families")
    if np.isfinite(null):
        ax.axvline(null, color="#D55E00", lw=1, ls=":", label="chance (97.5 % quantile)")
    ax.set(xlabel="agreement with the order by GFRE (Spearman's coefficient)", xlim=(-0.3, 1.05))
    _rows(ax, measures)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=7.5)


def _marks(
    ax: Axes, found: Mapping[str, Estimate], place: float, look: Mapping[str, str], *, label: str
) -> None:
    """Draw estimates with intervals, the first at the top; outside of the axes at their edge."""
    heights = np.arange(len(found))[::-1] + 0.24 * place
    low, value, high = np.array([[e.low, e.value, e.high] for e in found.values()]).T.clip(*_EDGES)
    ax.hlines(heights, low, high, color=look["color"], lw=1.5, alpha=0.5)
    ax.scatter(value, heights, s=20, label=label, zorder=3, **look)  # type: ignore[arg-type]


def _rows(ax: Axes, measures: Sequence[str]) -> None:
    places = np.arange(len(measures))[::-1]
    ax.set_yticks(places, [LABELS[name] for name in measures])
    for y in places[::2]:
        ax.axhspan(y - 0.5, y + 0.5, color="#f4f4f4", lw=0, zorder=0)
    ax.set_ylim(-0.5, len(measures) - 0.5)
    ax.tick_params(axis="y", length=0)
