"""Intervals of one split: the test structures drawn anew, the maps as they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics.group_intervals import group_sums


class Interval(NamedTuple):
    """A number, and the lower and upper end of its 95 % interval.

    Examples
    --------
    >>> Interval.of(50, range(101))
    Interval(value=50.0, low=2.5, high=97.5)
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float | np.floating, draws: ArrayLike) -> Interval:
        """Take the middle 95 % of some draws of the number (n_draws,)."""
        return cls(float(value), *np.quantile(np.asarray(draws), [0.025, 0.975]).tolist())

    @classmethod
    def of_halves(cls, value: float | np.floating, halves: ArrayLike) -> Interval:
        """Take 1.96 standard deviations of what random halves of the samples give (n_draws,).

        A mean over n samples varies between halves drawn without replacement as much as it varies
        between sets of n samples, so that their spread is the standard error. Drawing with
        replacement would make copies, which measures of neighbors take for perfect agreement.
        """
        spread = 1.96 * float(np.std(np.asarray(halves, dtype=np.float64), ddof=1))
        return cls(float(value), float(value) - spread, float(value) + spread)


def bootstrap_interval(
    errors: ArrayLike,
    *,
    groups: ArrayLike,
    n_bootstrap: int,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """Interval of root mean square errors when the test groups are drawn anew, with replacement.

    Every draw takes as many groups (structures) as there are, all atoms of each, and the root of
    the ratio of the sums over them. All errors share the draws, so that they can be compared.

    Parameters
    ----------
    errors : array of shape (..., n_test)
        Errors of the test atoms, in any unit; the fitted maps stay as they are.
    groups : array of shape (n_test,)
        The structure of every test atom.
    n_bootstrap : int
        Number of draws.
    level : float
        Share of the draws inside the interval, between 0 and 1.
    seed : int

    Returns
    -------
    (array of shape (...), array of shape (...))
        Lower and upper bound, in the unit of the errors.

    Raises
    ------
    ValueError
        If a length, ``n_bootstrap`` or ``level`` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> errors = np.repeat([0.1, 0.2, 0.3, 0.4], 5)
    >>> low, high = bootstrap_interval(errors, groups=np.repeat(range(4), 5), n_bootstrap=500)
    >>> bool(low < 0.2 < np.sqrt(np.mean(errors**2)) < high)
    True
    """
    if n_bootstrap < 1 or not 0 < level < 1:
        raise ValueError(
            f"got n_bootstrap={n_bootstrap} and level={level}, expected 1 or more, and 0 to 1"
        )
    sums, n_atoms = group_sums(errors, groups)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(n_atoms), np.full(len(n_atoms), 1 / len(n_atoms)), n_bootstrap)
    resampled = np.sqrt((sums @ draws.T) / (draws @ n_atoms))
    tail = (1 - level) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=-1)
    return low, high
