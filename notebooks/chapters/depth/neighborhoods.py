"""Intrinsic dimension and information imbalance of every step of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from chapters.depth.paths import EMBEDDING, LAST_LAYER, STAGES
from chapters.depth.stages import Pairs
from chapters.depth.study import DepthStudy
from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.similarity import information_imbalance, two_nn

#: Half-samples that an interval is made of.
N_HALVES = 12
#: Atoms that neighbors are looked for among: time and memory grow with the square.
MOST_ATOMS = 600


def distinct_atoms(
    numbers: ArrayLike, owner: ArrayLike, *, most: int = MOST_ATOMS, seed: int = 0
) -> IntArray:
    """Draw one atom of every element of every structure, or family of structures.

    Atoms that are copies of each other by symmetry have the same features, and an atom has a near
    copy in every structure that was derived from its own: any space would find these neighbors.

    Parameters
    ----------
    numbers, owner : int arrays of shape (n_atoms,)
        Atomic numbers, and the structure, or its parent, of every atom.
    most : int
        Draw no more than this.
    seed : int

    Returns
    -------
    int array
        Sorted indices of atoms.

    Examples
    --------
    >>> distinct_atoms([8, 8, 1, 8], [0, 0, 0, 1]).size
    3
    """
    keys = np.stack([np.asarray(owner), np.asarray(numbers)], axis=1)
    order = np.random.default_rng(seed).permutation(len(keys))
    _, first = np.unique(keys[order], axis=0, return_index=True)
    drawn: IntArray = order[np.sort(first)[:most]]
    drawn.sort()
    return drawn


def dimensions(study: DepthStudy, *, seed: int = 0) -> pd.DataFrame:
    """Intrinsic dimension (TwoNN) of every step but the embedding, with its 95 % interval.

    Returns
    -------
    DataFrame
        Columns ``model``, ``step``, ``value``, ``low`` and ``high``. The interval is the value
        and 1.96 standard deviations of half-samples of the structures: their spread is that of
        the whole sample, as half of it is left out.
    """
    atoms = _atoms_of(study, seed=seed)
    halves = _halves(study, atoms, seed=seed)
    rows = []
    for model, path in study.paths.items():
        for step in (step for step in path if step != EMBEDDING):
            found = _with_halves(_dimension, path[step][atoms], halves)
            rows.append((model, step, *found))
    return pd.DataFrame(rows, columns=["model", "step", "value", "low", "high"])


def imbalances_within(study: DepthStudy, *, seed: int = 0) -> pd.DataFrame:
    """Information imbalance between every step of a model and its last layer, both ways.

    Returns
    -------
    DataFrame
        Columns ``model``, ``step``, ``forth`` (does the step tell neighbors in the last layer?)
        and ``back`` (does the last layer tell neighbors at the step?). 0: all; 1: nothing.
    """
    atoms = _atoms_of(study, seed=seed)
    rows = []
    for model, path in study.paths.items():
        end = path[LAST_LAYER][atoms]
        steps = [step for step in path if step not in (EMBEDDING, LAST_LAYER)]
        rows += [(model, s, *information_imbalance(path[s][atoms], end)) for s in steps]
    return pd.DataFrame(rows, columns=["model", "step", "forth", "back"])


def imbalance_by_stage(
    study: DepthStudy, pairs: Pairs, *, within_elements: bool = False, seed: int = 0
) -> pd.DataFrame:
    """Mean information imbalance over pairs of models at each stage but the embedding.

    Parameters
    ----------
    study : DepthStudy
    pairs : sequence of (model, model)
        Both directions of each; a pair and its reverse count once.
    within_elements : bool
        Take the mean of each element out of the features first.
    seed : int

    Returns
    -------
    DataFrame indexed by stage
        Columns ``value``, ``low`` and ``high``, as for :func:`dimensions`.
    """
    atoms = _atoms_of(study, seed=seed)
    halves = _halves(study, atoms, seed=seed)
    unordered = list(dict.fromkeys((min(pair), max(pair)) for pair in pairs))
    rows = {}
    for stage in STAGES[1:]:
        X = {
            m: study.at(m, stage, within_elements=within_elements)[atoms]
            for pair in unordered
            for m in pair
        }
        found = [_halves_of_pair(X[a], X[b], halves) for a, b in unordered]
        value, *drawn = np.mean(found, axis=0)
        rows[stage] = Interval.of_halves(value, drawn)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


def neighbors_of_one_element(study: DepthStudy, *, seed: int = 0) -> pd.Series:
    """Share of atoms whose nearest neighbor is of their element, by stage, mean over the models.

    Indexed by stage, without the embedding, where all atoms of an element are at one point.
    """
    atoms = _atoms_of(study, seed=seed)
    numbers = study.numbers[atoms]

    def share(X: FloatArray) -> float:
        nearest = cKDTree(X).query(X, k=2)[1][:, 1]
        return float((numbers[nearest] == numbers).mean())

    found = {
        stage: np.mean([share(study.at(m, stage)[atoms]) for m in study.models])
        for stage in STAGES[1:]
    }
    return pd.Series(found)


def _dimension(X: FloatArray) -> float:
    """TwoNN of the distinct rows; NaN if there are hardly any."""
    distinct = np.unique(X, axis=0)
    return two_nn(distinct) if len(distinct) >= 10 else float("nan")


def _parents(study: DepthStudy) -> IntArray:
    """Number of the parent of every atom's structure; of one without a parent, its own."""
    atoms = study.panel.atoms
    named = atoms["parent"].to_numpy() if "parent" in atoms.coords else np.array([])
    own = [str(named[i]) or i for i in range(len(named))] or list(range(atoms.sizes["structure"]))
    number = {key: i for i, key in enumerate(dict.fromkeys(own))}
    parents: IntArray = np.array([number[key] for key in own])[atoms["structure"].to_numpy()]
    return parents


def _atoms_of(study: DepthStudy, *, seed: int) -> IntArray:
    return distinct_atoms(study.numbers, _parents(study), seed=seed)


def _halves(study: DepthStudy, atoms: IntArray, *, seed: int) -> list[IntArray]:
    """All atoms, then those of random halves of the parents, as places in ``atoms``."""
    owner = _parents(study)[atoms]
    parents = np.unique(owner)
    rng = np.random.default_rng(seed)
    draws = [
        rng.choice(parents, size=max(1, -(-len(parents) // 2)), replace=False)
        for _ in range(N_HALVES)
    ]
    return [np.arange(len(atoms)), *(np.flatnonzero(np.isin(owner, half)) for half in draws)]


def _with_halves(
    statistic: Callable[[FloatArray], float], X: FloatArray, halves: Sequence[IntArray]
) -> Interval:
    value, *drawn = (statistic(X[rows]) for rows in halves)
    return Interval.of_halves(value, drawn)


def _halves_of_pair(X: FloatArray, Y: FloatArray, halves: Sequence[IntArray]) -> FloatArray:
    """Information imbalance, the mean of both directions, of the whole and of every half."""
    found: FloatArray = np.array([information_imbalance(X[i], Y[i]) for i in halves]).mean(axis=1)
    return found
