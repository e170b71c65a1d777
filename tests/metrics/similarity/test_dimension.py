"""Intrinsic dimension of cubes, and what leaves it as it is."""

import numpy as np
import pytest

from lumlip import similarity


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
