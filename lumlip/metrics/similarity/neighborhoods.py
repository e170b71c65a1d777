"""Neighbors compared: those in common, CKA between these only, and how they rank elsewhere."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics.similarity._samples import both, centered, defined, distances, unit_rows
from lumlip.metrics.similarity.kernels import ratio, unbiased_hsic


def mutual_knn(X: ArrayLike, Y: ArrayLike, *, k: int = 10) -> float:
    """Share of the k nearest neighbors that two sets of features have in common [1]_.

    ``mean_i |N_k(x_i) & N_k(y_i)| / k``, neighbors by Euclidean distance, without the sample
    itself.

    Parameters
    ----------
    k : int
        Neighbors, 1 to n_samples - 1.

    Returns
    -------
    float
        1: the same neighbors; features that have nothing in common score ``k / (n_samples - 1)``.

    References
    ----------
    .. [1] M. Huh, B. Cheung, T. Wang, P. Isola, ICML (2024), arXiv:2405.07987.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(10.0)[:, None]
    >>> mutual_knn(x, np.exp(x), k=1)  # 1 has 0 and 2 equally near, and all go downwards
    1.0
    """
    return shared(*_orders(X, Y, k), k=k)


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
    there, back = _orders(X, Y, k)
    return imbalance(there, back, k=k), imbalance(back, there, k=k)


def cknna(X: ArrayLike, Y: ArrayLike, *, k: int = 10) -> float:
    """Centered kernel nearest-neighbor alignment: CKA between shared neighbors only [1]_.

    ``HSIC_1(M K, M L) / sqrt(HSIC_1(M_K K, M_K K) HSIC_1(M_L L, M_L L))`` of the cosines K and L
    between centered rows, M_K the mask of each row's k largest ones, M that of those which both
    masks have.

    Parameters
    ----------
    k : int
        Neighbors, 1 to n_samples - 1. With all of them, this is debiased linear CKA.

    Returns
    -------
    float
        1: the same similarities among the same neighbors; near 0: no neighbors in common.

    References
    ----------
    .. [1] M. Huh, B. Cheung, T. Wang, P. Isola, ICML (2024), arXiv:2405.07987, appendix.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(cknna(X, X[:, ::-1], k=10), 6)
    1.0
    """
    first, second = pair = both(X, Y, at_least=4)
    _check_k(pair, k)
    kernels = cosines(first), cosines(second)
    return defined(aligned_near(*kernels, *(neighbor_order(-K)[:, :k] for K in kernels)))


def _check_k(pair: Iterable[FloatArray], k: int) -> None:
    """Refuse samples with more copies than neighbors: their order, that of rows, would agree."""
    for Z in pair:
        check_count("k", k, 1, len(Z) - 1, f" of {len(Z)} samples")
        centered(Z)  # refuses what is the same for all
        copies = np.unique(Z, axis=0, return_counts=True)[1]
        if crowded := int(copies[copies > k + 1].sum()):
            raise ValueError(
                f"got {crowded} samples with more copies than neighbors (k = {k}), expected each "
                "once: which copies are neighbors would be decided by their order"
            )


def _orders(X: ArrayLike, Y: ArrayLike, k: int) -> list[IntArray]:
    """Return `neighbor_order` of both."""
    pair = both(X, Y)
    _check_k(pair, k)
    return [neighbor_order(distances(Z)) for Z in pair]


def neighbor_order(distance: FloatArray) -> IntArray:
    """Return, row by row, the other samples by increasing distance: (n_samples, n_samples - 1).

    Equally near ones come in the order of the samples.
    """
    own = distance.copy()
    np.fill_diagonal(own, -np.inf)  # so that a sample comes before its copies
    return np.argsort(own, axis=1, kind="stable")[:, 1:]


def shared(first: IntArray, second: IntArray, *, k: int) -> float:
    """Return the mean share of neighbors in common, from orders (n_samples, n_samples - 1)."""
    masks = [nearest_mask(order[:, :k]) for order in (first, second)]
    return float((masks[0] & masks[1]).sum() / (k * len(first)))


def imbalance(first: IntArray, second: IntArray, *, k: int) -> float:
    """Return D(first -> second), from orders of neighbors (n_samples, n_samples - 1)."""
    n = len(first)
    rank = np.zeros((n, n), dtype=np.int64)
    np.put_along_axis(rank, second, np.arange(1, n)[None, :], axis=1)
    return float(np.take_along_axis(rank, first[:, :k], axis=1).mean()) * 2 / n


def cosines(X: FloatArray) -> FloatArray:
    """Return the cosines (n_samples, n_samples) between centered rows (n_samples, n_features)."""
    unit = unit_rows(centered(X))
    return unit @ unit.T


def aligned_near(K: FloatArray, L: FloatArray, near: IntArray, other: IntArray) -> float:
    """Return CKNNA of kernels (n_samples, n_samples), with the nearest samples (n_samples, k)."""
    masks = nearest_mask(near), nearest_mask(other)
    both_near = masks[0] & masks[1]
    cross = unbiased_hsic(K * both_near, L * both_near)
    own = [unbiased_hsic(Z * mask, Z * mask) for Z, mask in zip((K, L), masks, strict=True)]
    return ratio(cross, *own)


def nearest_mask(near: IntArray) -> BoolArray:
    """Return which samples (n_samples, n_samples) are among the nearest (n_samples, k)."""
    mask = np.zeros((len(near), len(near)), dtype=bool)
    np.put_along_axis(mask, near, True, axis=1)
    return mask
