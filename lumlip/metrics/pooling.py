"""From atoms to structures by the mean; cumulants see more."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray


def mean_over_atoms(X: ArrayLike, structure: ArrayLike) -> FloatArray:
    """Average the features of every structure's atoms.

    Parameters
    ----------
    X : array of shape (n_atoms, n_channels)
    structure : int array of shape (n_atoms,)
        Index of every atom's structure, from 0.

    Returns
    -------
    array of shape (n_structures, n_channels)
    """
    rows, index = np.asarray(X, dtype=float), np.asarray(structure)
    sums = np.zeros((int(index.max()) + 1, rows.shape[1]))
    np.add.at(sums, index, rows)
    return sums / np.bincount(index)[:, None]
