"""The parts of cumulant features: how much each order weighs, and the published kappa_8."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray


def blocks(features: ArrayLike, order: int) -> FloatArray:
    """Cumulant features as blocks: (n_structures, order * d) -> (n_structures, order, d)."""
    array = np.asarray(features, dtype=float)
    if array.ndim != 2 or array.shape[1] % order:
        raise ValueError(f"features: got shape {array.shape}, expected (n, {order} * n_channels)")
    return array.reshape(len(array), order, -1)


def shares_of_orders(features: ArrayLike, *, order: int, train: ArrayLike) -> FloatArray:
    """Which part of the features' variance each order holds.

    Parameters
    ----------
    features : array of shape (n_structures, order * n_channels)
        From :func:`lumlip.metrics.cumulants.cumulant_features`.
    order : int
    train : int array
        Structures over which the variance is taken.

    Returns
    -------
    array of shape (order,)
        Adds up to 1.
    """
    variances = blocks(features, order)[np.asarray(train)].var(axis=0).sum(axis=1)
    shares: FloatArray = variances / variances.sum()
    return shares


def equal_orders(features: ArrayLike, *, order: int, train: ArrayLike) -> FloatArray:
    """Divide each order's block by its total standard deviation: all orders weigh the same.

    Parameters as in `shares_of_orders`. An order that does not vary stays as it is.
    """
    parts = blocks(features, order)
    sizes = np.sqrt(parts[np.asarray(train)].var(axis=0).sum(axis=1))
    scaled: FloatArray = parts / np.where(sizes > 0, sizes, 1.0)[:, None]
    return scaled.reshape(len(parts), -1)


def if_mean_says_nothing(shares: ArrayLike) -> FloatArray:
    """GFRE from order 1 to orders 1, 2, ... if the mean gave back itself and nothing else.

    Parameters
    ----------
    shares : array of shape (order,)
        From `shares_of_orders`.

    Examples
    --------
    >>> if_mean_says_nothing([0.5, 0.25, 0.25]).round(2)
    array([0.  , 0.58, 0.71])
    """
    known = np.asarray(shares, dtype=float)
    missed: FloatArray = np.sqrt(1 - known[0] / np.cumsum(known))
    return missed


def kappa_8(moments: Sequence[float], *, as_published: bool = False) -> float:
    """Eighth cumulant of central moments, right or as the paper prints it.

    ``m8 - 28 m6 m2 - 56 m5 m3 - 35 m4^2 + 420 m4 m2^2 + 560 m3^2 m2 - 630 m2^4``; the paper has 420
    and 560 interchanged, which adds ``140 m2 (m4 m2 - m3^2)``. By Pearson's inequality,
    ``m4 m2 >= m3^2 + m2^3``, that is never below ``140 m2^4``: always too much, never too little.

    Parameters
    ----------
    moments : sequence of 9 floats
        m0 to m8, with m0 = 1 and m1 = 0.
    as_published : bool

    Examples
    --------
    >>> gaussian = [1, 0, 1, 0, 3, 0, 15, 0, 105]
    >>> exponential = [1, 0, 1, 2, 9, 44, 265, 1854, 14833]
    >>> [kappa_8(m) for m in (gaussian, exponential)]
    [0.0, 5040.0]
    >>> [kappa_8(m, as_published=True) for m in (gaussian, exponential)]
    [420.0, 5740.0]
    """
    m = np.asarray(moments, dtype=float)
    a, b = (560, 420) if as_published else (420, 560)
    rest = m[8] - 28 * m[6] * m[2] - 56 * m[5] * m[3] - 35 * m[4] ** 2 - 630 * m[2] ** 4
    return float(rest + a * m[4] * m[2] ** 2 + b * m[3] ** 2 * m[2])


def with_published_kappa_8(features: ArrayLike) -> FloatArray:
    """Cumulant features of order 8 as the published formula gives them: the last block differs.

    Parameters
    ----------
    features : array of shape (n_structures, 8 * n_channels)

    Returns
    -------
    array of the same shape
    """
    parts = blocks(features, 8).copy()
    unit = parts[:, 1]  # the standard deviation: in its unit, kappa_2 is 1
    ratio = np.divide(parts, unit[:, None], out=np.zeros_like(parts), where=unit[:, None] > 0)
    third, fourth, eighth = (np.sign(r) * np.abs(r) ** k for k, r in _of(ratio, 3, 4, 8))
    published = np.where(unit > 0, eighth + 140 * (fourth + 3 - third**2), 0.0)
    parts[:, 7] = np.sign(published) * np.abs(published) ** (1 / 8) * unit
    return parts.reshape(len(parts), -1)


def _of(ratio: FloatArray, *orders: int) -> list[tuple[int, FloatArray]]:
    return [(k, ratio[:, k - 1]) for k in orders]
