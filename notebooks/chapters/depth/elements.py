"""Features without the mean of their element, which no relative of the atom enters."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray


def without_strangers_mean(X: ArrayLike, numbers: ArrayLike, groups: ArrayLike) -> FloatArray:
    """Subtract from every atom the mean over the atoms of its element in *other* groups.

    So nothing of an atom, or of a relative of it, is in what is subtracted from it; and where one
    model is ``W x`` plus a constant of each element of another, exactly ``W x`` is left of it.

    Parameters
    ----------
    X : array of shape (n_atoms, n_channels)
    numbers, groups : int arrays of shape (n_atoms,)
        Atomic numbers, and the parent of every atom.

    Returns
    -------
    array of shape (n_atoms, n_channels)
        Zero for atoms whose element is in no other group: nothing is known of them.

    Examples
    --------
    >>> without_strangers_mean([[1.0], [3.0], [7.0]], [1, 1, 1], [0, 0, 1])[:, 0]
    array([-6., -4.,  5.])
    """
    values, Z = np.asarray(X, dtype=float), np.asarray(numbers)
    # About the mean of all, lest small differences of large sums lose digits.
    frame = pd.DataFrame(values - values.mean(axis=0)).assign(n=1.0)
    others = frame.groupby(Z).transform("sum")
    others -= frame.groupby([Z, np.asarray(groups)]).transform("sum")
    n = others.pop("n").to_numpy()[:, None]
    centered = frame.drop(columns="n").to_numpy()
    left: FloatArray = np.where(n > 0, centered - others.to_numpy() / np.maximum(n, 1), 0.0)
    return left


def atoms_of_common_elements(numbers: ArrayLike, groups: ArrayLike, *, least: int) -> IntArray:
    """Return the atoms whose element is in at least so many groups.

    Examples
    --------
    >>> atoms_of_common_elements([1, 8, 1, 1], [0, 0, 0, 1], least=2)
    array([0, 2, 3])
    """
    table = pd.DataFrame({"z": np.asarray(numbers), "group": np.asarray(groups)})
    n_groups = table.groupby("z")["group"].transform("nunique")
    found: IntArray = np.flatnonzero(n_groups >= least)
    return found
