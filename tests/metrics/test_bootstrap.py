"""Intervals of one split, and of draws that others made."""

import numpy as np
import pytest

from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.group_intervals import bootstrap_interval, group_sums


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


def test_the_interval_of_independent_errors_is_that_of_the_normal_distribution():
    rng = np.random.default_rng(0)
    errors = np.sqrt(rng.normal(1, 0.2, size=4000) ** 2)
    _, low, high = bootstrap_interval(errors**2, np.ones(4000), n_bootstrap=2000)
    # sqrt of a mean m of squares with standard error s: s / (2 sqrt(m)).
    squares = errors**2
    half = 1.96 * squares.std() / np.sqrt(4000) / (2 * np.sqrt(squares.mean()))
    assert (high - low) / 2 == pytest.approx(half, rel=0.08)
    assert (high + low) / 2 == pytest.approx(np.sqrt(squares.mean()), rel=1e-3)


def test_atoms_of_a_structure_are_not_independent():
    per_structure = np.random.default_rng(0).uniform(0.1, 1, size=50)
    structure = np.repeat(np.arange(50), 20)
    errors = per_structure[structure]
    widths = []
    for groups in (structure, np.arange(1000)):
        _, low, high = bootstrap_interval(*group_sums(errors, groups), n_bootstrap=1000)
        widths.append(high - low)
    # 20 copies say no more than one: the interval is sqrt(20) times as wide.
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(20), rel=0.1)


def test_intervals_as_a_loop_over_draws_gives_them():
    rng = np.random.default_rng(0)
    errors, labels = rng.uniform(size=(2, 3, 40)), rng.integers(0, 8, size=40)
    value, low, high = bootstrap_interval(*group_sums(errors, labels), n_bootstrap=30, seed=4)
    np.testing.assert_allclose(value, np.sqrt((errors**2).mean(axis=-1)))
    names = np.unique(labels)
    draws = np.random.default_rng(4).multinomial(len(names), [1 / len(names)] * len(names), 30)
    resampled = []
    for draw in draws:
        chosen = np.concatenate(
            [
                np.flatnonzero(labels == name)
                for name, n in zip(names, draw, strict=True)
                for _ in range(n)
            ]
        )
        resampled.append(np.sqrt((errors[..., chosen] ** 2).mean(axis=-1)))
    np.testing.assert_allclose(low, np.quantile(resampled, 0.025, axis=0))
    np.testing.assert_allclose(high, np.quantile(resampled, 0.975, axis=0))
