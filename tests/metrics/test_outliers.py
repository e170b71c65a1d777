"""Root mean squares beside their medians, trimmed values and worst groups."""

import numpy as np
import pytest

from lumlip.metrics.outliers import root_mean_squares


def test_one_bad_group_is_found_and_left_out():
    errors, groups = np.full((2, 100), 0.3), np.repeat([f"g{i}" for i in range(20)], 5)
    errors[1, groups == "g7"] = 3.0
    found = root_mean_squares(errors, groups)
    np.testing.assert_allclose(found.median, 0.3)
    np.testing.assert_allclose(found.trimmed, 0.3)
    # 5 atoms of 9, 95 of 0.09.
    np.testing.assert_allclose(found.value, [0.3, np.sqrt((45 + 8.55) / 100)])
    np.testing.assert_allclose(found.worst_share, [1 / 20, 45 / 53.55])
    assert found.worst_group[1] == "g7"
    assert found.flagged.tolist() == [False, True]


def test_trimming_leaves_out_a_share_of_the_groups():
    errors = np.arange(1.0, 11.0)
    found = root_mean_squares(errors, np.arange(10), trim=0.3)
    assert float(found.trimmed) == pytest.approx(np.sqrt(np.mean(errors[:7] ** 2)))
    nearly_all = root_mean_squares(errors, np.arange(10), trim=0.99)
    assert float(nearly_all.trimmed) == 1


def test_without_errors_nothing_is_flagged():
    found = root_mean_squares(np.zeros((3, 3, 10)), np.arange(10))
    assert not found.flagged.any()
    np.testing.assert_allclose(found.worst_share, 0.1)
    assert found.value.shape == (3, 3)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"groups: got shape \(1,\), expected \(2,\)"):
        root_mean_squares([1, 2], [0])
    with pytest.raises(ValueError, match=r"got trim=1.0 and 2 groups, expected 0 to 1"):
        root_mean_squares([1, 2], [0, 1], trim=1.0)
    with pytest.raises(ValueError, match=r"got trim=0.02 and 1 groups, expected .* at least 2"):
        root_mean_squares([1, 2], [0, 0])
