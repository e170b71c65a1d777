"""How the variance of features is spread over directions, and features cut to some of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.datasets.properties import one_hot
from lumlip.metrics._input import as_features, of_unit_size


def _axes(X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variances (n_features,) and axes (n_features, n_features) of all atoms.

    From the covariance matrix, which is much faster than from the features; it resolves variances
    down to 1e-16 of the largest, more than is asked for here.
    """
    rows = X - X.mean(axis=0)
    variance, axes = np.linalg.eigh(rows.T @ rows / len(rows))
    return variance[::-1].clip(min=0), axes.T[::-1]


def leading_share(X: ArrayLike, *, train: ArrayLike) -> float:
    """Share of the variance that lies along the first principal axis.

    Parameters
    ----------
    X : array of shape (n_atoms, n_features)
    train : int array of shape (n_train,)
        The atoms to look at.
    """
    rows = of_unit_size(as_features(X, "X"), "X")
    variance, _ = _axes(rows[np.asarray(train)])
    if not variance[0] > 0:
        raise ValueError("X: got features that are the same for all train atoms")
    return float(variance[0] / variance.sum())


def narrowed(
    X: ArrayLike,
    width: int,
    *,
    how: Literal["pca", "random"] = "pca",
    seed: int = 0,
) -> FloatArray:
    """Cut features to fewer columns.

    Parameters
    ----------
    X : array of shape (n_atoms, n_features)
    width : int
        Number of columns to keep.
    how : {"pca", "random"}
        Keep the directions of the largest variance, or random orthogonal ones.
    seed : int
        Of the random directions.

    Returns
    -------
    array of shape (n_atoms, width)

    Raises
    ------
    ValueError
        A width that is not between 1 and the number of features, or more than PCA can give.
    """
    rows = np.asarray(X, dtype=float)
    if how == "pca":
        axes = _axes(rows)[1]
    else:
        random = np.random.default_rng(seed).normal(size=(rows.shape[1],) * 2)
        axes = np.linalg.qr(random)[0].T
    if not 1 <= width <= len(axes):
        raise ValueError(f"width: got {width}, expected 1 to {len(axes)}")
    cut: FloatArray = rows @ axes[:width].T
    return cut


def without_leading(X: ArrayLike, n_directions: int) -> FloatArray:
    """Take the directions of the largest variance out of features.

    Parameters
    ----------
    X : array of shape (n_atoms, n_features)
    n_directions : int
        How many; fewer than the features span.

    Returns
    -------
    array of shape (n_atoms, n_features)
        Centered.
    """
    rows = np.asarray(X, dtype=float)
    rows = rows - rows.mean(axis=0)
    axes = _axes(rows)[1][:n_directions]
    left: FloatArray = rows - (rows @ axes.T) @ axes
    return left


def energy_in_leading(
    last_layer: ArrayLike, structure: ArrayLike, numbers: ArrayLike, energy: ArrayLike
) -> float:
    """How much of an atom's energy the leading direction of the last layer is: their R^2.

    The energy of a structure is a linear function of its summed last layer and of how many atoms
    of each element it has. So least squares over the structures give the weights back, and
    with them the energy ``w . x_i`` that the last layer gives to each atom (for gated heads
    approximately).

    Parameters
    ----------
    last_layer : array of shape (n_atoms, n_channels)
    structure : int array of shape (n_atoms,)
        Index of every atom's structure.
    numbers : int array of shape (n_atoms,)
        Atomic numbers.
    energy : array of shape (n_structures,)
        In eV.

    Returns
    -------
    float
        Squared correlation over the atoms, 0 to 1; NaN with too few structures for the fit.
    """
    X, owner, z = np.asarray(last_layer, dtype=float), np.asarray(structure), np.asarray(numbers)
    terms = np.hstack([X, one_hot(z)])
    sums = np.zeros((int(owner.max()) + 1, terms.shape[1]))
    np.add.at(sums, owner, terms)
    if len(sums) < 2 * terms.shape[1]:
        return float("nan")
    n_atoms = np.bincount(owner)
    per_atom = np.asarray(energy, dtype=float) / n_atoms
    weights = np.linalg.lstsq(sums / n_atoms[:, None], per_atom, rcond=1e-9)[0]
    centered = X - X.mean(axis=0)
    leading = centered @ _axes(X)[1][0]
    return float(np.corrcoef(leading, centered @ weights[: X.shape[1]])[0, 1] ** 2)
