"""The claims of the first finding: different potentials have different latent spaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from chapters.shared.breakdown import asymmetry
from lumlip.array_types import BoolArray, FloatArray
from lumlip.book.findings import Claim
from lumlip.metrics.bootstrap import Interval, mean_with_interval, resampled_errors

FAR, DIRECTED = 0.5, 0.05


def claims(
    errors: Mapping[str, xr.DataArray],
    pairs: BoolArray,
    groups: Sequence[int],
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> list[Claim]:
    """Return the claims with their numbers; none without pairs.

    Parameters
    ----------
    errors : dict of {"gfre", "lfre"} to DataArray of shape (source, target, atom)
    pairs : symmetric bool array of shape (n_models, n_models)
        The pairs of different families.
    groups : sequence of int, length n_test
        The structure of every test atom.
    """
    if not pairs.any():
        return []
    options = {"n_bootstrap": n_bootstrap, "seed": seed}
    far = mean_with_interval(errors["gfre"], pairs, groups, **options)
    directed = statistic_with_interval(
        errors["gfre"], partial(asymmetry, pairs=pairs), groups, **options
    )
    helped = _gain_of_median(errors, pairs, groups, **options)
    return [
        Claim(f"the mean GFRE between families is above {FAR:g}", *far, bound=FAR),
        Claim(
            f"the two directions of a pair differ by more than {DIRECTED:g} on average",
            *directed,
            bound=DIRECTED,
        ),
        Claim("a local map lowers the error of the median atom", *helped, bound=0.0),
    ]


def statistic_with_interval(
    errors: xr.DataArray,
    statistic: Callable[[FloatArray], FloatArray | np.float64],
    groups: Sequence[int],
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> Interval:
    """Any number read off a table of errors, with its 95 % interval over test structures.

    Parameters
    ----------
    errors : DataArray of shape (source, target, atom)
    statistic : callable
        Of a table (n_sources, n_targets); also of many, (n_sources, n_targets, n_bootstrap).
    groups : sequence of int, length n_test
        The structure of every test atom.
    """
    table = np.sqrt((errors.to_numpy() ** 2).mean(axis=-1))
    draws = resampled_errors(errors, groups=groups, n_bootstrap=n_bootstrap, seed=seed)
    return Interval.of(float(statistic(table)), statistic(draws))


def _gain_of_median(
    errors: Mapping[str, xr.DataArray],
    pairs: BoolArray,
    groups: Sequence[int],
    *,
    n_bootstrap: int,
    seed: int,
) -> Interval:
    """Median global minus median local error over pairs and atoms, with its interval."""
    of_atom = np.asarray(groups)
    members = [np.flatnonzero(of_atom == group) for group in np.unique(of_atom)]
    values = [errors[metric].to_numpy()[pairs] for metric in ("gfre", "lfre")]
    rng, draws = np.random.default_rng(seed), []
    for _ in range(n_bootstrap):
        chosen = rng.integers(len(members), size=len(members))
        atoms = np.concatenate([members[i] for i in chosen])
        draws.append(np.median(values[0][:, atoms]) - np.median(values[1][:, atoms]))
    return Interval.of(np.median(values[0]) - np.median(values[1]), draws)


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
