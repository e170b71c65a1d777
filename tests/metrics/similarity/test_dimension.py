"""Intrinsic dimension of cubes, and what leaves it as it is."""

import numpy as np
import pytest

from lumlip import similarity
from lumlip.metrics.similarity.dimension import nearest


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_dimension_of_a_cube_in_more_directions(dimension, rng):
    cube = (
        rng.uniform(size=(3000, dimension)) @ np.linalg.qr(rng.normal(size=(9, 9)))[0][:dimension]
    )
    assert similarity.two_nn(cube) == pytest.approx(dimension, rel=0.1)
    assert similarity.mle_dimension(cube, k=10) == pytest.approx(dimension, rel=0.15)


def test_dimension_does_not_notice_rotation_and_scale(rng):
    X = rng.normal(size=(200, 4))
    turned = 3 * X @ np.linalg.qr(rng.normal(size=(4, 4)))[0] - 1
    assert similarity.two_nn(turned) == pytest.approx(similarity.two_nn(X), rel=1e-9)
    assert similarity.mle_dimension(turned) == pytest.approx(similarity.mle_dimension(X), rel=1e-9)


@pytest.mark.parametrize(
    ("n", "discard", "n_kept"), [(40, 0, 39), (40, 0.1, 36), (40, 0.5, 20), (3, 0, 2), (3, 0.9, 1)]
)
def test_two_nn_is_its_slope_through_the_origin(n, discard, n_kept, rng):
    X = rng.normal(size=(n, 3))
    distance = np.sort(np.linalg.norm(X[:, None] - X, axis=-1), axis=1)
    ratio = np.sort(np.log(distance[:, 2] / distance[:, 1]))[:n_kept]
    height = [-np.log(1 - i / n) for i in range(1, n_kept + 1)]
    slope = np.linalg.lstsq(ratio[:, None], height)[0][0]
    assert similarity.two_nn(X, discard=discard) == pytest.approx(slope)


def test_ratios_near_one_are_a_dimension_too(rng):
    corners = np.eye(9) + 1e-3 * rng.normal(size=(9, 9))  # all nearly equally far apart
    assert similarity.two_nn(corners) > 100


@pytest.mark.parametrize(
    ("places", "expected"), [([0, 1, 3], 3 / np.log(9)), ([0, 1, 2], 1.5 / np.log(2))]
)
def test_three_samples_on_a_line_have_the_dimension_of_the_formula(places, expected):
    """T_2 / T_1 of the samples: 3, 2, 3/2, the product of which is 9; and 2, 1, 2."""
    points = np.array(places, dtype=float)[:, None]
    assert similarity.mle_dimension(points, k=2) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="k: got 3, expected 2 to 2 of 3 samples"):
        similarity.mle_dimension(points, k=3)


def test_the_nearest_others_come_by_distance():
    assert nearest(np.array([[0.0], [1], [3]]), k=2).tolist() == [[1, 3], [1, 2], [2, 3]]
