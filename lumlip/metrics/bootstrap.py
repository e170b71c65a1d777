"""Distances between models: reconstruction errors both ways, with draws of the test structures.

What is computed from distances (a mean, a difference, a ratio) is computed draw by draw: its
interval then knows that all of them were measured on the same structures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics.group_intervals import group_sums


class Resampling(TypedDict, total=False):
    """Options of a bootstrap, for functions that pass them on."""

    n_bootstrap: int
    seed: int


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
        """Take the middle 95 % of some draws of the number (n_draws,), see `interval_95`."""
        return cls(float(value), *(float(end) for end in interval_95(draws)))

    @classmethod
    def of_halves(cls, value: float | np.floating, halves: ArrayLike) -> Interval:
        """Take the spread on random halves of the samples (n_draws,), see `interval_of_halves`."""
        return cls(*(float(end) for end in interval_of_halves(value, halves)))

    @classmethod
    def missing(cls) -> Interval:
        """Return NaN thrice: there is no such number."""
        return cls(np.nan, np.nan, np.nan)


def with_interval(found: Sequence[float], *, digits: int = 2, sign: str = "") -> str:
    """Write (value, low, high); a dash if there is no such number.

    Parameters
    ----------
    found : sequence of three floats
    digits : int
        After the point.
    sign : str
        ``"+"`` to write it before positive numbers, too.

    Examples
    --------
    >>> with_interval((0.5, 0.4, 0.61)), with_interval((0.5, -0.4, 0.6), digits=1, sign="+")
    ('0.50 (0.40 to 0.61)', '+0.5 (-0.4 to +0.6)')
    >>> with_interval(Interval.missing())
    '-'
    """
    if np.isnan(list(found)).all():
        return "-"
    value, low, high = (f"{number:{sign}.{digits}f}" for number in found)
    return f"{value} ({low} to {high})"


def resampled_errors(
    errors: ArrayLike, *, groups: ArrayLike, n_bootstrap: int, seed: int = 0
) -> FloatArray:
    """Root mean square errors of many draws of the test groups, with replacement.

    Parameters
    ----------
    errors : array of shape (..., n_test)
        Of the test atoms, in any unit.
    groups : array of shape (n_test,)
        The structure of every test atom.
    n_bootstrap, seed : int
        All errors share the draws.

    Returns
    -------
    array of shape (..., n_bootstrap)
        In the unit of the errors.

    Raises
    ------
    ValueError
        If ``groups`` has another length than the errors.
    """
    sums, n_atoms = group_sums(errors, groups)
    n_groups = len(n_atoms)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_bootstrap)
    resampled: FloatArray = np.sqrt((sums @ draws.T) / (draws @ n_atoms))
    return resampled


def interval_95(draws: ArrayLike, *, axis: int | None = None) -> FloatArray:
    """Lower and upper end of the middle 95 % of some draws.

    Parameters
    ----------
    draws : array of shape (..., n_draws, ...)
    axis : int, optional
        Along which the draws lie; all of the array by default.

    Returns
    -------
    array of shape (2, ...)
        In the unit of the draws.

    Examples
    --------
    >>> interval_95(range(101))
    array([ 2.5, 97.5])
    """
    ends: FloatArray = np.quantile(np.asarray(draws, dtype=np.float64), [0.025, 0.975], axis=axis)
    return ends


def interval_of_halves(
    value: ArrayLike, halves: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return values with 95 % intervals from their numbers on random halves of the samples.

    A mean over n samples varies between halves drawn without replacement as much as it varies
    between sets of n samples, so that their spread is the standard error. Drawing with replacement
    would make copies, which measures of neighbors take for perfect agreement.

    Parameters
    ----------
    value : array of shape (...)
    halves : array of shape (n_draws, ...)
        In the unit of the value.

    Returns
    -------
    (array of shape (...), array of shape (...), array of shape (...))
        The value, and 1.96 standard deviations of the draws below and above it.
    """
    middle = np.asarray(value, dtype=np.float64)
    spread = 1.96 * np.std(np.asarray(halves, dtype=np.float64), axis=0, ddof=1)
    return middle, middle - spread, middle + spread


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
    resampled = resampled_errors(errors, groups=groups, n_bootstrap=n_bootstrap, seed=seed)
    tail = (1 - level) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=-1)
    return low, high


def table_of(errors: xr.DataArray) -> pd.DataFrame:
    """Root mean square over test atoms: the table of errors, row = source, column = target.

    Parameters
    ----------
    errors : DataArray of shape (source, target, atom)
        From :func:`lumlip.metrics.reconstruction.pointwise_errors`.
    """
    values = np.sqrt((errors**2).mean("atom").to_numpy())
    return pd.DataFrame(
        values,
        index=list(errors["source"].values),
        columns=list(errors["target"].values),
    )
