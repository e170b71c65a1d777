"""Other scalings: what they undo, and what they leave out."""

import numpy as np

from chapters.shared.rescaling import per_column, whitened

RNG = np.random.default_rng(0)
TRAIN, TEST = np.arange(150), np.arange(150, 200)
X = RNG.normal(size=(200, 6)) @ RNG.normal(size=(6, 6))


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
