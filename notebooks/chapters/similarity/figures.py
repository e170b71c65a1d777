"""Figures of the chapter on measures of similarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from chapters.similarity.groups import APART, BASELINE, BEFORE, SAME, SEEDS, TWINS
from chapters.similarity.study import LABELS
from chapters.similarity.views import AS_IS, STRIPPED, WHITENED, WITHIN
from lumlip.plotting.style import FAMILY_COLORS
from lumlip.zoo.relations import family_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GREY = "#888888"
_ZERO = 0.005  # a coefficient that would be written as -0.00
_GROUPS = {
    SEEDS: ("#222222", "D"),
    SAME: ("#D55E00", "s"),
    APART: ("#0072B2", "o"),
    BEFORE: ("#56B4E9", "v"),
    TWINS: ("#009E73", "^"),
    BASELINE: ("#D8A200", "x"),
}
_VIEWS = {
    AS_IS: ("#222222", "o"),
    WITHIN: ("#009E73", "s"),
    STRIPPED: ("#D55E00", "v"),
    WHITENED: ("#CC79A7", "^"),
}


def measures_plot(figure: Figure, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw the mean similarity of each group of pairs, a row per measure, a panel per table.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Title of the panel, to a table from :func:`chapters.similarity.groups.with_intervals`.
    """
    first = next(iter(tables.values()))
    axes = _rows_of_measures(figure, tables, list(first.index))
    for ax, (title, table) in zip(axes, tables.items(), strict=True):
        names = list(dict.fromkeys(table.columns.get_level_values(0)))
        for i, name in enumerate(names):
            color, marker = _GROUPS[name]
            place = _places(len(table)) + 0.13 * ((len(names) - 1) / 2 - i)
            part = table[name]
            ax.hlines(place, part["low"], part["high"], color=color, lw=1.2, alpha=0.6)
            ax.scatter(part["value"], place, s=17, color=color, marker=marker, label=name, zorder=3)
        ax.set_title(title, fontsize=8.5)
        ax.set(xlabel="similarity", xlim=(-0.12, 1.04))
        ax.legend(loc="upper center", bbox_to_anchor=(0.42, -0.11), ncols=2, fontsize=7)


def views_plot(figure: Figure, tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> None:
    """Draw the mean similarity of two families under each view, a panel per set of models.

    Parameters
    ----------
    tables : dict of str to dict of str to DataFrame
        Title, view, and means from :func:`chapters.similarity.views.by_view`.
    """
    first = next(iter(tables.values()))[AS_IS]
    axes = _rows_of_measures(figure, tables, list(first.index))
    for ax, (title, views) in zip(axes, tables.items(), strict=True):
        for i, (view, table) in enumerate(views.items()):
            color, marker = _VIEWS[view]
            place = _places(len(first)) + 0.13 * (1.5 - i)
            values = table[APART].reindex(first.index)
            ax.scatter(values, place, s=17, color=color, marker=marker, label=view, zorder=3)
        ax.set_title(title, fontsize=8.5)
        ax.set(xlabel="similarity of two families", xlim=(-0.12, 1.04))
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=7.5)


def calibrated_plot(ax: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw calibrated similarities with intervals, a row per measure, a color per view.

    Parameters
    ----------
    tables : dict of str to DataFrame
        View, to a table from :func:`chapters.similarity.calibration.calibrated_with_intervals`.
    """
    measures = list(next(iter(tables.values())).index)
    for i, (view, table) in enumerate(tables.items()):
        color, marker = _VIEWS[view]
        place = _places(len(measures)) + 0.24 * ((len(tables) - 1) / 2 - i)
        rows = table.reindex(measures).clip(-1.5, 1.5)
        ax.hlines(place, rows["low"], rows["high"], color=color, lw=2, alpha=0.5)
        ax.scatter(rows["value"], place, s=20, color=color, marker=marker, label=view, zorder=3)
    _measure_ticks(ax, measures)
    for at in (0, 1):
        ax.axvline(at, color=_GREY, lw=1, ls=":", zorder=0)
    ax.set(
        xlim=(-1.5, 1.5),
        xlabel="calibrated similarity of two families (0: as untrained, 1: as two seeds)",
    )
    ax.legend(loc="upper left", fontsize=7.5)


def agreement_plot(figure: Figure, agreement: pd.DataFrame, found: pd.Series[float]) -> None:
    """Draw the rank agreement of measures as a heat map, and beside it what they find of families.

    Parameters
    ----------
    agreement : DataFrame of shape (n_measures, n_measures)
        From :func:`chapters.similarity.agreement.rank_agreement`.
    found : Series of length n_measures
        Adjusted Rand index, from :func:`chapters.similarity.agreement.families_found`.
    """
    import seaborn as sns

    figure.set_size_inches(7.4, 5.0)
    left, right = figure.subplots(1, 2, width_ratios=(6, 1), sharey=True)
    names = [LABELS[name] for name in agreement.index]
    sns.heatmap(
        agreement.where(agreement.abs() > _ZERO, 0.0).set_axis(names).set_axis(names, axis=1),
        ax=left,
        cmap="RdBu_r",
        vmin=-1,
        vmax=1,
        annot=True,
        fmt=".2f",
        annot_kws={"size": 5.8},
        linewidths=0.5,
        linecolor="white",
        cbar_kws={
            "label": "Spearman's coefficient",
            "location": "top",
            "shrink": 0.6,
            "aspect": 40,
        },
    )
    left.tick_params(length=0)
    left.set_xticks(left.get_xticks(), names, rotation=40, ha="right", rotation_mode="anchor")
    place = np.arange(len(names)) + 0.5
    right.barh(place, found[agreement.index].fillna(0.0), color="#0072B2", height=0.6)
    right.set(xlabel="families found\n(adjusted Rand)", xlim=(min(0.0, found.min()), 1))
    right.tick_params(left=False)


def truncation_plot(ax: Axes, table: pd.DataFrame, measures: Sequence[str]) -> None:
    """Draw what each measure says of features and their own leading directions.

    Parameters
    ----------
    table : DataFrame of shape (n_numbers, n_measures)
        From :func:`chapters.similarity.views.against_truncated`.
    measures : sequence of str
        Which ones.
    """
    colors = ("#0072B2", "#56B4E9", "#222222", "#009E73", "#D55E00", "#CC79A7", "#D8A200")
    for i, name in enumerate(measures):
        style: dict[str, Any] = {
            "color": colors[i % len(colors)],
            "ls": "-" if i < len(colors) else "--",
        }
        ax.plot(table.index, table[name], marker="o", ms=3.5, lw=1.4, label=LABELS[name], **style)
    ax.set_xscale("log", base=2)
    ax.set_xticks(table.index, [str(n) for n in table.index])
    ax.set(xlabel="leading directions that are left", ylabel="similarity to the whole")
    ax.set_ylim(-0.02, 1.04)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=7.5)


def dimension_plot(ax: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw the intrinsic dimension of each model by two estimators.

    Parameters
    ----------
    tables : dict of str to DataFrame
        From :meth:`chapters.similarity.study.SimilarityStudy.dimensions`.
    """
    table = pd.concat(list(tables.values()))
    place = _places(len(table))
    colors = [FAMILY_COLORS.get(family_of(name), _GREY) for name in table.index]
    ax.hlines(place, table["two_nn"], table["mle"], color=colors, lw=1.2, alpha=0.5)
    ax.scatter(table["two_nn"], place, s=22, color=colors, zorder=3)
    ax.scatter(table["mle"], place, s=22, facecolors="white", edgecolors=colors, zorder=3)
    ax.set_yticks(place, list(table.index))
    _mark(ax)
    ax.scatter([], [], s=22, color=_GREY, label="two neighbors")
    ax.scatter([], [], s=22, facecolors="white", edgecolors=_GREY, label="highest likelihood")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=2, fontsize=7)
    ax.set(xlabel="intrinsic dimension", xlim=(0, None))
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def imbalance_plane(ax: Axes, pairs: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Draw the information imbalance of pairs of models, one way against the other.

    Parameters
    ----------
    pairs : dict of str to list of (there, back)
        By group.
    """
    for name, values in pairs.items():
        color, marker = _GROUPS[name]
        ends = np.sort(np.array(values), axis=1)
        ax.scatter(ends[:, 1], ends[:, 0], s=20, color=color, marker=marker, label=name)
    top = 1.05
    ax.plot([0, top], [0, top], color="#bbbbbb", lw=1, zorder=0)
    ax.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    ax.set(xlabel="imbalance, worse direction", ylabel="imbalance, better direction")
    ax.legend(loc="upper left", fontsize=7)


def _rows_of_measures(
    figure: Figure, tables: Mapping[str, object], measures: Sequence[str]
) -> list[Axes]:
    figure.set_size_inches(7.4, 1.6 + 0.29 * len(measures))
    axes = list(figure.subplots(1, len(tables), sharey=True, squeeze=False)[0])
    for ax in axes:
        _measure_ticks(ax, measures)
    return axes


def _measure_ticks(ax: Axes, measures: Sequence[str]) -> None:
    place = _places(len(measures))
    ax.set_yticks(place, [LABELS[name] for name in measures])
    for y in place[::2]:
        ax.axhspan(y - 0.5, y + 0.5, color="#f4f4f4", lw=0, zorder=0)
    ax.set_ylim(-0.5, len(measures) - 0.5)
    ax.tick_params(axis="y", length=0)


def _places(n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.arange(n, dtype=np.float64)[::-1]


def _mark(ax: Axes) -> None:
    """Write the names of minis, in the labels of rows, in their color."""
    from lumlip.plotting.style import MINI_COLOR
    from lumlip.zoo.table import resolve

    for label in ax.get_yticklabels():
        if resolve(label.get_text()).mini:
            label.set(fontstyle="italic", color=MINI_COLOR)
