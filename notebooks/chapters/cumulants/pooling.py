"""Ways from atoms to structures beside the cumulants: sums, extremes, wider means."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics.cumulants import cumulant_features
from lumlip.metrics.pooling import mean_over_atoms

#: Radians per total standard deviation of the means: how wavy the cosines of `widened` are.
FREQUENCY = 2.0


def sum_over_atoms(X: ArrayLike, structure: ArrayLike) -> FloatArray:
    """Sum of the features over the atoms of each structure.

    Parameters and shapes as in :func:`lumlip.metrics.pooling.mean_over_atoms`.

    Examples
    --------
    >>> sum_over_atoms([[1.0], [3.0], [5.0]], [0, 0, 1])
    array([[4.],
           [5.]])
    """
    return mean_over_atoms(X, structure) * np.bincount(np.asarray(structure))[:, None]


def max_over_atoms(X: ArrayLike, structure: ArrayLike) -> FloatArray:
    """Largest value of each feature over the atoms of each structure.

    ``X`` of shape (n_atoms, n_channels) and ``structure`` (n_atoms,) as in `sum_over_atoms`.

    Examples
    --------
    >>> max_over_atoms([[1.0], [3.0], [5.0]], [0, 0, 1])
    array([[3.],
           [5.]])
    """
    rows, index = np.asarray(X, dtype=float), np.asarray(structure)
    largest = np.full((int(index.max()) + 1, rows.shape[1]), -np.inf)
    np.maximum.at(largest, index, rows)
    return largest


def widened(means: ArrayLike, *, n_columns: int, seed: int = 0) -> FloatArray:
    """Means with cosines of themselves beside them: as wide as cumulants, with nothing new.

    ``cos(FREQUENCY w . x + b)`` with x the means, centered and divided by their total standard
    deviation, w of normal numbers and b between 0 and 2 pi. A control: what cumulants do better
    than these is not due to the number of columns, nor to a curved function of the mean.

    Parameters
    ----------
    means : array of shape (n_structures, n_channels)
    n_columns : int
        At least n_channels.
    seed : int

    Returns
    -------
    array of shape (n_structures, n_columns)
        The means themselves come first.

    Raises
    ------
    ValueError
        Fewer columns than channels.
    """
    rows = np.asarray(means, dtype=float)
    n_channels = rows.shape[1]
    if n_columns < n_channels:
        raise ValueError(f"n_columns: got {n_columns}, expected {n_channels} or more")
    rng = np.random.default_rng(seed)
    directions = FREQUENCY * rng.normal(size=(n_channels, n_columns - n_channels))
    phases = rng.uniform(0, 2 * np.pi, size=n_columns - n_channels)
    spread = np.sqrt(rows.var(axis=0).sum()) or 1.0
    waves = np.cos((rows - rows.mean(axis=0)) / spread @ directions + phases)
    # Their sizes are those of the means, so that one penalty fits both.
    return np.hstack([rows, waves * spread / np.sqrt(n_columns)])


def poolings(
    X: ArrayLike,
    structure: ArrayLike,
    *,
    order: int = 8,
    cumulants: FloatArray | None = None,
    seed: int = 0,
) -> dict[str, FloatArray]:
    """Return several descriptions of the same structures, by name.

    ``"sum"``; ``"max"``; ``"mean"``; ``"mean, widened"`` to as many columns as the cumulants up to
    order 4 have; ``"mean and std"``, the cumulants up to order 2; the cumulants up to order 4, and
    up to ``order``.

    Parameters
    ----------
    X : array of shape (n_atoms, n_channels)
    structure : int array of shape (n_atoms,)
    order : int
        2 to 8.
    cumulants : array of shape (n_structures, order * n_channels), optional
        Those of X, if they are known already.
    seed : int
        Of `widened`.
    """
    if cumulants is None:
        cumulants = cumulant_features(X, structure, order=order)
    width = cumulants.shape[1] // order
    mean = cumulants[:, :width]
    named = {
        "sum": sum_over_atoms(X, structure),
        "max": max_over_atoms(X, structure),
        "mean": mean,
        "mean, widened": widened(mean, n_columns=min(4, order) * width, seed=seed),
        "mean and std": cumulants[:, : 2 * width],
    }
    higher = sorted({min(4, order), order})
    return named | {up_to(k): cumulants[:, : k * width] for k in higher}


def up_to(order: int) -> str:
    """Name of the cumulants up to an order."""
    return f"cumulants up to {order}"
