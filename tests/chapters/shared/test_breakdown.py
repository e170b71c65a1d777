"""Means over pairs of models."""

import numpy as np
import pandas as pd
import pytest

from chapters.shared.breakdown import mean_between, null_of_names


def test_mean_between_skips_the_diagonal_and_what_is_not_published():
    table = pd.DataFrame([[9.0, 0.2], [np.nan, 9.0]])
    assert mean_between(table) == pytest.approx(0.2)


def test_null_of_names_is_what_the_best_of_forty_orders_reaches():
    families = np.array(["a", "a", "b", "b"])
    same = families[:, None] == families
    weights = np.where(same, -1 / 4, 1 / 8) * ~np.eye(4, dtype=bool)
    table = pd.DataFrame(1.0 - same)
    assert (weights * table).to_numpy().sum() == 1
    # A third of all orders of two pairs keeps the pairs: their difference is 1 again.
    assert null_of_names(table, weights, n_draws=300) == 1
