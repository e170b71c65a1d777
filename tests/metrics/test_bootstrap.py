"""Intervals of one split, and of draws that others made."""

import numpy as np
import pytest

from lumlip.metrics.bootstrap import Estimate, Interval, jackknife
from lumlip.metrics.group_intervals import group_sums, rms_interval


def test_the_middle_of_draws_is_taken():
    assert Interval.of(3, range(1001)) == (3.0, 25.0, 975.0)


def test_halves_spread_as_whole_samples_do():
    """Of two halves at 1 and 3: 1.96 sqrt(2). Of many: the standard error of the mean."""
    assert Interval.of_halves(5, [1.0, 3.0]) == pytest.approx((5, 5 - 2.7719, 5 + 2.7719), 1e-4)
    rng = np.random.default_rng(0)
    sample = rng.exponential(size=400)
    halves = [rng.choice(sample, 200, replace=False).mean() for _ in range(4000)]
    _, low, high = Interval.of_halves(sample.mean(), halves)
    assert high - low == pytest.approx(2 * 1.96 * sample.std(ddof=1) / np.sqrt(400), rel=0.05)


def test_one_order_of_the_folds_has_its_own_interval():
    found = Estimate.over([Interval(0.5, 0.4, 0.75)])
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.4, 0.75))


def test_a_jackknife_leaves_a_whole_group_out():
    """Means without a: 9/2, without b: 3, without c: 2; t of 2 degrees of freedom: 4.3027."""
    x = np.array([1.0, 2.0, 3.0, 6.0])
    reach = 4.302653 * np.sqrt(2 * np.var([4.5, 3.0, 2.0]))
    found = jackknife("aabc", lambda left: float(x[left].mean()))
    assert found == pytest.approx((3.0, 3.0 - reach, 3.0 + reach))


def test_atoms_of_a_structure_are_not_independent():
    per_structure = np.random.default_rng(0).uniform(0.1, 1, size=400)
    structure = np.repeat(np.arange(400), 20)
    errors = per_structure[structure]
    widths = []
    for groups in (structure, np.arange(8000)):
        _, low, high = rms_interval(*group_sums(errors, groups), n_bootstrap=1000)
        widths.append(high - low)
    # 20 copies say no more than one: the interval is sqrt(20) times as wide.
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(20), rel=0.1)
