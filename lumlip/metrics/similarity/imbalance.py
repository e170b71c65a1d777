"""Information imbalance: whether near neighbors in one space stay near in another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import IntArray
from lumlip.metrics.similarity._samples import both, check_k, orders


def information_imbalance(X: ArrayLike, Y: ArrayLike, *, k: int = 1) -> tuple[float, float]:
    """How badly neighborhoods in one set of features predict those in the other, both ways [1]_.

    ``D(X -> Y) = 2 / n <r_Y | r_X <= k>``: the mean rank that a sample's k nearest neighbors in X
    have among its neighbors in Y, from 1 for the nearest.

    Parameters
    ----------
    k : int
        Neighbors, 1 to n_samples - 1.

    Returns
    -------
    (float, float)
        D(X -> Y) and D(Y -> X). Near 0: the one holds what the other knows of neighborhoods;
        near 1: it holds nothing of it.

    References
    ----------
    .. [1] A. Glielmo, C. Zeni, B. Cheng, G. Csanyi, A. Laio, PNAS Nexus 1, pgac039 (2022).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(300, 2))
    >>> there, back = information_imbalance(x, x[:, :1])  # the plane knows more than the line
    >>> there < 0.1 < 0.3 < back
    True
    """
    first, second = both(X, Y)
    check_k(k, len(first))
    there, back = orders(first, second)
    return imbalance(there, back, k=k), imbalance(back, there, k=k)


def imbalance(first: IntArray, second: IntArray, *, k: int) -> float:
    """Return D(first -> second), from orders of neighbors (n_samples, n_samples - 1)."""
    n = len(first)
    rank = np.zeros((n, n), dtype=np.int64)
    np.put_along_axis(rank, second, np.arange(1, n)[None, :], axis=1)
    return float(np.take_along_axis(rank, first[:, :k], axis=1).mean()) * 2 / n
