"""Which group carries the square of an error, and how much of it."""

import numpy as np
import pytest

from lumlip.metrics.outliers import worst_groups


def test_one_bad_group_is_found():
    errors, groups = np.full((2, 100), 0.3), np.repeat([f"g{i}" for i in range(20)], 5)
    errors[1, groups == "g7"] = 3.0
    share, group = worst_groups(errors, groups)
    # 5 atoms of 9, 95 of 0.09.
    np.testing.assert_allclose(share, [1 / 20, 45 / 53.55])
    assert group[1] == "g7"


def test_without_errors_no_group_carries_more_than_another():
    share, group = worst_groups(np.zeros((3, 3, 10)), np.arange(10))
    np.testing.assert_allclose(share, 0.1)
    assert group.shape == (3, 3)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"groups: got shape \(1,\), expected \(2,\)"):
        worst_groups([1, 2], [0])
