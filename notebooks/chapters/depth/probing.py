"""What a linear probe reads off every step of a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from chapters.depth.probe_targets import (
    ELEMENT,
    ProbeTarget,
    allowed,
    energy_beyond_composition,
    targets_of,
)
from chapters.depth.study import DepthStudy
from lumlip.array_types import IntArray
from lumlip.datasets.properties import one_hot
from lumlip.metrics.probes import ProbeScore

#: Of atoms, no more than this are probed: a probe of 224 channels takes a second with them.
MOST_ATOMS = 800
#: An element is a class if so many of these atoms are of it.
LEAST_OF_ELEMENT = 8
Scores = dict[tuple[str, str, str], ProbeScore]


def probe_steps(study: DepthStudy, *, seed: int = 0) -> tuple[Scores, dict[str, float]]:
    """Probe every step of every model for everything that the structures allow.

    Element, coordination number, volume per atom, and the model's own energy beyond composition;
    see :mod:`chapters.depth.probe_targets`.

    Returns
    -------
    dict of (model, step, target) to ProbeScore
    dict of target to float
        What the element of the atom, or the composition, tells alone; not for the element itself.
    """
    structure = study.panel.atoms["structure"].to_numpy()
    rows = _some(len(structure), seed=seed)
    found: Scores = {}
    with threadpool_limits(1):
        for_all = allowed(_fewer(target, rows) for target in targets_of(study.panel.structures))
        for model, path in study.paths.items():
            energy = study.panel.datasets[model]["energy"].to_numpy()
            own = allowed([energy_beyond_composition(study.panel.structures, energy)])
            for step, X in path.items():
                for target in for_all + own:
                    atoms = slice(None) if target.of_structures else rows
                    score = target.probe_atoms(X[atoms], structure[atoms], seed=seed)
                    found[model, step, target.name] = score
        return found, _alone(for_all, study, structure, rows, seed=seed)


def score_table(found: Scores, target: str) -> pd.DataFrame:
    """Scores of one target: columns ``model``, ``step``, ``value``, ``low`` and ``high``."""
    rows = [
        (model, step, score.value, score.low, score.high)
        for (model, step, name), score in found.items()
        if name == target
    ]
    return pd.DataFrame(rows, columns=["model", "step", "value", "low", "high"])


def _some(n_atoms: int, *, seed: int) -> IntArray:
    """Sorted indices of some atoms, drawn at random: all of them if they are few."""
    order = np.random.default_rng(seed).permutation(n_atoms)
    return np.sort(order[:MOST_ATOMS])


def _fewer(target: ProbeTarget, rows: IntArray) -> ProbeTarget:
    """Cut a target of atoms to some of them, and elements to those with enough atoms there."""
    if target.of_structures:
        return target
    values = target.values[rows]
    if target.name == ELEMENT:
        _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
        values = np.where(counts[place] >= LEAST_OF_ELEMENT, values, np.nan)
    return replace(target, values=values, groups=target.groups[rows])


def _alone(
    targets: list[ProbeTarget],
    study: DepthStudy,
    structure: IntArray,
    rows: IntArray,
    *,
    seed: int,
) -> dict[str, float]:
    elements = one_hot(study.numbers)
    found = {}
    for target in targets:
        atoms = slice(None) if target.of_structures else rows
        if target.name != ELEMENT:
            score = target.probe_atoms(elements[atoms], structure[atoms], seed=seed)
            found[target.name] = score.value
    return found
