"""Cross-fits with several orders of folds: values, intervals, weights of pairs."""

import numpy as np
import pytest
import xarray as xr

from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.cross_fit import cross_fitted_errors
from lumlip.metrics.repeated import CrossFit, Estimate, jackknife, orders_of, pair_weights

RNG = np.random.default_rng(0)
N = 300
X = RNG.normal(size=(N, 5))
FEATURES = {
    "x": X,
    "bent": np.tanh(X @ RNG.normal(size=(5, 5))),
    "noisy": X + RNG.normal(size=(N, 5)),
}
ATOMS = xr.Dataset(
    coords={
        "structure": ("atom", np.repeat(np.arange(60), 5)),
        "subset": ("structure", np.repeat(["bulk", "surface"], 30)),
        "parent": ("structure", [f"p{i // 2}" for i in range(60)]),
    }
)
ORDERS = orders_of(ATOMS, n_folds=5, n_seeds=3)
FOUND = CrossFit.of(FEATURES, orders=ORDERS, n_bootstrap=100)
WEIGHTS = pair_weights(["a", "b", "a"])


def test_table_and_mean_are_those_of_the_errors():
    tables = [
        np.sqrt((cross_fitted_errors(FEATURES, folds=order) ** 2).mean("atom")) for order in ORDERS
    ]
    np.testing.assert_allclose(FOUND.table, np.mean(tables, axis=0))
    mean = FOUND.mean(WEIGHTS)
    np.testing.assert_allclose(mean.value, (WEIGHTS * FOUND.table.to_numpy()).sum())
    assert len(mean.by_seed) == 3
    assert mean.low < min(some.value for some in mean.by_seed)
    assert mean.high > max(some.value for some in mean.by_seed)


def test_share_is_what_the_squared_error_leaves():
    tables = np.sqrt(FOUND.sums.sum(axis=-1) / N)
    share = (WEIGHTS * (1 - tables**2)).sum(axis=(1, 2)).mean()
    # The mean over seeds is taken of the root mean squares: it differs in second order.
    assert FOUND.share(WEIGHTS).value == pytest.approx(share, abs=1e-3)
    assert FOUND.share(WEIGHTS).low < share < FOUND.share(WEIGHTS).high


def test_difference_of_a_mean_and_itself_is_nothing():
    assert FOUND.difference(WEIGHTS, WEIGHTS) == Estimate(0, 0, 0, (Interval(0, 0, 0),) * 3)
    other = pair_weights(["a", "b", "a"], within=True)
    found = FOUND.difference(WEIGHTS, other)
    assert found.value == pytest.approx(FOUND.mean(WEIGHTS).value - FOUND.mean(other).value)


def test_parts_keep_their_numbers_and_left_out_groups_do_not_count():
    part = FOUND.only(["noisy", "x"], ["bent"])
    np.testing.assert_array_equal(part.table, FOUND.table.loc[["noisy", "x"], ["bent"]])
    left_out = np.arange(len(FOUND.counts)) == 3
    without = FOUND.without_groups(left_out)
    assert without.counts.sum() == N - FOUND.counts[3]
    np.testing.assert_array_equal(without.sums, np.delete(FOUND.sums, 3, axis=-1))


def test_only_the_atoms_asked_for_count():
    some = np.arange(0, N, 5)
    part = CrossFit.of(FEATURES, orders=ORDERS[:1], tested=some)
    errors = cross_fitted_errors(FEATURES, folds=ORDERS[0]).isel(atom=some)
    np.testing.assert_allclose(part.table, np.sqrt((errors**2).mean("atom")))


def test_local_maps_of_some_atoms_are_those_of_all():
    options = {"metric": "lfre", "n_neighbors": 20, "folds": ORDERS[0]}
    every = cross_fitted_errors(FEATURES, **options)
    some = cross_fitted_errors(FEATURES, tested=[7, 3, 200], **options)
    np.testing.assert_allclose(some, every.isel(atom=[3, 7, 200]), rtol=1e-12, atol=1e-14)


def test_pairs_that_are_not_asked_for_are_not_fitted():
    pairs = {"x": ["noisy", "bent"], "bent": ["x"], "noisy": ["noisy"]}
    table = CrossFit.of(FEATURES, orders=ORDERS, pairs=pairs).table
    asked = [[name in pairs[row] for name in FEATURES] for row in FEATURES]
    np.testing.assert_allclose(table, FOUND.table.where(asked), atol=1e-12)


def test_worst_share_is_that_of_the_worst_group():
    sums = np.zeros((1, 1, 2, 4))
    sums[0, 0, 1] = [1, 1, 6, 2]
    found = CrossFit(["a"], ["a", "b"], sums, np.ones(4))
    assert found.worst_share([[0, 1]]) == pytest.approx(0.6)


def test_no_pairs_is_no_number():
    assert np.isnan(FOUND.mean(pair_weights(["a", "a", "a"])).value)
    assert np.isnan(FOUND.share(np.zeros((3, 3))).value)
    assert np.isnan(FOUND.difference(WEIGHTS, np.zeros((3, 3))).value)


def test_families_of_any_size_count_once():
    weights = pair_weights(["a"] * 3 + ["b"] * 5 + ["c"])
    assert weights.sum() == pytest.approx(1)
    assert weights[:3, 3:8].sum() == pytest.approx(weights[8, 3:8].sum())
    within = pair_weights(["a"] * 3 + ["b"] * 5 + ["c"], within=True)
    assert within[:3, :3].sum() == pytest.approx(within[3:8, 3:8].sum()) == pytest.approx(0.5)
    assert within[8].sum() == 0


def test_jackknife_of_a_mean_is_the_interval_of_students_t():
    values = np.array([0.3, 0.5, 0.9, 0.7])
    found = jackknife("abcd", lambda left: float(values[left].mean()))
    # scipy.stats.t.interval(0.95, 3, loc=0.6, scale=values.std(ddof=1) / 2)
    np.testing.assert_allclose(found, [0.6, 0.1892, 1.0108], atol=1e-4)
    assert np.isnan(jackknife("ab", lambda left: 1.0).low)


def test_the_interval_of_many_orders_is_wider_than_that_of_one():
    alone = Estimate.over([Interval(0.5, 0.4, 0.7)])
    assert (alone.low, alone.high) == (0.4, 0.7)
    several = Estimate.over([Interval(0.5, 0.4, 0.7), Interval(0.6, 0.5, 0.8)])
    assert several.low < 0.45
    assert several.high > 0.75
    assert several.map(lambda error: 1 - error**2).low == pytest.approx(1 - several.high**2)


def test_orders_need_a_seed():
    with pytest.raises(ValueError, match="n_seeds: got 0, expected 1 or more"):
        orders_of(ATOMS, n_seeds=0)


def test_there_are_no_more_folds_than_groups():
    few = ATOMS.isel(atom=slice(0, 40), structure=slice(0, 8))
    assert [order.max() + 1 for order in orders_of(few, n_seeds=2)] == [4, 4]
