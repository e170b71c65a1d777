"""Tables of errors with the interval of every pair, from a cross-fit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chapters.shared.heat_tables import HeatTable, heat_table
from lumlip.metrics.repeated import CrossFit


def pair_ends(fit: CrossFit) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the lower and the upper ends of each pair's 95 % interval.

    Returns
    -------
    low, high : DataFrame of shape (n_sources, n_targets)
    """
    low, high = fit.table.copy(), fit.table.copy()
    for i, j in np.ndindex(fit.table.shape):
        one = np.zeros(fit.table.shape)
        one[i, j] = 1
        found = fit.mean(one)
        low.iloc[i, j], high.iloc[i, j] = found.low, found.high
    return low, high


def heat_of(fit: CrossFit, *, label: str = "GFRE", vmax: float = 1.0) -> HeatTable:
    """Show every pair's error, mean over the orders of the folds, with its interval.

    Parameters
    ----------
    fit : CrossFit
    label, vmax
        As in :func:`chapters.shared.heat_tables.heat_table`.
    """
    low, high = pair_ends(fit)
    return heat_table(fit.table, label=label, low=low, high=high, vmax=vmax)
