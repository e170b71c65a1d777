"""Figures of the chapter: the ladder of sources, and what longer training does."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import FAMILY_COLORS, FAMILY_MARKERS, INK, LIGHT, WIDTH
from lumlip.zoo.relations import family_of


def ladder(
    figure: Figure, groups: Mapping[str, Mapping[str, Estimate]], *, blind: Collection[str]
) -> None:
    """Draw the share of some targets that each source recovers, a panel per group of targets.

    Parameters
    ----------
    groups : dict of str to dict of str to Estimate
        Targets, and the share by source; what is missing is left out. All groups but the first are
        of minis: hollow, with the name in italics.
    blind : collection of str
        Sources that learned nothing: crosses.
    """
    known = {n: {s: e for s, e in g.items() if math.isfinite(e.value)} for n, g in groups.items()}
    rows = {name: shares for name, shares in known.items() if shares}
    sizes = [len(shares) for shares in rows.values()]
    figure.set_size_inches(WIDTH, 0.6 + 0.2 * sum(sizes) + 0.3 * len(sizes))
    axs = figure.subplots(len(rows), sharex=True, squeeze=False, height_ratios=sizes)[:, 0]
    for ax, (name, shares) in zip(axs, rows.items(), strict=True):
        mini = name != next(iter(groups))
        for y, (source, e) in enumerate(shares.items()):
            look = {"marker": "x"} if source in blind else {"facecolors": "none" if mini else INK}
            ax.hlines(y, e.low, e.high, color=LIGHT, lw=2.2)
            ax.scatter(e.value, y, s=26, color=INK, zorder=3, **look)
        ax.set_yticks(range(len(shares)), list(shares))
        ax.set_ylim(len(shares) - 0.4, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.set_title(name, loc="left", fontsize=9, fontstyle="italic" if mini else "normal")
        ax.grid(axis="x", color="#dddddd", lw=0.6)
    axs[-1].set(xlim=(min(-0.03, axs[-1].get_xlim()[0]), 1.03), xlabel="share recovered (1: all)")


def longer(
    axs: Sequence[Axes],
    apart: Mapping[str, Mapping[float, Estimate]],
    errors: Mapping[str, Mapping[float, float]],
) -> None:
    """Draw errors between two seeds, and force errors, by mini against the share of its steps."""
    for mini, found in apart.items():
        color, marker = FAMILY_COLORS[family_of(mini)], FAMILY_MARKERS[family_of(mini)]
        look: dict[str, Any] = {
            "color": color,
            "marker": marker,
            "mfc": "none",
            "ms": 6,
            "label": mini,
        }
        low, high = ([getattr(e, end) for e in found.values()] for end in ("low", "high"))
        axs[0].vlines(list(found), low, high, color=color, lw=2.2, alpha=0.5)
        axs[0].plot(list(found), [e.value for e in found.values()], lw=1.2, **look)
        axs[1].plot(list(errors[mini]), list(errors[mini].values()), lw=1.2, **look)
    labels = "GFRE between two seeds", "force error / that of zero"
    for ax, label in zip(axs, labels, strict=True):
        ax.margins(y=0.1)
        ax.set_xscale("log", base=4)
        ax.set_xticks([1 / 16, 1 / 4, 1], ["1/16", "1/4", "all"])
        ax.minorticks_off()
        ax.set(xlabel="steps of training", ylabel=label, ylim=(0, None))
        ax.grid(axis="y", color="#dddddd", lw=0.6)
    if apart:
        axs[0].legend(loc="lower right", prop={"style": "italic"})
