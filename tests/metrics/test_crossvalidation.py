"""The chosen cutoffs against scikit-matter's regressor, above all where squared errors cancel."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import KFold
from skmatter.linear_model import Ridge2FoldCV

from lumlip.metrics._crossvalidation import (
    EPS,
    FOLD_SEED,
    CrossValidation,
    TruncatedRegression,
    fold_order,
    largest_tie,
    rounding_floor,
    thin_svd,
)
from lumlip.metrics._protocol import ALPHAS
from lumlip.metrics._scaling import ScaledFeatures, Targets


def _regressor():
    # The defaults of skmatter.metrics (check_global_reconstruction_measures_input).
    return Ridge2FoldCV(
        alphas=np.geomspace(1e-9, 0.9, 20),
        alpha_type="relative",
        regularization_method="cutoff",
        random_state=0x5F3759DF,
        shuffle=True,
        scoring="neg_root_mean_squared_error",
        n_jobs=1,
    )


def _targets(*arrays):
    tensors = [torch.as_tensor(array) for array in arrays]
    return Targets.join([ScaledFeatures(train=tensor, test=tensor[:1]) for tensor in tensors])


def _batch(array):
    return torch.as_tensor(array)[fold_order(len(array))[0]][None]


def _chosen(X, *Ys):
    targets = _targets(*Ys)
    validation = CrossValidation(_batch(X))
    cutoffs = validation.choose_cutoffs(_batch(np.hstack(Ys)), targets)[0]
    largest = validation.cutoffs[0, -1] / ALPHAS[-1]
    return (cutoffs / largest).numpy()


def _cancelling(seed):
    """Targets that half of the directions rebuild to 1e-10; the other, small half spoils that."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 24)) * np.repeat([1, 1e-6], 12)
    Y = X[:, :12] @ rng.normal(size=(12, 4)) + 1e-10 * rng.normal(size=(80, 4))
    return X @ np.linalg.qr(rng.normal(size=(24, 24)))[0], Y


def test_folds_are_those_of_scikit_learn():
    for n in (2, 7, 64):
        order, n_first = fold_order(n)
        folds = KFold(2, shuffle=True, random_state=FOLD_SEED).split(np.zeros(n))
        first, second = next(folds)
        assert order.tolist() == [*first, *second]
        assert n_first == len(first)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [0.0, 1e-3, 1.0, 30.0])
def test_cutoffs_are_those_of_scikit_matter(seed, noise):
    rng, n = np.random.default_rng(seed), 50 + seed % 2
    X = rng.normal(size=(n, 20)) * np.geomspace(1, 1e-6, 20)
    Ys = [X @ rng.normal(size=(20, d)) + noise * rng.normal(size=(n, d)) for d in (1, 7)]
    chosen = _chosen(X, *Ys)
    expected = [_regressor().fit(X, Y).alpha_ for Y in Ys]
    np.testing.assert_allclose(chosen, expected, rtol=1e-12)


def test_residuals_decide_where_squares_cancel():
    cases = [_cancelling(seed) for seed in range(40)]
    expected = [_regressor().fit(X, Y).alpha_ for X, Y in cases]
    chosen = [_chosen(X, Y)[0] for X, Y in cases]
    np.testing.assert_allclose(chosen, expected, rtol=1e-12)


@pytest.mark.parametrize("n", [40, 41])
def test_quick_and_exact_loss_agree(n):
    rng = np.random.default_rng(0)
    X, Y = (torch.as_tensor(rng.normal(size=(3, n, d))) for d in (15, 6))
    validation = CrossValidation(X)
    quick = validation._loss(Y, _targets(Y[0]))[..., 0]
    torch.testing.assert_close(quick[:, :-1], validation._exact_loss(Y), rtol=1e-9, atol=0)
    # The last row keeps nothing: the errors of predicting 0.
    halves = Y[:, :20], Y[:, 20:]
    nothing = sum(half.square().mean(dim=1).sqrt().mean(dim=1) for half in halves)
    torch.testing.assert_close(quick[:, -1], nothing)


@pytest.mark.parametrize("shape", [(3, 32, 64), (3, 64, 20), (2, 3, 8, 8)])
def test_factors_from_squares_are_those_of_the_decomposition(shape):
    rng = np.random.default_rng(0)
    x = torch.as_tensor(rng.normal(size=shape) * np.geomspace(1, 1e-9, shape[-1]))
    expected, found = thin_svd(x), thin_svd(x, lowest=1e-3)
    assert [some.shape for some in found] == [some.shape for some in expected]
    kept = expected[1] > 1e-3 * expected[1][..., :1]
    torch.testing.assert_close(found[1][kept], expected[1][kept], rtol=1e-9, atol=0)
    for one, other in zip(found[::2], expected[::2], strict=True):
        signs = (one * other).sum(dim=-2, keepdim=True).sign()
        columns = kept[..., None, :].expand_as(one)
        torch.testing.assert_close((one * signs)[columns], other[columns], rtol=0, atol=1e-7)


def test_of_equal_scores_the_smallest_cutoff_wins():
    X = np.random.default_rng(0).normal(size=(30, 4))
    # Well conditioned: many cutoffs keep all; and a target of zeros has equal scores throughout.
    assert _chosen(X, X)[0] == pytest.approx(ALPHAS[0], rel=1e-12)
    assert _chosen(X, np.zeros((30, 2)))[0] == pytest.approx(ALPHAS[0], rel=1e-12)


def test_the_last_of_losses_about_as_good_as_the_best_is_taken():
    """Of the first target, those within 1 %; of the second, those within what is uncertain."""
    loss = torch.tensor([[[1.0, 0], [1.005, 5e-8], [1.02, 2e-7], [1.009, 1], [1.011, 1]]])
    assert largest_tie(loss, 0.01, 1e-7).tolist() == [[3, 1]]
    assert largest_tie(loss, 0.01).tolist() == [[3, 0]]


@pytest.mark.parametrize("shape", [(90, 4), (4, 90), (3, 90, 4)])
def test_the_longer_side_decides_what_is_rounding(shape):
    assert rounding_floor(torch.empty(shape)) == 90 * EPS


@pytest.mark.parametrize("shape", [(40, 8), (30, 50)])
def test_predictions_are_those_of_scikit_matter(shape):
    rng = np.random.default_rng(1)
    X, x = rng.normal(size=shape), rng.normal(size=(5, shape[1]))
    Ys = [X[:, :6] ** 2 + X[:, :6], rng.normal(size=(len(X), 3))]
    fitted = TruncatedRegression(_batch(X), _batch(np.hstack(Ys)), _targets(*Ys))
    expected = np.hstack([_regressor().fit(X, Y).predict(x) for Y in Ys])
    many = fitted.predict(torch.as_tensor(x)[None])[0]
    np.testing.assert_allclose(many, expected, rtol=1e-9)
    one, _ = fitted.predict_one(torch.as_tensor(x[:1]))
    np.testing.assert_allclose(one, expected[:1], rtol=1e-9)


def test_sizes_of_maps_and_of_weights():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 8)) * np.geomspace(1, 1e-3, 8)
    Ys = [rng.normal(size=(40, 4)), X[:, -1:]]
    X, Ys = X - X.mean(axis=0), [Y - Y.mean(axis=0) for Y in Ys]
    fitted = TruncatedRegression(_batch(X), _batch(np.hstack(Ys)), _targets(*Ys))
    maps = [_regressor().fit(X, Y).coef_ for Y in Ys]
    np.testing.assert_allclose(fitted.sizes()[0], [np.linalg.norm(W) for W in maps], rtol=1e-9)
    # No atom that was fitted needs weights of a norm above 1 (a leverage above 1).
    inside, outside = (fitted.predict_one(torch.as_tensor(x))[1] for x in (X[:1], 1e3 * X[:1]))
    assert (inside <= 1 + 1e-12).all()
    np.testing.assert_allclose(outside, 1e3 * inside, rtol=1e-9)


def test_a_source_of_rounding_remains_predicts_nothing():
    # Equal atoms, centered: what rounding leaves must not be blown up by 1 / s.
    X = 1e-17 * np.random.default_rng(0).normal(size=(20, 3))
    Y = np.random.default_rng(1).normal(size=(20, 2))
    fitted = TruncatedRegression(_batch(X), _batch(Y), _targets(Y))
    assert not fitted.predict(torch.ones(1, 4, 3, dtype=torch.float64)).any()
