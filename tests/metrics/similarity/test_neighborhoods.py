"""CKNNA with all neighbors."""

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
