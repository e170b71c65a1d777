"""Errors of all atoms, each by maps that have not seen its fold."""

import numpy as np
import pytest

import lumlip
from lumlip.metrics.cross_fit import cross_fitted_errors
from lumlip.metrics.folds import Folds
from lumlip.metrics.group_intervals import group_sums, rms_interval
from lumlip.metrics.pointwise import pointwise_errors
from lumlip.metrics.tables import table_of_sums

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 5))
FEATURES = {"plain": X, "bent": np.tanh(X), "part": X[:, :2]}
FOLD = np.arange(120) // 3 % 4
GROUPS = np.arange(120) // 3


PROTOCOLS = [
    ("gfre", None, "scikit-matter"),
    ("gfrd", None, "robust"),
    ("lfre", 20, "robust"),
]


@pytest.mark.parametrize(("metric", "k", "protocol"), PROTOCOLS)
def test_each_fold_is_tested_by_maps_of_the_others(metric, k, protocol):
    options = {"metric": metric, "n_neighbors": k, "protocol": protocol}
    found = cross_fitted_errors(FEATURES, folds=FOLD, **options)
    assert found.dims == ("source", "target", "atom")
    assert found["atom"].values.tolist() == list(range(120))
    train, test = np.flatnonzero(FOLD != 2), np.flatnonzero(FOLD == 2)
    alone = pointwise_errors(FEATURES, train=train, test=test, **options)
    np.testing.assert_array_equal(found.sel(atom=test), alone)


def test_what_a_fold_holds_does_not_change_its_own_maps():
    other = {**FEATURES, "bent": np.where((FOLD == 1)[:, None], 9 * X**3, FEATURES["bent"])}
    before, after = (
        cross_fitted_errors({"a": X}, {"b": some["bent"]}, folds=FOLD) for some in (FEATURES, other)
    )
    same = np.isclose(before, after).all(axis=(0, 1))
    # Only the maps fitted with fold 1 can change, and they test the other folds.
    truth = other["bent"][FOLD == 0] - FEATURES["bent"][FOLD == 0]
    assert not truth.any()
    assert not same[FOLD != 1].all()


def test_targets_of_their_own_and_any_fold_labels():
    found = cross_fitted_errors({"a": X}, {"b": X @ np.ones((5, 2))}, folds=10 * FOLD - 7)
    assert found.sizes == {"source": 1, "target": 1, "atom": 120}
    assert float(found.max()) < 1e-10


def test_table_with_folds_has_intervals_over_the_groups():
    table = lumlip.reconstruction_table(FEATURES, folds=FOLD, groups=GROUPS, n_bootstrap=200)
    errors = cross_fitted_errors(FEATURES, folds=FOLD)
    np.testing.assert_allclose(table, np.sqrt((errors**2).mean("atom")))
    _, low, high = rms_interval(*group_sums(errors, GROUPS), n_bootstrap=200)
    np.testing.assert_array_equal(table.attrs["low"], low)
    np.testing.assert_array_equal(table.attrs["high"], high)
    assert table.attrs["low"].columns.tolist() == list(FEATURES)
    assert (table.attrs["low"] <= table).all(axis=None)
    assert (table <= table.attrs["high"]).all(axis=None)
    assert "low" not in lumlip.reconstruction_table(FEATURES, folds=FOLD).attrs


def test_worst_groups_and_broken_maps_of_all_folds():
    attrs = lumlip.reconstruction_table(FEATURES, folds=FOLD, groups=GROUPS).attrs
    errors = cross_fitted_errors(FEATURES, folds=FOLD)
    sums, _ = group_sums(errors, GROUPS)
    shares, groups = sums.max(axis=-1) / sums.sum(axis=-1), sums.argmax(axis=-1)
    for i, source in enumerate(FEATURES):
        for j, target in enumerate(FEATURES):
            assert attrs["worst_share"][source][target] == pytest.approx(shares[i, j])
            assert attrs["worst_group"][source][target] == groups[i, j]
    small = X * np.geomspace(1, 1e-8, 5)
    maps = {"a": small}, {"last": small[:, -1:]}
    found = lumlip.reconstruction_table(*maps, folds=FOLD, protocol="scikit-matter")
    assert found.attrs["n_broken"] == len(np.unique(FOLD))  # one map a fold
    assert lumlip.reconstruction_table(*maps, folds=FOLD).attrs["n_broken"] == 0


def test_groups_are_by_default_what_the_folds_kept_whole():
    folds = FOLD.view(Folds)
    folds.groups = GROUPS
    settings = {"n_bootstrap": 100, "seed": 3, "metric": "lfre", "n_neighbors": 20}
    by_default = lumlip.reconstruction_table(FEATURES, folds=folds, **settings)
    told = lumlip.reconstruction_table(FEATURES, folds=FOLD, groups=GROUPS, **settings)
    atoms = lumlip.reconstruction_table(FEATURES, folds=FOLD, **settings)
    assert by_default.attrs["high"].equals(told.attrs["high"])
    assert not atoms.attrs["high"].equals(told.attrs["high"])


def test_without_errors_no_group_carries_more_than_another():
    sums = np.zeros((1, 1, 10))
    table = table_of_sums((["a"], ["b"]), sums, np.ones(10), np.arange(10), n_bootstrap=0, seed=0)
    assert table.attrs["worst_share"] == {"a": {"b": 0.1}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "train, test, folds: got none, expected train and test, or folds"),
        ({"train": [0, 1]}, "train, test, folds: got train, expected train and test, or folds"),
        ({"test": [0], "folds": FOLD}, "got test, folds, expected train and test, or folds"),
        ({"folds": FOLD[:9]}, r"folds: got shape \(9,\) of int64, expected \(120,\) of int"),
        ({"folds": FOLD / 2}, r"folds: got shape \(120,\) of float64, expected \(120,\) of int"),
        ({"folds": 0 * FOLD}, "folds: got 1, expected 2 or more"),
        ({"folds": FOLD, "groups": [0]}, r"groups: got shape \(1,\), expected \(120,\)"),
        ({"folds": FOLD, "n_bootstrap": -1}, "n_bootstrap: got -1, expected 0 or more"),
        ({"folds": FOLD, "metric": "x"}, "got metric 'x'; expected one of"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        lumlip.reconstruction_table(FEATURES, **options)


def test_no_features_are_refused():
    with pytest.raises(ValueError, match="features: got none"):
        cross_fitted_errors({}, folds=FOLD)
