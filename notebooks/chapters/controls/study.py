"""Weights of kinds of sources; what fewer train atoms, and folds of single atoms, do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.cross_fit import GlobalFits
from lumlip.metrics.folds import Folds, folds, number_of_groups
from lumlip.metrics.group_intervals import group_sums
from lumlip.metrics.repeated import CrossFit, Estimate, orders_of, pair_weights
from lumlip.zoo.relations import family_of

#: By model: (n_atoms, n_features).
Features = Mapping[str, FloatArray]


def placed(
    fit: CrossFit, weights: ArrayLike, sources: Sequence[str], targets: Sequence[str]
) -> FloatArray:
    """Weights (n_sources, n_targets) for a whole cross-fit from those of some pairs, else zero."""
    rows = [fit.sources.index(name) for name in sources]
    columns = [fit.targets.index(name) for name in targets]
    whole = np.zeros((len(fit.sources), len(fit.targets)))
    whole[np.ix_(rows, columns)] = weights
    return whole


def families_once(models: Sequence[str], *, within: bool = False) -> FloatArray:
    """Weights of the pairs of models (n_models, n_models), every pair of families once."""
    return pair_weights([family_of(model) for model in models], within=within)


def from_families(fit: CrossFit, models: Sequence[str], beside: str = "") -> FloatArray:
    """Weights of the pairs of families; with ``beside``, of the sources ``"MODEL + BESIDE"``."""
    sources = [f"{model} + {beside}" if beside else model for model in models]
    return placed(fit, families_once(models), sources, models)


def from_one(fit: CrossFit, source: str, models: Sequence[str]) -> FloatArray:
    """Weights from one source to the same targets, each as often as in `from_families`."""
    return placed(fit, families_once(models).sum(axis=0)[None], [source], models)


def from_seeds(fit: CrossFit, seeds: Sequence[str]) -> FloatArray:
    """Weights of the pairs of two seeds of one mini."""
    return placed(fit, 1 - np.eye(len(seeds)), seeds, seeds)


def to_seeds(fit: CrossFit, sources: Sequence[str], seeds: Sequence[str]) -> FloatArray:
    """Weights from some sources to every seed of one mini."""
    return placed(fit, np.ones((len(sources), len(seeds))), sources, seeds)


def per_doubling(
    features: Features, atoms: xr.Dataset, *, n_seeds: int, device: str, n_bootstrap: int
) -> Estimate:
    """By how much the error between families falls from a quarter to half of the atoms in the fit.

    The parents are dealt into parts, and each part is cross-fitted with two folds, so that all
    atoms are tested: by maps fitted to half of the atoms with one part, to a quarter with two.
    """
    if number_of_groups(atoms, by="parent") < 4:
        return Estimate.missing()
    names, weights = list(features), families_once(list(features))
    fits = []
    for n_parts in (2, 1):
        orders = orders_of(atoms, n_folds=2 * n_parts, n_seeds=n_seeds)
        found = [_in_parts(features, order, device) for order in orders]
        counts = np.bincount(_groups(orders[0])).astype(float)
        fits.append(CrossFit(names, names, np.stack(found), counts, n_bootstrap))
    quarter, half = fits
    return quarter.difference(weights, weights, other=half)


def _in_parts(features: Features, order: Folds, device: str) -> FloatArray:
    """Squared errors (n_models, n_models, n_groups) where two folds at a time are a part."""
    sums = np.zeros((len(features), len(features), _groups(order).max() + 1))
    for part in np.unique(np.asarray(order) // 2):
        inside = np.flatnonzero(np.asarray(order) // 2 == part)
        two, kept = (order[inside] % 2).view(Folds), _groups(order)[inside]
        two.groups = kept
        errors = GlobalFits({m: X[inside] for m, X in features.items()}, device=device).errors(two)
        sums[..., np.unique(kept)] = group_sums(errors, kept)[0]
    return sums


def fit_by_atom(
    features: Features, atoms: xr.Dataset, *, n_seeds: int, device: str, n_bootstrap: int
) -> CrossFit:
    """Cross-fit with folds of single atoms, as in the paper; the intervals still draw parents."""
    names, parents = list(features), _groups(folds(atoms, n_folds=2))
    fits = GlobalFits(features, device=device)
    orders = orders_of(atoms, by="atom", n_seeds=n_seeds)
    found = [group_sums(fits.errors(order), parents) for order in orders]
    return CrossFit(names, names, np.stack([sums for sums, _ in found]), found[0][1], n_bootstrap)


def _groups(order: Folds) -> IntArray:
    assert order.groups is not None  # of folds as they were dealt
    return order.groups
