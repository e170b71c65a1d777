"""Intervals of root mean squares where a few groups of atoms weigh a lot.

Squared errors have heavy tails, and the middle 95 % of plain draws then holds the truth
too rarely: the groups that would raise the error are missing in most test sets. Two bootstraps
of the *studentized* error, on a logarithmic scale, take its place, and the interval holds the ends
of both:

1. Groups are drawn with replacement. Every draw has its own standard error, from the linearized
   influence of its groups: ``t = (log e* - log e) / s*``, and ``log e - t s`` bounds the error.
2. The same, with the ``sqrt(n_groups)`` groups of largest weight replaced by draws of a Pareto law
   fitted to them (Hill's estimate), so that groups worse than all that were seen may come [1]_.

*Not* covered (``book/methods.md`` has the measured coverage) are fewer than ten groups; an error of
which one group carries a tenth of the square or more; and squares without a variance, or nearly so.

References
----------
.. [1] F. A. Cowell, E. Flachaire, "Income distribution and inequality measurement: the problem of
   extreme values", J. Econometrics 141, 1044 (2007).
"""

from collections.abc import Iterator
from typing import TypedDict

import numpy as np

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.choices import check_count

#: Fitted tails are no heavier: at 1 the mean does not exist, and near it the ends run away.
SMALLEST_EXPONENT = 1.2
#: Numbers drawn at a time, so that memory does not grow with the number of groups.
CHUNK = 2**20
#: Squares of less than this of the largest, and shares of the whole that are less, are rounding.
ROUNDING = 1e-12


class Draws(TypedDict, total=False):
    """Draws of the groups, which all intervals of a call share."""

    n_bootstrap: int
    seed: int


def studentized(
    series: FloatArray, counts: FloatArray, *, n_bootstrap: int = 1000, seed: int = 0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Value, low and high of several series of sums (n_series, n_groups)."""
    check_count("n_bootstrap", n_bootstrap, 1)
    series = np.where(series > ROUNDING * series.max(axis=1, keepdims=True), series, 0.0)
    parts = [
        [_studentized(sums, counts, *draw) for sums in series]
        for draw in _draws(len(counts), n_bootstrap, np.random.default_rng(seed))
    ]
    t = np.concatenate(parts, axis=2)
    ends = [_ends(sums, counts, of_sums) for sums, of_sums in zip(series, t, strict=True)]
    value, low, high = np.array(ends).reshape(-1, 3).T
    return value, low, high


def _draws(
    n_groups: int, n_bootstrap: int, rng: np.random.Generator
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Groups of each draw, and exponential numbers for the tail: (n_draws, n_groups) both."""
    size = max(1, CHUNK // n_groups)
    for start in range(0, n_bootstrap, size):
        shape = (min(size, n_bootstrap - start), n_groups)
        yield rng.integers(n_groups, size=shape), rng.exponential(size=shape)


def _log_error(sums: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logarithm of the root mean square, and its standard error: (...) from (..., n_groups)."""
    total, n = sums.sum(axis=-1, keepdims=True), counts.sum(axis=-1, keepdims=True)
    n_groups = sums.shape[-1]
    influence = (sums / total - counts / n) / 2
    influence[np.abs(influence) < ROUNDING] = 0.0  # of a draw of one group, again and again
    spread = np.sqrt(np.square(influence).sum(axis=-1) * n_groups / (n_groups - 1))
    return np.log(total / n)[..., 0] / 2, spread


@np.errstate(divide="ignore", invalid="ignore")  # draws without any error, or of one group alone
def _studentized(
    sums: FloatArray, counts: FloatArray, draw: IntArray, excess: FloatArray
) -> FloatArray:
    """``t`` of every draw, from the groups as they are and with a fitted tail: (2, n_draws)."""
    drawn, n_drawn = sums[draw], counts[draw]
    value, spread = _log_error(drawn, n_drawn)
    plain = (value - _log_error(sums, counts)[0]) / spread
    is_top, rescaling, exponent = _tail(sums)
    mean_law = np.where(is_top, sums * rescaling * exponent / (exponent - 1), sums)
    hit = is_top[draw]
    drawn[hit] *= rescaling[draw[hit]] * np.exp(excess[hit] / exponent)
    value, spread = _log_error(drawn, n_drawn)
    return np.stack([plain, (value - _log_error(mean_law, counts)[0]) / spread])


def _tail(sums: FloatArray) -> tuple[BoolArray, FloatArray, float]:
    """Groups of the tail, what scales each to where the tail starts, and the Pareto exponent."""
    n_top = int(np.sqrt(len(sums)))
    order = np.argsort(sums, kind="stable")
    is_top = np.zeros(len(sums), dtype=bool)
    is_top[order[-n_top:]] = True
    rescaling = sums[order[max(len(sums) - n_top - 1, 0)]] / sums
    exponent = -1 / np.log(rescaling[is_top]).mean()  # infinite if the top is even
    return is_top, rescaling, float(np.clip(exponent, SMALLEST_EXPONENT, 1e6))


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # of few groups an end may be inf
def _ends(sums: FloatArray, counts: FloatArray, t: FloatArray) -> FloatArray:
    """Value, and the outer ends of both bootstraps ``t`` (2, n_draws), in the unit of errors."""
    value, spread = _log_error(sums, counts)
    finite = [some[np.isfinite(some)] for some in t]
    reaches = [np.quantile(some, [0.025, 0.975]) * spread for some in finite if some.size]
    # Without any finite t nothing varies, but for a single group, of which nothing is known.
    nothing = np.full(2, np.nan if len(sums) == 1 else 0.0)
    above, below = np.transpose([*reaches, nothing]) * [[-1], [1]]
    return np.asarray(np.exp(np.array([value, value - below.max(), value + above.max()])))
