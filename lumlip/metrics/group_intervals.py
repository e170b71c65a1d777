"""Intervals of root mean squares over atoms that come in groups, where a few groups weigh a lot.

Atoms of one structure, and structures of one parent, are not independent: groups are drawn, not
atoms. Squared errors have heavy tails, and the middle 95 % of plain draws then holds the truth
too rarely: the groups that would raise the error are missing in most test sets. Two bootstraps
of the *studentized* error, on a logarithmic scale, take its place, and the interval holds the ends
of both:

1. Groups are drawn with replacement. Every draw has its own standard error, from the linearized
   influence of its groups: ``t = (log e* - log e) / s*``, and ``log e - t s`` bounds the error.
2. The same, with the ``sqrt(n_groups)`` groups of largest weight replaced by draws of a Pareto law
   fitted to them (Hill's estimate), so that groups worse than all that were seen may come [1]_.

``book/methods.md`` has the measured coverage. What is *not* covered:

- fewer than ten groups;
- an error of which one group carries a tenth of the square or more (67 to 81 % on real errors):
  a sample without that group cannot know of it, see :mod:`lumlip.metrics.outliers`;
- squares without a variance, or nearly so: simulated errors of a Pareto law with exponent 3 are
  held in 85 to 90 %, those of a lognormal law of width 1.5 in 83 to 87 % with 40 groups or fewer
  (means over pairs: 79 to 85 % with 100 or fewer).

References
----------
.. [1] F. A. Cowell, E. Flachaire, "Income distribution and inequality measurement: the problem of
   extreme values", J. Econometrics 141, 1044 (2007).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics.splits import _codes

#: Fitted tails are no heavier: at 1 the mean does not exist, and near it the ends run away.
SMALLEST_EXPONENT = 1.2
#: Numbers drawn at a time, so that memory does not grow with the number of groups.
CHUNK = 2**20
#: Squares of less than this of the largest, and shares of the whole that are less, are rounding.
ROUNDING = 1e-12


def group_sums(errors: ArrayLike, groups: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Sums of the squared errors over the atoms of each group, and the number of its atoms.

    Parameters
    ----------
    errors : array of shape (..., n_atoms)
        In any unit.
    groups : array of shape (n_atoms,)
        The parent, or the structure, of every atom.

    Returns
    -------
    (array of shape (..., n_groups), array of shape (n_groups,))

    Raises
    ------
    ValueError
        If ``groups`` has another length than the errors.

    Examples
    --------
    >>> group_sums([1.0, 2.0, 3.0], ["b", "a", "b"])
    (array([ 4., 10.]), array([1., 2.]))
    """
    squares = np.square(np.asarray(errors, dtype=np.float64))
    labels = np.asarray(groups)
    if labels.shape != squares.shape[-1:]:
        raise ValueError(f"groups: got shape {labels.shape}, expected {squares.shape[-1:]}")
    group = _codes(labels)
    order = np.argsort(group, kind="stable")
    counts = np.bincount(group)
    starts = np.cumsum(counts) - counts
    return np.add.reduceat(squares[..., order], starts, axis=-1), counts.astype(np.float64)


def rms_interval(
    sums: ArrayLike, counts: ArrayLike, *, n_bootstrap: int = 1000, seed: int = 0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Root mean squares, each with its 95 % interval.

    Parameters
    ----------
    sums : array of shape (..., n_groups)
        Squared errors of each group, summed over its atoms, see `group_sums`.
    counts : array of shape (n_groups,)
        Atoms of each group.
    n_bootstrap, seed : int
        Draws of the groups; all intervals share them.

    Returns
    -------
    (array of shape (...), array of shape (...), array of shape (...))
        Value, low and high, in the unit of the errors; NaN for the ends with a single group.

    Raises
    ------
    ValueError
        If the shapes do not fit, a sum is negative or not finite, or a count is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.random.default_rng(0).lognormal(size=(2, 40))
    >>> value, low, high = rms_interval(sums, np.ones(40))
    >>> low.round(1), value.round(1), high.round(1)
    (array([1. , 1.3]), array([1.1, 1.5]), array([1.3, 1.8]))
    """
    array, n = _checked(sums, counts)
    found = _intervals(array.reshape(-1, array.shape[-1]), n, n_bootstrap=n_bootstrap, seed=seed)
    value, low, high = (part.reshape(array.shape[:-1]) for part in found)
    return value, low, high


def mean_rms_interval(
    sums: ArrayLike,
    counts: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Mean over pairs of their root mean squares, with its 95 % interval.

    The pairs share the groups: they are drawn together.

    Parameters
    ----------
    sums : array of shape (n_pairs, n_groups)
    counts : array of shape (n_groups,)
    weights : array of shape (n_pairs,), optional
        Of the pairs in the mean; by default all alike.
    n_bootstrap, seed : int
        As in `rms_interval`.

    Returns
    -------
    (float, float, float)
        Value, low and high.

    Raises
    ------
    ValueError
        As `rms_interval`.
    """
    series, n = _mean_series(sums, counts, weights)
    found = _intervals(series[None], n, n_bootstrap=n_bootstrap, seed=seed)
    value, low, high = (float(part[0]) for part in found)
    return value, low, high


def difference_interval(
    sums: ArrayLike,
    others: ArrayLike,
    counts: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    other_weights: ArrayLike | None = None,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Difference of two means over pairs of their root mean squares, with its 95 % interval.

    Both are measured on the same groups. With the reaches h = high - mean and l = mean - low of
    each, and the correlation c of the influences of the groups on them, the difference reaches
    upward by ``sqrt(s^2 + 2 (1 - c) h_1 l_2)`` and downward by ``sqrt(s^2 + 2 (1 - c) l_1 h_2)``,
    with ``s = max(|h_1 - h_2|, |l_1 - l_2|)``. For normal errors this is the usual interval; where
    both go up and down together, it vanishes. After [1]_, whose ``|h_1 - l_2|`` does not.

    Parameters
    ----------
    sums, others : arrays of shape (n_pairs, n_groups) and (n_other_pairs, n_groups)
    counts : array of shape (n_groups,)
    weights, other_weights : arrays of shape (n_pairs,) and (n_other_pairs,), optional
        As in `mean_rms_interval`.
    n_bootstrap, seed : int
        As in `rms_interval`.

    Returns
    -------
    (float, float, float)
        The first mean minus the second, low and high.

    Raises
    ------
    ValueError
        As `rms_interval`.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.random.default_rng(0).lognormal(size=(3, 40))
    >>> difference_interval(sums, sums, np.ones(40))
    (0.0, 0.0, 0.0)

    References
    ----------
    .. [1] G. Y. Zou, "Toward using confidence intervals to compare correlations", Psychol. Methods
       12, 399 (2007).
    """
    first, n = _mean_series(sums, counts, weights)
    second, _ = _mean_series(others, counts, other_weights)
    means, low, high = _intervals(np.stack([first, second]), n, n_bootstrap=n_bootstrap, seed=seed)
    (up, other_up), (down, other_down) = high - means, means - low
    apart = 2 * (1 - _correlation(first, second, n))
    together = max(abs(up - other_up), abs(down - other_down))
    value = float(means[0] - means[1])
    upward = float(np.sqrt(together**2 + apart * up * other_down))
    downward = float(np.sqrt(together**2 + apart * down * other_up))
    return value, value - downward, value + upward


def _checked(sums: ArrayLike, counts: ArrayLike) -> tuple[FloatArray, FloatArray]:
    array, n = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if n.ndim != 1 or n.size == 0 or array.shape[-1:] != n.shape:
        raise ValueError(
            f"sums and counts: got shapes {array.shape} and {n.shape}, "
            "expected (..., n_groups) and (n_groups,)"
        )
    if not (np.isfinite(array).all() and (array >= 0).all() and (n > 0).all()):
        raise ValueError(
            "sums and counts: got negative or no numbers, expected sums of squares and counts"
        )
    return array, n


def _mean_series(
    sums: ArrayLike, counts: ArrayLike, weights: ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """Sums of a single series whose root mean square is the mean over pairs: (n_groups,).

    To first order in the weights of the groups it also varies as that mean does; exactly so if
    all pairs have their errors in the same groups.
    """
    array, n = _checked(sums, counts)
    if array.ndim != 2 or len(array) == 0:
        raise ValueError(f"sums: got shape {array.shape}, expected (n_pairs, n_groups)")
    total = array.sum(axis=1)
    roots = np.sqrt(total / n.sum())
    w = np.ones(len(array)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != roots.shape or not (w >= 0).all() or w.sum() == 0:
        raise ValueError(f"weights: got {w}, expected {len(roots)} numbers, none below 0")
    w = w / w.sum()
    # sum_p w_p r_p S_p / A_p: a pair that is rebuilt exactly adds nothing.
    slope = np.divide(w * roots, total, out=np.zeros_like(total), where=total > 0)
    return w @ roots * n.sum() * (slope @ array), n


def _correlation(first: FloatArray, second: FloatArray, counts: FloatArray) -> float:
    """Correlation of the influences of the groups on two root mean squares."""
    if first.sum() == 0 or second.sum() == 0:
        return 0.0
    one, other = (sums / sums.sum() - counts / counts.sum() for sums in (first, second))
    norm = np.sqrt((one @ one) * (other @ other))
    return float(np.clip(one @ other / norm, -1, 1)) if norm > 0 else 0.0


def _intervals(
    series: FloatArray, counts: FloatArray, *, n_bootstrap: int, seed: int
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
    ends: FloatArray = np.exp(np.array([value, value - below.max(), value + above.max()]))
    return ends
