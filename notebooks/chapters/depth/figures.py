"""Figures of the chapter on depth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from chapters.depth import stages
from chapters.depth.paths import EMBEDDING, LAST_LAYER, STAGES, relative_depths
from lumlip.plotting.style import ERROR_COLORS, FAMILY_COLORS, MINI_COLOR
from lumlip.zoo.relations import family_of
from lumlip.zoo.table import resolve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Kind of pair -> color and marker.
KINDS = {
    stages.FAMILIES: ("#222222", "o"),
    stages.VARIANTS: ("#D55E00", "s"),
    stages.SEEDS: ("#0072B2", "D"),
    stages.UNTRAINED: ("#8a8a8a", "^"),
    stages.BOTH_TRAINED: ("#CC79A7", "o"),
    stages.BOTH_UNTRAINED: ("#8a8a8a", "v"),
}
_AT_END = 1.25  # where the last layer stands on the axis of relative depth


def short(step: str) -> str:
    """Shorten the name of a step for an axis.

    >>> short("interaction_3"), short("embedding"), short("last_layer")
    ('3', 'emb.', 'last')
    """
    named = {EMBEDDING: "emb.", LAST_LAYER: "last"}
    return named.get(step, step.removeprefix("interaction_"))


def within_maps(figure: Figure, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw a heat map per model: from every step (row) to every other (column).

    Parameters
    ----------
    tables : dict of model to DataFrame
        From :meth:`chapters.depth.study.DepthStudy.within`.
    """
    n_rows = -(-len(tables) // 2)
    axes = figure.subplots(n_rows, 2, squeeze=False)
    image = None
    for ax, (model, table) in zip(axes.flat, tables.items(), strict=False):
        image = _error_map(ax, table.rename(index=short, columns=short))
        ax.set_title(model, fontsize=8.5, color=FAMILY_COLORS.get(family_of(model), "#222222"))
    for ax in axes.flat[len(tables) :]:
        ax.set_axis_off()
    figure.supxlabel("target: rebuilt step", fontsize=8.5)
    figure.supylabel("source: rebuilt from", fontsize=8.5)
    if image is not None:
        figure.colorbar(image, ax=axes, label="GFRE (0: fully contained)", shrink=0.6, pad=0.02)


def stage_maps(figure: Figure, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw a heat map per set of models: mean GFRE between families, stage against stage."""
    axes = figure.subplots(1, max(2, len(tables)), squeeze=False)[0]
    image = None
    for ax, (title, table) in zip(axes, tables.items(), strict=False):
        image = _error_map(ax, table)
        ax.set_title(title, fontsize=8.5)
        ax.set_xlabel("target: rebuilt")
        ax.tick_params(axis="x", rotation=35)
    for ax in axes[len(tables) :]:
        ax.set_axis_off()
    axes[0].set_ylabel("source: rebuilt from")
    if image is not None:
        figure.colorbar(image, ax=axes, label="mean GFRE", shrink=0.7, pad=0.02)


def _error_map(ax: Axes, table: pd.DataFrame) -> Any:
    import seaborn as sns

    values = table.to_numpy()
    colors = sns.color_palette(ERROR_COLORS, as_cmap=True)
    image = ax.imshow(values, cmap=colors, vmin=0, vmax=1)
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            dark = "white" if value > 0.5 else "#222222"
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=6.5, color=dark)
    ax.set_xticks(range(len(table.columns)), list(table.columns))
    ax.set_yticks(range(len(table.index)), list(table.index))
    ax.tick_params(length=0, labelsize=7.5)
    ax.spines[:].set_visible(False)
    return image


def stage_lines(ax: Axes, rows: Mapping[str, pd.DataFrame]) -> None:
    """Draw errors by stage with 95 % intervals, a line per kind of pair.

    Parameters
    ----------
    rows : dict of kind to DataFrame
        From :func:`chapters.depth.stages.by_stage`.
    """
    for i, (kind, table) in enumerate(rows.items()):
        color, marker = KINDS[kind]
        x = [STAGES.index(stage) + 0.05 * (i - len(rows) / 2) for stage in table.index]
        ax.vlines(x, table["low"], table["high"], color=color, lw=1.6, alpha=0.45)
        style: dict[str, Any] = {"color": color, "marker": marker, "ms": 4, "mfc": "white"}
        ax.plot(x, table["value"], lw=1.3, **style)
    ax.set_xticks(range(len(STAGES)), list(STAGES), rotation=30, ha="right")
    ax.set_xlim(-0.4, len(STAGES) - 0.6)
    ax.grid(axis="y", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def kind_legend(ax: Axes, kinds: Iterable[str]) -> None:
    """Name the kinds of pairs beside the axes of :func:`stage_lines`."""
    for kind in kinds:
        color, marker = KINDS[kind]
        ax.plot([], [], color=color, marker=marker, ms=4, mfc="white", lw=1.3, label=kind)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7)


def depth_lines(
    ax: Axes,
    table: pd.DataFrame,
    steps: Mapping[str, Sequence[str]],
    *,
    value: str = "value",
    counted: Sequence[str] = (),
) -> None:
    """Draw a number of every step against its relative depth, a line per model.

    Parameters
    ----------
    table : DataFrame
        Columns ``model``, ``step``, the value, and ``low`` and ``high`` if there are intervals.
    steps : dict of model to list of str
        All steps of every model, in order.
    value : str
        The column to draw.
    counted : sequence of str
        Models that are no controls; controls are drawn in grey.
    """
    look = _looks(list(steps), counted)
    for model, own in table.groupby("model", sort=False):
        places = relative_depths(list(steps[str(model)]))
        x, style = [places[step] for step in own["step"]], look[str(model)]
        ax.plot(x, own[value], marker="o", ms=3, **style)
        if "low" in own and model in counted:
            ax.vlines(x, own["low"], own["high"], color=style["color"], lw=1.6, alpha=0.35)
    ax.axvspan(1.12, 1.38, color="#f0f0f0", zorder=0)
    ax.set_xticks([0, 0.5, 1, _AT_END], ["0", "0.5", "1", "last\nlayer"])
    ax.set_xlim(-0.06, 1.38)
    ax.grid(axis="y", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def _looks(models: Sequence[str], counted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Color and line of each model: the next model of a family is dashed, controls are grey."""
    looks: dict[str, dict[str, Any]] = {}
    for model in models:
        if model in counted:
            family = family_of(model)
            n_before = sum(m in counted and family_of(m) == family for m in looks)
            line = ("-", (0, (3, 1.5)), (0, (1, 1)))[n_before % 3]
            color = FAMILY_COLORS.get(family, "#222222")
            looks[model] = {"color": color, "ls": line, "lw": 1.5, "zorder": 3}
        else:
            looks[model] = {"color": "#9a9a9a", "ls": "-", "lw": 1.0, "zorder": 1}
    return looks


def model_legend(figure: Figure, models: Sequence[str], controls: Sequence[str]) -> None:
    """Name the lines of :func:`depth_lines` under a figure; minis in italics."""
    from matplotlib.lines import Line2D

    looks = _looks(models, models) | ({"controls": _looks(["-"], [])["-"]} if controls else {})
    handles = [Line2D([], [], marker="o", ms=3, label=m, **look) for m, look in looks.items()]
    legend = figure.legend(
        handles=handles, loc="outside lower center", ncols=3, fontsize=7.5, columnspacing=1.4
    )
    for text in legend.get_texts():
        if text.get_text() in models and resolve(text.get_text()).mini:
            text.set(fontstyle="italic", color=MINI_COLOR)
