"""CKA against its formulas."""

import numpy as np
import pytest

from lumlip import similarity


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
