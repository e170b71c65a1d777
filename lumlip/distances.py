"""Distances between models: reconstruction errors both ways, with draws of the test structures.

What is computed from distances (a mean, a difference, a ratio) is computed draw by draw: its
interval then knows that all of them were measured on the same structures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from lumlip.breakdown import table_of
from lumlip.splits import interval_95, resampled_errors

FloatArray = NDArray[np.float64]
#: In place of draws where a model is missing; goes through all arithmetic.
NOTHING: FloatArray = np.full(1, np.nan)


@dataclass(frozen=True)
class Distances:
    """Reconstruction errors among models, with resamples of the test structures.

    Attributes
    ----------
    table : DataFrame of shape (n_models, n_models)
        Errors on all test atoms, row = source, column = target.
    draws : array of shape (n_models, n_models, 1 + n_bootstrap)
        The same, then those of every resample.
    """

    table: pd.DataFrame
    draws: FloatArray

    @classmethod
    def of(
        cls, errors: xr.DataArray, groups: Sequence[int], *, n_bootstrap: int = 500, seed: int = 0
    ) -> Distances:
        """Make them from the errors of every test atom.

        Parameters
        ----------
        errors : DataArray of shape (source, target, atom)
            From :func:`lumlip.reconstruction.pointwise_errors`, square.
        groups : sequence of int, length n_test
            The structure of every test atom.
        """
        table = table_of(errors)
        resampled = resampled_errors(errors, groups=groups, n_bootstrap=n_bootstrap, seed=seed)
        return cls(table, np.concatenate([table.to_numpy()[..., None], resampled], axis=-1))

    @classmethod
    def exact(cls, table: pd.DataFrame) -> Distances:
        """Take a published table: without resamples, so every interval is the number itself."""
        values = table.to_numpy(dtype=float)
        return cls(table, np.stack([values, values], axis=-1))

    def to(self, source: str, target: str) -> FloatArray:
        """Error in one direction (1 + n_bootstrap,); NaN if one of the models is missing."""
        names = list(self.table.index)
        if source not in names or target not in names:
            return NOTHING
        found: FloatArray = self.draws[names.index(source), names.index(target)]
        return found

    def between(self, some: str | Sequence[str], other: str) -> FloatArray:
        """Distance: mean of both directions, and over those of ``some`` that are there.

        Returns
        -------
        array of shape (1 + n_bootstrap,)
            On all test atoms, then on every resample; NaN if no pair is there.
        """
        names = [some] if isinstance(some, str) else some
        ways = [self.to(*pair) for name in names for pair in ((name, other), (other, name))]
        present = [way for way in ways if np.isfinite(way[0])]
        return np.mean(present, axis=0) if present else NOTHING


def interval(draws: FloatArray) -> tuple[float, float, float]:
    """Return the value on all test atoms, and the 95 % interval of the resamples.

    Parameters
    ----------
    draws : array of shape (1 + n_bootstrap,)
        A distance, or what was computed from some: a difference, a mean, a ratio. NaN throughout
        if a model was missing.
    """
    if not np.isfinite(draws[0]):
        return np.nan, np.nan, np.nan
    low, high = interval_95(draws[1:])
    return float(draws[0]), float(low), float(high)


def pooled(families: Sequence[FloatArray]) -> FloatArray:
    """Mean over families, draw by draw; NaN if there is none.

    The families share the test structures and their draws, so the means have an interval, too.
    """
    present = [draws for draws in families if np.isfinite(draws[0])]
    return np.mean(present, axis=0) if present else NOTHING
