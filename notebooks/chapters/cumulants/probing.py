"""Structure-level tasks for the models of a study of orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from ase import Atoms
from threadpoolctl import threadpool_limits

from chapters.cumulants import tasks
from chapters.cumulants.study import OrderStudy
from chapters.cumulants.tasks import ENERGY, SUBSET, Key, StructureTask
from lumlip.array_types import FloatArray
from lumlip.datasets.properties import composition
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.pcovr import energy_target
from lumlip.metrics.pooling import poolings, up_to
from lumlip.metrics.probes import ProbeScore
from lumlip.zoo.relations import family_of

Item = TypeVar("Item")
Result = TypeVar("Result")


def task_scores(
    study: OrderStudy, *, full: Sequence[str] = (), **options: Any
) -> dict[Key, ProbeScore]:
    """Ask the models of a study for properties of the structures.

    Parameters
    ----------
    study : OrderStudy
    full : sequence of str
        Models that are asked everything in every way of pooling, beside baselines without a model.
        The others are asked for the subset from the mean, the mean and std, and all orders.
    options
        ``n_bootstrap`` and ``seed``.
    """
    structures = study.panel.structures
    asked = tasks.tasks_of_structures(structures)
    scores: dict[Key, ProbeScore] = {}
    if full:
        plain = baselines(structures)
        scores |= tasks.ask_all(asked, plain, study.groups, model="baseline", **options)

    def of_one(model: str) -> dict[Key, ProbeScore]:
        ways, wanted = _ways(study, model), asked
        if model in full:
            energy = energy_task(study.panel, model)
            wanted = [*asked, *([energy] if energy else [])]
        else:
            ways = {way: ways[way] for way in ("mean", "mean and std", up_to(study.order))}
            wanted = [task for task in asked if task.name == SUBSET]
        return tasks.ask_all(wanted, ways, study.groups, model=model, **options)

    for found in side_by_side(of_one, study.models):
        scores |= found
    return scores


def _ways(study: OrderStudy, model: str) -> dict[str, FloatArray]:
    X = study.panel.datasets[model][study.layer].to_numpy().astype(float)
    structure = study.panel.atoms["structure"].to_numpy()
    return poolings(X, structure, order=study.order, cumulants=study.features[model])


def side_by_side(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Apply a function to each item, several at once, each with one thread of linear algebra.

    Many middling factorizations keep no team of threads busy, and sums come out alike whatever the
    number of threads.
    """
    with threadpool_limits(1), ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return list(pool.map(function, items))


def score_tables(
    scores: Mapping[Key, ProbeScore], models: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Return a table of scores for each task, with columns for the baseline and some models."""
    shown = {key: score for key, score in scores.items() if key[0] in ("baseline", *models)}
    asked = dict.fromkeys(key[2] for key in shown)
    return {task: tasks.score_table(shown, task) for task in asked}


def energy_task(panel: Panel, model: str) -> StructureTask | None:
    """Return the energy per atom, beyond its composition, as a model of another family has it.

    The composition is given. The model's own energy would be no task: it is a linear function of
    the mean of its last layer. None if the panel has one model only; if it has one family only, the
    energy is that of a sibling.
    """
    others = [name for name in panel.datasets if name != model]
    if not others:
        return None
    strangers = [name for name in others if family_of(name) != family_of(model)]
    reference = (strangers or others)[0]
    energy = energy_target(panel.datasets[reference]["energy"].to_numpy(), panel.structures)
    return StructureTask(ENERGY, "R²", energy, composition(panel.structures))


def baselines(structures: Sequence[Atoms]) -> dict[str, FloatArray]:
    """Return descriptions that need no model: the composition, and with it the number of atoms."""
    shares = composition(structures)
    sizes = np.array([[len(atoms)] for atoms in structures], dtype=float)
    with_size = np.hstack([shares, sizes, np.log(sizes)])
    return {"composition": shares, "composition, number of atoms": with_size}


def mean_gain(
    scores: Mapping[Key, ProbeScore], task: str, way: str, *, over: str = "mean"
) -> Interval:
    """Score with one way of pooling minus that with another, averaged over models.

    Parameters
    ----------
    scores : mapping
        From `ask_all`, all with the same structures and options: their draws are then shared.
    task, way, over : str
        Models without both ways are left out.

    Returns
    -------
    Interval
        Of the mean; NaN without a model.
    """
    models = dict.fromkeys(key[0] for key in scores)
    both = [
        (scores[model, way, task], scores[model, over, task])
        for model in models
        if (model, way, task) in scores and (model, over, task) in scores
    ]
    if not both:
        return Interval.missing()
    value = np.mean([new.value - old.value for new, old in both])
    draws = np.mean([new.draws - old.draws for new, old in both], axis=0)
    return Interval.of(value, draws)
