"""Where a mixture of experts sends which structures: coefficients by element and by subset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from lumlip.extraction.panel import Panel
from lumlip.plotting.periodic_table import periodic_heat_map, position
from lumlip.plotting.style import ERROR_COLORS
from lumlip.zoo.relations import whole_models

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

#: An element in fewer structures is left out: a mean over one or two says little.
ENOUGH = 3


def mixtures(panels: Iterable[Panel | None]) -> dict[str, xr.Dataset]:
    """Return the tasks of the first mixture of experts among panels, as they were trained.

    Parameters
    ----------
    panels : iterable of Panel or None
    """
    for panel in panels:
        datasets = panel.datasets if panel else {}
        found = {m: datasets[m] for m in whole_models(list(datasets)) if "routing" in datasets[m]}
        names = [model.partition("@")[0] for model in found]
        if found:
            return {m: ds for m, ds in found.items() if m.partition("@")[0] == names[0]}
    return {}


def by_element(dataset: xr.Dataset) -> pd.DataFrame:
    """Mean coefficients over the structures that contain an element.

    Parameters
    ----------
    dataset : Dataset
        With ``routing`` (structure, routing_channel) and the coordinates ``structure`` and
        ``atomic_number`` (atom).

    Returns
    -------
    DataFrame of shape (n_elements, n_experts)
        Indexed by atomic number; elements in at least `ENOUGH` structures.
    """
    routing = dataset["routing"].to_numpy()
    pairs = np.unique(
        np.stack([dataset["atomic_number"].to_numpy(), dataset["structure"].to_numpy()]), axis=1
    )
    grouped = pd.DataFrame(routing[pairs[1]]).groupby(pairs[0])
    found: pd.DataFrame = grouped.mean()[grouped.size() >= ENOUGH]
    return found


def by_subset(dataset: xr.Dataset) -> pd.DataFrame:
    """Mean coefficients over the structures of each subset, (n_subsets, n_experts)."""
    grouped = pd.DataFrame(dataset["routing"].to_numpy()).groupby(dataset["subset"].to_numpy())
    found: pd.DataFrame = grouped.mean()
    return found


def spread(dataset: xr.Dataset) -> float:
    """How far the coefficients of a structure are from their mean over all: root mean square."""
    routing = dataset["routing"].to_numpy()
    return float(np.sqrt(((routing - routing.mean(0)) ** 2).sum(1).mean()))


def shift(one: xr.Dataset, other: xr.Dataset) -> float:
    """How far the coefficients of the same structures are in another task: root mean square."""
    difference = one["routing"].to_numpy() - other["routing"].to_numpy()
    return float(np.sqrt((difference**2).sum(1).mean()))


def routing_figure(figure: Figure, tasks: Mapping[str, xr.Dataset]) -> None:
    """Draw the coefficients by element for the first task, and by subset for all of them.

    Parameters
    ----------
    tasks : dict of model to Dataset
        From `mixtures`.
    """
    if not tasks:
        figure.set_size_inches(7.4, 0.8)
        figure.text(0.5, 0.5, "no mixture of experts in this run", ha="center", color="#888888")
        return
    elements = by_element(next(iter(tasks.values())))
    subsets = {model: by_subset(dataset) for model, dataset in tasks.items()}
    n_rows = -(-elements.shape[1] // 2)
    heights = (1.45 * n_rows, 0.9 + 0.21 * len(next(iter(subsets.values()))))
    figure.set_size_inches(7.4, sum(heights))
    halves = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)
    element_maps(halves[0, 0], elements)
    subset_maps(halves[1, 0], subsets)


def element_maps(figure: Figure | SubFigure, values: pd.DataFrame) -> None:
    """Draw one periodic table per expert, in the same colors.

    Parameters
    ----------
    values : DataFrame of shape (n_elements, n_experts)
        From `by_element`.
    """
    experts = list(values.columns)
    n_columns = min(2, len(experts))
    axes = figure.subplots(-(-len(experts) // n_columns), n_columns, squeeze=False)
    limits = (0.0, float(values.to_numpy().max()))
    for ax, expert in zip(axes.flat, experts, strict=False):
        of_element = {int(z): float(values.loc[z, expert]) for z in values.index}
        periodic_heat_map(ax, of_element, label="", limits=limits, bar=False, size=4.8)
        if max(position(z)[0] for z in of_element) < 7:
            ax.set_ylim(7, 0)  # nothing to see among lanthanides and actinides
        ax.text(2.4, 0.7, f"expert {expert}", fontsize=8, va="center")
    for ax in axes.flat[len(experts) :]:
        ax.set_axis_off()
    _bar(figure, list(axes.flat), limits)


def subset_maps(figure: Figure | SubFigure, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw the coefficients of every subset side by side for some models.

    Parameters
    ----------
    tables : dict of str to DataFrame of shape (n_subsets, n_experts)
        From `by_subset`; all with the same subsets.
    """
    import seaborn as sns

    axes = figure.subplots(1, len(tables), squeeze=False)[0]
    top = max(float(table.to_numpy().max()) for table in tables.values())
    for ax, (model, table) in zip(axes, tables.items(), strict=True):
        sns.heatmap(
            table,
            ax=ax,
            cmap=ERROR_COLORS,
            vmin=0,
            vmax=top,
            cbar=False,
            annot=True,
            fmt=".2f",
            annot_kws={"size": 6.5},
            linewidths=0.5,
        )
        ax.set(xlabel=f"expert, {model}", ylabel="")
        ax.tick_params(length=0, labelsize=7.5)
        ax.set_yticklabels(ax.get_yticklabels() if ax is axes[0] else [], rotation=0)


def _bar(figure: Figure | SubFigure, axes: Sequence[Axes], limits: tuple[float, float]) -> None:
    import matplotlib as mpl
    import seaborn as sns

    shades = sns.color_palette(ERROR_COLORS, as_cmap=True)
    mappable = mpl.cm.ScalarMappable(mpl.colors.Normalize(*limits), shades)
    figure.colorbar(mappable, ax=list(axes), label="coefficient", shrink=0.6, pad=0.01, aspect=30)
