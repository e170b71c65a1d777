"""Scores of one model."""

import numpy as np
import pytest

from chapters.disagreement.novelty import distance_to_train, last_layer_uncertainty, new_composition

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4))
TRAIN, TEST = np.arange(60), np.arange(60, 80)


def test_distance_is_to_the_nearest_in_units_of_the_spread():
    found = distance_to_train(X, train=TRAIN, test=TEST)
    spread = np.sqrt(X[TRAIN].var(axis=0).sum())
    brute = np.linalg.norm(X[TEST][:, None] - X[TRAIN], axis=2).min(axis=1) / spread
    np.testing.assert_allclose(found, brute)


def test_distance_does_not_change_with_scale_place_or_rotation():
    turn = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    found = distance_to_train(3 * X @ turn + 5, train=TRAIN, test=TEST)
    np.testing.assert_allclose(found, distance_to_train(X, train=TRAIN, test=TEST))


def test_uncertainty_does_not_change_with_an_invertible_map_but_for_the_ridge():
    mixed = X @ RNG.normal(size=(4, 4))
    found, again = (last_layer_uncertainty(F, train=TRAIN, ridge=1e-12) for F in (X, mixed))
    np.testing.assert_allclose(found, again, rtol=1e-5)
    assert np.mean(found[TRAIN] ** 2) == pytest.approx(4)  # one for each direction


def test_a_direction_that_train_does_not_have_is_most_uncertain():
    F = np.c_[RNG.normal(size=30), np.zeros(30)]
    F[-1] = [0, 1]
    assert last_layer_uncertainty(F, train=np.arange(29)).argmax() == 29


def test_composition_is_new_by_the_share_that_is_in_no_train_structure():
    shares = np.array([[0.5, 0.5, 0], [1, 0, 0], [0, 0, 1], [0.4, 0.6, 0]])
    np.testing.assert_allclose(new_composition(shares, train=[0, 1]), [0, 0, 1, 0.1])
