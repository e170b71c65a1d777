"""Sentences on a mixture of experts: its tasks, the parts of a task, and its routing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from ase.data import chemical_symbols

from chapters.shared.breakdown import across
from chapters.variants.claims import MIXTURE
from chapters.variants.routing import by_element, shift, spread
from chapters.variants.study import of_family
from lumlip.metrics.bootstrap import Distances, mean_over
from lumlip.zoo.relations import Swaps, family_of, pairs_by_kind, whole_models


def of_tasks(distances: Distances) -> str:
    """Say how far apart the tasks of a mixture and its experts are, beside architectures."""
    models = list(distances.table.index)
    tasks, experts = (of_family(distances, kind, MIXTURE) for kind in ("task", "expert"))
    if not np.isfinite(tasks):
        return "This run has no two tasks of a mixture of experts."
    text = f"Tasks of one mixture of experts are {tasks:.2f} apart"
    text += f", its single experts {experts:.2f}" if np.isfinite(experts) else ""
    whole = np.isin(models, whole_models(models))
    other = across(models, family_of) & np.outer(whole, whole)
    if other.any():
        text += f"; different architectures, among the minis, {mean_over(distances, other)[0]:.2f}"
    return text + "."


def of_parts(rows: pd.DataFrame, swapped: Swaps | None) -> str:
    """Say what routing, embedding and head contribute to the distance of two tasks."""
    if swapped is None:
        return "This run swaps no part of a task."
    values, shares = _by_part(rows, "last_layer", "value"), _by_part(rows, "last_layer", "share")
    said = [
        f"the other's {part} alone gives {values[part]:.2f} ({100 * shares[part]:.0f} %)"
        for part in ("routing", "embedding", "head")
        if part in values
    ]
    return (
        f"Between the tasks {swapped.base} and {swapped.other} the distance is "
        f"{values['whole task']:.2f}; {', '.join(said)}; in brackets shares of its square."
    )


def _by_part(rows: pd.DataFrame, layer: str, column: str) -> dict[str, float]:
    own = rows[rows["layer"] == layer]
    return dict(zip(own["part"].tolist(), own[column].tolist(), strict=True))


def of_backbones(rows: pd.DataFrame, swapped: Swaps | None) -> str:
    """Say the same of the features before the head, where the head has no part."""
    if swapped is None:
        return ""
    values = _by_part(rows, "backbone", "value")
    parts = [f"{part} {values[part]:.2f}" for part in ("routing", "embedding") if part in values]
    beside = f" ({', '.join(parts)})" if parts else ""
    return f"In the backbone the two tasks are {values['whole task']:.2f} apart{beside}."


def of_controls(last_layer: Distances, backbone: Distances) -> str:
    """Say how far apart the tasks of an untrained mixture are."""
    models = list(last_layer.table.index)
    tasks = pairs_by_kind(models).get("task")
    if tasks is None:
        return "This run has no untrained mixture to compare with."
    values = [float(mean_over(found, tasks)[0]) for found in (last_layer, backbone)]
    return (
        f"Before any training the last layers of two tasks are {values[0]:.2f} apart already, "
        f"for their heads begin with different random weights; their backbones {values[1]:.2f}."
    )


def of_routing(mixtures: Mapping[str, xr.Dataset]) -> str:
    """Say which elements go to which expert, and whether the task matters.

    Parameters
    ----------
    mixtures : dict of model to Dataset
        Tasks of one mixture of experts, from :func:`chapters.variants.routing.mixtures`.
    """
    if not mixtures:
        return "This run has no mixture of experts."
    first = next(iter(mixtures))
    values = by_element(mixtures[first])
    leading = values.idxmax(axis=1)
    said = []
    for expert in values.columns:
        own = values[expert][leading == expert].nlargest(4)
        if len(own):
            symbols = ", ".join(chemical_symbols[int(z)] for z in own.index)
            said.append(f"expert {expert} leads in structures with {symbols}")
    text = f"In {first}, {'; '.join(said)}." if said else ""
    if len(mixtures) == 1:
        return text
    other = list(mixtures)[1]
    moved, varied = shift(mixtures[first], mixtures[other]), spread(mixtures[first])
    text += (
        f" The task {other} moves the coefficients of a structure by {moved:.2f} (root mean "
        f"square); from structure to structure they vary by {varied:.2f}."
    )
    if moved < varied / 2:
        text += " The mixture follows the elements far more than the task."
    return text
