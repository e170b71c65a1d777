"""Curves of train sizes and of neighbors: known limits, and what is left out."""

import numpy as np
import pytest

from chapters.controls.sweeps import (
    Limit,
    by_neighbors,
    by_train,
    determined,
    fitted,
    global_on_part,
    limit_with_interval,
    per_doubling,
)
from chapters.shared.variations import Sample

SIZES = np.array([100, 200, 400, 800, 1600])
NAMES = ("sevennet-0", "chgnet-0.3.0")


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(600, 4))
    return {name: np.tanh(hidden @ rng.normal(size=(4, 6))) for name in NAMES}


@pytest.fixture(scope="module")
def sample():
    return Sample(np.arange(500), np.arange(500, 600), np.arange(500, 600) // 5)


@pytest.mark.parametrize("curve", [Limit(0.4, 3.0, 0.5), Limit(0.0, 9.0, 1.0)])
def test_a_curve_is_found_again(curve):
    found = fitted(SIZES, curve.at(SIZES))
    assert np.isclose(found.limit, curve.limit, atol=0.02)
    assert np.allclose(found.at(SIZES), curve.at(SIZES), atol=1e-3)


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="expected three or more"):
        fitted([1, 2], [0.1, 0.2])


def test_draws_give_an_interval_of_the_limit():
    rng = np.random.default_rng(0)
    curve = Limit(0.4, 3.0, 0.5).at(SIZES)[:, None]
    draws = curve + np.column_stack([np.zeros(5), 0.002 * rng.normal(size=(5, 50))])
    value, low, high = limit_with_interval(SIZES, draws)
    assert low < value < high
    assert np.isclose(value, 0.4, atol=0.02)
    assert np.isnan(limit_with_interval(SIZES[:3], draws[:3])[0])
    assert per_doubling(SIZES, draws)[0] < 0


def test_neighbors_beyond_the_train_atoms_are_left_out(features, sample):
    options = {"n_bootstrap": 10, "seed": 0}
    table = by_neighbors(features, sample, [4, 64, 5000], every=2, **options)
    assert list(table.index) == [4, 64]
    assert (table["low"] <= table["value"]).all()
    # two smooth functions of the same few numbers: a local map beats the global one
    assert table.loc[64, "median"] < global_on_part(features, sample, every=2)[1]


def test_more_train_atoms_do_no_harm(features, sample):
    table, draws = by_train(
        features, sample, np.arange(600) // 5, [0.05, 0.3, 1.0], n_bootstrap=10, seed=0
    )
    assert list(table.index) == [25, 150, 500]
    assert draws.shape == (3, 11)
    assert table["value"].iloc[-1] < table["value"].iloc[0]
    assert determined(table.index, features).tolist() == [False, True, True]
