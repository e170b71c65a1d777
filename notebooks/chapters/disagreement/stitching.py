"""The energy of one model from what another knows, through one linear map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from chapters.disagreement.energies import Structures, composition_baseline
from lumlip.array_types import FloatArray
from lumlip.metrics.pooling import mean_over_atoms
from lumlip.metrics.repeated import CrossFit

#: Penalties tried on standardized columns; leave-one-out errors choose one for each target.
ALPHAS = np.logspace(-8, 4, 13)


def ridge(X: ArrayLike, Y: ArrayLike, new: ArrayLike) -> FloatArray:
    """Predict several targets on new rows by ridge regression.

    Parameters
    ----------
    X : array of shape (n, n_features)
    Y : array of shape (n, n_targets)
    new : array of shape (n_new, n_features)

    Returns
    -------
    array of shape (n_new, n_targets)

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> np.allclose(ridge(X, X[:, :1] - 2, X), X[:, :1] - 2, atol=1e-6)
    True
    """
    rows, y = np.asarray(X, dtype=float), np.asarray(Y, dtype=float)
    center, level, spread = rows.mean(axis=0), y.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 1e-12, spread, 1.0)
    columns, y = (rows - center) / spread, y - level
    squared, axes = np.linalg.eigh(columns.T @ columns)
    kept = squared > 1e-12 * squared[-1]
    squared, axes = squared[kept], axes[:, kept]
    left = columns @ axes / np.sqrt(squared)
    inside = left.T @ y
    errors = []
    for alpha in ALPHAS:
        damped = squared / (squared + alpha)
        leverage = np.square(left) @ damped + 1 / len(y)  # the mean counts as a parameter
        rest = (y - left @ (damped[:, None] * inside)) / np.maximum(1 - leverage, 1e-9)[:, None]
        errors.append(np.square(rest).sum(axis=0))
    best = ALPHAS[np.argmin(errors, axis=0)]
    weights = axes @ (inside * np.sqrt(squared)[:, None] / (squared[:, None] + best))
    predicted: FloatArray = level + (np.asarray(new) - center) / spread @ weights
    return predicted


def pooled(found: Structures, features: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Average features over the atoms: the energy per atom of a linear head is linear in them."""
    return {name: mean_over_atoms(X, found.owner) for name, X in features.items()}


def lost(
    found: Structures, sources: Mapping[str, FloatArray], targets: list[str]
) -> CrossFit:
    """What linear maps from sources and composition miss of the energies of models.

    Parameters
    ----------
    found : Structures
    sources : dict of name to array of shape (n_structures, n_features)
    targets : list of str
        Models of the panel.

    Returns
    -------
    CrossFit
        On the scale of the GFRE: 0 if nothing of an energy is missed, 1 if as much as the
        composition alone misses.
    """
    chosen = [list(found.energy).index(model) for model in targets]
    y = np.array([found.energy[model] for model in targets])
    missed = np.empty((len(found.folds), len(sources), len(targets), len(found.shares)))
    for seed, fold in enumerate(found.folds):
        for one in np.unique(fold):
            train, test = fold != one, fold == one
            rest = (y - composition_baseline(y, found.shares, train)).T
            for i, X in enumerate(sources.values()):
                columns = np.hstack([X, found.shares])
                guess = ridge(columns[train], rest[train], columns[test])
                missed[seed, i][:, test] = (rest[test] - guess).T
        spread = found.beyond[seed, chosen][:, found.known]
        missed[seed] /= np.sqrt(np.square(spread).mean(axis=1))[:, None]
    return found.fit(missed, list(sources), targets)
