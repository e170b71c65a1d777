"""Whether two numbers rank structures alike: Spearman's coefficient with intervals."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.metrics.bootstrap import Interval, Resampling


def spearman(predictors: ArrayLike, outcomes: ArrayLike) -> FloatArray:
    """Rank correlation of every predictor with every outcome.

    ``rho = corr(rank(x), rank(y))``: 1 if both put the structures in one order, -1 in opposite
    ones, about 0 if they have nothing to do with each other.

    Parameters
    ----------
    predictors : array of shape (n_predictors, n)
    outcomes : array of shape (n_outcomes, n)

    Returns
    -------
    array of shape (n_predictors, n_outcomes)
        NaN where a side is the same for all.

    Examples
    --------
    >>> spearman([[1, 2, 3], [3, 2, 1]], [[1, 10, 100]])
    array([[ 1.],
           [-1.]])
    """
    sides = [_standard_ranks(np.atleast_2d(np.asarray(x, float))) for x in (predictors, outcomes)]
    table: FloatArray = (sides[0] @ sides[1].T / sides[0].shape[1]).round(12)
    return table


def _standard_ranks(rows: FloatArray) -> FloatArray:
    ranks = rankdata(rows, axis=1)
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    spread = ranks.std(axis=1, keepdims=True)
    standard: FloatArray = ranks / np.where(spread > 0, spread, np.nan)
    return standard


def resamples(n: int, *, n_bootstrap: int, seed: int) -> Iterator[IntArray]:
    """Draw n of n structures with replacement, many times; the same for the same seed."""
    rng = np.random.default_rng(seed)
    for _ in range(n_bootstrap):
        yield rng.integers(n, size=n)


def statistics_with_intervals(
    statistic: Callable[[FloatArray], Sequence[float]],
    predictors: ArrayLike,
    outcomes: ArrayLike,
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> list[Interval]:
    """Numbers read off the table of rank correlations, with 95 % intervals over structures.

    Parameters
    ----------
    statistic : callable
        Of the table (n_predictors, n_outcomes); one number or more.
    predictors : array of shape (n_predictors, n)
    outcomes : array of shape (n_outcomes, n)
        Structures without all of their numbers should be left out before.

    Returns
    -------
    list of Interval
    """
    X, Y = (np.atleast_2d(np.asarray(side, dtype=float)) for side in (predictors, outcomes))
    draws = [
        statistic(spearman(X[:, i], Y[:, i]))
        for i in resamples(X.shape[1], n_bootstrap=n_bootstrap, seed=seed)
    ]
    found = zip(statistic(spearman(X, Y)), np.transpose(draws), strict=True)
    return [Interval.of(value, own) for value, own in found]


def disjoint(pairs: Sequence[tuple[str, str]]) -> BoolArray:
    """Tell which pairs of models have no model in common: (n_pairs, n_pairs).

    Examples
    --------
    >>> disjoint([("a", "b"), ("c", "d"), ("a", "c")]).astype(int)
    array([[0, 1, 0],
           [1, 0, 0],
           [0, 0, 0]])
    """
    return np.array([[not set(one) & set(other) for other in pairs] for one in pairs])


def own_and_foreign(
    predictors: FloatArray,
    outcomes: FloatArray,
    pairs: Sequence[tuple[str, str]],
    **options: Unpack[Resampling],
) -> dict[str, Interval]:
    """Rank correlation of a pair's error with its own disagreement, and with that of strangers.

    If the error told where *these two* models disagree, ``own`` would be far above ``foreign``.
    If it tells only which structures are hard for all, both are equal.

    Parameters
    ----------
    predictors, outcomes : arrays of shape (n_pairs, n_structures)
    pairs : sequence of (str, str)
    options
        ``n_bootstrap`` and ``seed``.

    Returns
    -------
    dict
        ``own``: mean over pairs; ``foreign``: mean over pairs of pairs without a common model;
        ``gain``: their difference. Without such pairs, ``own`` alone; without pairs, nothing.
    """
    if not pairs:
        return {}
    others = disjoint(pairs)

    def numbers(table: FloatArray) -> list[float]:
        own = float(np.diag(table).mean())
        foreign = float(table[others].mean()) if others.any() else np.nan
        return [own, foreign, own - foreign]

    found = statistics_with_intervals(numbers, predictors, outcomes, **options)
    names = ("own", "foreign", "gain") if others.any() else ("own",)
    return dict(zip(names, found, strict=False))


def own_by_pair(
    predictors: FloatArray,
    outcomes: FloatArray,
    pairs: Sequence[tuple[str, str]],
    **options: Unpack[Resampling],
) -> pd.DataFrame:
    """Rank correlation of every pair by itself: columns ``value``, ``low``, ``high``, ``foreign``.

    ``foreign`` is the mean over the disagreements of all pairs that share no model with it.
    """
    found = statistics_with_intervals(_diagonal, predictors, outcomes, **options)
    rows = pd.DataFrame(found, columns=["value", "low", "high"], index=pd.Index(pairs))
    table, others = spearman(predictors, outcomes), disjoint(pairs)
    means = [
        row[mask].mean() if mask.any() else np.nan for row, mask in zip(table, others, strict=True)
    ]
    rows["foreign"] = means
    return rows


def _diagonal(table: FloatArray) -> list[float]:
    return [float(value) for value in np.diag(table)]


def by_label(
    predictors: FloatArray,
    outcomes: FloatArray,
    members: dict[Hashable, BoolArray],
    *,
    fewest: int = 20,
    **options: Unpack[Resampling],
) -> pd.DataFrame:
    """Mean own rank correlation within groups of structures.

    Parameters
    ----------
    predictors, outcomes : arrays of shape (n_pairs, n_structures)
    members : dict of label to bool array of shape (n_structures,)
        A structure may belong to many, such as elements.
    fewest : int
        Smaller groups are left out.
    options
        ``n_bootstrap`` and ``seed``.

    Returns
    -------
    DataFrame indexed by label
        Columns ``value``, ``low``, ``high`` and ``structures``.
    """
    rows = {}
    for label, mask in members.items():
        if mask.sum() < fewest or not len(predictors):
            continue
        found = statistics_with_intervals(
            lambda table: [np.diag(table).mean()],
            predictors[:, mask],
            outcomes[:, mask],
            **options,
        )
        rows[label] = (*found[0], int(mask.sum()))
    columns = ["value", "low", "high", "structures"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
