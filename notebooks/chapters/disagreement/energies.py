"""How far two models disagree about an energy, once what the composition explains is taken off."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import BoolArray, FloatArray

#: Of the ridge regression on the composition; the shares of a structure add up to one.
PENALTY = 1e-3


def composition_baseline(
    values: ArrayLike, shares: ArrayLike, *, train: ArrayLike, penalty: float = PENALTY
) -> FloatArray:
    """Predict a number per structure from its composition alone, by ridge regression.

    ``b = C w`` with ``w = (C_t^T C_t + penalty I)^-1 C_t^T y_t`` over the train structures t.

    Parameters
    ----------
    values : array of shape (n_structures,)
        Such as energies in eV/atom.
    shares : array of shape (n_structures, n_elements)
        Share of each element, see :func:`lumlip.datasets.properties.composition`.
    train : int or bool array
        The structures to fit on.
    penalty : float

    Returns
    -------
    array of shape (n_structures,)

    Examples
    --------
    >>> shares = np.array([[1, 0], [0, 1], [0.5, 0.5]])
    >>> composition_baseline([2.0, 4.0, 9.0], shares, train=[0, 1]).round(2)
    array([2., 4., 3.])
    """
    y, C = np.asarray(values, dtype=float), np.asarray(shares, dtype=float)
    if y.shape != C.shape[:1]:
        raise ValueError(f"values: got shape {y.shape}, expected ({len(C)},)")
    fitted = C[np.asarray(train)]
    gram = fitted.T @ fitted + penalty * np.eye(C.shape[1])
    baseline: FloatArray = C @ np.linalg.solve(gram, fitted.T @ y[np.asarray(train)])
    return baseline


def covered(shares: ArrayLike, *, train: ArrayLike, fewest: int = 2) -> BoolArray:
    """Tell which structures hold only elements that enough train structures hold.

    The energy that a model gives to an element on its own cannot be known from fewer.

    Returns
    -------
    bool array of shape (n_structures,)

    Examples
    --------
    >>> covered([[1, 0], [0.5, 0.5], [0, 1]], train=[0, 1], fewest=2)
    array([ True, False, False])
    """
    holds = np.asarray(shares) > 0
    known = holds[np.asarray(train)].sum(axis=0) >= fewest
    return np.asarray(~(holds & ~known).any(axis=1))


def model_pairs(models: Sequence[str]) -> list[tuple[str, str]]:
    """Return the unordered pairs of models, in their order."""
    return list(itertools.combinations(models, 2))


def disagreements(
    energies: Mapping[str, ArrayLike], shares: ArrayLike, *, fold: ArrayLike
) -> FloatArray:
    """Disagreement of every pair of models about every structure.

    ``|d - b|`` with the difference d of the two energies per atom and its baseline b, fitted on the
    structures of the other folds: models have different energies for free atoms, and functionals
    different ones for the elements, which says nothing about structures.

    Parameters
    ----------
    energies : dict of model to array of shape (n_structures,)
        In eV/atom.
    shares : array of shape (n_structures, n_elements)
    fold : int array of shape (n_structures,)

    Returns
    -------
    array of shape (n_pairs, n_structures)
        In meV/atom, pairs as in `model_pairs`. NaN where an element is too rare in the other folds.
    """
    folds = np.asarray(fold)
    values = {model: np.asarray(energy, dtype=float) for model, energy in energies.items()}
    found = np.full((len(model_pairs(list(values))), len(folds)), np.nan)
    for number in np.unique(folds):
        train = folds != number
        here = ~train & covered(shares, train=train)
        for row, (a, b) in zip(found, model_pairs(list(values)), strict=True):
            difference = values[a] - values[b]
            baseline = composition_baseline(difference, shares, train=train)
            row[here] = 1000 * np.abs(difference - baseline)[here]
    return found
