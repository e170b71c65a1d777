"""Errors of every test atom, summed up by pair, by family and by what the atoms are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from lumlip.array_types import BoolArray, FloatArray


def across(models: Sequence[str], group: Callable[[str], str]) -> BoolArray:
    """Return which ordered pairs (n_models, n_models) join two different groups of models."""
    names = np.array([group(model) for model in models])
    return np.asarray(names[:, None] != names[None, :])


def within(models: Sequence[str], group: Callable[[str], str]) -> BoolArray:
    """Return which ordered pairs join two different models of one group."""
    return ~across(models, group) & ~np.eye(len(models), dtype=bool)


def between(models: Sequence[str], group: Callable[[str], str]) -> tuple[BoolArray, str]:
    """Return the pairs of models to compare, and what the other model is called in a sentence.

    These are the pairs of different families, or all pairs if there is one family only.
    """
    pairs = across(models, group)
    if pairs.any():
        return pairs, "a model of another family"
    return within(models, group), "another model"


def mean_between(table: pd.DataFrame) -> float:
    """Return the mean over pairs of different models of a table; NaN entries do not count."""
    values = table.to_numpy(dtype=float)
    return float(np.nanmean(values[~np.eye(len(values), dtype=bool)]))


def asymmetry(tables: FloatArray, pairs: BoolArray) -> FloatArray:
    """Mean over pairs of the difference between the two directions.

    Parameters
    ----------
    tables : array of shape (n_models, n_models, ...)
    pairs : symmetric bool array of shape (n_models, n_models)

    Examples
    --------
    >>> float(asymmetry(np.array([[0.0, 0.5], [0.7, 0.0]]), ~np.eye(2, dtype=bool)).round(3))
    0.2
    """
    difference: FloatArray = np.abs(tables - tables.swapaxes(0, 1))[pairs].mean(axis=0)
    return difference


def asymmetry_above_noise(tables: FloatArray, pairs: BoolArray) -> tuple[float, float]:
    """`asymmetry` less what noise alone would give, and that noise.

    Directions that are equally far seem to differ, too, and absolute values do not cancel. With
    ``d`` the difference of a pair and ``d*`` that of a draw, ``d* - d`` is distributed about as
    the error of ``d``, so that the noise is ``mean |d* - d|`` over pairs and draws. What is left,
    ``mean |d| - mean |d* - d|``, is 0 on average without any asymmetry (it may be negative), and
    too small by up to the noise where directions do differ.

    Parameters
    ----------
    tables : array of shape (n_models, n_models, 1 + n_bootstrap)
        On all test atoms, then on every draw of the groups.
    pairs : symmetric bool array of shape (n_models, n_models)

    Returns
    -------
    (float, float)
        Asymmetry above the noise, and the noise, in the unit of the tables.

    Raises
    ------
    ValueError
        If the tables hold no draws.

    Examples
    --------
    >>> draws = np.array([[[0, 0, 0], [0.5, 0.4, 0.6]], [[0.7, 0.7, 0.7], [0, 0, 0]]])
    >>> above, noise = asymmetry_above_noise(draws, ~np.eye(2, dtype=bool))
    >>> round(above, 3), round(noise, 3)
    (0.1, 0.1)
    """
    if tables.ndim != 3 or tables.shape[2] < 2:
        raise ValueError(
            f"tables: got shape {tables.shape}, expected (n_models, n_models, 1 + n_bootstrap)"
        )
    noise = float(asymmetry(tables[..., 1:] - tables[..., :1], pairs).mean())
    return float(asymmetry(tables[..., 0], pairs)) - noise, noise


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
