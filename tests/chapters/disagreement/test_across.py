"""Mantel's test of two tables of distances."""

import numpy as np
import pytest

from chapters.disagreement.across import as_table, mantel

RNG = np.random.default_rng(0)


def apart(places):
    return np.abs(places[:, None] - places)


def test_one_table_twice_agrees_in_full_and_by_no_accident():
    table = apart(RNG.random(6))
    found = mantel(table, table)
    assert found.value == pytest.approx(1)
    assert found.n_pairs == 15
    assert found.p <= 2 / 720 + 1e-9  # a mirrored line has the same distances


def test_unrelated_tables_have_an_unremarkable_share_on_average():
    shares = [mantel(apart(RNG.random(6)), apart(RNG.random(6))).p for _ in range(30)]
    assert 0.3 < np.mean(shares) < 0.7


def test_within_groups_only_their_pairs_count():
    first = apart(np.array([0.0, 1, 3, 100, 101, 103]))
    second = first.copy()
    second[:3, 3:] = second[3:, :3] = -1  # what is between groups is of no importance
    found = mantel(first, second, groups=[1, 1, 1, 2, 2, 2])
    assert found.n_pairs == 6
    assert found.value == pytest.approx(1)


def test_many_models_have_a_sample_of_orders_that_is_the_same_every_time():
    a, b = apart(RNG.random(9)), apart(RNG.random(9))
    assert mantel(a, b, seed=3) == mantel(a, b, seed=3)


def test_few_pairs_tell_nothing():
    assert mantel(np.zeros((3, 3)), np.zeros((3, 3))) is None


def test_pairs_become_a_symmetric_table():
    np.testing.assert_array_equal(as_table([1, 2, 3], 3), [[0, 1, 2], [1, 0, 3], [2, 3, 0]])
