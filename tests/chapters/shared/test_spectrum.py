"""Directions of features, with known spectra."""

import numpy as np
import pytest

from chapters.shared.spectrum import (
    energy_in_leading,
    leading_share,
    narrowed,
    without_leading,
)

RNG = np.random.default_rng(0)
TRAIN = np.arange(300)
X = RNG.normal(size=(400, 6)) * [5, 3, 1, 1, 0.5, 0.1]


def test_one_direction_counts_as_one():
    line = np.outer(RNG.normal(size=50), [1, 2, 3])
    assert leading_share(line, train=range(50)) == pytest.approx(1)


def test_rotation_scale_and_shift_do_not_matter():
    turn = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    moved = 7 * X @ turn + 3
    assert leading_share(moved, train=TRAIN) == pytest.approx(leading_share(X, train=TRAIN))


def test_pca_keeps_more_variance_than_random_directions():
    pca = narrowed(X, 2)
    random = narrowed(X, 2, how="random", seed=1)
    assert pca.shape == random.shape == (400, 2)
    assert pca.var(axis=0).sum() > random.var(axis=0).sum()


def test_full_width_is_a_rotation():
    for how in ("pca", "random"):
        cut = narrowed(X, 6, how=how)
        assert np.linalg.norm(cut, axis=1) == pytest.approx(np.linalg.norm(X, axis=1))


@pytest.mark.parametrize("width", [0, 7])
def test_impossible_width_is_named(width):
    with pytest.raises(ValueError, match=f"got {width}, expected 1 to 6"):
        narrowed(X, width)


def test_what_was_taken_out_is_gone():
    left = without_leading(X, 2)
    assert left.shape == X.shape
    assert np.linalg.matrix_rank(left, tol=1e-8) == 4
    assert without_leading(X, 0) == pytest.approx(X - X.mean(axis=0))


def make_structures(weights, noise):
    """Atoms of two elements whose last layer gives the energy exactly."""
    structure = np.repeat(np.arange(200), 3)
    numbers = RNG.choice([1, 8], size=600)
    layer = RNG.normal(size=(600, 4)) * noise
    site = layer @ weights + np.where(numbers == 8, -4.0, -1.0)
    return layer, structure, numbers, np.bincount(structure, weights=site)


def test_leading_direction_that_is_the_energy():
    made = make_structures(np.array([0.5, 0, 0, 0]), noise=[3, 1, 1, 1])
    assert energy_in_leading(*made) == pytest.approx(1, abs=0.02)


def test_leading_direction_that_has_nothing_to_do_with_the_energy():
    made = make_structures(np.array([0, 0, 0, 0.5]), noise=[3, 1, 1, 1])
    assert energy_in_leading(*made) == pytest.approx(0, abs=0.02)


def test_too_few_structures_give_nan():
    layer, structure, numbers, energy = make_structures(np.ones(4), noise=[1, 1, 1, 1])
    few = structure < 11
    assert np.isnan(energy_in_leading(layer[few], structure[few], numbers[few], energy[:11]))
