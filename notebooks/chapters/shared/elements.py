"""Features without what the element of an atom alone explains."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray


def without_element_mean(X: ArrayLike, numbers: ArrayLike) -> FloatArray:
    """Subtract from every atom's features the mean over the atoms of its element.

    ``x_i - mean(x_j : Z_j = Z_i)``: what is left tells atoms of one element apart.

    Parameters
    ----------
    X : array of shape (n_atoms, n_channels)
    numbers : int array of shape (n_atoms,)
        Atomic numbers.

    Returns
    -------
    array of shape (n_atoms, n_channels)

    Examples
    --------
    >>> X = [[1.0], [3.0], [10.0], [14.0]]
    >>> without_element_mean(X, [1, 1, 8, 8])[:, 0]
    array([-1.,  1., -2.,  2.])
    """
    values, Z = np.asarray(X, dtype=float), np.asarray(numbers)
    center = np.empty_like(values)
    for z in np.unique(Z):
        center[z == Z] = values[z == Z].mean(axis=0)
    left: FloatArray = values - center
    return left


def element_share(X: ArrayLike, numbers: ArrayLike) -> float:
    """Share of the variance of some features that lies between elements: 1 for an embedding.

    Parameters
    ----------
    X : array of shape (n_atoms, n_channels)
    numbers : int array of shape (n_atoms,)

    Examples
    --------
    >>> element_share([[1.0], [1.0], [3.0], [3.0]], [1, 1, 8, 8])
    1.0
    >>> round(element_share([[0.0], [2.0], [1.0], [3.0]], [1, 1, 8, 8]), 2)
    0.2
    """
    values = np.asarray(X, dtype=float)
    left = np.square(without_element_mean(values, numbers)).sum()
    return float(1 - left / np.square(values - values.mean(axis=0)).sum())
