"""Other regressors: known answers, and what they do not change."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from chapters.shared.regressors import global_errors_by
from lumlip.metrics._crossvalidation import fold_order
from lumlip.metrics._protocol import ALPHAS
from lumlip.metrics.reconstruction import pointwise_errors

RNG = np.random.default_rng(0)
TRAIN, TEST = np.arange(150), np.arange(150, 200)
X = RNG.normal(size=(200, 6)) @ RNG.normal(size=(6, 6))
Y = np.tanh(X[:, :4]) + 0.1 * RNG.normal(size=(200, 4))


def rms(errors):
    return np.sqrt((errors.to_numpy() ** 2).mean(axis=-1))


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
