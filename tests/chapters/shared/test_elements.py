"""Taking the element out of features."""

import numpy as np
import pytest

from chapters.shared.elements import element_share, known_in, without_element_mean


@pytest.fixture
def atoms():
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 4)), rng.choice([1, 6, 8], size=60), np.arange(50)


def test_nothing_of_an_embedding_is_left(atoms):
    _, numbers, train = atoms
    embedding = np.eye(3)[np.searchsorted([1, 6, 8], numbers)]
    assert np.abs(without_element_mean(embedding, numbers, train=train)).max() < 1e-15
    assert element_share(embedding, numbers) == pytest.approx(1)


def test_means_of_train_vanish_and_a_second_time_changes_nothing(atoms):
    X, numbers, train = atoms
    left = without_element_mean(X, numbers, train=train)
    for z in (1, 6, 8):
        assert np.abs(left[train][numbers[train] == z].mean(axis=0)).max() < 1e-14
    assert np.allclose(left, without_element_mean(left, numbers, train=train))


def test_any_shift_of_an_element_is_forgotten(atoms):
    X, numbers, train = atoms
    shifted = X + 10 * (numbers == 6)[:, None]
    one, other = (without_element_mean(x, numbers, train=train) for x in (X, shifted))
    assert np.allclose(one, other)


def test_unknown_element_keeps_its_distance_from_the_mean(atoms):
    X, numbers, train = atoms
    numbers = np.where(np.arange(60) == 59, 92, numbers)
    left = without_element_mean(X, numbers, train=train)
    assert np.allclose(left[59], X[59] - X[train].mean(axis=0))


def test_share_is_zero_if_elements_have_one_mean():
    assert element_share([[1.0], [-1.0], [1.0], [-1.0]], [1, 1, 8, 8]) == pytest.approx(0)


def test_only_elements_with_enough_train_atoms_are_tested():
    found = known_in([1, 1, 8, 1, 8, 9], train=[0, 1, 2], test=[3, 4, 5], least=2)
    assert found.tolist() == [3]
