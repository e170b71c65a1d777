"""Sums over pairs, subsets and resamples."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from chapters.latent_spaces.claims import minis_against
from chapters.shared.breakdown import (
    across,
    asymmetry_above_noise,
    between,
    carried_by_worst,
    error_by_label,
    mean_between,
    within,
)
from lumlip.metrics.bootstrap import mean_with_interval, table_of

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


def test_labels_share_out_the_squared_error(errors):
    labels = np.arange(40) % 3
    pairs = across(MODELS, family)
    found = error_by_label(errors, labels, pairs)
    total = (found["error"] ** 2 * found["atoms"]).sum() / found["atoms"].sum()
    assert total == pytest.approx((errors.to_numpy()[pairs] ** 2).mean())
    assert found["error"].is_monotonic_decreasing


def test_interval_covers_the_mean_and_shrinks_with_more_structures(errors):
    pairs = across(MODELS, family)
    mean, low, high = mean_with_interval(errors, pairs, np.arange(40))
    assert low < mean < high
    assert mean == pytest.approx(table_of(errors).to_numpy()[pairs].mean())
    _, low_few, high_few = mean_with_interval(errors, pairs, np.arange(40) // 10)
    assert high_few - low_few > 0
    tiled = xr.concat([errors] * 25, "atom")
    _, low_many, high_many = mean_with_interval(tiled, pairs, np.arange(1000))
    # 25 times the structures: an interval 5 times narrower, up to the noise of 200 resamples.
    assert (high - low) / (high_many - low_many) == pytest.approx(5, rel=0.3)


def test_one_structure_has_no_spread(errors):
    mean, low, high = mean_with_interval(errors, across(MODELS, family), np.zeros(40, dtype=int))
    assert low == pytest.approx(mean)
    assert high == pytest.approx(mean)


def test_worst_atoms_carry_at_least_their_share(errors):
    pairs = across(MODELS, family)
    even = xr.ones_like(errors)
    assert carried_by_worst(even, pairs, share=0.1) == pytest.approx(0.1)
    even[:, :, 7] = 1e6
    assert carried_by_worst(even, pairs, share=0.025) == pytest.approx(1)
    assert 0.1 < carried_by_worst(errors, pairs, share=0.1) < 0.5


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


def test_minis_and_published_models_never_share_a_mean():
    names = ["small-a", "small-b", "real-a", "real-b"]
    values = [[0, 0.1, 0.6, 0.7], [0.3, 0, 0.8, 0.9], [0.4, 0.5, 0, 0.2], [0.6, 0.7, 0.4, 0]]
    table = pd.DataFrame(values, index=names, columns=names)
    said = minis_against(table, ["small-a", "small-b", "not-run"])
    assert "Among the minis the mean GFRE is 0.20 (among these published models: 0.30)" in said
    assert "rebuilt from minis with 0.75, minis from published models with 0.55" in said
    assert "do not make" not in said  # these minis are more alike than the published ones
    worse = table.replace({0.1: 0.5, 0.3: 0.6})
    assert "do not make different architectures alike" in minis_against(
        worse, ["small-a", "small-b"]
    )
    assert "no minis" in minis_against(table, [])
    one = minis_against(table.iloc[:3, :3], ["small-a", "small-b"])
    assert "among these" not in one


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
