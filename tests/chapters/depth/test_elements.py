"""Taking the element out of features, by atoms that are no relatives."""

import numpy as np
import pandas as pd
import pytest

from chapters.depth.elements import atoms_of_common_elements, without_strangers_mean
from lumlip.metrics.pointwise import pointwise_errors
from lumlip.metrics.repeated import CrossFit, orders_of


@pytest.fixture
def atoms():
    rng = np.random.default_rng(0)
    numbers = np.array([1, 6, 8])[np.arange(60) % 3]
    return rng.normal(size=(60, 4)), numbers, np.arange(60) // 6


def test_by_hand():
    left = without_strangers_mean([[1.0], [5.0], [2.0], [4.0]], [1, 1, 1, 1], [0, 0, 1, 2])
    # The means of the others: (2 + 4) / 2 twice, (1 + 5 + 4) / 3, (1 + 5 + 2) / 3.
    assert left[:, 0] == pytest.approx([-2, 2, 2 - 10 / 3, 4 - 8 / 3])


def test_nothing_of_an_atom_or_a_relative_is_subtracted_from_it(atoms):
    X, numbers, groups = atoms
    moved = X + 10 * (groups == 3)[:, None]
    one, other = (without_strangers_mean(x, numbers, groups) for x in (X, moved))
    assert np.allclose((other - one)[groups == 3], 10)


def test_a_linear_map_with_a_constant_of_each_element_stays_that_map(atoms):
    X, numbers, groups = atoms
    W = np.random.default_rng(1).normal(size=(4, 3))
    Y = X @ W + 100 * numbers[:, None]
    left = [without_strangers_mean(x, numbers, groups) for x in (X, Y)]
    assert np.allclose(left[0] @ W, left[1])


def test_nothing_is_known_of_an_element_of_one_parent(atoms):
    X, numbers, groups = atoms
    numbers = np.where(np.arange(60) >= 58, 92, numbers)
    assert not without_strangers_mean(X, numbers, groups)[58:].any()


def test_errors_are_those_with_means_of_the_train_folds(panel):
    order = orders_of(panel.atoms, n_seeds=1)[0]
    numbers = panel.atoms["atomic_number"].to_numpy()
    rng = np.random.default_rng(0)
    X = rng.normal(size=(len(numbers), 3)) + numbers[:, None]
    features = {"x": X, "y": X[:, :2] + rng.normal(size=(len(X), 2)) - numbers[:, None] ** 2}
    left = {m: without_strangers_mean(x, numbers, order.groups) for m, x in features.items()}
    found = CrossFit.of(left, orders=[order]).table.loc["x", "y"]
    squares = []
    for fold in np.unique(order):
        train, test = np.flatnonzero(order != fold), np.flatnonzero(order == fold)
        means = {
            m: pd.DataFrame(x[train]).groupby(numbers[train]).mean() for m, x in features.items()
        }
        inner = {m: x - means[m].loc[numbers].to_numpy() for m, x in features.items()}
        errors = pointwise_errors(inner, train=train, test=test)
        squares.append(np.square(errors.sel(source="x", target="y").to_numpy()))
    assert found == pytest.approx(np.sqrt(np.concatenate(squares).mean()), abs=0.01)


def test_rare_elements_are_not_tested():
    found = atoms_of_common_elements([1, 1, 8, 8, 1], [0, 0, 0, 1, 2], least=2)
    assert found.tolist() == [0, 1, 2, 3, 4]
    found = atoms_of_common_elements([1, 1, 8, 8, 9], [0, 0, 0, 1, 2], least=2)
    assert found.tolist() == [2, 3]
