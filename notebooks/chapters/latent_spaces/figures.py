"""Figures of chapter 01."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from chapters.latent_spaces.pcovr import pcovr
from lumlip.array_types import FloatArray
from lumlip.datasets.properties import energy_target
from lumlip.extraction.panel import Panel
from lumlip.metrics.cumulants import mean_over_atoms
from lumlip.metrics.repeated import CrossFit, Estimate, pair_weights
from lumlip.plotting.style import FAMILY_COLORS, INK, LIGHT, MIDDLE, WIDTH
from lumlip.zoo.relations import family_of

LOOKS = {
    "all": {"marker": "o", "facecolors": INK, "edgecolors": INK, "s": 32},
    "leading direction": {"marker": "D", "facecolors": "white", "edgecolors": INK, "s": 22},
    "the rest": {"marker": "s", "facecolors": LIGHT, "edgecolors": MIDDLE, "s": 22},
}


def group_weights(groups: Sequence[str], source: str, target: str) -> FloatArray:
    """Weights of the pairs from one group of models to another: (n_models, n_models)."""
    rows, columns = (np.array([group == name for group in groups]) for name in (source, target))
    chosen = np.outer(rows, columns) & ~np.eye(len(groups), dtype=bool)
    weights: FloatArray = chosen / max(1, chosen.sum())
    return weights


def shared_figure(
    ax: Axes, fits: Sequence[CrossFit], groups: Sequence[str], levels: Mapping[str, float]
) -> None:
    """Draw the share recovered for each ordered pair of groups: all, first direction, rest.

    Parameters
    ----------
    ax : matplotlib Axes
    fits : sequence of CrossFit
        In the order of `LOOKS`.
    groups : sequence of str
        The family of every model.
    levels : dict of str to float
        Lines to compare with, by name.
    """
    kinds = list(dict.fromkeys(groups))
    pairs = [(a, b) for a in kinds for b in kinds if a != b]
    shares = [[fit.share(group_weights(groups, *pair)) for fit in fits] for pair in pairs]
    order = sorted(range(len(pairs)), key=lambda i: shares[i][0].value)
    for place, i in enumerate(order):
        for j, (found, look) in enumerate(zip(shares[i], LOOKS.values(), strict=True)):
            _mark(ax, found, place + 0.22 * (1 - j), look)
    ax.set_yticks(range(len(pairs)), [f"{pairs[i][0]} → {pairs[i][1]}" for i in order])
    for name, level in levels.items():
        ax.axvline(level, color=MIDDLE, lw=1.2, ls=":")
        ax.annotate(
            f"× {name}", (level, 1.01), xycoords=("data", "axes fraction"), ha="center", va="bottom"
        )
    for name, look in LOOKS.items():
        ax.scatter([], [], label=name, **look)  # type: ignore[arg-type]
    ax.set(xlabel="share of the target's variance recovered", xlim=(-0.25, 1.02))
    ax.figure.legend(loc="outside upper center", ncols=3, columnspacing=1.2)


def _mark(ax: Axes, found: Estimate, y: float, look: Mapping[str, object]) -> None:
    ax.hlines(y, found.low, found.high, color=look["edgecolors"], lw=1.4, alpha=0.6)  # type: ignore[arg-type]
    ax.scatter(found.value, y, zorder=3, **look)  # type: ignore[arg-type]


def toy_figure(figure: Figure) -> None:
    """Draw three clouds of points: rebuilt exactly, in half, and not at all, by one linear map."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 2))
    turned = X @ np.array([[0.8, -1.1], [0.9, 0.5]])
    half = np.stack([turned[:, 0], rng.normal(size=60) * turned[:, 1].std()], axis=1)
    targets = {"X, turned and stretched": turned, "half of it is new": half,
               "nothing of X in it": rng.normal(size=(60, 2))}  # fmt: skip
    figure.set_size_inches(WIDTH, 5.2)
    axs = figure.subplots(2, 2).ravel()
    axs[0].scatter(*X.T, s=12, color=INK, marker="s")
    axs[0].set_title("the source X\n")
    for ax, (name, Y) in zip(axs[1:], targets.items(), strict=True):
        rows = np.column_stack([X, np.ones(60)])
        rebuilt = rows @ np.linalg.lstsq(rows, Y, rcond=None)[0]
        error = np.sqrt(((Y - rebuilt) ** 2).sum() / ((Y - Y.mean(axis=0)) ** 2).sum())
        ax.plot(*np.stack([Y, rebuilt], axis=1).transpose(2, 1, 0), color=LIGHT, lw=0.7)
        ax.scatter(*Y.T, s=8, color=INK)
        ax.scatter(*rebuilt.T, s=26, facecolors="none", edgecolors=INK, lw=0.8)
        ax.set_title(f"target: {name}\nGFRE {error:.2f}")
    for ax in axs:
        ax.set(xticks=[], yticks=[], aspect="equal")
        ax.set_adjustable("datalim")
        ax.margins(0.1)


def mean_of(table: pd.DataFrame, families: Sequence[str], left: Sequence[int]) -> float:
    """Mean of a table between the families of some of its models, each pair of families once."""
    weights = pair_weights([families[i] for i in left])
    return float((weights * table.to_numpy()[np.ix_(left, left)]).sum())


def covariate_maps(panel: Panel, models: Sequence[str]) -> dict[str, FloatArray]:
    """Map of all structures for each model: (n_structures, 2), by spread alone without energies."""
    structure = panel.atoms["structure"].to_numpy()
    maps = {}
    for model in models:
        means = mean_over_atoms(panel.layer("last_layer")[model], structure)
        if "energy" in panel.datasets[model]:
            maps[model] = pcovr(means, energy_target(panel.energies(model), panel.structures))
        else:
            maps[model] = pcovr(means, means[:, means.std(axis=0).argmax()], mixing=1)
    return maps


def map_panels(figure: Figure, points: Mapping[str, FloatArray], marked: ArrayLike) -> None:
    """Draw one two-dimensional map per model: some points in the hue of its family, others gray.

    Parameters
    ----------
    points : dict of str to array of shape (n_points, 2)
    marked : bool array of shape (n_points,)
        All are, if none is.
    """
    chosen = np.asarray(marked, dtype=bool)
    chosen = chosen if chosen.any() else ~chosen
    n_columns = min(2, len(points))
    axes = figure.subplots(-(-len(points) // n_columns), n_columns, squeeze=False)
    for ax, (model, xy) in zip(axes.flat, points.items(), strict=False):
        hue = FAMILY_COLORS.get(family_of(model), INK)
        for some, color, size in ((xy[~chosen], LIGHT, 4), (xy[chosen], hue, 7)):
            ax.scatter(*some.T, color=color, s=size, linewidths=0, rasterized=True)
        ax.set(xticks=[], yticks=[], title=model)
    for ax in axes.flat[len(points) :]:
        ax.set_axis_off()
