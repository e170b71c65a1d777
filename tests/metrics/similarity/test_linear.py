"""Canonical correlations that are known by construction."""

import numpy as np
import pytest

from lumlip import similarity
from lumlip.metrics.similarity.linear import components


def test_canonical_correlations_of_known_mixtures(rng):
    # One shared direction with correlation 0.6 by construction, one that has nothing in common.
    basis = np.linalg.qr(rng.normal(size=(200, 4)) - 0.0)[0]
    basis = np.linalg.qr(basis - basis.mean(0))[0]
    X = basis[:, :2]
    Y = np.column_stack([0.6 * basis[:, 0] + 0.8 * basis[:, 2], basis[:, 3]])
    assert similarity.svcca(X, Y, variance=1.0) == pytest.approx(0.3, abs=1e-9)
    assert similarity.pwcca(X * [9.0, 1e-9], Y) == pytest.approx(0.6, abs=1e-6)


@pytest.mark.parametrize(
    ("variance", "n_kept"), [(9 / 14, 1), (0.65, 2), (13 / 14, 2), (0.93, 3), (1.0, 3)]
)
def test_as_many_components_as_hold_the_variance(rng, variance, n_kept):
    basis = rng.normal(size=(50, 3))
    basis = np.linalg.qr(basis - basis.mean(0))[0]
    kept = components(basis * [2.0, 3.0, 1.0], variance=variance)  # of 4, 9 and 1 of 14
    assert kept.shape == (50, n_kept)
    assert np.allclose(np.abs(kept[:, 0] @ basis[:, 1]), 1)


def test_a_column_that_is_there_twice_is_no_direction(rng):
    X, Y = rng.normal(size=(2, 60, 3))
    for copies in (X[:, [0, 1, 2, 0]], X @ rng.normal(size=(3, 5))):
        assert components(copies, variance=1.0).shape == (60, 3)
        assert similarity.svcca(copies, Y, variance=1.0) == pytest.approx(
            similarity.svcca(X, Y, variance=1.0), abs=1e-9
        )
    without = similarity.pwcca(X, Y[:, :2])
    assert similarity.pwcca(X, Y[:, [0, 1, 1]]) == pytest.approx(without, abs=1e-9)


@pytest.mark.parametrize("variance", [0, -1, 1.5, 2])
def test_a_share_of_the_variance_is_one(rng, variance):
    X = rng.normal(size=(20, 2))
    with pytest.raises(ValueError, match=r"variance: got .*, expected above 0, to 1"):
        similarity.svcca(X, X, variance=variance)


@pytest.mark.parametrize("seed", range(30))
def test_no_correlation_is_above_one(seed):
    X = np.random.default_rng(seed).normal(size=(40, 3))
    assert similarity.svcca(X, X[:, ::-1], variance=1.0) <= 1
    assert similarity.pwcca(X, X[:, ::-1]) <= 1
