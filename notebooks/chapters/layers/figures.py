"""Figures of the chapter on layers: back and forth, equal widths, leading directions, probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lumlip.choices import LAYERS
from lumlip.metrics.probes import ProbeScore
from lumlip.plotting.style import FAMILY_COLORS, MINI_COLOR
from lumlip.zoo.relations import family_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_GREY = "#8a8a8a"
#: Kind of model -> marker, and whether it is filled.
_KINDS = {
    "published model": ("o", True),
    "mini": ("o", False),
    "untrained twin": ("^", False),
}
_CUTS = {"as they are": "o", "cut by PCA": "s", "cut at random": "D"}


def _color(model: str) -> str:
    return FAMILY_COLORS.get(family_of(model), _GREY)


def _face(model: str, *, filled: bool) -> dict[str, Any]:
    color = _color(model)
    return {"facecolors": color if filled else "white", "edgecolors": color}


def back_against_forth(
    ax: Axes, rows: Mapping[str, pd.DataFrame], kinds: Mapping[str, str], paper: pd.DataFrame
) -> None:
    """Draw the error back against the error forth, a point per model with its intervals.

    Parameters
    ----------
    rows : dict of {"forth", "back"} to DataFrame
        From :func:`chapters.layers.intervals.rms_rows`.
    kinds : dict of model to kind
        "published model", "mini" or "untrained twin".
    paper : DataFrame
        Columns ``forth`` and ``back``, drawn as grey crosses.
    """
    forth, back = rows["forth"], rows["back"]
    ax.scatter(paper["forth"], paper["back"], marker="x", s=26, lw=1.2, color=_GREY, zorder=2)
    for model, kind in kinds.items():
        x, y = forth.loc[model], back.loc[model]
        color = _color(model)
        ax.hlines(y["value"], x["low"], x["high"], color=color, lw=1, alpha=0.5)
        ax.vlines(x["value"], y["low"], y["high"], color=color, lw=1, alpha=0.5)
        marker, filled = _KINDS[kind]
        face = _face(model, filled=filled)
        ax.scatter(x["value"], y["value"], marker=marker, s=34, zorder=3, **face)
    right = 1.04 * max(0.5, forth["high"].max(), paper["forth"].max())
    top = 1.04 * max(0.5, back["high"].max(), paper["back"].max())
    ax.plot([0, top], [0, top], color="#bbbbbb", lw=1, zorder=0)
    ax.text(0.97 * right, 0.97 * right, "equal", color="#888888", ha="right", va="bottom")
    ax.set(xlim=(-0.03 * right, right), ylim=(0, top))
    ax.set(xlabel="GFRE forth: backbone to last layer", ylabel="GFRE back: last layer to backbone")
    _legend_of_models(ax, kinds)


def _legend_of_models(ax: Axes, kinds: Mapping[str, str]) -> None:
    for family in dict.fromkeys(family_of(model) for model in kinds):
        ax.scatter([], [], marker="s", s=30, color=FAMILY_COLORS.get(family, _GREY), label=family)
    for kind in dict.fromkeys(kinds.values()):
        marker, filled = _KINDS[kind]
        face = "#333333" if filled else "white"
        ax.scatter([], [], marker=marker, s=34, facecolors=face, edgecolors="#333333", label=kind)
    ax.scatter([], [], marker="x", s=26, color=_GREY, label="paper: PET and UMA")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7.5)


def excess_plot(ax: Axes, rows: Mapping[str, pd.DataFrame], kinds: Mapping[str, str]) -> None:
    """Draw how much harder the way back is, a line per model, for each way of cutting.

    Parameters
    ----------
    rows : dict of "as they are", "cut by PCA" or "cut at random" to DataFrame
        Indexed by model, columns ``value``, ``low`` and ``high``; not every model in each.
    kinds : dict of model to kind
        In the order from top to bottom.
    """
    place = dict(zip(kinds, range(len(kinds), 0, -1), strict=True))
    alone = {m: sum(m in table.index for table in rows.values()) == 1 for m in kinds}
    for i, (how, table) in enumerate(rows.items()):
        y = np.array([place[m] + (0 if alone[m] else 0.24 - 0.24 * i) for m in table.index])
        colors = [_color(model) for model in table.index]
        ax.hlines(y, table["low"], table["high"], color=colors, lw=1.4, alpha=0.5)
        faces = colors if i == 0 else "white"
        ax.scatter(
            table["value"],
            y,
            marker=_CUTS[how],
            s=20,
            facecolors=faces,
            edgecolors=colors,
            zorder=3,
        )
        face = "#333333" if i == 0 else "white"
        ax.scatter(
            [], [], marker=_CUTS[how], s=20, facecolors=face, edgecolors="#333333", label=how
        )
    ax.axvline(0, color="#666666", lw=0.8, zorder=0)
    _model_ticks(ax, kinds, place)
    ax.set(xlabel="GFRE back minus GFRE forth", ylim=(0.4, len(kinds) + 0.6))
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
    ax.legend(loc="lower right", fontsize=7.5, frameon=True, edgecolor="none", framealpha=0.9)


def _model_ticks(ax: Axes, kinds: Mapping[str, str], place: Mapping[str, float]) -> None:
    """Name the lines; minis in italics and in their color."""
    ax.set_yticks(list(place.values()), list(place))
    for label, kind in zip(ax.get_yticklabels(), kinds.values(), strict=True):
        if kind != "published model":
            label.set(fontstyle="italic", color=MINI_COLOR)
    ax.tick_params(axis="y", length=0)


def directions_plot(ax: Axes, table: pd.DataFrame, kinds: Mapping[str, str]) -> None:
    """Draw over how many directions each layer spreads its variance: filled backbone, open last.

    Parameters
    ----------
    table : DataFrame
        Indexed by model, columns ``backbone`` and ``last_layer``.
    kinds : dict of model to kind
        In the order from top to bottom.
    """
    place = dict(zip(kinds, range(len(kinds), 0, -1), strict=True))
    y = np.array([place[m] for m in table.index])
    colors = [_color(model) for model in table.index]
    ax.hlines(y, table["last_layer"], table["backbone"], color=colors, lw=1.4, alpha=0.5)
    ax.scatter(table["backbone"], y, s=26, color=colors, zorder=3)
    ax.scatter(
        table["last_layer"],
        y,
        s=26,
        facecolors="white",
        edgecolors=colors,
        linewidths=1.4,
        zorder=3,
    )
    _model_ticks(ax, kinds, place)
    ax.set(xlabel="effective number of directions", xscale="log", ylim=(0.4, len(kinds) + 0.6))
    ax.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    ax.minorticks_off()
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def stripped_panels(figure: Figure | SubFigure, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw the error between families against the number of directions taken out of the target.

    Parameters
    ----------
    tables : dict of title to DataFrame
        A panel each, from :func:`chapters.layers.tables.stripped`. Dashed: the typical atom.
    """
    axes = figure.subplots(len(tables), 1, sharex=True, squeeze=False)[:, 0]
    for ax, (title, rows) in zip(axes, tables.items(), strict=True):
        _stripped(ax, rows)
        ax.set_title(title, fontsize=8.5)
    axes[0].plot([], [], color="#333333", lw=1.2, ls=(0, (3, 2)), label="typical atom")
    axes[0].legend(fontsize=7.5, loc="upper left")
    axes[-1].set_xlabel("leading directions taken out of the target")
    figure.supylabel("mean GFRE between families", fontsize=8.5)


def _stripped(ax: Axes, rows: pd.DataFrame) -> None:
    looks = {"backbone": ("#0072B2", "o", "#0072B2"), "last_layer": ("#D55E00", "s", "white")}
    steps = sorted(set(rows["directions"]))
    for shift, (layer, (color, marker, face)) in zip((-0.05, 0.05), looks.items(), strict=True):
        chosen = rows[rows["layer"] == layer].set_index("directions").loc[steps]
        x = np.arange(len(steps)) + shift
        ax.vlines(x, chosen["low"], chosen["high"], color=color, lw=1.4, alpha=0.5)
        ax.plot(x, chosen["value"], color=color, lw=1.2)
        ax.plot(x, chosen["typical"], color=color, lw=1.2, ls=(0, (3, 2)), alpha=0.8)
        ax.scatter(
            x, chosen["value"], marker=marker, s=24, facecolors=face, edgecolors=color, zorder=3,
            label=layer.replace("_", " "),
        )  # fmt: skip
    ax.set_xticks(range(len(steps)), [str(step) for step in steps])
    ax.grid(axis="y", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def probe_panels(
    figure: Figure, found: Mapping[tuple[str, str, str], ProbeScore], kinds: Mapping[str, str]
) -> None:
    """Draw the scores of the probes: a panel per target, a line per model.

    Filled: backbone; open: last layer. Dotted: the mean, or the most frequent class; dashed: what
    the element, or the composition, tells alone.

    Parameters
    ----------
    found : dict of (model, layer, target) to ProbeScore
        From :func:`chapters.layers.probing.probe_layers`.
    kinds : dict of model to kind
        In the order from top to bottom.
    """
    targets = list(dict.fromkeys(key[2] for key in found))
    shown = {m: kind for m, kind in kinds.items() if (m, LAYERS[0], targets[0]) in found}
    place = dict(zip(shown, range(len(shown), 0, -1), strict=True))
    columns = min(3, len(targets))
    axes = figure.subplots(-(-len(targets) // columns), columns, sharey=True, squeeze=False)
    for ax, target in zip(axes.flat, targets, strict=False):
        for name, style in (("mean", ":"), ("element", "--")):
            if ("baseline", name, target) in found:
                level = found["baseline", name, target].value
                ax.axvline(level, color="#777777", ls=style, lw=1, zorder=0)
        for model, y in place.items():
            _pair_of_scores(ax, model, y, [found[model, layer, target] for layer in LAYERS])
        unit = "balanced accuracy" if target == "element" else "R²"
        ax.set(xlabel=f"{target}: {unit}", ylim=(0.4, len(shown) + 0.6), xlim=(-0.12, 1.06))
        ax.grid(axis="x", color="#e4e4e4", lw=0.6)
        ax.set_axisbelow(True)
    for ax in axes[:, 0]:
        _model_ticks(ax, shown, place)
    for ax in axes.flat[len(targets) :]:
        ax.set_axis_off()
    _legend_of_scores(figure, axes.flat[-1] if len(targets) < axes.size else None)


def _pair_of_scores(ax: Axes, model: str, y: float, scores: Sequence[ProbeScore]) -> None:
    color = _color(model)
    low, high = sorted(score.value for score in scores)
    ax.hlines(y, low, high, color=color, lw=1.4, alpha=0.4)
    for score, face in zip(scores, (color, "white"), strict=True):
        ax.hlines(y, score.low, score.high, color=color, lw=3, alpha=0.35)
        ax.scatter(
            score.value, y, s=24, facecolors=face, edgecolors=color, linewidths=1.3, zorder=3
        )


def _legend_of_scores(figure: Figure, free: Axes | None) -> None:
    from matplotlib.lines import Line2D

    dark = "#333333"
    dot: dict[str, Any] = {"marker": "o", "ls": "", "markeredgecolor": dark, "markersize": 5}
    handles = [
        Line2D([], [], markerfacecolor=dark, label="backbone", **dot),
        Line2D([], [], markerfacecolor="white", label="last layer", **dot),
        Line2D([], [], color="#777777", ls="--", lw=1, label="element or\ncomposition alone"),
        Line2D([], [], color="#777777", ls=":", lw=1, label="mean, or most\nfrequent class"),
    ]
    if free is None:
        figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=7.5)
    else:
        free.legend(handles=handles, loc="center", fontsize=7.5, labelspacing=1.0)
