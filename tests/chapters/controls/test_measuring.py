"""Other scalings, other regressors, variations: known answers and what they do not change."""

import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import Ridge

from chapters.shared.variations import (
    AS_IT_STANDS,
    VARIATIONS,
    Sample,
    Variation,
    rescaled,
    sample_of_atoms,
    thinned,
)
from lumlip.metrics._crossvalidation import ALPHAS, fold_order
from lumlip.metrics.reconstruction import gfre, pointwise_errors
from lumlip.metrics.regressors import global_errors_by
from lumlip.metrics.rescaling import per_column, whitened

RNG = np.random.default_rng(0)
TRAIN, TEST = np.arange(150), np.arange(150, 200)
X = RNG.normal(size=(200, 6)) @ RNG.normal(size=(6, 6))
Y = np.tanh(X[:, :4]) + 0.1 * RNG.normal(size=(200, 4))


def rms(errors):
    return np.sqrt((errors.to_numpy() ** 2).mean(axis=-1))


def atoms_of(n_structures=40, size=5):
    return xr.Dataset(
        coords={
            "structure": ("atom", np.repeat(np.arange(n_structures), size)),
            "subset": ("structure", ["a"] * (n_structures // 2) + ["b"] * (n_structures // 2)),
            "parent": ("structure", np.repeat(np.arange(n_structures // 2), 2)),
            "atomic_number": ("atom", np.tile([1, 6, 7, 8, 26], n_structures)),
        }
    )


def test_per_column_undoes_any_scale_of_columns():
    scales = np.array([1, 2, 3, 5, 8, 13.0])
    assert np.allclose(per_column(X * scales, train=TRAIN), per_column(X, train=TRAIN))
    assert np.allclose(per_column(X, train=TRAIN)[TRAIN].var(axis=0), 1)


def test_columns_and_directions_of_rounding_are_left_out():
    tiny = np.column_stack([X, 1e-6 * RNG.normal(size=200), np.ones(200)])
    assert per_column(tiny, train=TRAIN).shape == (200, 6)
    assert whitened(tiny, train=TRAIN).shape == (200, 6)


def test_whitening_undoes_any_invertible_map():
    mixed = X @ RNG.normal(size=(6, 6))
    one, two = (whitened(Z, train=TRAIN) for Z in (X, mixed))
    assert np.allclose(one @ one.T, two @ two.T)
    assert np.allclose(np.cov(one[TRAIN].T, bias=True), np.eye(6))


def test_the_truncated_map_is_that_of_the_chapters():
    found = global_errors_by({"x": X}, {"y": Y}, regressor="truncated", train=TRAIN, test=TEST)
    assert np.array_equal(found, pointwise_errors({"x": X}, {"y": Y}, train=TRAIN, test=TEST))


def scaled(Z):
    centered = Z - Z[TRAIN].mean(axis=0)
    return centered / np.sqrt(centered[TRAIN].var(axis=0).sum())


def test_no_penalty_is_least_squares():
    x, y = scaled(X), scaled(Y)
    W = np.linalg.lstsq(x[TRAIN], y[TRAIN], rcond=None)[0]
    found = global_errors_by({"x": X}, {"y": Y}, regressor="none", train=TRAIN, test=TEST)
    assert np.allclose(found[0, 0], np.linalg.norm(y[TEST] - x[TEST] @ W, axis=1))


def test_ridge_is_that_of_scikit_learn_with_the_best_penalty_of_two_folds():
    x, y = scaled(X), scaled(Y)
    order, n = fold_order(len(TRAIN))
    folds = [order[:n].numpy(), order[n:].numpy()]
    largest = max(np.linalg.svd(x[f], compute_uv=False)[0] for f in folds)

    def fit(rows, penalty):
        return Ridge(alpha=penalty**2, fit_intercept=False, solver="svd").fit(x[rows], y[rows])

    losses = []
    for penalty in ALPHAS * largest:
        wrong = [
            y[b] - fit(a, penalty).predict(x[b])
            for a, b in ((folds[0], folds[1]), (folds[1], folds[0]))
        ]
        losses.append(sum(np.sqrt((e**2).mean(axis=0)).mean() for e in wrong))
    best = fit(TRAIN, (ALPHAS * largest)[np.argmin(losses)])
    expected = np.linalg.norm(y[TEST] - best.predict(x[TEST]), axis=1)
    found = global_errors_by({"x": X}, {"y": Y}, regressor="ridge", train=TRAIN, test=TEST)
    assert np.allclose(found[0, 0], expected)


@pytest.mark.parametrize("regressor", ["truncated", "ridge", "none"])
def test_each_target_has_the_error_it_has_alone(regressor):
    options = {"regressor": regressor, "train": TRAIN, "test": TEST}
    both = global_errors_by({"x": X}, {"y": Y, "z": Y[:, :2] ** 2}, **options)
    alone = global_errors_by({"x": X}, {"z": Y[:, :2] ** 2}, **options)
    assert np.allclose(both[0, 1], alone[0, 0])
    assert rms(global_errors_by({"x": X}, {"w": X @ X[:6]}, **options))[0, 0] < 1e-6


def test_an_unknown_regressor_is_named():
    with pytest.raises(ValueError, match="got regressor 'lasso'; expected one of: truncated"):
        global_errors_by({"x": X}, regressor="lasso", train=TRAIN, test=TEST)


def test_a_treatment_has_the_chapters_split_unless_it_has_its_own():
    assert VARIATIONS[AS_IT_STANDS].on("parent").by == "parent"
    assert VARIATIONS["split by atom"].on("parent").by == "atom"
    with pytest.raises(ValueError, match="got scaling 'log'"):
        Variation(scaling="log")


def test_larger_shares_of_train_contain_smaller_ones_and_keep_groups_whole():
    train, groups = np.arange(60), np.repeat(np.arange(12), 5)
    half, quarter = (thinned(train, groups, share=s, seed=1) for s in (0.5, 0.25))
    assert set(quarter) < set(half)
    assert len(half) == 30
    assert len(np.unique(groups[half])) == 6
    assert thinned(train, groups, share=1.0) is train


@pytest.mark.parametrize("by", ["structure", "parent"])
def test_a_sample_keeps_whole_what_the_treatment_says(by):
    atoms = atoms_of()
    sample = sample_of_atoms(atoms, variation=Variation(by=by, share=0.5), n_test=40)
    names = atoms["structure"].to_numpy() // (2 if by == "parent" else 1)
    assert not set(names[sample.train]) & set(names[sample.test])
    assert np.array_equal(sample.groups, atoms["structure"].to_numpy()[sample.test])
    assert len(sample.train) < 0.6 * 160


def test_whitened_errors_are_what_canonical_correlations_leave():
    """Of two sets of one width, both ways are then equally hard on the train atoms themselves."""
    wide = RNG.normal(size=(400, 8))
    A, B = wide[:, :4] @ RNG.normal(size=(4, 4)), wide[:, 2:6] * [1, 10, 50, 0.5]
    rows = np.arange(400)
    white = rescaled({"a": A, "b": B}, "whitened", rows)
    one, two = white["a"], white["b"]
    there = np.sqrt(((two - one @ np.linalg.lstsq(one, two)[0]) ** 2).sum() / 400 / 4)
    back = np.sqrt(((one - two @ np.linalg.lstsq(two, one)[0]) ** 2).sum() / 400 / 4)
    assert np.isclose(there, back)


def test_distances_of_a_sample_are_those_of_the_metric():
    sample = Sample(TRAIN, TEST, TEST // 5)
    found = sample.distances({"x": X, "y": Y}, variation=Variation(), n_bootstrap=5)
    assert np.isclose(found.table.loc["x", "y"], gfre(X, Y, train=TRAIN, test=TEST))
    assert found.draws.shape == (2, 2, 6)
