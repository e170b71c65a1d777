"""Errors by what atoms or structures are: which elements, which subsets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.group_intervals import group_sums, mean_rms_interval
from lumlip.metrics.repeated import Estimate

#: A label in fewer parents is not listed: nothing is known of its spread.
LEAST = 5


def rms(errors: FloatArray, groups: IntArray, *, n_bootstrap: int) -> Estimate:
    """Root mean square of errors of shape (n_seeds, n), drawn by groups (n,)."""
    if not len(groups):
        return Estimate.missing()
    sums, counts = group_sums(errors, groups)
    found = (mean_rms_interval(some[None], counts, n_bootstrap=n_bootstrap) for some in sums)
    return Estimate.over([Interval(*one) for one in found])


def apart(one: Estimate, other: Estimate) -> Estimate:
    """Difference of two numbers that are measured on different structures.

    The reaches add up in squares. Where one holds the other's structures, too, it reaches too far.

    >>> print(apart(Estimate(0.7, 0.4, 1.0), Estimate(0.5, 0.1, 0.9)))
    0.20 (-0.30 to 0.70)
    """
    value = one.value - other.value
    down = np.hypot(one.value - one.low, other.high - other.value)
    up = np.hypot(one.high - one.value, other.value - other.low)
    return Estimate(value, float(value - down), float(value + up))


def by_label(
    errors: ArrayLike, labels: ArrayLike, groups: ArrayLike, *, n_bootstrap: int = 200
) -> pd.DataFrame:
    """Root mean square error by label, the largest first.

    Parameters
    ----------
    errors : array of shape (n_seeds, n)
        Of atoms or structures, in any unit, for several orders of folds.
    labels, groups : arrays of shape (n,)
        What is told apart, and the parents, which are drawn for the intervals.

    Returns
    -------
    DataFrame indexed by label
        ``n``, ``parents``, and `Estimate` each: ``error``, and ``beyond``, that less the error of
        all. Labels in fewer than `LEAST` parents are left out.
    """
    squares, names, parents = np.asarray(errors, float), np.asarray(labels), np.asarray(groups)
    whole = rms(squares, parents, n_bootstrap=n_bootstrap)
    rows = {}
    for name in np.unique(names):
        some = names == name
        if (n := len(np.unique(parents[some]))) >= LEAST:
            error = rms(squares[:, some], parents[some], n_bootstrap=n_bootstrap)
            rows[name] = [int(some.sum()), n, error, apart(error, whole)]
    columns = ["n", "parents", "error", "beyond"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.sort_values("error", key=lambda found: found.map(lambda e: -e.value))


def harder(table: pd.DataFrame) -> pd.DataFrame:
    """Return the labels whose error is above that of all, whole interval, from `by_label`."""
    return table.loc[[found.low > 0 for found in table["beyond"]]]
