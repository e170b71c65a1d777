"""Claims of the first finding on errors that were made up to be plain."""

import numpy as np
import pytest
import xarray as xr

from chapters.latent_spaces.claims import claims

GROUPS = np.repeat(np.arange(20), 5)


def errors(table, spread=0.05, seed=0):
    rng = np.random.default_rng(seed)
    table = np.asarray(table, float)
    values = table[..., None] * (1 + spread * rng.normal(size=(*table.shape, len(GROUPS))))
    return xr.DataArray(values, dims=("source", "target", "atom"))


@pytest.mark.parametrize(
    ("gfre", "lfre", "holding"),
    [
        ([[0, 0.8], [0.6, 0]], [[0, 0.5], [0.3, 0]], [True, True, True]),
        ([[0, 0.3], [0.3, 0]], [[0, 0.4], [0.4, 0]], [False, False, False]),
        ([[0, 0.7], [0.7, 0]], [[0, 0.5], [0.5, 0]], [True, False, True]),
    ],
)
def test_claims_hold_where_they_should(gfre, lfre, holding):
    found = claims({"gfre": errors(gfre), "lfre": errors(lfre)}, ~np.eye(2, dtype=bool), GROUPS)
    assert [claim.holds for claim in found] == holding
    for claim in found:
        assert claim.low <= claim.value <= claim.high or abs(claim.value) < 0.01


def test_no_pairs_no_claims():
    one = errors([[0.0]])
    assert claims({"gfre": one, "lfre": one}, np.zeros((1, 1), bool), GROUPS) == []
