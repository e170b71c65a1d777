"""Structure features from atomic ones: the cumulants of their distribution over the atoms."""

from dataclasses import dataclass
from math import comb
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics._input import (
    as_array,
    as_features,
    as_structure_index,
    check_same_structures,
)

MAX_ORDER = 8
EPSILON = float(np.finfo(np.float64).eps)
# Remains of rounding, relative to the size of the terms that cancel.
ROUNDING = 64 * EPSILON


def cumulant_features(
    X: ArrayLike, structure: ArrayLike, *, order: int, weights: ArrayLike | None = None
) -> FloatArray:
    """Describe every structure by the cumulants of each feature over its atoms.

    The blocks are kappa_1, the mean, then ``sign(kappa_k) |kappa_k|^(1/k)`` for k = 2..order, so
    that all have the unit of the features. kappa_k comes from the central moments m_k of the
    structure's own atoms (no correction for their number):
    ``kappa_n = m_n - sum_{k=2}^{n-2} binomial(n-1, k-1) kappa_k m_{n-k}``, e.g. m_4 - 3 m_2^2.
    The k-th root would blow up what rounding leaves of a vanishing cumulant: it is set to 0. That
    is more where numbers are large beside their spread, for deviations then have fewer digits.

    Parameters
    ----------
    X : array of shape (n_atoms, n_features)
    structure : array of int of shape (n_atoms,)
        The structure of each atom, in any order: 0 to n_structures - 1, each with an atom.
    order : int
        Highest cumulant, 1 (the average over atoms) to 8.
    weights : array of shape (n_atoms,), optional
        How often each atom is there, above 0; by default 1. A mixture is one structure.

    Returns
    -------
    array of shape (n_structures, order * n_features)
        Order k in the columns ``(k - 1) * n_features`` to ``k * n_features``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0], [3.0], [5.0]])
    >>> cumulant_features(X, np.array([0, 0, 1]), order=2)
    array([[2., 1.],
           [5., 0.]])
    """
    check_count("order", order, 1, MAX_ORDER)
    check_same_structures([("X", X), ("structure", structure)])
    atoms = as_features(X, "X")
    index = as_structure_index(structure, len(atoms))
    amounts = _as_weights(weights, len(atoms))
    largest = np.zeros(index.max() + 1)
    np.maximum.at(largest, index, amounts)
    order_of_atoms = np.argsort(index, kind="stable")
    # Weights of at most 1, so that no sum overflows.
    rows = _Rows(np.bincount(index), (amounts / largest[index])[order_of_atoms])
    mean, spread, deviation, blurred = _standardized(atoms[order_of_atoms], rows)
    powers = range(int(order) + 1)
    moments = [rows.mean(deviation**n) for n in powers]
    magnitudes = [rows.mean(np.abs(deviation) ** n) for n in powers]
    roots = roots_of(kappas_of(moments, magnitudes, blurred), spread)
    return np.concatenate([mean, *roots], axis=1)


def _as_weights(weights: ArrayLike | None, n_atoms: int) -> FloatArray:
    array = np.ones(n_atoms) if weights is None else as_array(weights, "weights")
    real = array.dtype.kind in "fiu"
    amounts: FloatArray = array.astype(np.float64) if real else np.zeros_like(array, dtype=float)
    if amounts.shape != (n_atoms,) or not (np.isfinite(amounts) & (amounts > 0)).all():
        got = f"weights: got shape {array.shape} of {array.dtype}, expected finite numbers above 0"
        raise ValueError(f"{got}, one for each of the {n_atoms} atoms")
    return amounts


def mean_over_atoms(X: ArrayLike, structure: ArrayLike) -> FloatArray:
    """Average features (n_atoms, n_channels) over atoms of structures 0 to n_structures - 1."""
    rows = as_features(X, "X")
    index = as_structure_index(structure, len(rows))
    sums = np.zeros((int(index.max()) + 1, rows.shape[1]))
    np.add.at(sums, index, rows)
    return sums / np.bincount(index)[:, None]


@dataclass(frozen=True)
class _Rows:
    """Where the rows of each structure are, sorted by structure: their numbers and weights."""

    sizes: IntArray
    weights: FloatArray

    @property
    def starts(self) -> IntArray:
        return np.cumsum(self.sizes) - self.sizes

    def mean(self, rows: FloatArray) -> FloatArray:
        """Average the rows of each structure."""
        sums = np.add.reduceat(rows * self.weights[:, None], self.starts, axis=0)
        return np.asarray(sums / np.add.reduceat(self.weights, self.starts)[:, None])

    def largest(self, rows: FloatArray) -> FloatArray:
        """Return the largest magnitude in each structure."""
        return np.asarray(np.maximum.reduceat(np.abs(rows), self.starts, axis=0))


def _standardized(
    atoms: FloatArray, rows: _Rows
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Means and spreads (n_structures, n_features), and the deviations in units of the spread.

    The spread is the largest deviation, so that no power of one over- or underflows; last comes
    how far, in this unit, the rounding of the numbers themselves may move a deviation.
    """
    mean = rows.mean(atoms)
    deviation = atoms - np.repeat(mean, rows.sizes, axis=0)
    # The mean is rounded, too, and would move all deviations one way: they get a mean of 0.
    deviation -= np.repeat(rows.mean(deviation), rows.sizes, axis=0)
    spread, largest = rows.largest(deviation), rows.largest(atoms)
    # The mean of equal numbers is off by rounding: those deviate by nothing.
    spread = np.where(spread > ROUNDING * largest, spread, 0.0)
    unit = np.where(spread > 0, spread, np.inf)
    return mean, spread, deviation / np.repeat(unit, rows.sizes, axis=0), EPSILON * largest / unit


def kappas_of(
    moments: list[FloatArray], magnitudes: list[FloatArray], blurred: FloatArray | float = 0.0
) -> list[FloatArray]:
    """Return kappa_2, kappa_3, ... of central moments (...); magnitudes are the absolute moments.

    The n-th power of a deviation, at most 1 and known to ``blurred``, is known to n times that.
    """
    cumulants: dict[int, FloatArray] = {}
    for n in range(2, len(moments)):
        terms = [comb(n - 1, k - 1) * cumulants[k] * moments[n - k] for k in range(2, n - 1)]
        kappa = moments[n] - sum(terms)
        size = magnitudes[n] + sum(np.abs(term) for term in terms)
        floor = np.maximum(ROUNDING, n * blurred) * size
        cumulants[n] = np.where(np.abs(kappa) > floor, kappa, 0.0)
    return list(cumulants.values())


def roots_of(kappas: list[FloatArray], spread: FloatArray) -> list[FloatArray]:
    """Give kappa_2, kappa_3, ..., in powers of the spread, the unit of the features."""
    return [np.sign(x) * np.abs(x) ** (1 / k) * spread for k, x in enumerate(kappas, 2)]


@dataclass(frozen=True)
class CentralMoments:
    """Sums of powers of deviations from the mean; those of two parts of the atoms add up to both.

    Examples
    --------
    >>> import numpy as np
    >>> from lumlip.metrics.cumulants import cumulant_features
    >>> X = np.array([[1.0], [3.0], [8.0]])
    >>> both = CentralMoments.of(X[:2]) + CentralMoments.of(X[2:])
    >>> np.allclose(both.features(3), cumulant_features(X, [0, 0, 0], order=3))
    True
    """

    mean: FloatArray  # (n_features,)
    sums: FloatArray  # (n_powers, n_features): sum_i (x_i - mean)^p for p = 0, 1, ...

    @classmethod
    def of(cls, X: ArrayLike, *, order: int = MAX_ORDER) -> Self:
        """Sum over the rows of X (n_atoms, n_features), up to the power that the order needs."""
        check_count("order", order, 1, MAX_ORDER)
        x = as_features(X, "X")
        powers = range(order + order % 2 + 1)
        mean = x.mean(axis=0)
        x = x - mean
        with np.errstate(over="ignore", invalid="ignore"):
            sums = np.stack([(x**p).sum(axis=0) for p in powers])
        if not np.isfinite(sums).all():
            raise ValueError("X: got deviations the powers of which overflow")
        return cls(mean, sums)

    def __add__(self, other: "CentralMoments") -> "CentralMoments":
        if self.sums.shape != other.sums.shape:
            shapes = f"{self.sums.shape} and {other.sums.shape}"
            raise ValueError(f"got sums of (powers, features) {shapes}, expected as many of both")
        mean = self.mean + (other.mean - self.mean) * other.sums[0] / (self.sums[0] + other.sums[0])
        return CentralMoments(mean, self._about(mean) + other._about(mean))

    def _about(self, mean: FloatArray) -> FloatArray:
        shift = self.mean - mean
        terms = [
            [comb(p, k) * self.sums[p - k] * shift**k for k in range(p + 1)]
            for p in range(len(self.sums))
        ]
        return np.stack([np.sum(some, axis=0) for some in terms])

    def features(self, order: int) -> FloatArray:
        """Return the row (1, order * n_features) of `cumulant_features` of all these atoms."""
        check_count("order", order, 1, len(self.sums) // 2 * 2)
        powers = np.arange(len(self.sums))[:, None]
        n, spread = self.sums[0], np.sqrt(self.sums[2] / self.sums[0])
        size = np.abs(self.mean) + spread
        spread = np.where(spread > ROUNDING * size, spread, 0.0)
        unit = np.where(spread > 0, spread, np.inf)
        moments = self.sums / n / unit**powers
        moments[1] = 0.0  # but for rounding
        # An odd absolute moment is at most the root of the product of its even neighbors.
        bounds = [np.sqrt(moments[p - p % 2] * moments[p + p % 2]) for p in range(order + 1)]
        kappas = kappas_of(list(moments[: order + 1]), bounds, EPSILON * size / unit)
        return np.concatenate([self.mean, *roots_of(kappas, spread)])[None]
