"""Orthogonal Procrustes: what remains between two clouds after the best rotation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics.similarity._samples import both, centered


def procrustes_similarity(X: ArrayLike, Y: ArrayLike) -> float:
    """Overlap of two clouds of samples after the best rotation and scaling.

    ``|X'Y|_* / (|X|_F |Y|_F)`` of the centered features, with the nuclear norm (sum of singular
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
    return overlap(*(unit(Z) for Z in both(X, Y)))


def overlap(first: FloatArray, second: FloatArray) -> float:
    """Return the nuclear norm of ``X'Y`` of two clouds (n_samples, n_features) of unit size."""
    return float(np.linalg.svd(first.T @ second, compute_uv=False).sum())


def unit(X: FloatArray) -> FloatArray:
    """Return the cloud (n_samples, n_features) around its mean, of Frobenius norm 1."""
    moved = centered(X)
    return moved / np.linalg.norm(moved)
