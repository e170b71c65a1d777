"""Sums, extremes and widened means of atoms."""

import numpy as np
import pytest

from chapters.cumulants.pooling import (
    max_over_atoms,
    poolings,
    sum_over_atoms,
    up_to,
    widened,
)
from lumlip.metrics.cumulants import cumulant_features
from lumlip.metrics.pooling import mean_over_atoms

RNG = np.random.default_rng(0)
X, STRUCTURE = RNG.normal(size=(40, 3)), RNG.permutation(np.arange(40) % 7)


@pytest.mark.parametrize(
    ("pool", "expected"),
    [(mean_over_atoms, np.mean), (sum_over_atoms, np.sum), (max_over_atoms, np.max)],
)
def test_pooling_structure_by_structure(pool, expected):
    found = pool(X, STRUCTURE)
    for s in range(7):
        assert found[s] == pytest.approx(expected(X[s == STRUCTURE], axis=0))


def test_widened_means_come_first_and_the_rest_is_bounded():
    means = 5 * RNG.normal(size=(30, 3)) + 100
    wide = widened(means, n_columns=20)
    assert wide.shape == (30, 20)
    np.testing.assert_array_equal(wide[:, :3], means)
    spread = np.sqrt(means.var(axis=0).sum())
    assert np.abs(wide[:, 3:]).max() <= spread / np.sqrt(20) + 1e-12
    np.testing.assert_array_equal(wide, widened(means, n_columns=20))
    assert not np.allclose(wide, widened(means, n_columns=20, seed=1))
    # Equal means stay equal: nothing is added that they do not hold.
    assert np.ptp(widened(np.ones((4, 2)), n_columns=6), axis=0).max() == 0
    with pytest.raises(ValueError, match="n_columns: got 2, expected 3 or more"):
        widened(means, n_columns=2)


@pytest.mark.parametrize(("order", "higher"), [(8, [4, 8]), (4, [4]), (3, [3])])
def test_ways_of_pooling_and_their_widths(order, higher):
    ways = poolings(X, STRUCTURE, order=order)
    assert list(ways)[:5] == ["sum", "max", "mean", "mean, widened", "mean and std"]
    assert list(ways)[5:] == [up_to(k) for k in higher]
    assert {len(rows) for rows in ways.values()} == {7}
    cumulants = cumulant_features(X, STRUCTURE, order=order)
    np.testing.assert_array_equal(ways[up_to(order)], cumulants)
    np.testing.assert_array_equal(ways["mean and std"], cumulants[:, :6])
    known = poolings(X, STRUCTURE, order=order, cumulants=cumulants)
    assert all(np.array_equal(known[way], rows) for way, rows in ways.items())
    assert ways["mean, widened"].shape == ways[up_to(min(4, order))].shape
