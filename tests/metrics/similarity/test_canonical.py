"""Canonical correlations that are known by construction."""

import numpy as np
import pytest

from lumlip import similarity


def test_canonical_correlations_of_known_mixtures(rng):
    # One shared direction with correlation 0.6 by construction, one that has nothing in common.
    basis = np.linalg.qr(rng.normal(size=(200, 4)) - 0.0)[0]
    basis = np.linalg.qr(basis - basis.mean(0))[0]
    X = basis[:, :2]
    Y = np.column_stack([0.6 * basis[:, 0] + 0.8 * basis[:, 2], basis[:, 3]])
    assert similarity.svcca(X, Y, variance=1.0) == pytest.approx(0.3, abs=1e-9)
    assert similarity.pwcca(X * [9.0, 1e-9], Y) == pytest.approx(0.6, abs=1e-6)
