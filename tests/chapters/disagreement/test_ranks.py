"""Rank correlations, own and foreign, and their intervals."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from chapters.disagreement.energies import model_pairs
from chapters.disagreement.ranks import (
    by_label,
    disjoint,
    own_and_foreign,
    own_by_pair,
    spearman,
    statistics_with_intervals,
)

RNG = np.random.default_rng(0)
PAIRS = model_pairs("abcd")


def test_is_spearmans_coefficient_also_with_ties():
    x, y = RNG.integers(5, size=(3, 50)), RNG.normal(size=(2, 50))
    expected = [[spearmanr(a, b).statistic for b in y] for a in x]
    np.testing.assert_allclose(spearman(x, y), expected, atol=1e-10)


def test_no_monotonic_change_of_scale_matters():
    x, y = RNG.random((2, 40))
    assert spearman(x, y) == pytest.approx(spearman(np.exp(5 * x), y**3))


def test_a_constant_has_no_rank():
    assert np.isnan(spearman(np.ones(5), np.arange(5))).all()


def test_intervals_hold_the_value_and_narrow_with_more_structures():
    widths = []
    for n in (50, 800):
        x = RNG.normal(size=n)
        y = x + RNG.normal(size=n)
        found = statistics_with_intervals(lambda t: t.ravel().tolist(), x, y, n_bootstrap=100)
        value, low, high = found[0]
        assert low < value < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_what_only_tells_hard_structures_has_no_gain():
    hard = RNG.random(400)
    x, y = (hard + 0.5 * RNG.random((6, 400)) for _ in range(2))
    found = own_and_foreign(x, y, PAIRS, n_bootstrap=50)
    assert found["own"][0] > 0.5
    assert found["gain"][1] < 0 < found["gain"][2]


def test_what_is_about_the_pair_has_all_of_it_as_gain():
    x = RNG.random((6, 400))
    found = own_and_foreign(x, x + 0.1 * RNG.random((6, 400)), PAIRS, n_bootstrap=50)
    assert found["own"][1] > 0.9
    assert found["gain"][1] > 0.8
    assert abs(found["foreign"][0]) < 0.1


def test_without_strangers_only_the_own_is_told():
    few = model_pairs("abc")
    assert not disjoint(few).any()
    x = RNG.random((3, 30))
    assert list(own_and_foreign(x, x, few, n_bootstrap=5)) == ["own"]
    assert own_by_pair(x, x, few, n_bootstrap=5)["foreign"].isna().all()
    assert own_and_foreign(x[:0], x[:0], [], n_bootstrap=5) == {}


def test_by_label_leaves_small_groups_out():
    x = RNG.random((2, 60))
    members = {"many": np.arange(60) < 40, "few": np.arange(60) >= 50}
    rows = by_label(x, x, members, fewest=20, n_bootstrap=5)
    assert rows.index.tolist() == ["many"]
    assert rows.loc["many", "value"] == pytest.approx(1)
    assert rows.loc["many", "structures"] == 40
