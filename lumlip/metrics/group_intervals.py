"""Intervals of root mean squares over atoms that come in groups, such as structures or parents.

Atoms of one group are not independent: groups are drawn, with all their atoms.
"""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics._studentized import Draws, studentized
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.splits import _codes


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
    sums: ArrayLike, counts: ArrayLike, **draws: Unpack[Draws]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Root mean squares, each with its 95 % interval, of the studentized bootstrap.

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
    found = studentized(array.reshape(-1, array.shape[-1]), n, **draws)
    value, low, high = (part.reshape(array.shape[:-1]) for part in found)
    return value, low, high


def mean_rms_interval(
    sums: ArrayLike,
    counts: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    **draws: Unpack[Draws],
) -> Interval:
    """Mean over pairs of their root mean squares, as `rms_interval`, of groups that they share.

    Of sums (n_pairs, n_groups); weights (n_pairs,) of the pairs in the mean, by default all alike.
    """
    series, n = _mean_series(sums, counts, weights)
    found = studentized(series[None], n, **draws)
    return Interval(*(float(part[0]) for part in found))


def difference_interval(
    sums: ArrayLike,
    others: ArrayLike,
    counts: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    other_weights: ArrayLike | None = None,
    **draws: Unpack[Draws],
) -> Interval:
    """Difference of two means over pairs of their root mean squares, with its 95 % interval.

    Both, each as of `mean_rms_interval`, are measured on the same groups. With the reaches
    h = high - mean and l = mean - low of each, and the correlation c of the influences of the
    groups on them, the difference reaches upward by ``sqrt(s^2 + 2 (1 - c) h_1 l_2)`` and downward
    by ``sqrt(s^2 + 2 (1 - c) l_1 h_2)``, with ``s = max(|h_1 - h_2|, |l_1 - l_2|)``. For normal
    errors this is the usual interval; where both go up and down together, it vanishes. After [1]_,
    whose ``|h_1 - l_2|`` does not.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.random.default_rng(0).lognormal(size=(3, 40))
    >>> difference_interval(sums, sums, np.ones(40))
    Interval(value=0.0, low=0.0, high=0.0)

    References
    ----------
    .. [1] G. Y. Zou, "Toward using confidence intervals to compare correlations", Psychol. Methods
       12, 399 (2007).
    """
    first, n = _mean_series(sums, counts, weights)
    second, _ = _mean_series(others, counts, other_weights)
    means, low, high = studentized(np.stack([first, second]), n, **draws)
    (up, other_up), (down, other_down) = high - means, means - low
    apart = 2 * (1 - _correlation(first, second, n))
    together = max(abs(up - other_up), abs(down - other_down))
    value = float(means[0] - means[1])
    upward = float(np.sqrt(together**2 + apart * up * other_down))
    downward = float(np.sqrt(together**2 + apart * down * other_up))
    return Interval(value, value - downward, value + upward)


def _checked(sums: ArrayLike, counts: ArrayLike) -> tuple[FloatArray, FloatArray]:
    array, n = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if n.ndim != 1 or n.size == 0 or array.shape[-1:] != n.shape:
        got = f"sums and counts: got shapes {array.shape} and {n.shape}"
        raise ValueError(f"{got}, expected (..., n_groups) and (n_groups,)")
    if not (np.isfinite(array).all() and (array >= 0).all() and (n > 0).all()):
        raise ValueError("sums and counts: got negative or no numbers, expected sums of squares")
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
