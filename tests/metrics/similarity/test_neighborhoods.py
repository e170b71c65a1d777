"""CKNNA with all neighbors, and with few by its definition."""

import numpy as np
import pytest

from lumlip import similarity


def test_cknna_of_all_neighbors_is_debiased_cka_of_unit_rows(rng):
    X, Y = rng.normal(size=(30, 3)), rng.normal(size=(30, 3))
    # rows are centered, then brought to unit length; CKA centers once more, which its own
    # estimator does with kernel matrices anyway
    from lumlip.metrics.similarity.kernels import aligned
    from lumlip.metrics.similarity.neighborhoods import cosines

    expected = aligned(cosines(X), cosines(Y), debiased=True)
    assert similarity.cknna(X, Y, k=29) == pytest.approx(expected, rel=1e-9)


def test_cknna_is_its_definition_in_a_loop(rng):
    from lumlip.metrics.similarity.kernels import unbiased_hsic
    from lumlip.metrics.similarity.neighborhoods import cosines

    X = rng.normal(size=(25, 3))
    Y = X + rng.normal(size=(25, 3))
    kernels = [cosines(Z) for Z in (X, Y)]
    near = [np.zeros((25, 25), bool) for _ in range(2)]
    for K, mask in zip(kernels, near, strict=True):
        for i in range(25):
            others = sorted((j for j in range(25) if j != i), key=lambda j, row=K[i]: -row[j])
            mask[i, others[:4]] = True
    (K, L), (M, N) = kernels, near
    own = unbiased_hsic(K * M, K * M) * unbiased_hsic(L * N, L * N)
    expected = unbiased_hsic(K * (M & N), L * (M & N)) / np.sqrt(own)
    assert similarity.cknna(X, Y, k=4) == pytest.approx(expected, rel=1e-9)


def test_cosines_are_between_rows_moved_to_their_mean():
    from lumlip.metrics.similarity.neighborhoods import cosines

    rows = np.array([[4.0, 2], [0, 2], [2, 5], [2, -1]])  # around (2, 2)
    expected = [[1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [0, 0, -1, 1]]
    np.testing.assert_allclose(cosines(rows), expected, atol=1e-15)


def test_four_samples_are_enough_for_cknna(rng):
    X = rng.normal(size=(4, 3))
    assert similarity.cknna(X, X, k=3) == pytest.approx(1)


@pytest.mark.parametrize("measure", ["mutual_knn", "information_imbalance", "cknna"])
def test_samples_with_more_copies_than_neighbors_are_refused(measure, rng):
    """Of two unrelated features with two values each, 40 % of the neighbors would be shared."""
    X, Y = rng.integers(0, 2, (2, 300, 1)).astype(float)
    with pytest.raises(ValueError, match=r"got 300 samples with more copies than neighbors"):
        getattr(similarity, measure)(X, Y)
    pairs = np.repeat(rng.normal(size=(50, 3)), 2, axis=0)
    assert np.isfinite(getattr(similarity, measure)(pairs, pairs, k=1)).all()
    threes = np.repeat(rng.normal(size=(50, 3)), 3, axis=0)
    with pytest.raises(ValueError, match=r"got 150 samples with more copies than neighbors"):
        getattr(similarity, measure)(threes, threes, k=1)
