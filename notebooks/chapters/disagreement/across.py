"""Whether the mean distance of two models tells how much they disagree on average."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chapters.disagreement.ranks import spearman
from lumlip.array_types import FloatArray, IntArray

#: With more orders of the models than this, some are drawn.
MOST_ORDERS = 2000


@dataclass(frozen=True)
class Mantel:
    """Rank correlation of two tables of distances between models.

    Attributes
    ----------
    value : float
        Spearman's coefficient over the pairs.
    p : float
        Share of the orders of the models that give as much or more; the order itself counts.
    n_pairs : int
    """

    value: float
    p: float
    n_pairs: int


def as_table(values: ArrayLike, n_models: int) -> FloatArray:
    """Turn numbers of pairs, in the order of `model_pairs`, into a symmetric table."""
    table = np.zeros((n_models, n_models))
    table[np.triu_indices(n_models, k=1)] = np.asarray(values, dtype=float)
    return table + table.T


def mantel(
    first: ArrayLike, second: ArrayLike, *, groups: Sequence[Hashable] | None = None, seed: int = 0
) -> Mantel | None:
    """Rank correlation of two tables over pairs of models, tested by relabeling the models.

    Pairs that share a model are not independent, so that the usual test does not apply. Mantel's
    test permutes the models of one table, rows and columns alike, and counts how often the
    correlation gets as large.

    Parameters
    ----------
    first, second : arrays of shape (n_models, n_models)
        Symmetric; the diagonal does not count.
    groups : sequence of length n_models, optional
        Only pairs within a group count, and models are permuted within groups.
    seed : int
        For drawing orders, if there are more than `MOST_ORDERS`.

    Returns
    -------
    Mantel, or None with fewer than four pairs

    References
    ----------
    N. Mantel, "The detection of disease clustering and a generalized regression approach", Cancer
    Research 27, 209 (1967).

    Examples
    --------
    >>> place = np.array([0.0, 1.0, 3.0, 7.0, 12.0])
    >>> table = np.abs(place[:, None] - place)
    >>> mantel(table, table**2).value
    1.0
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    labels = np.array([str(label) for label in groups] if groups is not None else [""] * len(a))
    upper = np.triu(labels[:, None] == labels, k=1)
    if upper.sum() < 4:
        return None
    orders = _orders(labels, seed)
    relabeled = np.array([b[np.ix_(order, order)][upper] for order in orders])
    values = spearman(a[upper], relabeled)[0]
    share = float((values >= values[0] - 1e-9).mean())
    return Mantel(float(values[0]), share, int(upper.sum()))


def _orders(labels: NDArray[np.str_], seed: int) -> list[IntArray]:
    """All orders within the groups, or some of them; the first leaves all models in place."""
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    n_orders = np.prod([float(np.prod(np.arange(1, len(own) + 1))) for own in members])
    if n_orders <= MOST_ORDERS:
        ways = itertools.product(*(itertools.permutations(own) for own in members))
        return [_placed(members, way) for way in ways]
    rng = np.random.default_rng(seed)
    drawn = [[rng.permutation(own) for own in members] for _ in range(MOST_ORDERS - 1)]
    return [np.arange(len(labels)), *(_placed(members, way) for way in drawn)]


def _placed(members: Sequence[IntArray], way: Sequence[ArrayLike]) -> IntArray:
    order = np.empty(sum(len(own) for own in members), dtype=np.int64)
    for own, new in zip(members, way, strict=True):
        order[own] = np.asarray(new)
    return order
