"""Errors of every test atom, summed up by pair, by family and by what the atoms are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import xarray as xr

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


def error_by_label(
    errors: xr.DataArray, labels: Sequence[object], pairs: BoolArray
) -> pd.DataFrame:
    """Break the errors down by a label of the atoms: by subset, by element.

    Parameters
    ----------
    errors : DataArray of shape (source, target, atom)
    labels : sequence of length n_test
        The label of every test atom.
    pairs : bool array of shape (n_sources, n_targets)
        The pairs to average over, as squares.

    Returns
    -------
    DataFrame indexed by label
        ``error``: root mean square over atoms and pairs; ``median``: that over the pairs, of
        the median atom; ``atoms``: number of test atoms.
        Hardest first.
    """
    per_atom = (errors.to_numpy()[pairs] ** 2).mean(axis=0)
    grouped = pd.Series(per_atom).groupby(np.asarray(labels))
    found = pd.DataFrame(
        {
            "error": np.sqrt(grouped.mean()),
            "median": np.sqrt(grouped.median()),
            "atoms": grouped.size(),
        }
    )
    return found.sort_values("error", ascending=False)


def carried_by_worst(errors: xr.DataArray, pairs: BoolArray, *, share: float) -> float:
    """Return which part of the squared error lies on the worst atoms.

    Parameters
    ----------
    errors : DataArray of shape (source, target, atom)
    pairs : bool array of shape (n_sources, n_targets)
    share : float
        Which part of the atoms counts as the worst, between 0 and 1.

    Returns
    -------
    float
        Between ``share``, if all atoms are alike, and 1.
    """
    per_atom = np.sort((errors.to_numpy()[pairs] ** 2).sum(axis=0))[::-1]
    n_worst = max(1, round(share * len(per_atom)))
    return float(per_atom[:n_worst].sum() / per_atom.sum())


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
