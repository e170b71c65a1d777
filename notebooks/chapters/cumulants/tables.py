"""Studies, tables and sentences of the chapter on averages and cumulants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import numpy as np
import pandas as pd
import xarray as xr

from chapters.cumulants.claims import mean_curve
from chapters.cumulants.pooling import widened
from chapters.cumulants.scaling import kappa_8, with_published_kappa_8
from chapters.cumulants.study import OrderStudy
from chapters.shared import breakdown
from lumlip.datasets.paper import paper_rows, paper_table
from lumlip.metrics.bootstrap import (
    Interval,
    Resampling,
    mean_with_interval,
    table_of,
    with_interval,
)
from lumlip.zoo.relations import family_of

ROWS = "cumulants/PET-MAD/last_layer/MAD-test"
BETWEEN = "cumulants/cross_model_order_8/last_layer/MAD-test"
FROM_MEAN, STEP = "gfre_from_order_1_to_K", "gfre_K_to_K+1"
#: Central moments m0 to m8 of three distributions, with a variance of 1.
DISTRIBUTIONS = {
    "normal": (1, 0, 1, 0, 3, 0, 15, 0, 105),
    "exponential": (1, 0, 1, 2, 9, 44, 265, 1854, 14833),
    "two values, each as often": (1, 0, 1, 0, 1, 0, 1, 0, 1),
}


def contents(study: OrderStudy) -> pd.DataFrame:
    """Count the structures of every subset, those for the test, and those with one or two atoms."""
    atoms = study.panel.atoms
    sizes = np.bincount(atoms["structure"].to_numpy())
    is_test = np.isin(np.arange(len(sizes)), study.test)
    counts = {"structures": sizes > 0, "test": is_test, "one atom": sizes == 1, "two": sizes == 2}
    table = pd.DataFrame({**counts, "subset": atoms["subset"].to_numpy()})
    return table.groupby("subset", sort=False).sum().astype(int)


def values_of(errors: xr.DataArray) -> xr.DataArray:
    """Root mean squares over the test structures: (model, order, structure) -> (model, order)."""
    values: xr.DataArray = (errors**2).mean("structure") ** 0.5
    return values


def order_table(
    curves: Mapping[str, Mapping[str, Mapping[int, Interval]]], order: int
) -> pd.DataFrame:
    """Compare with the paper, a row per order K: from the mean to K, and from K to the next.

    Parameters
    ----------
    curves : mapping of set to mapping of `FROM_MEAN` and `STEP` to curve
        Curves are from :func:`chapters.cumulants.claims.mean_curve`.
    order : int
        Highest.
    """
    published = paper_rows(ROWS)
    titles = {FROM_MEAN: "order 1 → K", STEP: "K → K + 1"}
    columns: dict[tuple[str, str], list[str]] = {}
    for kind, title in titles.items():
        numbers = [_number(published[kind].get(k, np.nan)) for k in range(1, order + 1)]
        columns[title, "paper: PET-MAD"] = numbers
        for name, curve in curves.items():
            here = curve[kind]
            rows = [
                with_interval(here[k], digits=3) if k in here else "" for k in range(1, order + 1)
            ]
            columns[title, f"here: {name}"] = rows
    index = pd.Index(range(1, order + 1), name="K")
    return pd.DataFrame(columns, index=index)


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else ""


def kappa_table(study: OrderStudy, **options: Unpack[Resampling]) -> pd.DataFrame:
    """The eighth cumulant right and as published: of known distributions, and what GFRE becomes.

    Parameters
    ----------
    study : OrderStudy
        The rows of GFRE need order 8.
    options
        ``n_bootstrap`` and ``seed``.
    """
    rows = {
        f"κ₈ of a distribution with variance 1: {name}": [
            f"{kappa_8(moments, as_published=wrong):g}" for wrong in (False, True)
        ]
        for name, moments in DISTRIBUTIONS.items()
    }
    if study.order == 8:
        both = [study.from_mean(), study.from_mean(with_published_kappa_8)]
        found = [mean_curve(errors, study, **options)[8] for errors in both]
        rows["GFRE, order 1 → 8, mean over models"] = [
            with_interval(curve, digits=3) for curve in found
        ]
        model = study.models[0]
        swapped = [f"{value:.3f}" for value in between_formulas(study, model)]
        rows[f"GFRE, from these eight orders to the others, {model}"] = swapped
    return pd.DataFrame.from_dict(rows, orient="index", columns=["right", "as published"])


def between_formulas(study: OrderStudy, model: str) -> tuple[float, float]:
    """GFRE of a model's features of order 8: from right to published, and back."""
    both = {"right": study.features[model]}
    both["published"] = with_published_kappa_8(both["right"])
    (_, there), (back, _) = table_of(study.errors(both)).to_numpy()
    return float(there), float(back)


def families_apart(
    study: OrderStudy, order: int, **options: Unpack[Resampling]
) -> tuple[pd.DataFrame, Interval]:
    """Table of errors between all models at one order, and its mean between families.

    The mean is NaN for a single model.
    """
    errors = study.between(order)
    pairs, _ = breakdown.between(study.models, family_of)
    groups = study.groups[study.test].tolist()
    some = pairs.any()
    mean = mean_with_interval(errors, pairs, groups, **options) if some else Interval.missing()
    return table_of(errors), mean


def from_widened_mean(study: OrderStudy, *, seed: int = 0) -> float:
    """GFRE to all orders from the mean with cosines of itself beside it, averaged over models.

    As low as that from order K, if the mean lacked nothing but bends, see
    :func:`chapters.cumulants.pooling.widened`.
    """
    values = []
    for model, means in study.up_to(1).items():
        wide = widened(means, n_columns=4 * means.shape[1], seed=seed)
        errors = study.errors({"mean": wide}, {"all": study.features[model]}).to_numpy()
        values.append(np.sqrt((errors**2).mean()))
    return float(np.mean(values))


def paper_value(order: int) -> float:
    """Return the paper's GFRE from the mean to an order; NaN if it has none."""
    return float(paper_rows(ROWS)[FROM_MEAN].get(order, np.nan))


def paper_between() -> float:
    """Return the paper's mean GFRE between models at order 8."""
    return breakdown.mean_between(paper_table(BETWEEN, "gfre"))
