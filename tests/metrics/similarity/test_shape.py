"""Procrustes against scipy."""

import pytest
import scipy.spatial

from lumlip import similarity


def test_procrustes_agrees_with_scipy(rng):
    X, Y = rng.normal(size=(30, 4)), rng.normal(size=(30, 4))
    squared = scipy.spatial.procrustes(X, Y)[2]
    assert similarity.procrustes_similarity(X, Y) ** 2 == pytest.approx(1 - squared, abs=1e-12)
