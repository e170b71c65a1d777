"""Cosines to anchors: samples told by how much they resemble a few chosen ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.choices import check_count
from lumlip.metrics.similarity._samples import both, unit_rows

#: Anchors in the table of all measures.
N_ANCHORS = 50


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
    chosen = np.unique(spread.astype(int))
    unit = unit_rows(X)
    found: FloatArray = unit @ unit[chosen].T
    return found


def mean_cosine(first: FloatArray, second: FloatArray) -> float:
    """Return the mean cosine between the rows of two arrays (n_samples, n_anchors)."""
    return float((unit_rows(first) * unit_rows(second)).sum(axis=1).mean())
