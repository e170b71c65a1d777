"""Intervals from sums over groups: arithmetic, limits, refusals. Their coverage: test_coverage."""

import numpy as np
import pytest

from lumlip.metrics import _studentized, group_intervals
from lumlip.metrics.group_intervals import (
    difference_interval,
    group_sums,
    mean_rms_interval,
    rms_interval,
)


@pytest.fixture
def sums():
    return np.random.default_rng(0).lognormal(size=(4, 60))


COUNTS = np.random.default_rng(1).integers(1, 20, size=60).astype(float)


def test_sums_are_those_of_a_loop_over_groups():
    rng = np.random.default_rng(0)
    errors, labels = rng.normal(size=(2, 3, 50)), rng.choice(["c", "a", "b"], size=50)
    found, counts = group_sums(errors, labels)
    for k, label in enumerate("abc"):
        np.testing.assert_allclose(found[..., k], (errors[..., labels == label] ** 2).sum(axis=-1))
        assert counts[k] == (labels == label).sum()


def test_interval_of_many_normal_errors_is_the_usual_one():
    rng = np.random.default_rng(0)
    squares = rng.chisquare(10, size=2000)
    value, low, high = rms_interval(squares, np.full(2000, 10.0))
    # The mean square varies by sqrt(2 / 20000), its root by half of that.
    assert float(value) == pytest.approx(1, abs=0.02)
    assert float(high - low) == pytest.approx(2 * 1.96 / np.sqrt(2 * 20000), rel=0.12)


@pytest.mark.parametrize("seed", range(10))
def test_draws_of_one_group_say_nothing(seed):
    """Rounding leaves them next to no spread, and the ends would be anywhere, up to infinity."""
    rng = np.random.default_rng(seed)
    sums = rng.lognormal(size=3)
    found = rms_interval(sums, np.ones(3), n_bootstrap=200)
    noisy = rms_interval(
        sums * (1 + rng.uniform(-2e-16, 2e-16, size=3)), np.ones(3), n_bootstrap=200
    )
    np.testing.assert_allclose(noisy, found, rtol=1e-9)


def test_the_unit_of_errors_is_that_of_the_ends(sums):
    small, large = rms_interval(sums, COUNTS), rms_interval(1e-20 * sums, COUNTS)
    np.testing.assert_allclose(np.array(large), 1e-10 * np.array(small))
    assert np.array(small).shape == (3, 4)
    assert (small[1] < small[0]).all()
    assert (small[0] < small[2]).all()


def test_groups_without_an_error_have_none_by_rounding():
    """Of 30 groups 25 are rebuilt exactly, but for the rounding of float32, which is chance."""
    rng = np.random.default_rng(0)
    exact = np.where(np.arange(30) % 6, 0.0, rng.lognormal(size=30))
    expected = rms_interval(exact, np.ones(30), n_bootstrap=20)
    for _ in range(5):
        rounded = np.maximum(exact, 1e-14 * rng.random(30))
        np.testing.assert_allclose(rms_interval(rounded, np.ones(30), n_bootstrap=20), expected)


def test_small_errors_are_no_rounding():
    """1e-5 of the others, 1e-10 of their squares: not what exact zeros would give."""
    rng = np.random.default_rng(0)
    exact = np.where(np.arange(30) % 6, 0.0, rng.lognormal(size=30))
    zero, small = (
        rms_interval(np.maximum(exact, least), np.ones(30), n_bootstrap=20)
        for least in (0.0, 1e-10)
    )
    assert not np.allclose(small, zero, rtol=0.01)


@pytest.mark.parametrize("seed", range(10))
def test_no_correlation_is_above_one(seed):
    rng = np.random.default_rng(seed)
    sums = rng.lognormal(size=7)
    found = group_intervals._correlation(sums, rng.uniform(0.1, 9) * sums, np.ones(7))
    assert 1 - 1e-9 < found <= 1


def test_a_difference_reaches_as_its_formula_says(sums):
    one, other = sums[:1], sums[1:2] * 0.3
    value, low, high = mean_rms_interval(one, COUNTS)
    other_value, other_low, other_high = mean_rms_interval(other, COUNTS)
    influence = [s[0] / s.sum() - COUNTS / COUNTS.sum() for s in (one, other)]
    apart = 2 * (1 - np.dot(*influence) / np.prod(np.linalg.norm(influence, axis=1)))
    up, down, other_up, other_down = (
        high - value,
        value - low,
        other_high - other_value,
        other_value - other_low,
    )
    together = max(abs(up - other_up), abs(down - other_down))
    expected = (
        value
        - other_value
        + np.array(
            [
                0,
                -np.sqrt(together**2 + apart * down * other_up),
                np.sqrt(together**2 + apart * up * other_down),
            ]
        )
    )
    np.testing.assert_allclose(difference_interval(one, other, COUNTS), expected)


def test_draws_come_in_chunks_of_bounded_size(monkeypatch):
    monkeypatch.setattr(_studentized, "CHUNK", 10)
    for n_groups, sizes in ((5, [2, 2, 2, 1]), (11, [1] * 7)):
        draws = list(_studentized._draws(n_groups, 7, np.random.default_rng(0)))
        assert [len(groups) for groups, _ in draws] == sizes
        assert {part.shape[1] for draw in draws for part in draw} == {n_groups}


@pytest.mark.parametrize("seed", range(30))
def test_what_differs_in_nothing_has_no_interval(seed):
    sums = np.random.default_rng(seed).lognormal(size=(3, 40))
    assert difference_interval(sums, 7 * sums[::-1], np.ones(40))[1] < 0
    assert difference_interval(sums, sums.copy(), np.ones(40), n_bootstrap=9) == (0.0, 0.0, 0.0)


def test_chunks_of_draws_change_no_shape(sums, monkeypatch):
    whole = np.array(rms_interval(sums, COUNTS))
    monkeypatch.setattr(_studentized, "CHUNK", 100)
    parts = np.array(rms_interval(sums, COUNTS))
    # Other draws, the same interval up to the noise of 1000 of them.
    np.testing.assert_allclose(parts, whole, rtol=0.1)


def test_a_mean_of_pairs_in_proportion_varies_as_each(sums):
    pairs = sums[0] * np.array([[1.0], [4.0], [0.0]])
    value, low, high = rms_interval(sums[0], COUNTS, seed=3)
    expected = [float(part) * (1 + 2 + 0) / 3 for part in (value, low, high)]
    np.testing.assert_allclose(mean_rms_interval(pairs, COUNTS, seed=3), expected)


def test_a_heavier_tail_reaches_farther_upward(sums):
    _, _, high = rms_interval(np.sort(sums[0]), np.ones(60))
    value, low_heavy, high_heavy = rms_interval(np.sort(sums[0]) ** 2, np.ones(60))
    assert high_heavy / value > high / np.sqrt(sums[0].mean())
    assert high_heavy - value > value - low_heavy


def test_differences_share_the_groups(sums):
    first, second = sums[:2], sums[2:]
    value, low, high = difference_interval(first, second, COUNTS)
    backward = difference_interval(second, first, COUNTS)
    assert backward == pytest.approx((-value, -high, -low))
    # What both have in common cancels: pairs that nearly are the first ones.
    _, low_near, high_near = difference_interval(first, 1.02 * first + 0.01 * second, COUNTS)
    assert high_near - low_near < 0.2 * (high - low)
    assert difference_interval(first, first, COUNTS) == (0, 0, 0)


def test_without_errors_or_with_one_group_there_is_no_reach():
    assert mean_rms_interval(np.zeros((2, 5)), np.ones(5)) == (0, 0, 0)
    assert difference_interval(np.zeros((2, 5)), np.zeros((1, 5)), np.ones(5)) == (0, 0, 0)
    value, low, high = mean_rms_interval([[4.0]], [1.0])
    assert value == 2
    assert np.isnan([low, high]).all()
    even = mean_rms_interval(np.ones((1, 30)), np.ones(30))
    np.testing.assert_allclose(even, 1)
    few = mean_rms_interval([[0.0, 0.0, 0.0, 0.0, 1.0]], np.ones(5))
    assert few[1] <= few[0] <= few[2]
    assert np.isfinite(few).all()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (lambda: group_sums([1, 2], [0]), r"groups: got shape \(1,\), expected \(2,\)"),
        (lambda: rms_interval([1, 2], [1]), r"got shapes \(2,\) and \(1,\), expected"),
        (lambda: rms_interval([1, -2], [1, 1]), "got negative or no numbers"),
        (lambda: rms_interval([1, np.nan], [1, 1]), "got negative or no numbers"),
        (lambda: rms_interval([1, 2], [1, 0]), "got negative or no numbers"),
        (lambda: rms_interval([1, 2], [1, 1], n_bootstrap=0), "n_bootstrap: got 0, expected 1"),
        (lambda: mean_rms_interval([1, 2], [1, 1]), r"sums: got shape \(2,\), expected \(n_pairs"),
    ],
)
def test_bad_input_is_refused(found, message):
    with pytest.raises(ValueError, match=message):
        found()
