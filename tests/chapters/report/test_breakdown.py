"""Errors by label, on errors that are known."""

import numpy as np
import pytest

from chapters.report import breakdown

N = 30  # parents, with two atoms of each of two elements
GROUPS = np.repeat(np.arange(N), 4)
ELEMENTS = np.tile(["Fe", "Fe", "O", "O"], N)


@pytest.fixture
def errors():
    """Twice as large for iron, in two orders of the folds."""
    spread = np.random.default_rng(0).lognormal(sigma=0.2, size=(2, len(GROUPS)))
    return np.where(ELEMENTS == "Fe", 0.8, 0.4) * spread


def test_a_root_mean_square_for_each_label_largest_first(errors):
    table = breakdown.by_label(errors, ELEMENTS, GROUPS, n_bootstrap=50)
    assert list(table.index) == ["Fe", "O"]
    assert table["n"].tolist() == [2 * N, 2 * N]
    assert table["parents"].tolist() == [N, N]
    expected = np.sqrt(np.mean(errors[:, ELEMENTS == "Fe"] ** 2, axis=1)).mean()
    iron = table.loc["Fe", "error"]
    assert iron.value == pytest.approx(expected)
    assert iron.low < iron.value < iron.high
    assert list(breakdown.harder(table).index) == ["Fe"]


def test_labels_of_few_parents_and_equal_errors_are_not_called_hard(errors):
    rare = np.where(GROUPS < breakdown.LEAST - 1, "rare", "common")
    table = breakdown.by_label(errors, rare, GROUPS, n_bootstrap=50)
    assert list(table.index) == ["common"]
    assert breakdown.harder(table).empty


def test_nothing_gives_an_empty_table_and_no_number():
    table = breakdown.by_label(np.empty((2, 0)), np.array([], dtype=str), np.array([], dtype=int))
    assert table.empty
    assert breakdown.harder(table)["error"].empty
    assert np.isnan(breakdown.rms(np.empty((2, 0)), np.array([]), n_bootstrap=9).value)
