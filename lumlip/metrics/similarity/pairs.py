"""Samples told by others: rank and correlation of all distances, and cosines to anchors."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from lumlip.array_types import FloatArray
from lumlip.choices import check_count, check_flags
from lumlip.metrics.similarity._samples import (
    ROUNDING,
    both,
    centered,
    defined,
    distances,
    unit_rows,
)

#: Anchors in the table of all measures.
N_ANCHORS = 50


def rsa(X: ArrayLike, Y: ArrayLike) -> float:
    """Representational similarity: rank correlation between the distances of all pairs [1]_.

    Spearman's coefficient between the Euclidean distances of the ``n (n - 1) / 2`` pairs of
    samples in X and in Y.

    Returns
    -------
    float
        1: the same order of distances; 0: nothing in common.

    References
    ----------
    .. [1] N. Kriegeskorte, M. Mur, P. Bandettini, Front. Syst. Neurosci. 2, 4 (2008).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(rsa(X, 7 * X - 1), 6)
    1.0
    """
    pair = [distances(centered(Z)) for Z in both(X, Y, at_least=3)]
    spread = min(np.ptp(d[np.triu_indices(len(d), 1)]) / d.max() for d in pair)
    found = rank_correlation(*(pair_ranks(d) for d in pair))
    return defined(found if spread > ROUNDING else np.nan)


def pair_ranks(distance: FloatArray) -> FloatArray:
    """Return ranks (n_pairs,) of distances (n_samples, n_samples), centered and of unit length."""
    ranks = rankdata(distance[np.triu_indices(len(distance), 1)])
    moved: FloatArray = ranks - ranks.mean()
    length = np.linalg.norm(moved)
    return moved / length if length > 0 else moved


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Return the correlation of two sets of :func:`pair_ranks`, of shape (n_pairs,)."""
    return float(first @ second)


def distance_correlation(X: ArrayLike, Y: ArrayLike, *, bias_corrected: bool = True) -> float:
    """Correlation of all distances: the bias-corrected *square* by default, the classic on demand.

    ``R^2 = <A, B> / sqrt(<A, A> <B, B>)`` of the distance matrices A and B after centering. By
    default it is R^2, of U-centered matrices [2]_: below 0 by chance, around 0 for independent
    features, and smaller than what is called distance correlation, R of doubly centered ones [1]_.

    Parameters
    ----------
    bias_corrected : bool
        False: the classic R. Independent features then score the more the wider they are.

    Returns
    -------
    float
        1: the same distances up to one scale.

    References
    ----------
    .. [1] G. J. Szekely, M. L. Rizzo, N. K. Bakirov, Ann. Stat. 35, 2769 (2007).
    .. [2] G. J. Szekely, M. L. Rizzo, Ann. Stat. 42, 2382 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(distance_correlation(X, -2 * X), 6)
    1.0
    >>> [round(distance_correlation(X, X[:, :1], bias_corrected=b), 2) for b in (True, False)]
    [0.74, 0.86]
    """
    check_flags(bias_corrected=bias_corrected)
    pair = [distances(centered(Z)) for Z in both(X, Y, at_least=4)]
    moved = [(u_centered if bias_corrected else _double_centered)(d) for d in pair]
    left = min(np.linalg.norm(m) / np.linalg.norm(d) for m, d in zip(moved, pair, strict=True))
    square = defined(overlap(*moved) if left > ROUNDING else np.nan)
    return square if bias_corrected else float(np.sqrt(max(0.0, square)))


def overlap(A: FloatArray, B: FloatArray) -> float:
    """Return the cosine of two matrices (n_samples, n_samples)."""
    return float(np.sum(A * B) / np.sqrt(np.sum(A * A) * np.sum(B * B)))


def u_centered(distance: FloatArray) -> FloatArray:
    """Return distances (n_samples, n_samples) with rows that sum to 0 (Szekely 2014)."""
    n = len(distance)
    rows = distance.sum(axis=1) / (n - 2)
    moved: FloatArray = distance - rows - rows[:, None] + distance.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(moved, 0.0)
    return moved


def _double_centered(distance: FloatArray) -> FloatArray:
    rows = distance.mean(axis=1)
    return np.asarray(distance - rows - rows[:, None] + distance.mean())


def anchored_cosine(X: ArrayLike, Y: ArrayLike, *, n_anchors: int = N_ANCHORS) -> float:
    """Mean cosine between the relative representations of each sample [1]_.

    Every sample is told by its cosines to ``n_anchors`` samples, ``z_i = [cos(x_i, a_1), ...]``,
    the same ones in both sets; the result is the mean of ``cos(z_i^X, z_i^Y)``. Nothing is
    centered: features that share a large mean have cosines near one to anything.

    Parameters
    ----------
    n_anchors : int
        Samples that serve as anchors, evenly spread over the rows; all of them, if these are fewer.

    Returns
    -------
    float
        1: the same angles to all anchors.

    References
    ----------
    .. [1] L. Moschella, V. Maiorca, M. Fumero, A. Norelli, F. Locatello, E. Rodola, ICLR (2023),
       arXiv:2209.15430.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(anchored_cosine(X, 5 * X[:, ::-1]), 6)
    1.0
    """
    check_count("n_anchors", n_anchors, 1)
    first, second = (relative(Z, n_anchors=n_anchors) for Z in both(X, Y))
    return mean_cosine(first, second)


def relative(X: FloatArray, *, n_anchors: int) -> FloatArray:
    """Return cosines (n_samples, n_anchors) of rows (n_samples, n_features) to spread anchors."""
    spread = np.linspace(0, len(X) - 1, min(n_anchors, len(X)))
    unit = unit_rows(X)
    return np.asarray(unit @ unit[np.unique(spread.astype(int))].T)


def mean_cosine(first: FloatArray, second: FloatArray) -> float:
    """Return the mean cosine between the rows of two arrays (n_samples, n_anchors)."""
    return float((unit_rows(first) * unit_rows(second)).sum(axis=1).mean())
