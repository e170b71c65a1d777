"""Intervals of numbers that were computed draw by draw."""

import numpy as np

from lumlip.metrics.bootstrap import interval


def test_interval_is_the_first_draw_and_the_middle_of_the_others():
    value, low, high = interval(np.array([0.5, *np.linspace(0, 1, 101)]))
    assert (value, round(low, 6), round(high, 6)) == (0.5, 0.025, 0.975)


def test_a_missing_number_has_no_interval():
    assert np.isnan(interval(np.full(3, np.nan))).all()
