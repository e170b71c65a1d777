"""A number with its 95 % interval: from draws, from orders of the folds, or over models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit


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
    def of(cls, value: float | np.floating, draws: ArrayLike) -> Self:
        """Take the middle 95 % of some draws of the number (n_draws,)."""
        return cls(float(value), *np.quantile(np.asarray(draws), [0.025, 0.975]).tolist())

    @classmethod
    def of_halves(cls, value: float | np.floating, halves: ArrayLike) -> Self:
        """Take 1.96 standard deviations of what random halves of the samples give (n_draws,).

        Halves drawn without replacement vary as sets of n samples do: their spread is the standard
        error. With replacement there are copies, which measures of neighbors take for agreement.
        """
        spread = 1.96 * float(np.std(np.asarray(halves, dtype=np.float64), ddof=1))
        return cls(float(value), float(value) - spread, float(value) + spread)


@dataclass(frozen=True)
class Estimate:
    """A number, its 95 % interval, and what each order of the folds gives alone.

    Examples
    --------
    >>> found = Estimate.over([Interval(0.5, 0.4, 0.6), Interval(0.7, 0.6, 0.8)])
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (0.6, 0.31, 0.89)
    """

    value: float
    low: float
    high: float
    by_seed: tuple[Interval, ...] = ()

    @classmethod
    def over(cls, by_seed: Sequence[Interval]) -> Self:
        """Mean over seeds; reaches of the interval: their mean, and the spread of the seeds."""
        value, low, high = np.array(by_seed, dtype=float).T
        # Of one seed nothing is known about others: its own interval is all there is.
        spread = 1.96 * value.std(ddof=1) if len(value) > 1 else 0.0
        mean = value.mean()
        down, up = np.hypot((value - low).mean(), spread), np.hypot((high - value).mean(), spread)
        return cls(float(mean), float(mean - down), float(mean + up), tuple(by_seed))

    @classmethod
    def missing(cls) -> Self:
        """Return NaN throughout: there is no such number."""
        return cls(np.nan, np.nan, np.nan)

    def map(self, function: Callable[[float], float]) -> "Estimate":
        """Apply a monotone function, such as that from an error to the share recovered."""

        def mapped(some: Interval | Estimate) -> Interval:
            ends = sorted(function(end) for end in (some.low, some.high))
            return Interval(function(some.value), *ends)

        return Estimate(*mapped(self), tuple(map(mapped, self.by_seed)))

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def jackknife(groups: Sequence[str], number: Callable[[list[int]], float]) -> Interval:
    """Interval of a number over models: each group, the family of every model, left out once.

    ``number`` gets the places of some of the models. The interval has Student's t of one degree of
    freedom less than there are groups; its ends are NaN with fewer than three.

    Examples
    --------
    >>> [round(end, 2) for end in jackknife("abc", lambda left: float(sum(left)))]
    [3.0, -1.97, 7.97]
    """
    names = list(dict.fromkeys(groups))
    value = number(list(range(len(groups))))
    if len(names) < 3:
        return Interval(value, np.nan, np.nan)
    parts = np.array([
        number([i for i, group in enumerate(groups) if group != name]) for name in names
    ])  # fmt: skip
    n = len(names)
    error = np.sqrt((n - 1) / n * np.square(parts - parts.mean()).sum())
    reach = float(stdtrit(n - 1, 0.975) * error)  # Student's t
    return Interval(value, value - reach, value + reach)
