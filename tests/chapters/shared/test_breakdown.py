"""Means over pairs of models."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from chapters.shared.breakdown import mean_between, null_of_names
from lumlip.metrics.bootstrap import table_of

MODELS = ["a-1", "a-2", "b-1"]


@pytest.fixture
def errors():
    values = np.random.default_rng(0).random((3, 3, 40))
    return xr.DataArray(
        values, dims=("source", "target", "atom"), coords={"source": MODELS, "target": MODELS}
    )


def test_table_is_the_root_mean_square(errors):
    table = table_of(errors)
    wanted = np.sqrt(np.mean(errors.sel(source="a-1", target="b-1").to_numpy() ** 2))
    assert table.loc["a-1", "b-1"] == pytest.approx(wanted)


def test_mean_between_skips_the_diagonal_and_what_is_not_published():
    table = pd.DataFrame([[9.0, 0.2], [np.nan, 9.0]])
    assert mean_between(table) == pytest.approx(0.2)


def test_null_of_names_is_what_the_best_of_forty_orders_reaches():
    families = np.array(["a", "a", "b", "b"])
    same = families[:, None] == families
    weights = np.where(same, -1 / 4, 1 / 8) * ~np.eye(4, dtype=bool)
    table = pd.DataFrame(1.0 - same)
    assert (weights * table).to_numpy().sum() == 1
    # A third of all orders of two pairs keeps the pairs: their difference is 1 again.
    assert null_of_names(table, weights, n_draws=300) == 1
