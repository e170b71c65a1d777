"""Figures of the chapter on controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from chapters.controls.checks import HEADLINES
from chapters.controls.noise_floor import COLORS
from chapters.controls.robustness import SETS, RobustnessCheck
from chapters.controls.sweeps import Limit
from lumlip.book.findings import Claim
from lumlip.plotting.intervals import interval_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORS = {"real": COLORS["published"], "minis": COLORS["mini"]}
_GREY = "#888888"
#: Titles of the panels of findings, in two lines.
_PANELS = {
    1: "1 families apart\n(GFRE)",
    2: "2 families minus\nvariants (GFRE)",
    3: "3 from scratch minus\nfine-tuned (GFRE)",
    4: "4 back minus forth\n(GFRE)",
    5: "5 mean to all\ncumulants (GFRE)",
}
#: Numbers beyond these are drawn at the edge.
_EDGES = (-0.75, 1.75)


def two_interval_plots(
    figure: Figure, tables: Mapping[str, pd.DataFrame], *, label: str = "GFRE"
) -> None:
    """Draw tables of intervals side by side, rows by name.

    Parameters
    ----------
    tables : dict of str to DataFrame
        What is rebuilt, to rows for :func:`lumlip.plotting.intervals.interval_plot`; empty ones
        are left out.
    """
    shown = {name: rows for name, rows in tables.items() if len(rows)}
    if not shown:
        return
    longest = max(len(rows) for rows in shown.values())
    figure.set_size_inches(7.4, 0.8 + 0.25 * longest)
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for ax, (name, rows) in zip(axes, shown.items(), strict=True):
        interval_plot(ax, rows, label=f"{label} to {name}")
        ax.axvline(1, color=_GREY, lw=0.8, ls=":")


def neighbor_curves(ax: Axes, table: pd.DataFrame, *, widths: Sequence[int], gfre: float) -> None:
    """Draw LFRE against the number of neighbors, with the under-determined region shaded.

    Parameters
    ----------
    table : DataFrame
        From :func:`chapters.controls.sweeps.by_neighbors`.
    widths : sequence of int
        Numbers of source columns; up to the smallest, no map is determined.
    gfre : float
        For comparison.
    """
    color = COLORS["published"]
    low = 0.85 * min(table.index)
    label = "fewer neighbors than columns"
    ax.axvspan(low, min(widths), facecolor="#dddddd", lw=0, label=label)
    if max(widths) > min(widths):
        label = "the same for the widest source"
        ax.axvspan(min(widths), max(widths), facecolor="#f0f0f0", lw=0, label=label)
    ax.fill_between(table.index, table["low"], table["high"], color=color, alpha=0.2, lw=0)
    ax.plot(table.index, table["value"], color=color, marker="o", ms=4, label="LFRE")
    ax.plot(table.index, table["median"], color=color, marker="o", ms=4, mfc="white", lw=1.2,
            label="median atom")  # fmt: skip
    ax.axhline(gfre, color=_GREY, lw=1, ls="--", label="GFRE")
    ax.set(xscale="log", yscale="log", xlabel="neighbors k", ylabel="error between families")
    ax.set(xlim=(low, 1.15 * max(table.index)))
    _plain(ax, list(table.index), [0.1, 0.3, 0.5, 1, 2, 5, 10, 20])
    ax.legend(fontsize=7, labelspacing=0.3, frameon=True, framealpha=1, edgecolor="none")


def train_curve(
    ax: Axes, table: pd.DataFrame, curve: Limit | None, *, fitted: Sequence[int]
) -> None:
    """Draw GFRE against the number of train atoms, with the curve fitted to some of the points.

    Parameters
    ----------
    table : DataFrame
        From :func:`chapters.controls.sweeps.by_train`.
    curve : Limit or None
    fitted : sequence of int
        Sizes that the curve is fitted to.
    """
    color = COLORS["published"]
    used = table.index.isin(fitted)
    ax.vlines(table.index, table["low"], table["high"], color=color, lw=2.2, alpha=0.35)
    for mask, face, label in ((used, color, "GFRE"), (~used, "white", "not used in the fit")):
        if mask.any():
            some = table[mask]
            ax.scatter(some.index, some["value"], s=24, facecolors=face, edgecolors=color,
                       zorder=3, label=label)  # fmt: skip
    if curve is not None:
        n = np.geomspace(min(fitted), 8 * max(table.index), 60)
        ax.plot(n, curve.at(n), color="#222222", lw=1.2, label="fit")
    ax.set(xscale="log", xlabel="train atoms", ylabel="error between families")
    ax.set_ylim(0, None)
    ax.legend(fontsize=7, loc="lower left")


def _plain(ax: Axes, x: Sequence[float], y: Sequence[float]) -> None:
    """Write plain numbers at the ticks of two logarithmic axes."""
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    for axis, ticks in ((ax.xaxis, x), (ax.yaxis, y)):
        axis.set_major_locator(FixedLocator(list(ticks)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_locator(NullLocator())


def check_panels(figure: Figure, checks: Sequence[RobustnessCheck]) -> None:
    """Draw the number of every finding under every variation, then its controls, and the bound.

    Filled: the claim holds, its whole interval beyond the bound; open: it does not.
    """
    findings = sorted({check.finding for check in checks if check.tested})
    if not findings:
        return
    of_finding = {n: [t for t in checks if t.finding == n and t.tested] for n in findings}
    tested = {name for t in checks for name in t.tested}
    ways = [name for name in dict.fromkeys(n for t in checks for n in t.claims) if name in tested]
    against = [_against(name) for name in dict.fromkeys(c for t in checks for c in t.opposed)]
    names = [*ways, *against]
    figure.set_size_inches(7.4, 1.5 + 0.24 * len(names))
    axes = figure.subplots(1, len(findings), sharey=True, squeeze=False)[0]
    for ax, number in zip(axes, findings, strict=True):
        _one_finding(ax, of_finding[number], names)
        ax.axvline(HEADLINES[number][1], color=_GREY, lw=1, ls="--", ymin=len(against) / len(names))
        ax.set_xlabel(_PANELS[number], fontsize=7)
        ax.tick_params(labelsize=7)
    axes[0].set_yticks(-np.arange(len(names)), names)
    axes[0].set_ylim(-len(names) + 0.4, 0.6)
    _legend(figure, axes[0], [t.models for t in checks if t.tested])


def _against(control: str) -> str:
    return f"against {control}"


def _one_finding(ax: Axes, checks: Sequence[RobustnessCheck], names: Sequence[str]) -> None:
    rows = [
        (names.index(name), check.models, claim)
        for check in checks
        for name, claim in [
            *check.tested.items(),
            *((_against(control), claim) for control, claim in check.opposed.items()),
        ]
    ]
    for row, models, claim in rows:
        lift = 0.0 if len(checks) == 1 else 0.14 if models == "real" else -0.14
        _mark(ax, -row + lift, claim, _COLORS[models])
    n_ways = sum(not name.startswith("against ") for name in names)
    ax.axhline(-n_ways + 0.5, color="#cccccc", lw=0.8)
    if n_ways < len(names):  # a control is a difference: the line for 0
        ax.axvline(0, color=_GREY, lw=1, ls="--", ymax=(len(names) - n_ways) / len(names))
    ax.grid(axis="x", color="#eeeeee", lw=0.6)
    ax.set_axisbelow(True)


def _mark(ax: Axes, place: float, claim: Claim, color: str) -> None:
    low, high = np.clip([claim.low, claim.high], *_EDGES)
    ax.hlines(place, low, high, color=color, lw=1.8, alpha=0.5)
    inside = _EDGES[0] < claim.value < _EDGES[1]
    marker = "o" if inside else ">" if claim.value > 0 else "<"
    face = color if claim.holds else "white"
    x = float(np.clip(claim.value, *_EDGES))
    ax.scatter(x, place, s=16, marker=marker, facecolors=face, edgecolors=color, lw=1, zorder=3)


def _legend(figure: Figure, ax: Axes, models: Sequence[str]) -> None:
    for name in dict.fromkeys(models):
        ax.scatter([], [], s=20, color=_COLORS[name], label=SETS[name])
    ax.scatter([], [], s=20, facecolors="white", edgecolors=_GREY, label="does not hold")
    figure.legend(
        *ax.get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=7.5
    )


def numbering_plot(figure: Figure, moved: pd.DataFrame, *, minis: Sequence[str]) -> None:
    """Draw errors from and to DPA with right numbers (filled) and wrong ones (open).

    Parameters
    ----------
    moved : DataFrame
        From :func:`chapters.controls.element_numbering.moved`.
    minis : sequence of str
        Their names are in color and italics.
    """
    models = list(dict.fromkeys(moved["model"]))
    figure.set_size_inches(7.4, 1.1 + 0.24 * len(models))
    axes = figure.subplots(1, 2, sharey=True)
    for ax, direction in zip(axes, ("from DPA", "to DPA"), strict=True):
        rows = moved[moved["direction"] == direction].set_index("model").loc[models]
        place = -np.arange(len(models))
        color = [COLORS["mini"] if m in minis else COLORS["published"] for m in models]
        ax.hlines(place, rows["right"], rows["wrong"], color=color, lw=1.6, alpha=0.5)
        ax.scatter(rows["right"], place, s=22, color=color, zorder=3)
        ax.scatter(rows["wrong"], place, s=22, facecolors="white", edgecolors=color, zorder=3)
        ax.set(xlabel=f"GFRE {direction}", xlim=(0, 1.05))
        ax.grid(axis="x", color="#dddddd", lw=0.6)
        ax.set_axisbelow(True)
    axes[0].set_yticks(place, models)
    for label in axes[0].get_yticklabels():
        if label.get_text() in minis:
            label.set(fontstyle="italic", color=COLORS["mini"])
    axes[1].scatter([], [], s=22, color=_GREY, label="elements by the model's list")
    axes[1].scatter([], [], s=22, facecolors="white", edgecolors=_GREY, label="by the alphabet")
    figure.legend(
        *axes[1].get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=7.5
    )
