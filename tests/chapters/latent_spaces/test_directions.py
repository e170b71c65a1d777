"""Features split into their leading direction and the rest, on features made up to be plain."""

import numpy as np
import pytest

from chapters.latent_spaces.directions import share_along, split_targets
from chapters.shared.spectrum import leading_share
from lumlip.metrics.repeated import CrossFit

RNG = np.random.default_rng(0)
TURN = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
X = (RNG.normal(size=(4000, 3)) * [3, 1, 0]) @ TURN + 5


def test_leading_direction_of_a_turned_ellipse():
    first = split_targets({"a": X})["a: first"][:, 0]
    assert leading_share(X, train=np.arange(len(X))) == pytest.approx(0.9, abs=0.01)
    assert abs(np.corrcoef(first, X @ TURN[0])[0, 1]) == pytest.approx(1, abs=1e-3)


def test_parts_add_up_to_the_features_and_share_nothing():
    parts = split_targets({"a": X})
    first, rest = parts["a: first"], parts["a: rest"]
    assert first.shape == (4000, 1)
    np.testing.assert_allclose((first - first.mean()) ** 2 + (rest**2).sum(1, keepdims=True),
                               ((X - X.mean(0)) ** 2).sum(1, keepdims=True))  # fmt: skip
    assert np.abs((first - first.mean()).T @ rest).max() < 1e-8 * len(X)


def fit(errors):
    sums = np.square(np.asarray(errors, float))[None, :, :, None]
    return CrossFit(["a", "b"], ["a", "b"], sums, np.ones(1))


def test_share_along_weighs_directions_by_their_variance():
    weights = np.array([[0, 1], [0, 0]])
    along, beside = fit([[0, 0.5], [0, 0]]), fit([[0, 1.0], [0, 0]])
    assert share_along(along, beside, weights, [0.5, 0.9]) == 1
    half = fit([[0, np.sqrt(0.75)], [0, 0]])  # recovers a quarter of the rest
    # 0.9 x 0.75 along, 0.1 x 0.25 beside.
    assert share_along(along, half, weights, [0.5, 0.9]) == pytest.approx(0.675 / 0.7)
