"""Mixtures that fool the mean: other structures, in amounts that give the same average features.

The average over atoms of a mixture of crystals, in grains large enough, is the average of theirs,
weighted by how many atoms each gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from chapters.cumulants.fits import ORDER, block
from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.cumulants import cumulant_features
from lumlip.metrics.repeated import CrossFit

MET = 0.01  # distance to the original's mean, in total standard deviations, up to which it is met
_TRACE = 1e-9  # smaller shares of a mixture are dropped
_WHOLE = 10.0  # weight of the condition that shares add up to one, beside features of unit variance


@dataclass(frozen=True)
class Imitations:
    """Originals, and mixtures of structures of other parents that imitate them.

    Attributes
    ----------
    originals : int array of shape (n,)
    shares : array of shape (n, n_structures)
        Part of a mixture's atoms that each structure gives; rows add up to 1.
    distances : array of shape (n, ORDER)
        In each order, in its total standard deviation over all structures.
    """

    originals: IntArray
    shares: FloatArray
    distances: FloatArray

    @property
    def met(self) -> IntArray:
        """Which originals have their average met: places (n_met,)."""
        return np.flatnonzero(self.distances[:, 0] < MET)


def imitate(
    X: ArrayLike, structure: ArrayLike, groups: ArrayLike, *, n: int, seed: int = 0
) -> Imitations:
    """Mix structures of other groups so that their mean features are those of an original.

    Parameters
    ----------
    X, structure : arrays of shape (n_atoms, d) and (n_atoms,)
    groups : array of shape (n_structures,)
        No structure of an original's own group, such as its parent, enters its mixture.
    n, seed : int
        How many structures are imitated, and of their draw.
    """
    index, group = np.asarray(structure), np.asarray(groups)
    features = cumulant_features(X, index, order=ORDER)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(group))[:n])
    means = block(features, 1, 1)
    scaled = (means - means.mean(axis=0)) / (np.sqrt(means.var(axis=0).sum()) or 1)
    shares = np.zeros((len(chosen), len(group)))
    for row, original in zip(shares, chosen, strict=True):
        others = np.flatnonzero(group != group[original])
        if not others.size:
            raise ValueError("groups: got one group, expected two or more to mix others from")
        row[others] = _shares(scaled[others], scaled[original])
    mixed, apart = mixture_features(X, index, shares), np.zeros((len(chosen), ORDER))
    for k in range(1, ORDER + 1):
        own, other = block(features, k, k), block(mixed, k, k)
        unit = np.sqrt(own.var(axis=0).sum())
        apart[:, k - 1] = np.linalg.norm(other - own[chosen], axis=1) / (unit or np.inf)
    return Imitations(chosen, shares, apart)


def _shares(others: FloatArray, wanted: FloatArray) -> FloatArray:
    """Non-negative weights (n_others,) that add up to 1 and bring others to what is wanted."""
    design = np.vstack([others.T, np.full(len(others), _WHOLE)])
    found = nnls(design, np.append(wanted, _WHOLE), maxiter=100 * len(others))[0]
    found = np.where(found > _TRACE, found, 0.0)
    shares: FloatArray = found / found.sum()
    return shares


def mixture_features(X: ArrayLike, structure: ArrayLike, shares: FloatArray) -> FloatArray:
    """Cumulants of mixtures, (n, ORDER * d): every atom counts by its structure's share."""
    index = np.asarray(structure)
    per_atom = (shares / np.bincount(index, minlength=shares.shape[1]))[:, index]
    mixture, atom = np.nonzero(per_atom)
    rows, weights = np.asarray(X, dtype=float)[atom], per_atom[mixture, atom]
    return cumulant_features(rows, mixture, order=ORDER, weights=weights)


def rms_distances(
    made: Mapping[str, Imitations], groups: ArrayLike, *, n_bootstrap: int = 500
) -> CrossFit | None:
    """Root mean square distances in each order, over originals that all models' mixtures meet.

    Shape (n_models, ORDER), with intervals by group, (n_structures,); None if fewer than ten groups
    are left. All models imitate the same originals.
    """
    first = next(iter(made.values()))
    met = np.array(sorted(set.intersection(*(set(one.met.tolist()) for one in made.values()))), int)
    code, group = np.unique(np.asarray(groups)[first.originals[met]], return_inverse=True)
    if len(code) < 10:
        return None
    member = (group[:, None] == np.arange(len(code))).astype(float)
    sums = np.stack([(one.distances[met] ** 2).T @ member for one in made.values()])[None]
    orders = [str(k) for k in range(1, ORDER + 1)]
    return CrossFit(list(made), orders, sums, member.sum(axis=0), n_bootstrap)
