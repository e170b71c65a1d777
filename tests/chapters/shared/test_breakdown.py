"""Sums over pairs, subsets and resamples."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from chapters.shared.breakdown import (
    across,
    asymmetry_above_noise,
    between,
    mean_between,
    null_of_names,
    within,
)
from lumlip.metrics.bootstrap import table_of

MODELS = ["a-1", "a-2", "b-1"]


def family(model):
    return model[0]


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


def test_pairs_are_across_or_within_or_the_same():
    whole = across(MODELS, family).astype(int) + within(MODELS, family) + np.eye(3, dtype=int)
    assert (whole == 1).all()
    assert across(MODELS, family).sum() == 4
    assert within(MODELS, family).sum() == 2


def test_one_family_is_compared_within_itself():
    pairs, other = between(MODELS, family)
    assert (pairs == across(MODELS, family)).all()
    assert other == "a model of another family"
    pairs, other = between(["a-1", "a-2"], family)
    assert pairs.tolist() == [[False, True], [True, False]]
    assert other == "another model"


def test_mean_between_skips_the_diagonal_and_what_is_not_published():
    table = pd.DataFrame([[9.0, 0.2], [np.nan, 9.0]])
    assert mean_between(table) == pytest.approx(0.2)


def noisy_tables(difference, n_models, rng):
    """True directions differ by +- difference; the first table and each draw add noise of 0.1."""
    sign = np.triu(np.where(rng.random((n_models, n_models)) < 0.5, -1, 1), 1)
    found = 0.5 + difference / 2 * (sign - sign.T) + rng.normal(0, 0.1, (n_models, n_models))
    draws = found[..., None] + rng.normal(0, 0.1, (n_models, n_models, 400))
    return np.concatenate([found[..., None], draws], axis=2)


def test_asymmetry_that_is_noise_is_taken_off():
    pairs = ~np.eye(40, dtype=bool)
    above, noise = asymmetry_above_noise(noisy_tables(0, 40, np.random.default_rng(0)), pairs)
    # The mean |x| of a normal number is sqrt(2 / pi) of its width, sqrt(2) * 0.1 for differences.
    assert noise == pytest.approx(0.2 / np.sqrt(np.pi), rel=0.01)
    assert above == pytest.approx(0, abs=0.01)
    above, noise = asymmetry_above_noise(noisy_tables(0.8, 40, np.random.default_rng(0)), pairs)
    assert above + noise == pytest.approx(0.8, abs=0.02)


def test_asymmetry_above_noise_needs_draws():
    with pytest.raises(ValueError, match=r"tables: got shape \(2, 2, 1\), expected"):
        asymmetry_above_noise(np.zeros((2, 2, 1)), ~np.eye(2, dtype=bool))


def test_null_of_names_is_what_the_best_of_forty_orders_reaches():
    families = np.array(["a", "a", "b", "b"])
    same = families[:, None] == families
    weights = np.where(same, -1 / 4, 1 / 8) * ~np.eye(4, dtype=bool)
    table = pd.DataFrame(1.0 - same)
    assert (weights * table).to_numpy().sum() == 1
    # A third of all orders of two pairs keeps the pairs: their difference is 1 again.
    assert null_of_names(table, weights, n_draws=300) == 1
