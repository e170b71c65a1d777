"""Procrustes against scipy, and as a metric."""

import numpy as np
import pytest
import scipy.spatial

from lumlip import similarity


def test_procrustes_agrees_with_scipy(rng):
    X, Y = rng.normal(size=(30, 4)), rng.normal(size=(30, 4))
    squared = scipy.spatial.procrustes(X, Y)[2]
    assert similarity.procrustes_similarity(X, Y) ** 2 == pytest.approx(1 - squared, abs=1e-12)


def test_shape_distance_keeps_the_triangle_inequality(rng):
    clouds = [rng.normal(size=(20, d)) for d in (2, 3, 4, 5)]
    distance = np.array([[similarity.shape_distance(a, b) for b in clouds] for a in clouds])
    through = (distance[:, :, None] + distance[None, :, :]).min(axis=1)
    assert (distance <= through + 1e-6).all()
