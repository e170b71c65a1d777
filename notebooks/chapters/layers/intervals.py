"""Root mean squares of errors by model, their differences, and 95 % intervals over structures."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.metrics.bootstrap import (
    Interval,
    Resampling,
    interval,
    interval_95,
    mean_rms,
    resampled_errors,
    with_interval,
)


def root_mean_square(errors: xr.DataArray) -> xr.DataArray:
    """Root mean square over the atoms."""
    return (errors**2).mean("atom") ** 0.5


def rms_rows(
    errors: xr.DataArray, groups: ArrayLike, **options: Unpack[Resampling]
) -> pd.DataFrame:
    """Root mean square of each model's errors (model, atom) with its 95 % interval over structures.

    Returns
    -------
    DataFrame indexed by model
        Columns ``value``, ``low`` and ``high``.
    """
    values = errors.to_numpy()
    draws = resampled_errors(values, groups=groups, **options)
    low, high = interval_95(draws, axis=-1)
    columns = {"value": np.sqrt((values**2).mean(axis=-1)), "low": low, "high": high}
    return pd.DataFrame(columns, index=pd.Index(errors["model"].to_numpy(), name="model"))


def as_text(rows: pd.DataFrame) -> pd.Series:
    """Write values with their intervals: "0.37 (0.34 to 0.42)"."""
    return rows.apply(lambda row: with_interval(row[["value", "low", "high"]]), axis=1)


def excess_rows(
    errors: xr.DataArray, groups: ArrayLike, **options: Unpack[Resampling]
) -> pd.DataFrame:
    """Error back minus error forth of every model (direction, model, atom), with its interval."""
    found = {}
    for model in errors["model"].to_numpy():
        back, forth = (errors.sel(direction=way, model=[model]) for way in ("back", "forth"))
        found[model] = difference_with_interval(back, forth, groups=groups, **options)
    return pd.DataFrame.from_dict(found, orient="index", columns=["value", "low", "high"])


def difference_with_interval(
    minuend: ArrayLike, subtrahend: ArrayLike, *, groups: ArrayLike, **options: Unpack[Resampling]
) -> Interval:
    """Mean of root mean squares minus that of others, with its 95 % interval over structures.

    Both sides share the draws of the test structures.

    Parameters
    ----------
    minuend, subtrahend : arrays of shape (n, n_test) and (m, n_test)
        Errors of the test atoms; each row is a model or a pair of models.
    groups : array of shape (n_test,)
        The structure of every test atom.
    options
        ``n_bootstrap`` and ``seed``.

    Returns
    -------
    Interval
        NaN if a side is empty.
    """
    sides = [np.asarray(side, dtype=float) for side in (minuend, subtrahend)]
    if not all(len(side) for side in sides):
        return Interval.missing()
    return interval(np.subtract(*(mean_rms(side, groups=groups, **options) for side in sides)))
