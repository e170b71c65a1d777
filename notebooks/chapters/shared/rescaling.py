"""Two other ways to weigh the columns of features, beside one scale for all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray

#: Standard deviations below this share of the largest are taken for rounding: features come in
#: single precision, and whitening would blow its noise up to the size of everything else.
NEGLIGIBLE = 1e-3


def per_column(X: ArrayLike, *, train: ArrayLike) -> FloatArray:
    """Divide every column by its standard deviation over the train atoms.

    Columns whose standard deviation is below `NEGLIGIBLE` of the largest are left out.

    Parameters
    ----------
    X : array of shape (n_atoms, n_features)
    train : int array of shape (n_train,)

    Returns
    -------
    array of shape (n_atoms, n_kept)
        Columns centered and with a variance of 1 over the train atoms.

    Examples
    --------
    >>> per_column([[0.0, 0.0], [2.0, 40.0]], train=[0, 1])
    array([[-1., -1.],
           [ 1.,  1.]])
    """
    array, rows = _centered(X, train)
    spread = rows.std(axis=0)
    kept = spread > NEGLIGIBLE * spread.max()
    scaled: FloatArray = array[:, kept] / spread[kept]
    return scaled


def whitened(X: ArrayLike, *, train: ArrayLike) -> FloatArray:
    """Give every principal direction of the train atoms the same variance.

    Directions whose standard deviation is below `NEGLIGIBLE` of the largest are left out.

    Parameters
    ----------
    X : array of shape (n_atoms, n_features)
    train : int array of shape (n_train,)

    Returns
    -------
    array of shape (n_atoms, n_kept)
        Its covariance over the train atoms is the unit matrix.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 2)) @ [[1.0, 2.0], [0.0, 0.1]]
    >>> np.cov(whitened(X, train=range(50)).T, bias=True).round(6) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """
    array, rows = _centered(X, train)
    _, singular, axes = np.linalg.svd(rows, full_matrices=False)
    kept = singular > NEGLIGIBLE * singular[0]
    spread = singular[kept] / np.sqrt(len(rows))
    scaled: FloatArray = array @ axes[kept].T / spread
    return scaled


def _centered(X: ArrayLike, train: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Center by the mean over the train atoms; return all rows, and those of the train atoms."""
    array = np.asarray(X, dtype=float)
    index = np.asarray(train)
    array = array - array[index].mean(axis=0)
    return array, array[index]
