"""Figures of the chapter on averages and cumulants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lumlip.metrics.repeated import CrossFit, Estimate
from lumlip.plotting.style import FAMILY_COLORS, FAMILY_MARKERS, INK, MIDDLE
from lumlip.zoo.relations import family_name, family_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def toy_figure(ax: Axes) -> None:
    """Draw one feature of the atoms of two structures that have its mean in common."""
    structures: dict[str, list[float]] = {
        "all atoms alike": [4.6, 4.8, 4.9, 5.1, 5.2, 5.4],
        "two kinds": [1, 1, 1, 9, 9, 9],
    }
    for row, values in enumerate(structures.values()):
        spread = np.linspace(-0.15, 0.15, len(values))  # so that equal ones do not hide each other
        ax.scatter(values, row + spread, s=30, color=INK)
        ax.text(9.6, row, f"mean {np.mean(values):.1f}\nvariance {np.var(values):.1f}", va="center")
    ax.axvline(5, color=MIDDLE, ls=":")
    ax.set(xlabel="one feature (no unit)", xlim=(0, 12.5), ylim=(1.6, -0.6), yticks=[0, 1])
    ax.set_yticklabels(structures)


def order_curves(
    ax: Axes, fit: CrossFit, control: str, paper: pd.Series, *, mean: Sequence[Estimate]
) -> None:
    """Draw the error from the mean to the cumulants up to each order, a line for each model.

    The fit has shape (n_models, n_orders), with a row for the control; the paper's errors are
    indexed by order, and the mean over models has an estimate for each.
    """
    orders = [int(name) for name in fit.targets]
    models = [name for name in fit.sources if name != control]
    for family in dict.fromkeys(map(family_of, models)):
        own = [name for name in models if family_of(name) == family]
        label = [family_name(family)] + ["_"] * (len(own) - 1)
        ax.plot(orders, fit.table.loc[own].to_numpy().T, lw=1, ms=4, label=label, **_look(own[0]))
    reach = [[e.value - e.low for e in mean], [e.high - e.value for e in mean]]
    ax.errorbar(orders, [e.value for e in mean], reach, fmt="-", color=INK, label="mean, 95 %")
    ax.plot(orders, fit.table.loc[control], "x--", color=MIDDLE, lw=1.2, label=control)
    look: dict[str, Any] = {"color": FAMILY_COLORS["pet"], "marker": FAMILY_MARKERS["pet"]}
    ax.plot(paper.index, paper, ls=":", lw=1.2, label="paper: PET-MAD", **look)
    ax.set(xlabel="highest order K", ylabel="GFRE, mean → order K", ylim=(0, 1.05), xticks=orders)
    ax.legend(loc="lower right", ncols=2)


def _look(model: str) -> dict[str, Any]:
    family = family_of(model)
    return {
        "color": FAMILY_COLORS.get(family, MIDDLE),
        "marker": FAMILY_MARKERS.get(family, "o"),
        "markerfacecolor": "white" if "-mini" in model else "auto",
    }


def distance_lines(ax: Axes, distances: pd.DataFrame, control: str) -> None:
    """Draw how far mixtures with one mean are apart in each order, a line for each model.

    In spreads of all structures: (n_models, n_orders). Dashed: the row of the control.
    """
    orders = [int(name) for name in distances.columns]
    for model in map(str, distances.index):
        row = distances.loc[model]
        look = {"color": MIDDLE, "marker": "x", "ls": "--"} if model == control else _look(model)
        ax.plot(orders, row, ms=5, lw=1.5, label=model, **look)
    ax.set(xlabel="order k", ylabel="distance (spreads of order k)", xticks=orders)
    ax.legend()


def gains(ax: Axes, found: Mapping[str, Mapping[str, Estimate]], control: str) -> None:
    """Draw shares of the variance that are predicted: a group of lines for each property.

    By way and property; the control is one of the ways.
    """
    properties = list(next(iter(found.values())))
    names = [name.replace(" of ", " of\n") for name in properties]
    faces = iter(("white", INK))
    for i, (way, shares) in enumerate(found.items()):
        values = 100 * np.array([[e.value, e.low, e.high] for e in shares.values()])
        y = -np.arange(len(properties)) - 0.22 * (i - (len(found) - 1) / 2)
        look: dict[str, Any] = {"marker": "x", "color": INK} if way == control else {
            "marker": "o", "facecolors": next(faces), "edgecolors": INK}  # fmt: skip
        ax.hlines(y, values[:, 1], values[:, 2], color=INK, lw=1)
        ax.scatter(values[:, 0], y, s=34, zorder=3, label=way, **look)
    ax.set_yticks(-np.arange(len(names)), names)
    ax.axvline(0, color=MIDDLE, lw=0.8, ls=":")
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="variance predicted (%)", ylim=(0.5 - len(properties), 0.5))
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=len(found), handletextpad=0.2)
