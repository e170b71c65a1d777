"""Errors of every test atom, summed up by pair, by family and by what the atoms are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from lumlip.splits import interval_95, resampled_errors


def table_of(errors: xr.DataArray) -> pd.DataFrame:
    """Root mean square over test atoms: the table of errors, row = source, column = target.

    Parameters
    ----------
    errors : DataArray of shape (source, target, atom)
        From :func:`lumlip.reconstruction.pointwise_errors`.
    """
    values = np.sqrt((errors**2).mean("atom").to_numpy())
    return pd.DataFrame(
        values,
        index=list(errors["source"].values),
        columns=list(errors["target"].values),
    )


def across(models: Sequence[str], group: Callable[[str], str]) -> NDArray[np.bool_]:
    """Return which ordered pairs (n_models, n_models) join two different groups of models."""
    names = np.array([group(model) for model in models])
    return np.asarray(names[:, None] != names[None, :])


def within(models: Sequence[str], group: Callable[[str], str]) -> NDArray[np.bool_]:
    """Return which ordered pairs join two different models of one group."""
    return ~across(models, group) & ~np.eye(len(models), dtype=bool)


def between(models: Sequence[str], group: Callable[[str], str]) -> tuple[NDArray[np.bool_], str]:
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


def minis_against(table: pd.DataFrame, minis: Sequence[str]) -> str:
    """Say how well minis rebuild each other and published models, never in one mean.

    Parameters
    ----------
    table : DataFrame of shape (n_models, n_models)
        Errors, row = source, column = target.
    minis : sequence of str
        Which of the models are minis.
    """
    small = np.array([model in minis for model in table.index])
    if small.sum() < 2 or small.all():
        return "This run compares no minis with published models."
    values = table.where(~np.eye(len(table), dtype=bool)).to_numpy(dtype=float)
    among, to, back, published = (
        np.nanmean(values[np.ix_(rows, columns)]) if rows.sum() > 1 or columns.sum() > 1 else np.nan
        for rows, columns in ((small, small), (small, ~small), (~small, small), (~small, ~small))
    )
    others = "" if np.isnan(published) else f" (among these published models: {published:.2f})"
    apart = " The same labels do not make different architectures alike."
    return (
        f"Among the minis the mean GFRE is {among:.2f}{others}; published models are rebuilt "
        f"from minis with {to:.2f}, minis from published models with {back:.2f}."
        + (apart if among >= published else "")
    )


def error_by_label(
    errors: xr.DataArray, labels: Sequence[object], pairs: NDArray[np.bool_]
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


def carried_by_worst(errors: xr.DataArray, pairs: NDArray[np.bool_], *, share: float) -> float:
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


def mean_with_interval(
    errors: xr.DataArray,
    pairs: NDArray[np.bool_],
    groups: Sequence[int],
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Mean error over pairs of models, with its 95 % interval over test structures.

    Every resample draws whole structures with replacement, takes each pair's root mean square over
    the atoms of the draw, and averages over the pairs. The fitted maps stay as they are.

    Parameters
    ----------
    errors : DataArray of shape (source, target, atom)
    pairs : bool array of shape (n_sources, n_targets)
    groups : sequence of int, length n_test
        The structure of every test atom.

    Returns
    -------
    (float, float, float)
        Mean, lower and upper bound.
    """
    chosen = errors.to_numpy()[pairs]
    draws = resampled_errors(chosen, groups=groups, n_bootstrap=n_bootstrap, seed=seed)
    low, high = interval_95(draws.mean(axis=0))
    return float(np.sqrt((chosen**2).mean(axis=1)).mean()), float(low), float(high)


def statistic_with_interval(
    errors: xr.DataArray,
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64] | np.float64],
    groups: Sequence[int],
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Any number read off a table of errors, with its 95 % interval over test structures.

    Parameters
    ----------
    errors : DataArray of shape (source, target, atom)
    statistic : callable
        Of a table (n_sources, n_targets); also of many, (n_sources, n_targets, n_bootstrap).
    groups : sequence of int, length n_test
        The structure of every test atom.

    Returns
    -------
    (float, float, float)
        Value, lower and upper bound.
    """
    table = np.sqrt((errors.to_numpy() ** 2).mean(axis=-1))
    draws = resampled_errors(errors, groups=groups, n_bootstrap=n_bootstrap, seed=seed)
    low, high = interval_95(statistic(draws))
    return float(statistic(table)), float(low), float(high)


def asymmetry(tables: NDArray[np.float64], pairs: NDArray[np.bool_]) -> NDArray[np.float64]:
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
    difference: NDArray[np.float64] = np.abs(tables - tables.swapaxes(0, 1))[pairs].mean(axis=0)
    return difference
