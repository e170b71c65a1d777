"""Intervals of one split, and of draws that others made."""

import numpy as np
import pytest

from lumlip.metrics.bootstrap import Interval, bootstrap_interval


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
    low, high = bootstrap_interval(errors, groups=np.arange(4000), n_bootstrap=2000)
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
        low, high = bootstrap_interval(errors, groups=groups, n_bootstrap=1000)
        widths.append(high - low)
    # 20 copies say no more than one: the interval is sqrt(20) times as wide.
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(20), rel=0.1)


def test_intervals_as_a_loop_over_draws_gives_them():
    rng = np.random.default_rng(0)
    errors, labels = rng.uniform(size=(2, 3, 40)), rng.integers(0, 8, size=40)
    low, high = bootstrap_interval(errors, groups=labels, n_bootstrap=30, level=0.8, seed=4)
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
    np.testing.assert_allclose(low, np.quantile(resampled, 0.1, axis=0))
    np.testing.assert_allclose(high, np.quantile(resampled, 0.9, axis=0))


def test_bad_bootstraps_are_refused():
    with pytest.raises(ValueError, match=r"groups: got shape \(2,\), expected \(3,\)"):
        bootstrap_interval([1, 2, 3], groups=[0, 1], n_bootstrap=5)
    for options in ({"n_bootstrap": 0}, *({"n_bootstrap": 5, "level": x} for x in (0, 1, 2))):
        with pytest.raises(ValueError, match="expected 1 or more, and 0 to 1"):
            bootstrap_interval([1, 2, 3], groups=[0, 1, 2], **options)


def test_the_seed_is_zero_if_none_is_given():
    options = {"groups": range(3), "n_bootstrap": 5}
    found = bootstrap_interval([1, 2, 3], **options)
    assert found == bootstrap_interval([1, 2, 3], seed=0, **options)
    assert found != bootstrap_interval([1, 2, 3], seed=1, **options)


def test_one_draw_is_an_interval_of_no_width():
    low, high = bootstrap_interval([1, 2, 3], groups=[0, 1, 2], n_bootstrap=1)
    assert low == high
