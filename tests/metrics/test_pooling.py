"""Means over the atoms of structures, and what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from lumlip.metrics.cumulants import mean_over_atoms


def test_each_structure_has_the_mean_of_its_atoms():
    assert_array_equal(mean_over_atoms([[1.0], [5.0], [3.0]], [0, 1, 0]), [[2.0], [5.0]])


@pytest.mark.parametrize(
    ("X", "structure", "message"),
    [
        (np.ones((2, 1)), [1, 2], "structure: got 2 different indices from 1 to 2"),
        (np.ones((2, 1)), [0, 2], "structure: got 2 different indices from 0 to 2"),
        (np.ones((2, 1)), [0.0, 1.0], "structure: got shape .2,. of float64"),
        (np.ones((2, 1)) * 1j, [0, 1], "X: got dtype complex128"),
        ([["a"], ["b"]], [0, 1], "X: got dtype <U1"),
        ([[np.nan], [1.0]], [0, 1], "X: got NaN"),
        ([[1.7e308], [1.7e308]], [0, 0], "X: got numbers up to"),
        (np.ma.masked_array([[1.0], [2.0]], mask=[[0], [1]]), [0, 0], "X: got masked numbers"),
    ],
)
def test_bad_input_is_refused(X, structure, message):
    with pytest.raises(ValueError, match=message):
        mean_over_atoms(X, structure)
