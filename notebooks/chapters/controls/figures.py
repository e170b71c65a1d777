"""Figures of the chapter: the ladder of sources, and what choices of measuring do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lumlip.metrics.repeated import Estimate
from lumlip.plotting.intervals import interval_plot
from lumlip.plotting.style import INK, MIDDLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PUBLISHED = "#0072B2"
#: Colors of curves.
COLORS = (PUBLISHED, "#009E73", "#777777")


def ladder(figure: Figure, groups: Mapping[str, Mapping[str, Estimate]]) -> None:
    """Draw the share of some targets that each source recovers, a panel per group of targets.

    Parameters
    ----------
    groups : dict of str to dict of str to Estimate
        Targets, and the share by source; missing shares and empty groups are left out. The first
        group has the color of published models, all others that of minis.
    """
    rows = {}
    for i, (name, shares) in enumerate(groups.items()):
        known = {s: e for s, e in shares.items() if math.isfinite(e.value)}
        color = MIDDLE if i else PUBLISHED
        if known:
            rows[name] = pd.DataFrame(
                [(s, e.value, e.low, e.high, color) for s, e in known.items()],
                columns=["name", "value", "low", "high", "color"],
            )
    sizes = [len(table) for table in rows.values()]
    figure.set_size_inches(6.4, 0.5 + 0.27 * sum(sizes) + 0.35 * len(sizes))
    axs = figure.subplots(len(rows), sharex=True, squeeze=False, height_ratios=sizes)[:, 0]
    for ax, (name, table) in zip(axs, rows.items(), strict=True):
        interval_plot(ax, table, label="")
        ax.axvline(0, color="#999999", lw=1, ls=":")
        ax.axvline(1, color="#999999", lw=1, ls=":")
        ax.set_title(name, loc="left", fontsize=8.5, color=INK)
    lowest = min([-0.03, *(table["low"].min() - 0.02 for table in rows.values())])
    axs[-1].set(
        xlim=(lowest, 1.03), xlabel="share recovered (0: no more than by the average, 1: all)"
    )


def curves(ax: Axes, lines: Mapping[str, Mapping[int, Estimate]], *, labels: Sequence[str]) -> None:
    """Draw errors against a number of atoms, with bands for their intervals.

    Parameters
    ----------
    lines : dict of str to dict of int to Estimate
        Missing values are left out.
    labels : sequence of two str
        Of the axes.
    """
    from matplotlib.ticker import NullFormatter

    ticks: set[int] = set()
    for (name, points), color in zip(lines.items(), COLORS, strict=False):
        known = {n: e for n, e in sorted(points.items()) if math.isfinite(e.value)}
        if not known:
            continue
        low, high = (np.array([getattr(e, end) for e in known.values()]) for end in ("low", "high"))
        ax.fill_between(list(known), low, high, color=color, alpha=0.18, lw=0)
        ax.plot(list(known), [e.value for e in known.values()], "o-", color=color, ms=4, label=name)
        ticks |= set(known)
    ax.set_xscale("log")
    ax.set_xticks(sorted(ticks), [f"{n:,}" for n in sorted(ticks)], rotation=30, ha="right")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set(xlabel=labels[0], ylabel=labels[1], ylim=(0, None))
    ax.grid(axis="y", color="#dddddd", lw=0.6)
    if ticks:
        ax.legend(fontsize=7.5)
