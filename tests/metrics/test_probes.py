"""Probes whose answer is known, and groups that are never parted."""

import numpy as np
import pytest

from lumlip.metrics.probes import probe_class, probe_number

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 5))
GROUPS = np.arange(400) // 4


def test_linear_function_is_read_off_and_scale_does_not_matter():
    y = X @ [1, -2, 0, 3, 1] + 7
    for scale in (1, [1e-4, 1, 10, 1e3, 1]):
        score = probe_number(X * scale, y, groups=GROUPS)
        assert score.value > 0.98
        assert score.low <= score.value <= score.high
        assert len(score.folds) == 5


def test_noise_is_not_read_off():
    score = probe_number(RNG.normal(size=(400, 5)), X[:, 0], groups=GROUPS)
    assert -0.1 < score.value < 0.05


def test_half_of_the_variance_is_half():
    y = X[:, 0] + X[:, 1]
    score = probe_number(X[:, :1], y, groups=GROUPS)
    assert score.value == pytest.approx(0.5, abs=0.06)
    assert score.low < 0.5 < score.high


def test_mean_has_zero_by_construction():
    score = probe_number(None, X[:, 0], groups=GROUPS)
    assert score.value == 0
    assert set(score.folds) == {0.0}
    assert score.draws == pytest.approx(np.zeros(500))


def test_groups_are_never_parted():
    # The value is a random number of the group, and the features name the group: within a group
    # it is known at once, for a group never seen it cannot be.
    label = RNG.normal(size=100)[GROUPS]
    features = np.eye(100)[GROUPS]
    assert probe_number(features, label, groups=GROUPS).value < 0.05
    assert probe_number(features, label, groups=np.arange(400)).value > 0.5


def test_predictions_stay_in_the_range_of_what_was_seen():
    features = X[:, :1].copy()
    features[0] = 1e6  # would be predicted at a million
    score = probe_number(features, X[:, 0], groups=GROUPS)
    assert score.value > -1


def test_classes_that_are_apart_are_told_apart():
    labels = (X[:, 0] > 0).astype(int) + 2 * (X[:, 1] > 0)
    corners = np.eye(4)[labels] + 0.01 * X[:, :4]
    assert probe_class(corners, labels, groups=GROUPS).value == 1
    assert probe_class(corners, labels.astype(str), groups=GROUPS).value == 1


def test_rare_class_counts_as_much_as_a_common_one():
    labels = (np.arange(400) % 8 == 0).astype(int)
    score = probe_class(None, labels, groups=GROUPS)
    assert score.value == pytest.approx(0.5)  # 87.5 % right, of two classes one
    assert set(score.folds) == {0.5}


def test_one_class_only_in_training_is_no_error():
    labels = np.array([0, 0, 1, 1])
    assert probe_class(np.eye(4), labels, groups=[0, 0, 1, 1]).value == 0


def test_same_seed_same_draws_so_that_differences_have_intervals():
    y = X @ [1, 1, 0, 0, 0]
    both = probe_number(X, y, groups=GROUPS, seed=3)
    one = probe_number(X[:, :1], y, groups=GROUPS, seed=3)
    difference = both.draws - one.draws
    assert np.ptp(difference) < np.ptp(one.draws) + np.ptp(both.draws)
    again = probe_number(X, y, groups=GROUPS, seed=3)
    assert again.draws == pytest.approx(both.draws, abs=0)


def test_fewer_groups_than_folds():
    assert len(probe_number(X, X[:, 0], groups=np.arange(400) % 3).folds) == 3


@pytest.mark.parametrize(
    ("features", "values", "groups", "match"),
    [
        (X, X[:300, 0], GROUPS, "got features of shape"),
        (X, X[:, 0], np.zeros(400), "got 1, expected 2 or more"),
        (X, np.full(400, np.nan), GROUPS, "NaN"),
    ],
)
def test_faulty_input_is_named(features, values, groups, match):
    with pytest.raises(ValueError, match=match):
        probe_number(features, values, groups=groups)
