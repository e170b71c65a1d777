"""Figures of the chapter on distance and disagreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from chapters.disagreement.forces import NOISE, Forces
from chapters.disagreement.stitch_pairs import FAMILY, SEED, UNTRAINED, VARIANT
from lumlip.array_types import FloatArray
from lumlip.plotting.intervals import KIND_COLORS
from lumlip.plotting.style import MINI_COLOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GREY = "#888888"
_GRID: dict[str, Any] = {"color": "#e2e2e2", "lw": 0.6}
#: Set of models -> color, and what it is called.
SETS = {"real": ("#0072B2", "published models"), "minis": (MINI_COLOR, "minis")}
_PAIRS = {
    FAMILY: {"marker": "o", "facecolors": "none"},
    VARIANT: {"marker": "s", "facecolors": "none"},
    SEED: {"marker": "D", "facecolors": "full"},
    UNTRAINED: {"marker": "^", "facecolors": "#cccccc"},
}


def example_pair(
    ax: Axes, distance: FloatArray, disagreement: FloatArray, subset: Sequence[str]
) -> None:
    """Draw every structure: disagreement of two models against their error, colored by subset.

    Parameters
    ----------
    distance, disagreement : arrays of shape (n_structures,)
    subset : sequence of str, length n_structures
    """
    labels = np.asarray(subset)
    for color, name in zip(
        np.resize(KIND_COLORS, len(set(labels))), dict.fromkeys(labels.tolist()), strict=True
    ):
        own = labels == name
        y = np.maximum(disagreement[own], 0.1)
        ax.scatter(distance[own], y, s=5, lw=0, alpha=0.7, color=color, label=name, rasterized=True)
    ax.set(xscale="log", yscale="log")
    ax.set(xlabel="GFRE of the structure", ylabel="disagreement in energy (meV/atom)")
    ax.legend(fontsize=6.5, ncols=2, markerscale=2, columnspacing=0.6, handletextpad=0.1)


def own_against_foreign(ax: Axes, rows: Mapping[str, pd.DataFrame]) -> None:
    """Draw the rank correlation of each pair with its own disagreement against that of strangers.

    Parameters
    ----------
    rows : dict of {"real", "minis"} to DataFrame
        From :func:`chapters.disagreement.ranks.own_by_pair`.
    """
    every = pd.concat([table.dropna() for table in rows.values()])
    low = min(0.0, float(every[["low", "foreign"]].min().min()) - 0.03) if len(every) else 0.0
    high = float(every[["high", "foreign"]].max().max()) + 0.03 if len(every) else 1.0
    ax.plot([low, high], [low, high], color="#bbbbbb", lw=1, zorder=0)
    ax.text(high, high, "equal ", color=_GREY, ha="right", va="top", fontsize=7.5)
    for name, table in rows.items():
        color, label = SETS[name]
        drawn = table.dropna()
        ax.vlines(drawn["foreign"], drawn["low"], drawn["high"], color=color, lw=1, alpha=0.4)
        face = color if name == "real" else "white"
        ax.scatter(
            drawn["foreign"], drawn["value"], s=22, facecolors=face, edgecolors=color, label=label
        )
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    ax.set(xlabel="ρ with disagreements of other pairs", ylabel="ρ with the pair's own")
    if not every.empty:
        ax.legend(loc="lower right", fontsize=7.5)


def by_subset(ax: Axes, rows: Mapping[str, pd.DataFrame]) -> None:
    """Draw mean rank correlations within subsets, a line per subset and set of models."""
    names = list(dict.fromkeys(name for table in rows.values() for name in table.index))
    place = {name: -float(i) for i, name in enumerate(names)}
    for i, (kind, table) in enumerate(rows.items()):
        color, label = SETS[kind]
        y = [place[name] + 0.14 - 0.28 * i for name in table.index]
        face = color if kind == "real" else "white"
        ax.hlines(y, table["low"], table["high"], color=color, lw=2, alpha=0.45)
        ax.scatter(
            table["value"], y, s=24, facecolors=face, edgecolors=color, zorder=3, label=label
        )
    ax.axvline(0, color=_GREY, lw=0.8, ls=":")
    ax.set_yticks([place[name] for name in names], names)
    ax.set(xlabel="mean ρ of error and disagreement within the subset")
    ax.grid(axis="x", **_GRID)
    ax.set_axisbelow(True)
    if names:
        ax.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def across_pairs(ax: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw median disagreement against mean error, a point per pair of models.

    Parameters
    ----------
    tables : dict of {"real", "minis"} to DataFrame
        From :attr:`chapters.disagreement.study.PairStudy.by_pair`.
    """
    for name, table in tables.items():
        color, title = SETS[name]
        for functional, face in (("same", color), ("other", "white")):
            own = table[table["functional"] == functional]
            if own.empty:
                continue
            ax.scatter(
                own["gfre"],
                own["disagreement"],
                s=30,
                facecolors=face,
                edgecolors=color,
                marker="o" if name == "real" else "D",
                label=f"{title}, {'one functional' if functional == 'same' else 'two functionals'}",
            )
    ax.set(xlim=(0, None), yscale="log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:g}")
    ax.tick_params(axis="y", which="minor", labelsize=6.5)
    ax.set(xlabel="GFRE of the pair", ylabel="median disagreement (meV/atom)")
    ax.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def force_panels(figure: Figure, found: Mapping[str, Forces], rows: pd.DataFrame) -> None:
    """Draw differences of forces against the error of the moved atom, and what ranks them.

    Parameters
    ----------
    found : dict of {"real", "minis"} to Forces
    rows : DataFrame
        Columns ``set``, ``predictor``, ``value``, ``low`` and ``high``.
    """
    left, right = figure.subplots(1, 2, width_ratios=[1, 1])
    for name, forces in found.items():
        color, title = SETS[name]
        for i, (x, y) in enumerate(zip(forces.distance, forces.disagreement, strict=True)):
            label = title if i == 0 else None
            y = np.maximum(y, NOISE)
            left.scatter(x, y, s=7, lw=0, alpha=0.5, color=color, label=label, rasterized=True)
    left.set(xscale="log", yscale="log", xlabel="GFRE of the moved atom")
    left.set(ylabel="difference of the forces (eV/Å)")
    left.legend(fontsize=7.5, loc="lower left", markerscale=2, bbox_to_anchor=(0, 1), ncols=2)
    names = list(dict.fromkeys(rows["predictor"]))
    for i, (group, own) in enumerate(rows.groupby("set", sort=False)):
        color, _ = SETS[str(group)]
        y = np.array([-names.index(p) for p in own["predictor"]]) + 0.12 - 0.24 * i
        right.hlines(y, own["low"], own["high"], color=color, lw=2, alpha=0.45)
        face = color if group == "real" else "white"
        right.scatter(own["value"], y, s=24, facecolors=face, edgecolors=color, zorder=3)
    right.set_yticks([-float(i) for i in range(len(names))], names)
    right.axvline(0, color=_GREY, lw=0.8, ls=":")
    right.set(xlabel="mean ρ with the difference", ylim=(0.6 - len(names), 0.6))
    right.grid(axis="x", **_GRID)


def ood_panels(figure: Figure, areas: pd.DataFrame, means: pd.DataFrame) -> None:
    """Draw how well every score detects every shift, and the means over held-out subsets.

    Parameters
    ----------
    areas : DataFrame of shape (n_shifts, n_scores)
        From :func:`chapters.disagreement.ood_scores.table`.
    means : DataFrame indexed by score
        Columns ``value``, ``low``, ``high`` for subsets left out, the same with ``seen_`` for the
        controls. Empty without subsets.
    """
    import seaborn as sns

    ratios = [0.42 * len(areas) + 0.6, 2.4] if len(means) else [1]
    axes = np.atleast_1d(figure.subplots(1, len(ratios), width_ratios=ratios))
    sns.heatmap(
        areas.T,
        ax=axes[0],
        cmap="vlag_r",
        vmin=0,
        vmax=1,
        annot=True,
        fmt=".2f",
        annot_kws={"size": 6.5},
        linewidths=0.6,
        linecolor="white",
        cbar=False,
    )
    axes[0].set_facecolor("#f1f1f1")
    axes[0].tick_params(length=0)
    axes[0].set_xticklabels(
        axes[0].get_xticklabels(), rotation=40, ha="right", rotation_mode="anchor"
    )
    axes[0].set_yticklabels(axes[0].get_yticklabels(), rotation=0)
    if len(means):
        _mean_areas(axes[1], means.reindex(areas.columns))


def _mean_areas(ax: Axes, means: pd.DataFrame) -> None:
    place = np.arange(len(means)) + 0.5
    for shift, prefix, color, face in (
        (-0.13, "", "#B2182B", "#B2182B"),
        (0.13, "seen_", _GREY, "white"),
    ):
        value, low, high = (means[prefix + name] for name in ("value", "low", "high"))
        label = "kind known to the fit" if prefix else "kind left out"
        ax.hlines(place + shift, low, high, color=color, lw=2, alpha=0.5)
        ax.scatter(
            value, place + shift, s=22, facecolors=face, edgecolors=color, zorder=3, label=label
        )
    ax.axvline(0.5, color=_GREY, lw=0.8, ls=":")
    ax.set_yticks(place, [""] * len(place))
    ax.set(ylim=(len(place), 0), xlabel="mean AUROC over subsets")
    ax.grid(axis="x", **_GRID)
    ax.legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def stitched_panels(
    figure: Figure, tables: Mapping[str, pd.DataFrame], surgeries: Mapping[str, pd.DataFrame]
) -> None:
    """Draw what a stitch loses of the energy against the GFRE: direct, and by the own readout.

    Parameters
    ----------
    tables : dict of {"real", "minis"} to DataFrame
        From :meth:`chapters.disagreement.stitch_pairs.StitchedPairs.table`.
    surgeries : dict of the same to DataFrame
        From :meth:`chapters.disagreement.stitch_pairs.StitchedPairs.surgery`; drawn with the direct
        stitches.
    """
    axes = figure.subplots(1, 2)
    for ax, column in zip(axes, ("lost", "own_lost"), strict=True):
        for name, table in tables.items():
            for kind, look in _PAIRS.items():
                own = table[table["kind"] == kind]
                face = SETS[name][0] if look["facecolors"] == "full" else look["facecolors"]
                options: dict[str, Any] = {**look, "facecolors": face, "edgecolors": SETS[name][0]}
                ax.scatter(own["gfre"], own[column], s=20, lw=1, **options)
        ax.plot([0, 1], [0, 1], color="#bbbbbb", lw=1, zorder=0)
        ax.axhline(1, color=_GREY, lw=0.8, ls=":")
        ax.set(xlim=(0, None), ylim=(0, None), xlabel="GFRE of the target's last layer")
    for name, table in surgeries.items():
        color = SETS[name][0]
        axes[0].scatter(table["gfre_energy"], table["lost_energy"], marker="+", s=36, color=color)
        axes[0].scatter(table["gfre_rest"], table["lost_rest"], marker="x", s=30, color=color)
    axes[0].set_ylabel("energy lost, map made for the energy")
    axes[1].set_ylabel("energy lost, target's own readout")
    _pair_legend(figure, axes[0], list(tables))


def _pair_legend(figure: Figure, ax: Axes, names: Sequence[str]) -> None:
    handles = [
        ax.scatter([], [], s=24, marker="o", color=SETS[name][0], label=SETS[name][1])
        for name in names
    ]
    for kind, look in _PAIRS.items():
        face = "#333333" if look["facecolors"] == "full" else look["facecolors"]
        options: dict[str, Any] = {**look, "facecolors": face, "edgecolors": "#333333"}
        handles.append(ax.scatter([], [], s=20, label=kind, **options))
    for marker, label in (("+", "energy of the atom alone"), ("x", "all but that energy")):
        handles.append(ax.scatter([], [], marker=marker, s=30, color="#333333", label=label))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=7.5)
