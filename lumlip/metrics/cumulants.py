"""Structure features from atomic features: the cumulants of their distribution over the atoms."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

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
        How often each atom is there, any numbers above 0; by default once. Two copies of an atom
        and one with twice the weight are the same: a mixture is a structure with weights.

    Returns
    -------
    array of shape (n_structures, order * n_features)
        Order k in the columns ``(k - 1) * n_features`` to ``k * n_features``.

    Raises
    ------
    ValueError
        If a shape or the order does not fit, a number is not finite, a weight is not above 0, or a
        structure has no atom.

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
    kappas = kappas_of(moments, magnitudes, blurred)
    return np.concatenate([mean, *roots_of(kappas, spread)], axis=1)


def _as_weights(weights: ArrayLike | None, n_atoms: int) -> FloatArray:
    amounts = np.ones(n_atoms) if weights is None else as_array(weights, "weights")
    if amounts.dtype.kind not in "fiu":
        raise ValueError(f"weights: got dtype {amounts.dtype}, expected real numbers")
    amounts = amounts.astype(np.float64)
    if amounts.shape != (n_atoms,) or not (np.isfinite(amounts) & (amounts > 0)).all():
        raise ValueError(
            f"weights: got shape {amounts.shape}, expected finite numbers above 0, one for each "
            f"of the {n_atoms} atoms"
        )
    return amounts


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

    The spread is the largest deviation: in its unit no power of a deviation over- or underflows.
    Last comes how far, in this unit, the rounding of the numbers themselves may move a deviation.
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

    Deviations are known to ``blurred``, and so the n-th power of the largest, 1, to n times that.
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
