"""Whether a pair's error ranks structures by the disagreement of that pair, or of any."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from chapters.disagreement.energies import Structures
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.repeated import Estimate


def weighted_ranks(values: ArrayLike, weights: ArrayLike) -> FloatArray:
    """Standardized ranks in draws that hold each entry so many times.

    Parameters
    ----------
    values : array of shape (n,)
        Ties are broken by place.
    weights : array of int of shape (n_draws, n)

    Returns
    -------
    array of shape (n_draws, n)
        Of weighted mean 0 and weighted variance 1.

    Examples
    --------
    >>> weighted_ranks([5.0, 7.0, 6.0], [[1, 1, 1], [1, 1, 0]]).round(2)
    array([[-1.22,  1.22,  0.  ],
           [-1.  ,  1.  ,  1.  ]])
    """
    w = np.asarray(weights, dtype=float)
    order = np.argsort(np.asarray(values), kind="stable")
    sorted_w = w[:, order]
    ranks = np.empty_like(w)
    ranks[:, order] = np.cumsum(sorted_w, axis=1) - (sorted_w - 1) / 2
    total = w.sum(axis=1, keepdims=True)
    ranks -= (w * ranks).sum(axis=1, keepdims=True) / total
    standard: FloatArray = ranks / np.sqrt((w * ranks**2).sum(axis=1, keepdims=True) / total)
    return standard


def rank_correlations(predictors: ArrayLike, outcomes: ArrayLike, draws: ArrayLike) -> FloatArray:
    """Spearman's coefficient of every predictor with every outcome, on every draw.

    Parameters
    ----------
    predictors, outcomes : arrays of shape (n_predictors, n) and (n_outcomes, n)
    draws : array of int of shape (n_draws, n)

    Returns
    -------
    array of shape (n_draws, n_predictors, n_outcomes)
    """
    w = np.asarray(draws, dtype=float)
    x, y = (
        np.stack([weighted_ranks(row, w) for row in np.asarray(side)], axis=1)
        for side in (predictors, outcomes)
    )
    share = w / w.sum(axis=1, keepdims=True)
    table: FloatArray = (x * share[:, None]) @ y.swapaxes(1, 2)
    return table


def pair_of_families(families: Sequence[str]) -> list[tuple[int, int]]:
    """Return the unordered pairs of models of two families, by their places."""
    n = range(len(families))
    return [(a, b) for a, b in itertools.combinations(n, 2) if families[a] != families[b]]


def own_and_foreign_weights(
    pairs: Sequence[tuple[int, int]], families: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """Weights (n_pairs, n_pairs) of own rank correlations, and of those with strangers' errors.

    Row: whose error; column: whose disagreement. Strangers share no family. Every pair of families
    counts once; those without strangers do not count. All 0 if there are none.

    Examples
    --------
    >>> own, foreign = own_and_foreign_weights([(0, 1), (2, 3), (0, 2)], "abcd")
    >>> own.tolist(), foreign.tolist()[:2]
    ([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.5, 0.0], [0.5, 0.0, 0.0]])
    """
    kinds = [frozenset({families[a], families[b]}) for a, b in pairs]
    apart = np.array([[not one & other for other in kinds] for one in kinds], dtype=float)
    apart = apart.reshape(len(pairs), len(pairs))
    met = [kind for kind, some in zip(kinds, apart.T, strict=True) if some.any()]
    share = np.array([1 / met.count(k) / len(set(met)) if k in met else 0.0 for k in kinds])
    return np.diag(share), apart / np.maximum(apart.sum(axis=0), 1) * share


def rank_tables(
    found: Structures, errors: FloatArray, pairs: Sequence[tuple[int, int]]
) -> list[FloatArray]:
    """Rank correlations of errors with disagreements in energy beyond composition.

    Parameters
    ----------
    found : Structures
    errors : array of shape (n_seeds, n_models, n_models, n_structures)
        Both directions of a pair are joined, for disagreement has none.
    pairs : sequence of (int, int)
        Of the models.

    Returns
    -------
    list of array of shape (1 + n_bootstrap, n_pairs, n_pairs)
        For each order of the folds; row: whose error, column: whose disagreement. The first entry
        is of all structures, the others of draws.
    """
    draws = found.draws()[:, found.known]
    tables = []
    for beyond, error in zip(found.beyond, errors, strict=True):
        apart = [np.abs(beyond[a] - beyond[b])[found.known] for a, b in pairs]
        both = [np.hypot(error[a, b], error[b, a])[found.known] for a, b in pairs]
        tables.append(rank_correlations(both, apart, draws))
    return tables


def weighted(tables: Sequence[FloatArray], weights: ArrayLike) -> Estimate:
    """Weighted sum over `rank_tables`; missing if all weights are 0."""
    w = np.asarray(weights)
    if not w.any():
        return Estimate.missing()
    series = [np.tensordot(table, w, axes=2) for table in tables]
    return Estimate.over([Interval.of(draws[0], draws[1:]) for draws in series])
