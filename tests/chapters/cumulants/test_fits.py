"""Cross-fits from the mean to cumulants, on features whose cumulants are known functions of it."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from chapters.cumulants.fits import (
    ELEMENT,
    block,
    curves,
    from_mean,
    once,
    with_published_kappa_8,
)
from lumlip.metrics.cumulants import cumulant_features
from lumlip.metrics.repeated import CrossFit, orders_of

RNG = np.random.default_rng(0)
N = 200
ORDERS = orders_of(
    xr.Dataset(
        coords={
            "structure": ("atom", np.arange(N)),
            "subset": ("structure", ["bulk"] * N),
            "parent": ("structure", np.arange(N) // 2),
        }
    ),
    n_folds=5,
    n_seeds=2,
)


def of_coins():
    """Cumulants of structures of 20 atoms, each with one of two elements."""
    amount = RNG.integers(0, 21, size=N)
    atoms = (np.arange(20) < amount[:, None]).reshape(-1, 1).astype(float)
    return cumulant_features(atoms, np.repeat(np.arange(N), 20), order=8)


def test_blocks_are_the_orders():
    features = np.arange(32.0).reshape(2, 16)
    assert block(features, 1, 1).tolist() == [[0, 1], [16, 17]]
    assert block(features, 3, 8).tolist() == features[:, 4:].tolist()


def test_a_curve_finds_what_a_straight_line_misses():
    # The spread is sqrt(p (1 - p)): symmetric about p = 1/2, so that its linear share is small.
    features = {ELEMENT: of_coins()}
    straight = from_mean(features, ORDERS, highest=(2,)).table.loc[ELEMENT, "2"]
    bent = from_mean(features, ORDERS, highest=(2,), bent=True).table.loc[ELEMENT, "2"]
    assert straight > 0.3
    assert bent < 0.1


def test_of_what_the_mean_does_not_know_curves_find_nothing():
    mean, spread = RNG.normal(size=(2, N, 1))
    features = {ELEMENT: np.hstack([mean, spread, np.zeros((N, 6))])}
    for bent in (False, True):
        error = from_mean(features, ORDERS, highest=(2,), bent=bent).table.loc[ELEMENT, "2"]
        # The mean is rebuilt, the spread is not: each has half of the variance.
        assert error == pytest.approx(np.sqrt(0.5), abs=0.12)


def test_curves_hold_the_channels_themselves():
    rows = RNG.normal(size=(50, 3))
    made = curves(rows, n_knots=4)
    assert made.shape == (50, 18)
    assert_allclose(np.corrcoef(made[:, 1], rows[:, 1])[0, 1], 1)


def test_families_count_once():
    sources = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", ELEMENT]
    fit = CrossFit(sources, ["2", "8"], np.ones((1, 4, 2, 3)), np.ones(3))
    assert once(fit, "8", sources[:3])[:, 1].tolist() == [0.5, 0.5, 1, 0]
    assert not once(fit, "8", sources)[:, 0].any()
    assert once(fit, "2", [ELEMENT])[3].tolist() == [1, 0]
    assert not once(fit, "8", []).any()


def _central(sample):
    return [np.mean((sample - sample.mean()) ** n) for n in range(9)]


def test_published_eighth_cumulant_has_two_coefficients_interchanged():
    X, structure = RNG.gamma(0.7, size=(60, 3)), np.repeat(np.arange(6), 10)
    right = cumulant_features(X, structure, order=8)
    published = with_published_kappa_8(right)
    np.testing.assert_array_equal(published[:, :21], right[:, :21])
    for s in range(6):
        for channel in range(3):
            m = _central(X[structure == s, channel])
            value = m[8] - 28 * m[6] * m[2] - 56 * m[5] * m[3] - 35 * m[4] ** 2
            value += 560 * m[4] * m[2] ** 2 + 420 * m[3] ** 2 * m[2] - 630 * m[2] ** 4
            root = np.sign(value) * np.abs(value) ** (1 / 8)
            assert published[s, 21 + channel] == pytest.approx(root)


def test_a_structure_without_spread_has_no_published_kappa_8_either():
    right = cumulant_features([[1.0, 2.0]], [0], order=8)
    np.testing.assert_array_equal(with_published_kappa_8(right), right)
