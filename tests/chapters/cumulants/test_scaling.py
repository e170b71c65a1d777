"""Blocks of cumulant features, and the published kappa_8."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chapters.cumulants.scaling import (
    blocks,
    equal_orders,
    if_mean_says_nothing,
    kappa_8,
    shares_of_orders,
    with_published_kappa_8,
)
from lumlip.metrics.cumulants import cumulant_features

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(50, 12)) * np.repeat([4.0, 1.0, 2.0], 4) + 3
TRAIN = np.arange(30)


def test_shares_add_up_and_are_equal_after_scaling():
    shares = shares_of_orders(FEATURES, order=3, train=TRAIN)
    assert shares.sum() == pytest.approx(1)
    assert shares == pytest.approx([16 / 21, 1 / 21, 4 / 21], abs=0.08)
    scaled = equal_orders(FEATURES, order=3, train=TRAIN)
    assert shares_of_orders(scaled, order=3, train=TRAIN) == pytest.approx([1 / 3] * 3)
    # Within an order, the channels keep their sizes.
    ratio = scaled[:, :4] / FEATURES[:, :4]
    assert np.ptp(ratio) == pytest.approx(0, abs=1e-12)


def test_an_order_that_does_not_vary_stays():
    flat = FEATURES.copy()
    flat[:, 4:8] = 0
    assert_allclose(equal_orders(flat, order=3, train=TRAIN)[:, 4:8], 0)


def test_bound_is_the_error_of_a_mean_without_any_relation():
    shares = shares_of_orders(FEATURES, order=3, train=np.arange(50))
    rows = blocks(FEATURES - FEATURES.mean(axis=0), 3)
    for k, bound in enumerate(if_mean_says_nothing(shares), 1):
        missed = (rows[:, 1:k] ** 2).sum() / (rows[:, :k] ** 2).sum()
        assert bound == pytest.approx(np.sqrt(missed))


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"got shape \(50, 12\), expected \(n, 5 \* n_channels\)"):
        blocks(FEATURES, 5)


def _central(sample):
    deviation = sample - sample.mean()
    return [np.mean(deviation**n) for n in range(9)]


def test_written_out_formula_is_the_recursion_of_the_features():
    sample = RNG.gamma(2.0, size=(25, 1))
    root = cumulant_features(sample, np.zeros(25, dtype=int), order=8)[0, 7]
    assert kappa_8(_central(sample)) == pytest.approx(np.sign(root) * root**8)


def test_published_formula_gives_too_much_always():
    for sample in (RNG.gamma(0.3, size=40), RNG.normal(size=40), np.array([0.0, 1, 1, 5])):
        moments = _central(sample)
        difference = kappa_8(moments, as_published=True) - kappa_8(moments)
        expected = 140 * moments[2] * (moments[4] * moments[2] - moments[3] ** 2)
        assert difference == pytest.approx(expected)
        assert difference >= 140 * moments[2] ** 4 * (1 - 1e-9)


def test_features_with_the_published_formula():
    X, structure = RNG.gamma(0.7, size=(60, 3)), np.repeat(np.arange(6), 10)
    right = cumulant_features(X, structure, order=8)
    published = with_published_kappa_8(right)
    np.testing.assert_array_equal(published[:, :21], right[:, :21])
    for s in range(6):
        for channel in range(3):
            value = kappa_8(_central(X[structure == s, channel]), as_published=True)
            root = np.sign(value) * np.abs(value) ** (1 / 8)
            assert published[s, 21 + channel] == pytest.approx(root)


def test_a_structure_without_spread_has_no_published_kappa_8_either():
    right = cumulant_features([[1.0, 2.0]], [0], order=8)
    np.testing.assert_array_equal(with_published_kappa_8(right), right)
