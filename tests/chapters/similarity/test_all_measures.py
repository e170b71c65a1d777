"""Preparing samples changes no number."""

import numpy as np
import pytest

from chapters.similarity import all_measures
from lumlip import similarity


def test_full_canonical_correlation_does_not_notice_linear_maps():
    rng = np.random.default_rng(0)
    X, Y, mixed = rng.normal(size=(50, 4)), rng.normal(size=(50, 3)), rng.normal(size=(4, 4))
    before = similarity.svcca(X, Y, variance=1.0)
    assert similarity.svcca(X @ mixed, Y, variance=1.0) == pytest.approx(before, abs=1e-9)


def test_prepared_samples_give_the_numbers_of_the_functions():
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(50, 4)), rng.normal(size=(50, 3))
    there, back = similarity.information_imbalance(X, Y)
    expected = {
        "cka": similarity.cka(X, Y),
        "cka_rbf": similarity.cka(X, Y, kernel="rbf"),
        "rsa": similarity.rsa(X, Y),
        "distance_correlation": similarity.distance_correlation(X, Y),
        "anchors": similarity.anchored_cosine(X, Y),
        "cknna": similarity.cknna(X, Y, k=all_measures.K),
        "mutual_knn": similarity.mutual_knn(X, Y, k=all_measures.K),
        "imbalance": 1 - (there + back) / 2,
        "procrustes": similarity.procrustes_similarity(X, Y),
        "svcca": similarity.svcca(X, Y),
        "pwcca": (similarity.pwcca(X, Y) + similarity.pwcca(Y, X)) / 2,
    }
    found = all_measures.similarities(all_measures.Prepared(X), all_measures.Prepared(Y))
    assert found == pytest.approx(expected, rel=1e-9)
