"""What each kind of source recovers of the same models, and what each choice of measuring does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.cross_fit import cross_fitted_errors
from lumlip.metrics.folds import Folds, folds
from lumlip.metrics.group_intervals import group_sums
from lumlip.metrics.repeated import CrossFit, Estimate, orders_of, pair_weights
from lumlip.zoo.relations import family_of


def placed(
    fit: CrossFit, weights: ArrayLike, sources: Sequence[str], targets: Sequence[str]
) -> FloatArray:
    """Weights of some pairs as weights of all pairs of a cross-fit.

    Parameters
    ----------
    fit : CrossFit
    weights : array of shape (n_some_sources, n_some_targets)
    sources, targets : sequence of str
        What the rows and columns of the weights are.

    Returns
    -------
    array of shape (n_sources, n_targets)
        Zero for all other pairs.
    """
    rows, columns = (
        [known.index(name) for name in some]
        for known, some in ((fit.sources, sources), (fit.targets, targets))
    )
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


def n_folds_of(atoms: xr.Dataset, wanted: int = 10) -> int:
    """Return the number of folds: at most as many as there are parents."""
    return min(wanted, len(np.unique(atoms["parent"].to_numpy())))


def fit_on_part(
    sources: Mapping[str, FloatArray],
    targets: Mapping[str, FloatArray],
    atoms: xr.Dataset,
    *,
    n_parts: int,
    n_seeds: int,
    device: str = "auto",
    n_bootstrap: int = 500,
) -> CrossFit:
    """Cross-fit where each map sees one of ``2 n_parts`` shares of the atoms.

    The parents are dealt into ``n_parts`` parts, and each part is cross-fitted with two folds, so
    that all atoms are tested, by maps fitted to a share of ``1 / (2 n_parts)`` of them.

    Parameters
    ----------
    sources, targets : dict of str to array of shape (n_atoms, n_features)
    atoms : Dataset
        See :attr:`lumlip.extraction.panel.Panel.atoms`.
    n_parts, n_seeds : int
    device, n_bootstrap
        As elsewhere.
    """
    found = []
    for order in orders_of(atoms, n_folds=2 * n_parts, n_seeds=n_seeds):
        sums = np.zeros((len(sources), len(targets), _groups(order).max() + 1))
        for part in range(n_parts):
            inside = np.flatnonzero(np.asarray(order) // 2 == part)
            two, kept = (order[inside] % 2).view(Folds), _groups(order)[inside]
            two.groups = kept
            own = ({m: X[inside] for m, X in some.items()} for some in (sources, targets))
            errors = cross_fitted_errors(*own, folds=two, device=device)
            sums[..., np.unique(kept)] = group_sums(errors, kept)[0]
        found.append(sums)
    counts = np.bincount(_groups(order)).astype(float)
    return CrossFit(list(sources), list(targets), np.stack(found), counts, n_bootstrap)


def per_doubling(
    parts: Mapping[int, CrossFit], weights: Callable[[CrossFit], FloatArray]
) -> Estimate:
    """By how much an error falls from a quarter to half of the atoms in the fit.

    Parameters
    ----------
    parts : dict of int to CrossFit
        By the number of parts of `fit_on_part`; missing without 1 and 2.
    weights : callable
        The weights of the pairs that count, for a cross-fit.
    """
    if not {1, 2} <= set(parts):
        return Estimate.missing()
    quarter, half = parts[2], parts[1]
    return quarter.difference(weights(quarter), weights(half), other=half)


def fit_by_atom(
    features: Mapping[str, FloatArray],
    atoms: xr.Dataset,
    *,
    n_seeds: int,
    tested: ArrayLike | None = None,
    n_bootstrap: int = 500,
    **options: object,
) -> CrossFit:
    """Cross-fit with folds of single atoms, as in the paper; the intervals still draw parents.

    Parameters
    ----------
    features : dict of str to array of shape (n_atoms, n_features)
    atoms : Dataset
        See :attr:`lumlip.extraction.panel.Panel.atoms`.
    n_seeds : int
    tested : array of int, optional
        Only these atoms count.
    n_bootstrap : int
    options
        Of :func:`lumlip.metrics.cross_fit.cross_fitted_errors`.
    """
    parents, found = _groups(folds(atoms, n_folds=2)), []
    for order in orders_of(atoms, by="atom", n_seeds=n_seeds):
        errors = cross_fitted_errors(features, folds=order, tested=tested, **options)  # type: ignore[arg-type]
        found.append(group_sums(errors, parents[errors["atom"].to_numpy()]))
    names = list(features)
    return CrossFit(names, names, np.stack([sums for sums, _ in found]), found[0][1], n_bootstrap)


def _groups(order: Folds) -> IntArray:
    assert order.groups is not None  # of folds as they were dealt
    return order.groups
