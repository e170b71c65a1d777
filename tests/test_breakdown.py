"""Sums over pairs, subsets and resamples."""

import numpy as np
import pytest
import xarray as xr

from lumlip.breakdown import across, error_by_label, mean_with_interval, table_of, within

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
