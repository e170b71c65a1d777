"""Taking the element out of features."""

import numpy as np
import pytest

from chapters.shared.elements import element_share, without_element_mean


@pytest.fixture
def atoms():
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 4)), rng.choice([1, 6, 8], size=60)


def test_nothing_of_an_embedding_is_left(atoms):
    _, numbers = atoms
    embedding = np.eye(3)[np.searchsorted([1, 6, 8], numbers)]
    assert np.abs(without_element_mean(embedding, numbers)).max() < 1e-15
    assert element_share(embedding, numbers) == pytest.approx(1)


def test_means_vanish_and_a_second_time_changes_nothing(atoms):
    X, numbers = atoms
    left = without_element_mean(X, numbers)
    for z in (1, 6, 8):
        assert np.abs(left[numbers == z].mean(axis=0)).max() < 1e-14
    assert np.allclose(left, without_element_mean(left, numbers))


def test_any_shift_of_an_element_is_forgotten(atoms):
    X, numbers = atoms
    shifted = X + 10 * (numbers == 6)[:, None]
    one, other = (without_element_mean(x, numbers) for x in (X, shifted))
    assert np.allclose(one, other)


def test_share_is_zero_if_elements_have_one_mean():
    assert element_share([[1.0], [-1.0], [1.0], [-1.0]], [1, 1, 8, 8]) == pytest.approx(0)
