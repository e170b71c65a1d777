"""Features without what the element of an atom alone explains."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray


def without_element_mean(
    X: ArrayLike, numbers: ArrayLike, *, train: ArrayLike | None = None
) -> FloatArray:
    """Subtract from every atom's features the mean over the train atoms of its element.

    ``x_i - mean(x_j : j in train, Z_j = Z_i)``: what is left tells atoms of one element apart.

    Parameters
    ----------
    X : array of shape (n_atoms, n_channels)
    numbers : int array of shape (n_atoms,)
        Atomic numbers.
    train : int array of shape (n_train,), optional
        Atoms that the means are taken over; all by default.

    Returns
    -------
    array of shape (n_atoms, n_channels)
        Atoms whose element is not in train keep the distance from the mean of all of train.

    Examples
    --------
    >>> X = [[1.0], [3.0], [10.0], [14.0]]
    >>> without_element_mean(X, [1, 1, 8, 8])[:, 0]
    array([-1.,  1., -2.,  2.])
    """
    values, Z = np.asarray(X, dtype=float), np.asarray(numbers)
    rows = np.arange(len(values)) if train is None else np.asarray(train)
    center = np.repeat(values[rows].mean(axis=0)[None], len(values), axis=0)
    for z in np.unique(Z[rows]):
        center[z == Z] = values[rows[Z[rows] == z]].mean(axis=0)
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


def known_in(numbers: ArrayLike, *, train: ArrayLike, test: ArrayLike, least: int) -> IntArray:
    """Return the test atoms whose element has at least so many atoms in train.

    Parameters
    ----------
    numbers : int array of shape (n_atoms,)
        Atomic numbers.
    train : int array of shape (n_train,)
    test : int array of shape (n_test,)
    least : int
        Number of atoms.

    Returns
    -------
    int array of shape (n_known,)
    """
    Z, rows, held = np.asarray(numbers), np.asarray(train), np.asarray(test)
    elements, counts = np.unique(Z[rows], return_counts=True)
    found: IntArray = held[np.isin(Z[held], elements[counts >= least])]
    return found
