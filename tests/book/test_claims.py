"""Outcomes of claims, and p-values of several."""

import numpy as np
import pytest
from scipy.stats import norm

from lumlip.book.claims import FAILS, HOLDS, NO_MORE, UNTESTED, Claim, holm
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.repeated import Estimate

FOUND = Estimate(0.6, 0.5, 0.7, (Interval(0.6, 0.55, 0.65), Interval(0.6, 0.44, 0.8)))


@pytest.mark.parametrize(
    ("side", "bound", "control", "outcome"),
    [
        ("above", 0.45, None, HOLDS),
        ("above", 0.45, 0.4, HOLDS),
        ("above", 0.45, 0.46, NO_MORE),
        ("above", 0.55, 0.9, FAILS),
        ("above", 0.65, None, FAILS),
        ("below", 0.75, None, HOLDS),
        ("below", 0.75, Estimate(0.2, 0.1, 0.9), NO_MORE),
        ("below", 0.65, None, FAILS),
    ],
)
def test_outcome_is_that_of_the_whole_interval_and_the_control(side, bound, control, outcome):
    assert Claim("", FOUND, bound=bound, side=side, control=control).outcome == outcome


def test_without_a_number_nothing_is_tested():
    claim = Claim("", Estimate.missing())
    assert claim.outcome == UNTESTED
    assert np.isnan(claim.p_value)


def test_orders_that_agree_are_counted_by_their_own_intervals():
    assert Claim("", FOUND, bound=0.5).agreeing == (1, 2)
    assert Claim("", FOUND, bound=0.4).agreeing == (2, 2)
    assert Claim("", FOUND, bound=0.7, side="below").agreeing == (1, 2)


def test_p_value_is_that_of_a_normal_law_with_this_interval():
    claim = Claim("", Estimate(0.3, 0.1, 0.7), bound=0.0)
    # Of the lower reach, 0.2 = 1.96 standard errors: one-sided from scipy.
    assert claim.p_value == pytest.approx(norm.sf(0.3 / (0.2 / 1.959964)))
    assert Claim("", Estimate(0.3, 0.1, 0.7), bound=0.7).p_value == pytest.approx(0.975)
    below = Claim("", Estimate(0.3, 0.1, 0.7), bound=0.7, side="below")
    assert below.p_value == pytest.approx(0.025)
    assert Claim("", Estimate(0.3, 0.3, 0.3)).p_value == 0


def test_holm_takes_the_steps_of_his_paper():
    # p of 0.01, 0.02, 0.03 times 3, 2, 1; never falling.
    np.testing.assert_allclose(holm([0.02, 0.01, 0.03, np.nan]), [0.04, 0.03, 0.04, np.nan])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
