"""Figures of the chapter on averages and cumulants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lumlip.array_types import FloatArray
from lumlip.metrics.repeated import CrossFit, Estimate
from lumlip.plotting.style import FAMILY_COLORS
from lumlip.zoo.relations import family_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#888888"
#: Two structures of a thought experiment: one number for each of four atoms, both with a mean of 5.
TOY = {"all atoms alike": (5, 5, 5, 5), "two kinds of atoms": (1, 1, 9, 9)}


def toy(ax: Axes) -> None:
    """Draw two mixtures with one mean: atoms as points, the mean as a line."""
    for row, (name, values) in enumerate(TOY.items()):
        places = [row + 0.13 * (list(values[:i]).count(v)) for i, v in enumerate(values)]
        ax.scatter(values, places, s=70, color="#0072B2", edgecolor="white", zorder=3)
        spread = np.std(values)
        ax.text(10.6, row, f"{name}:\nmean {np.mean(values):g}, spread {spread:g}", va="center")
    ax.axvline(5, color=_GREY, lw=1, ls=":")
    ax.set(xlim=(0, 18.5), ylim=(-0.5, 1.9), yticks=[], xlabel="a feature of four atoms (no unit)")
    ax.set_xticks([1, 5, 9])
    ax.spines["left"].set_visible(False)


def order_curves(
    ax: Axes, fit: CrossFit, control: str, paper: pd.Series, *, mean: Sequence[Estimate]
) -> None:
    """Draw the error from the mean to the cumulants up to each order, a line for each model.

    Parameters
    ----------
    fit : CrossFit of shape (n_models, n_orders)
    control : str
        Its row of features of which the mean loses nothing.
    paper : Series indexed by order
    mean : sequence of Estimate
        Over models, one for each order.
    """
    orders = [int(name) for name in fit.targets]
    models = [name for name in fit.sources if name != control]
    for family in dict.fromkeys(map(family_of, models)):
        own = [name for name in models if family_of(name) == family]
        rows = fit.table.loc[own].to_numpy()
        color = FAMILY_COLORS.get(family, _GREY)
        ax.plot(orders, rows.T, lw=1, color=color, label=[family] + ["_"] * (len(own) - 1))
    reach = [[e.value - e.low for e in mean], [e.high - e.value for e in mean]]
    ax.errorbar(
        orders, [e.value for e in mean], reach, fmt="o", ms=4, color="black", label="mean, 95 %"
    )
    ax.plot(orders, fit.table.loc[control], "s--", color=_GREY, ms=4, label=control)
    ax.plot(paper.index, paper, "X", color="#CC3311", ms=6, label="paper: PET-MAD", zorder=4)
    ax.set(xlabel="highest order K", ylabel="GFRE, mean → order K", ylim=(0, 1.05), xticks=orders)
    ax.legend(fontsize=7, loc="lower right", ncols=2)


def two_mixtures(ax: Axes, parts: Mapping[str, tuple[FloatArray, FloatArray]]) -> None:
    """Draw the distribution of one feature over the atoms of two mixtures with one mean.

    By name: values and weights of the atoms, of shape (n_atoms,) each.
    """
    low, high = (f([f(values) for values, _ in parts.values()]) for f in (np.min, np.max))
    bins = np.linspace(low, high + 1e-9, 25).tolist()
    for (name, (values, weights)), color in zip(parts.items(), ("#D55E00", "#0072B2"), strict=True):
        share = 100 * weights / weights.sum()
        ax.hist(values, bins, weights=share, alpha=0.6, color=color, label=name)
        ax.axvline(float(np.average(values, weights=weights)), color=color, lw=1.2, ls=":")
    ax.set(xlabel="one feature of an atom (no unit)", ylabel="share of the atoms (%)")
    ax.legend(fontsize=7)


def distance_lines(ax: Axes, distances: pd.DataFrame, control: str) -> None:
    """Draw how far mixtures with one mean are apart in each order, a line for each model.

    In spreads of all structures: (n_models, n_orders). Dashed: the row of the control.
    """
    orders = [int(name) for name in distances.columns]
    for name, row in distances.iterrows():
        model = str(name)
        color = _GREY if model == control else FAMILY_COLORS.get(family_of(model), _GREY)
        style = "s--" if model == control else "o-"
        ax.plot(orders, row, style, ms=3.5, lw=1.5, color=color, label=model)
    ax.set(xlabel="order k", ylabel="distance (spreads of order k)", xticks=orders)
    ax.legend(fontsize=7)


def gain_bars(ax: Axes, found: Mapping[str, Mapping[str, Estimate]]) -> None:
    """Draw shares of the variance that are predicted, by way and property, in groups of bars."""
    colors = ("#9db8cc", _GREY, "#0072B2", "#1b3a57")
    for i, ((way, shares), color) in enumerate(zip(found.items(), colors, strict=True)):
        values = np.array([[e.value, e.low, e.high] for e in shares.values()])
        place = np.arange(len(values)) + 0.2 * (i - 1.5)
        ax.bar(place, 100 * values[:, 0], 0.18, color=color, label=way)
        ax.vlines(place, 100 * values[:, 1], 100 * values[:, 2], color="black", lw=0.9)
    ax.set_xticks(range(len(shares)), list(shares))
    ax.set(ylabel="variance predicted (%)", ylim=(min(-20, ax.get_ylim()[0]), 100))
    ax.axhline(0, color=_GREY, lw=0.8)
    ax.legend(fontsize=7)
