"""Means over pairs of models, and what names given at random would make of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lumlip.array_types import FloatArray


def mean_between(table: pd.DataFrame) -> float:
    """Return the mean over pairs of different models of a table; NaN entries do not count."""
    values = table.to_numpy(dtype=float)
    return float(np.nanmean(values[~np.eye(len(values), dtype=bool)]))


def null_of_names(table: pd.DataFrame, weights: FloatArray, *, n_draws: int = 2000) -> float:
    """97.5 % quantile of a difference of means over pairs, if the models' names meant nothing.

    Parameters
    ----------
    table : DataFrame of shape (n_models, n_models)
        Errors, row = source, column = target.
    weights : array of shape (n_models, n_models)
        Of the pairs in the difference, such as those between families minus those within.
    n_draws : int
        Random orders of the models.

    Examples
    --------
    >>> null_of_names(pd.DataFrame(np.ones((3, 3))), np.diag([1.0, 1.0, -2.0]), n_draws=9)
    0.0
    """
    values, rng = table.to_numpy(), np.random.default_rng(0)
    orders = (rng.permutation(len(values)) for _ in range(n_draws))
    found = [float((weights * values[np.ix_(order, order)]).sum()) for order in orders]
    return float(np.quantile(found, 0.975))
