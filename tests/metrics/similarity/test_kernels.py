"""CKA against its formulas."""

import numpy as np
import pytest

from lumlip import similarity
from lumlip.metrics.similarity.kernels import biased_hsic, kernel_matrix, ratio


def test_biased_cka_grows_with_the_width_and_debiased_does_not(rng):
    narrow, wide = (
        [similarity.cka(rng.normal(size=(50, d)), rng.normal(size=(50, d)), debiased=debiased)]
        for d, debiased in ((200, True), (200, False))
    )
    # of n samples and many columns, biased CKA is near 1 for noise (Murphy et al. 2024)
    assert abs(narrow[0]) < 0.1
    assert wide[0] > 0.7


def test_linear_cka_is_its_formula_in_features(rng):
    X, Y = rng.normal(size=(40, 3)), rng.normal(size=(40, 5))
    x, y = X - X.mean(0), Y - Y.mean(0)
    formula = np.sum((x.T @ y) ** 2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    assert similarity.cka(X, Y, debiased=False) == pytest.approx(formula, rel=1e-12)


def test_unbiased_hsic_is_its_sum_over_quadruples(rng):
    # The definition (Song 2012, eq. 4): mean over distinct i, j, q, r of h, on 6 samples.
    from itertools import permutations

    from lumlip.metrics.similarity.kernels import unbiased_hsic

    K, L = (Z @ Z.T for Z in (rng.normal(size=(6, 2)), rng.normal(size=(6, 2))))
    terms = [
        K[i, j] * (L[i, j] + L[q, r] - 2 * L[i, q]) for i, j, q, r in permutations(range(6), 4)
    ]
    assert unbiased_hsic(K, L) == pytest.approx(np.mean(terms), rel=1e-9)


def test_gaussian_kernel_and_biased_hsic_are_their_formulas(rng):
    X, Y = 1e-3 * rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    distance = np.linalg.norm(X[:, None] - X, axis=-1)
    median = np.median([distance[i, j] for i in range(30) for j in range(i)])
    K = kernel_matrix(X, kernel="rbf")
    np.testing.assert_allclose(K, np.exp(-(distance**2) / (2 * median**2)))
    L = kernel_matrix(Y, kernel="rbf")
    H = np.eye(30) - 1 / 30
    assert biased_hsic(K, L) == pytest.approx(np.trace(K @ H @ L @ H) / 29**2, rel=1e-9)


def test_an_alignment_needs_something_to_align():
    assert np.isnan(ratio(1.0, 0.0, 1.0))
    assert ratio(1.0, 4.0, 1.0) == 0.5


def test_many_samples_are_no_rounding(rng):
    X = rng.normal(size=(1500, 2))
    assert similarity.cka(X, X) == pytest.approx(1)


def test_unbiased_hsic_is_its_formula_where_masks_have_a_direction(rng):
    from lumlip.metrics.similarity.kernels import unbiased_hsic

    K, L = rng.normal(size=(2, 7, 7))
    k, m = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    expected = np.trace(k @ m) + k.sum() * m.sum() / (6 * 5) - 2 * (k @ m).sum() / 5
    assert unbiased_hsic(K, L) == pytest.approx(expected / (7 * 4), rel=1e-12)


def test_a_kernel_of_copies_has_no_width(rng):
    X = np.array([[0.0], [0], [0], [0], [0], [1]])  # 10 of 15 distances are 0
    with pytest.raises(ValueError, match="got a median distance of 0: most samples are copies"):
        similarity.cka(X, rng.normal(size=(6, 2)), kernel="rbf")


@pytest.mark.parametrize("n", range(5, 17))
def test_one_side_of_equal_distances_is_enough_to_be_undefined(n, rng):
    for pair in ((np.eye(n), rng.normal(size=(n, 2))), (rng.normal(size=(n, 2)), np.eye(n))):
        with pytest.raises(ValueError, match="equally far apart"):
            similarity.cka(*pair)
