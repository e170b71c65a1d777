"""Centered kernel alignment: whether two sets of features call the same samples alike."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.choices import check_choice, check_flags
from lumlip.metrics.similarity._samples import ROUNDING, both, centered, defined, distances

Kernel = Literal["linear", "rbf"]
KERNELS = ("linear", "rbf")


def cka(X: ArrayLike, Y: ArrayLike, *, kernel: Kernel = "linear", debiased: bool = True) -> float:
    """Centered kernel alignment of two sets of features [1]_.

    ``CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L))`` of the kernel matrices K and L of the
    samples. With the linear kernel and without debiasing this is
    ``|X'Y|_F^2 / (|X'X|_F |Y'Y|_F)`` of the centered features.

    Parameters
    ----------
    kernel : {"linear", "rbf"}
        ``"rbf"``: ``exp(-d^2 / (2 s^2))``, s the median distance.
    debiased : bool
        With the unbiased estimator HSIC_1 [2]_: features that have nothing in common score 0
        however many they are (and may score slightly less); else they score more with each column.

    Returns
    -------
    float
        1: the same up to rotation, shift and one scale; 0: nothing in common.

    References
    ----------
    .. [1] S. Kornblith, M. Norouzi, H. Lee, G. Hinton, ICML (2019), arXiv:1905.00414.
    .. [2] L. Song, A. Smola, A. Gretton, J. Bedo, K. Borgwardt, J. Mach. Learn. Res. 13, 1393
       (2012).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(cka(X, 5 * X[:, ::-1] + 1), 6)
    1.0
    """
    check_choice("kernel", kernel, KERNELS)
    check_flags(debiased=debiased)
    first, second = both(X, Y, at_least=4)
    K, L = (kernel_matrix(Z, kernel=kernel) for Z in (first, second))
    return defined(aligned(K, L, debiased=debiased))


def kernel_matrix(X: FloatArray, *, kernel: Kernel) -> FloatArray:
    """Return the kernel (n_samples, n_samples) of rows (n_samples, n_features), see :func:`cka`."""
    moved = centered(X)
    if kernel == "linear":
        return moved @ moved.T
    distance = distances(moved)
    scale = np.median(distance[np.triu_indices(len(distance), 1)])
    if not scale > 0:
        raise ValueError("got a median distance of 0: most samples are copies of each other")
    return np.asarray(np.exp(-0.5 * (distance / scale) ** 2))


def aligned(K: FloatArray, L: FloatArray, *, debiased: bool) -> float:
    """Return the alignment of two kernel matrices (n_samples, n_samples)."""
    hsic = unbiased_hsic if debiased else biased_hsic
    own = [hsic(Z, Z) for Z in (K, L)]
    rounding = [ROUNDING * float(np.vdot(Z, Z)) / len(Z) ** 2 for Z in (K, L)]
    return ratio(hsic(K, L), *own) if np.greater(own, rounding).all() else float("nan")


def ratio(cross: float, first: float, second: float) -> float:
    """Return ``cross / sqrt(first second)``; NaN if one is not above 0, as in tiny samples."""
    return cross / float(np.sqrt(first * second)) if min(first, second) > 0 else float("nan")


def biased_hsic(K: FloatArray, L: FloatArray) -> float:
    """Return ``tr(K H L H) / (n - 1)^2`` of kernels (n_samples, n_samples), with H centering."""
    moved = K - K.mean(axis=0) - K.mean(axis=1)[:, None] + K.mean()
    return float(np.vdot(moved, L)) / (len(K) - 1) ** 2


def unbiased_hsic(K: FloatArray, L: FloatArray) -> float:
    """Unbiased HSIC_1 of Song et al. (2012), eq. 5, of kernels (n_samples, n_samples).

    ``(tr(K L) + 1'K1 1'L1 / ((n - 1) (n - 2)) - 2 1'K L1 / (n - 2)) / (n (n - 3))``.
    """
    n = len(K)
    inner = np.einsum("ij,ji->", K, L) - K.diagonal() @ L.diagonal()
    rows, columns = L.sum(axis=1) - L.diagonal(), K.sum(axis=0) - K.diagonal()
    total = columns.sum() * rows.sum() / ((n - 1) * (n - 2))
    return float(inner + total - 2 * (columns @ rows) / (n - 2)) / (n * (n - 3))
