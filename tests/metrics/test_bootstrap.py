"""Distances of models, and what is computed from them draw by draw."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from lumlip.metrics.bootstrap import Distances, interval, pooled

GROUPS = np.repeat(np.arange(10), 3).tolist()


def distances(names):
    values = np.random.default_rng(0).random((len(names), len(names), len(GROUPS)))
    errors = xr.DataArray(
        values, dims=("source", "target", "atom"), coords={"source": names, "target": names}
    )
    return errors, Distances.of(errors, GROUPS, n_bootstrap=100)


def test_first_draw_is_all_test_atoms():
    errors, found = distances(["a", "b"])
    wanted = np.sqrt(np.mean(errors.sel(source="a", target="b").to_numpy() ** 2))
    assert found.to("a", "b")[0] == pytest.approx(wanted)
    assert found.draws.shape == (2, 2, 101)


def test_distance_is_the_mean_of_both_directions_and_over_models():
    _, found = distances(["a", "b", "c"])
    both = (found.to("a", "c") + found.to("c", "a")) / 2
    np.testing.assert_allclose(found.between("a", "c"), both)
    np.testing.assert_allclose(found.between("c", "a"), both)
    mean = (both + found.between("b", "c")) / 2
    np.testing.assert_allclose(found.between(["a", "b"], "c"), mean)


def test_missing_models_are_left_out_of_a_mean_and_give_nan_alone():
    _, found = distances(["a", "c"])
    np.testing.assert_allclose(found.between(["a", "b"], "c"), found.between("a", "c"))
    assert np.isnan(found.between("b", "c")).all()
    assert np.isnan(found.between([], "c")).all()
    assert np.isnan(interval(found.between("b", "c") - found.between("a", "c"))).all()


def test_interval_holds_the_value_and_shares_draws_in_a_difference():
    _, found = distances(["a", "b"])
    value, low, high = interval(found.between("a", "b"))
    assert low < value < high
    nothing = found.between("a", "b") - found.between("b", "a")
    assert interval(nothing) == (0, 0, 0)


def test_exact_tables_have_no_width():
    table = pd.DataFrame([[0, 0.2], [0.4, 0]], index=["a", "b"], columns=["a", "b"])
    value, low, high = interval(Distances.exact(table).between("a", "b"))
    assert value == low == high == pytest.approx(0.3)


def test_pooled_takes_the_families_that_are_there():
    one, two, none = np.array([1.0, 2.0]), np.array([3.0, 6.0]), np.full(1, np.nan)
    np.testing.assert_allclose(pooled([one, two, none]), [2, 4])
    assert np.isnan(pooled([none])).all()
    assert np.isnan(pooled([])).all()
