"""Probes of whole structures for the models of a study of orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import pandas as pd
import torch
from ase import Atoms
from threadpoolctl import threadpool_limits

from chapters.cumulants import targets
from chapters.cumulants.pooling import poolings, up_to
from chapters.cumulants.study import OrderStudy
from chapters.cumulants.targets import SUBSET
from lumlip.array_types import FloatArray, IntArray
from lumlip.datasets.properties import composition
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.probe_targets import Key, ProbeTarget, energy_beyond_composition
from lumlip.metrics.probes import ProbeScore
from lumlip.zoo.relations import family_of

Item = TypeVar("Item")
Result = TypeVar("Result")


def probe_scores(
    study: OrderStudy, *, full: Sequence[str] = (), n_bootstrap: int = 500, seed: int = 0
) -> dict[Key, ProbeScore]:
    """Probe the models of a study for properties of the structures.

    Parameters
    ----------
    study : OrderStudy
    full : sequence of str
        Models that are probed for everything in every way of pooling, beside baselines without a
        model. The others are probed for the subset from the mean, the mean and std, and all orders.
    n_bootstrap, seed : int
    """
    structures, options = study.panel.structures, {"n_bootstrap": n_bootstrap, "seed": seed}
    for_all = targets.targets_of(structures, study.groups)
    scores: dict[Key, ProbeScore] = {}
    if full:
        plain = baselines(structures)
        scores |= targets.probe_all(for_all, plain, model="baseline", **options)

    def of_one(model: str) -> dict[Key, ProbeScore]:
        ways = _ways(study, model)
        if model in full:
            wanted = for_all + energy_of_another(study.panel, model, study.groups)
        else:
            ways = {way: ways[way] for way in ("mean", "mean and std", up_to(study.order))}
            wanted = [target for target in for_all if target.name == SUBSET]
        return targets.probe_all(wanted, ways, model=model, **options)

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
    """Return a table of scores for each target, with columns for the baseline and some models."""
    shown = {key: score for key, score in scores.items() if key[0] in ("baseline", *models)}
    names = dict.fromkeys(key[2] for key in shown)
    return {target: targets.score_table(shown, target) for target in names}


def energy_of_another(
    panel: Panel, model: str, groups: IntArray | None = None
) -> list[ProbeTarget]:
    """Return the energy per atom, beyond its composition, as a model of another family has it.

    The model's own energy would be no target: it is a linear function of the mean of its last
    layer. Nothing if the panel has one model only; if it has one family only, the energy is that
    of a sibling.
    """
    others = [name for name in panel.datasets if name != model]
    strangers = [name for name in others if family_of(name) != family_of(model)]
    energies = [panel.datasets[name]["energy"].to_numpy() for name in (strangers or others)[:1]]
    return [energy_beyond_composition(panel.structures, energy, groups) for energy in energies]


def baselines(structures: Sequence[Atoms]) -> dict[str, FloatArray]:
    """Return descriptions that need no model: the composition, and with it the number of atoms."""
    shares = composition(structures)
    sizes = np.array([[len(atoms)] for atoms in structures], dtype=float)
    with_size = np.hstack([shares, sizes, np.log(sizes)])
    return {"composition": shares, "composition, number of atoms": with_size}


def mean_gain(
    scores: Mapping[Key, ProbeScore], target: str, way: str, *, over: str = "mean"
) -> Interval:
    """Score with one way of pooling minus that with another, averaged over models.

    Parameters
    ----------
    scores : mapping
        From `probe_scores`, all with the same structures and options: their draws are then shared.
    target, way, over : str
        Models without both ways are left out.

    Returns
    -------
    Interval
        Of the mean; NaN without a model.
    """
    models = dict.fromkeys(key[0] for key in scores)
    both = [
        (scores[model, way, target], scores[model, over, target])
        for model in models
        if (model, way, target) in scores and (model, over, target) in scores
    ]
    if not both:
        return Interval.missing()
    value = np.mean([new.value - old.value for new, old in both])
    draws = np.mean([new.draws - old.draws for new, old in both], axis=0)
    return Interval.of(value, draws)
