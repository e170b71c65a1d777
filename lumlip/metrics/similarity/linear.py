"""Linear maps between two sets of features: canonical correlations, and the best rotation."""

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.choices import as_number
from lumlip.metrics.similarity._samples import both, centered

#: Directions that hold less than this share of the variance together are rounding noise.
_NOISE = 1e-12


def svcca(X: ArrayLike, Y: ArrayLike, *, variance: float = 0.99) -> float:
    """Mean canonical correlation of the leading principal components [1]_.

    Parameters
    ----------
    variance : float
        Share of the variance that the components kept of each side hold, above 0, to 1.

    Returns
    -------
    float
        1: one side's components are a linear map of the other's. With nearly as many components
        as samples it is 1 for anything.

    References
    ----------
    .. [1] M. Raghu, J. Gilmer, J. Yosinski, J. Sohl-Dickstein, NeurIPS (2017), arXiv:1706.05806.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(svcca(X, X @ [[1, 2, 0], [0, 1, 3], [0, 0, 1]], variance=1), 6)
    1.0
    """
    if not 0 < as_number("variance", variance) <= 1:
        raise ValueError(f"variance: got {variance}, expected above 0, to 1")
    bases = [components(Z, variance=variance) for Z in both(X, Y)]
    return mean_correlation(*bases)


def pwcca(X: ArrayLike, Y: ArrayLike) -> float:
    """Canonical correlations weighted by how much of X their directions hold [1]_.

    ``sum_i a_i rho_i / sum_i a_i`` with ``a_i = sum_j |<h_i, x_j>|``, h_i the i-th canonical
    variate of X and x_j its centered columns. Not symmetric. Of equal rho_i the h_i, and with them
    the weights beside other rho, are not defined: another order of the columns may give another
    number, unless all are equal.

    Returns
    -------
    float
        1: the directions of X are a linear map of Y.

    References
    ----------
    .. [1] A. S. Morcos, M. Raghu, S. Bengio, NeurIPS (2018), arXiv:1806.05759.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(pwcca(X[:, :2], X), 6)
    1.0
    """
    first, second = both(X, Y)
    P, Q = (components(Z, variance=1.0) for Z in (first, second))
    return weighted_correlation(P, Q, centered(first))


def mean_correlation(P: FloatArray, Q: FloatArray) -> float:
    """Return the mean canonical correlation of two orthonormal bases (n_samples, n_kept)."""
    return float(np.clip(np.linalg.svd(P.T @ Q, compute_uv=False), 0, 1).mean())


def weighted_correlation(P: FloatArray, Q: FloatArray, X: FloatArray) -> float:
    """Return PWCCA from bases (n_samples, n_kept) and features X (n_samples, n_features) of P."""
    U, correlation, _ = np.linalg.svd(P.T @ Q, full_matrices=False)
    weight = np.abs(U.T @ (P.T @ X)).sum(axis=1)
    return float(np.clip(correlation, 0, 1) @ weight / weight.sum())


def components(X: FloatArray, *, variance: float) -> FloatArray:
    """Orthonormal principal components (n_samples, n_kept) that hold a share of the variance."""
    U, s, _ = np.linalg.svd(centered(X), full_matrices=False)
    share = np.cumsum(s**2) / np.sum(s**2)
    return U[:, : np.searchsorted(share, variance - _NOISE) + 1]


def procrustes_similarity(X: ArrayLike, Y: ArrayLike) -> float:
    """Overlap of two clouds of samples after the best rotation and scaling.

    ``s = |X'Y|_* / (|X|_F |Y|_F)`` of the centered features, with the nuclear norm (sum of singular
    values). The Procrustes distance of the clouds at unit size is ``sqrt(2 - 2 s)``, and the
    squared residual of ``scipy.spatial.procrustes`` is ``1 - s^2``. The narrower one counts as
    padded with zeros.

    Returns
    -------
    float
        1: the same up to rotation, shift and one scale; 0: nothing in common.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(procrustes_similarity(X, 2 * X[:, ::-1]), 6)
    1.0
    """
    return nuclear_overlap(*(unit(Z) for Z in both(X, Y)))


def nuclear_overlap(first: FloatArray, second: FloatArray) -> float:
    """Return the nuclear norm of ``X'Y`` of two clouds (n_samples, n_features) of unit size."""
    return float(np.linalg.svd(first.T @ second, compute_uv=False).sum())


def unit(X: FloatArray) -> FloatArray:
    """Return the cloud (n_samples, n_features) around its mean, of Frobenius norm 1."""
    moved = centered(X)
    return moved / np.linalg.norm(moved)
