"""Cumulants of atoms that do not come at once: a long trajectory, or blocks in many processes."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.choices import check_count
from lumlip.metrics._input import as_features
from lumlip.metrics.cumulants import EPSILON, MAX_ORDER, ROUNDING, kappas_of, roots_of


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
    def of(cls, X: ArrayLike, *, order: int = MAX_ORDER) -> CentralMoments:
        """Sum over the rows of X (n_atoms, n_features), up to the power that the order needs."""
        check_count("order", order, 1, MAX_ORDER)
        x = as_features(X, "X")
        powers = range(order + order % 2 + 1)
        mean = x.mean(axis=0)
        x = x - mean
        with np.errstate(over="ignore", invalid="ignore"):
            sums = np.stack([(x**p).sum(axis=0) for p in powers])
        if not np.isfinite(sums).all():
            size = np.abs(x).max()
            raise ValueError(f"X: got deviations up to {size:.2g}, the powers of which overflow")
        return cls(mean, sums)

    def __add__(self, other: CentralMoments) -> CentralMoments:
        if self.sums.shape != other.sums.shape:
            raise ValueError(
                f"got sums of (powers, features) {self.sums.shape} and {other.sums.shape}, "
                "expected as many of both"
            )
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
