"""Intrinsic dimension: along how many directions samples spread around each of them."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from lumlip.array_types import FloatArray
from lumlip.choices import as_number, check_count
from lumlip.metrics.similarity._samples import defined, samples


def two_nn(X: ArrayLike, *, discard: float = 0.1) -> float:
    """Intrinsic dimension from the ratio of the two smallest distances of each sample [1]_.

    With ``mu = r_2 / r_1``, the slope of ``-log(1 - F(mu))`` against ``log(mu)`` through the
    origin, F the empirical distribution ``F(mu_(i)) = i / n``.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    discard : float
        Share of the largest ratios that are left out, 0 to below 1; at least the very largest.

    References
    ----------
    .. [1] E. Facco, M. d'Errico, A. Rodriguez, A. Laio, Sci. Rep. 7, 12140 (2017).

    Examples
    --------
    >>> import numpy as np
    >>> plane = np.random.default_rng(0).uniform(size=(2000, 2)) @ np.ones((2, 5))
    >>> sheet = np.random.default_rng(0).uniform(size=(2000, 2)) @ np.eye(2, 5)
    >>> round(two_nn(plane), 1), round(two_nn(sheet), 1)
    (1.0, 2.0)
    """
    if not 0 <= as_number("discard", discard) < 1:
        raise ValueError(f"discard: got {discard}, expected 0 to below 1")
    near = nearest(samples(X, at_least=3), k=2)
    ratio = np.sort(np.log(near[:, 1] / near[:, 0]))
    n = len(ratio)
    n_kept = max(1, min(int(n * (1 - discard)), n - 1))  # F = 1 has no logarithm
    height = -np.log1p(-np.arange(1, n_kept + 1) / n)
    square = ratio[:n_kept] @ ratio[:n_kept]
    return defined(ratio[:n_kept] @ height / square if square > 0 else np.inf)


def mle_dimension(X: ArrayLike, *, k: int = 20) -> float:
    """Intrinsic dimension of highest likelihood, from the k smallest distances of each sample.

    Levina and Bickel's [1]_ ``1 / m_i = 1 / (k - 1) sum_j log(T_k / T_j)``, j from 1 to k - 1,
    put together as MacKay and Ghahramani [2]_ do: ``m = 1 / mean_i(1 / m_i)``.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    k : int
        Neighbors, 2 to n_samples - 1: few look at the finest scale.

    References
    ----------
    .. [1] E. Levina, P. J. Bickel, NIPS 17 (2004).
    .. [2] D. J. C. MacKay, Z. Ghahramani, comments on [1]_, inference.org.uk (2005).

    Examples
    --------
    >>> import numpy as np
    >>> sheet = np.random.default_rng(0).uniform(size=(2000, 2)) @ np.eye(2, 5)
    >>> round(mle_dimension(sheet), 1)
    1.9
    """
    points = samples(X, at_least=3)
    check_count("k", k, 2, len(points) - 1, f" of {len(points)} samples")
    near = nearest(points, k=k)
    inverse = np.log(near[:, -1:] / near[:, :-1]).sum(axis=1) / (k - 1)
    return defined(1 / inverse.mean() if inverse.any() else np.inf)


def nearest(X: FloatArray, *, k: int) -> FloatArray:
    """Return the k smallest distances (n_samples, k) of each row to others; refuse copies."""
    found: FloatArray = cKDTree(X).query(X, k=k + 1)[0][:, 1:]
    if copies := int((found[:, 0] == 0).sum()):
        raise ValueError(f"got {copies} samples that are copies of others, expected none")
    return found
