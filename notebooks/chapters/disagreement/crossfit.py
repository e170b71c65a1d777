"""Errors of which every structure has one: each is tested once, by maps fitted on the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.choices import check_choice
from lumlip.metrics.reconstruction import pointwise_errors

#: What folds can keep whole.
WHOLE = ("structure", "composition", "parent")


def folds(
    atoms: xr.Dataset, shares: ArrayLike, *, by: str = "structure", n_folds: int = 3, seed: int = 0
) -> IntArray:
    """Deal the structures out to folds of about equal size.

    Parameters
    ----------
    atoms : Dataset
        With ``structure`` (atom), and ``parent`` (structure) if needed.
    shares : array of shape (n_structures, n_elements)
        Compositions.
    by : {"structure", "composition", "parent"}
        What is in one fold for sure: structures with one composition, or with one parent.
    n_folds : int
    seed : int

    Returns
    -------
    int array of shape (n_structures,)
        The number of every structure's fold.
    """
    check_choice("by", by, WHOLE)
    n_structures = len(np.asarray(shares))
    labels: Any = np.arange(n_structures)
    if by == "parent":
        labels = atoms["parent"].to_numpy()
    elif by == "composition":
        labels = np.round(np.asarray(shares, dtype=float), 6)
    group = np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)
    n_groups = int(group.max()) + 1
    if not 2 <= n_folds <= n_groups:
        raise ValueError(f"n_folds: got {n_folds}, expected 2 to {n_groups} (the groups)")
    dealt = np.random.default_rng(seed).permutation(np.arange(n_groups) % n_folds)
    fold: IntArray = dealt[group]
    return fold


def some_atoms(structure: ArrayLike, *, at_most: int, seed: int = 0) -> IntArray:
    """Draw at most so many atoms of every structure; return their sorted indices.

    Examples
    --------
    >>> some_atoms([0, 0, 0, 1, 2, 2], at_most=1).shape
    (3,)
    """
    owner = np.asarray(structure)
    order = np.random.default_rng(seed).permutation(len(owner))
    shuffled = owner[order]
    by_owner = np.argsort(shuffled, kind="stable")
    sizes = np.bincount(owner)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    rank = np.arange(len(owner)) - starts
    chosen: IntArray = np.sort(order[by_owner[rank < at_most]])
    return chosen


def over_structures(errors: ArrayLike, structure: ArrayLike, *, n_structures: int) -> FloatArray:
    """Root mean square over the tested atoms of every structure.

    Parameters
    ----------
    errors : array of shape (..., n_test)
    structure : int array of shape (n_test,)
        The structure of every tested atom.
    n_structures : int

    Returns
    -------
    array of shape (..., n_structures)
        NaN for structures of which no atom was tested.

    Examples
    --------
    >>> over_structures([3.0, 4.0, 1.0], [0, 0, 2], n_structures=3).round(2)
    array([3.54,  nan, 1.  ])
    """
    squares, owner = np.square(np.asarray(errors, dtype=float)), np.asarray(structure)
    belongs = np.zeros((len(owner), n_structures))
    belongs[np.arange(len(owner)), owner] = 1.0
    count = belongs.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean: FloatArray = np.sqrt(squares @ belongs / np.where(count > 0, count, np.nan))
    return mean


def crossfitted(
    features: Mapping[str, ArrayLike],
    structure: ArrayLike,
    *,
    fold: ArrayLike,
    only: ArrayLike | None = None,
    metric: str = "gfre",
    n_neighbors: int | None = None,
    device: str = "auto",
) -> FloatArray:
    """Errors between all models for every structure, from maps fitted on the other folds.

    Parameters
    ----------
    features : dict of model to array of shape (n_atoms, n_features)
    structure : int array of shape (n_atoms,)
    fold : int array of shape (n_structures,)
        From `folds`.
    only : int array, optional
        The atoms to test; all by default. Maps are always fitted on all atoms of the other folds.
    metric, n_neighbors, device
        As for :func:`lumlip.metrics.reconstruction.pointwise_errors`.

    Returns
    -------
    array of shape (n_models, n_models, n_structures)
        Root mean square over the atoms; NaN for structures of which no atom is tested.
    """
    owner, folds_of = np.asarray(structure), np.asarray(fold)
    wanted = np.arange(len(owner)) if only is None else np.asarray(only)
    n_structures, n_models = len(folds_of), len(features)
    found = np.full((n_models, n_models, n_structures), np.nan)
    options: dict[str, Any] = {"metric": metric, "n_neighbors": n_neighbors, "device": device}
    for number in np.unique(folds_of[owner[wanted]]):
        train = np.flatnonzero(folds_of[owner] != number)
        test = wanted[folds_of[owner[wanted]] == number]
        errors = pointwise_errors(features, train=train, test=test, **options).to_numpy()
        here = np.unique(owner[test])
        averaged = over_structures(errors, owner[test], n_structures=n_structures)
        found[..., here] = averaged[..., here]
    return found


def of_pairs(errors: FloatArray) -> FloatArray:
    """Join the two directions of every pair of models: root mean square of both.

    Disagreement has no direction, so that the error it is held against should have none.

    Parameters
    ----------
    errors : array of shape (n_models, n_models, n)

    Returns
    -------
    array of shape (n_pairs, n)
        Pairs in the order of :func:`chapters.disagreement.energies.model_pairs`.
    """
    first, second = np.triu_indices(len(errors), k=1)
    both: FloatArray = np.sqrt((errors[first, second] ** 2 + errors[second, first] ** 2) / 2)
    return both
