"""Structure-level tasks for the models of a study of orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lumlip import tasks
from lumlip.orders import OrderStudy
from lumlip.pooling import poolings, up_to
from lumlip.probes import ProbeScore
from lumlip.tasks import SUBSET, Key

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
    structures = study.everything.structures
    asked = tasks.tasks_of_structures(structures)
    scores: dict[Key, ProbeScore] = {}
    if full:
        plain = tasks.baselines(structures)
        scores |= tasks.ask_all(asked, plain, study.groups, model="baseline", **options)

    def of_one(model: str) -> dict[Key, ProbeScore]:
        ways, wanted = _ways(study, model), asked
        if model in full:
            energy = tasks.energy_task(study.everything, model)
            wanted = [*asked, *([energy] if energy else [])]
        else:
            ways = {way: ways[way] for way in ("mean", "mean and std", up_to(study.order))}
            wanted = [task for task in asked if task.name == SUBSET]
        return tasks.ask_all(wanted, ways, study.groups, model=model, **options)

    for found in side_by_side(of_one, study.models):
        scores |= found
    return scores


def _ways(study: OrderStudy, model: str) -> dict[str, NDArray[np.float64]]:
    X = study.everything.datasets[model][study.layer].to_numpy().astype(float)
    structure = study.everything.atoms["structure"].to_numpy()
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
