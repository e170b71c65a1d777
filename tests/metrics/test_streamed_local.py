"""Local errors of blocks against the same atoms in memory."""

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import lumlip
from lumlip.metrics._blocks import results

RNG = np.random.default_rng(0)
GROUPS = np.repeat(np.arange(200), 4)
TESTED = np.arange(200) % 7 == 0
LATENT = RNG.normal(size=(800, 4))
# Half of the atoms are copies of eight others, but for rounding.
COPIED = np.where(RNG.random(800) < 0.5, RNG.integers(0, 8, size=800), np.arange(800))
FEATURES = {
    "plain": LATENT + 30,
    "bent": np.tanh(LATENT @ RNG.normal(size=(4, 9))) * 50,
    "copied": (LATENT @ RNG.normal(size=(4, 6)))[COPIED] + 1e-9 * RNG.normal(size=(800, 6)),
}
CUTS = [0, 2, 300, 304, 500, 800]


def read(block, features=FEATURES):
    atoms = slice(CUTS[block], CUTS[block + 1])
    return {name: x[atoms] for name, x in features.items()}, GROUPS[atoms]


@pytest.mark.parametrize("protocol", ["robust", "scikit-matter"])
@pytest.mark.parametrize("n_runs", [2, 64])
def test_blocks_give_the_errors_of_all_atoms_in_memory(protocol, n_runs, monkeypatch):
    monkeypatch.setitem(results.__kwdefaults__, "n_runs", n_runs)
    test = TESTED[GROUPS]
    names = ["plain", "bent"] if protocol == "scikit-matter" else list(FEATURES)
    features = {name: FEATURES[name] for name in names}
    options = {"n_neighbors": 20, "protocol": protocol}
    wanted = lumlip.reconstruction_table(
        features, metric="lfre", train=~test, test=test, groups=GROUPS, **options
    )
    with ThreadPoolExecutor(2) as pool:
        found = lumlip.streamed_lfre(
            lambda block: read(block, features),
            5,
            tested=TESTED,
            n_bootstrap=50,
            executor=pool,
            **options,
        )
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    assert found.attrs["n_broken"] == wanted.attrs["n_broken"]
    assert found.attrs["worst_group"]["plain"]["bent"] in np.flatnonzero(TESTED)
    assert (found.attrs["low"] <= found).all(axis=None)


def test_few_train_atoms_are_all_candidates():
    few = np.arange(200) >= 10
    found = lumlip.streamed_lfre(read, 5, tested=few, n_neighbors=30)
    test = few[GROUPS]
    wanted = lumlip.reconstruction_table(
        FEATURES, metric="lfre", train=~test, test=test, n_neighbors=30
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tested": [1, 2]}, r"tested: got shape (2,) of int64, expected (n_groups,) of bool"),
        ({"tested": ~TESTED[:9]}, "block 1: got groups from 0 to 74, expected 0 to 8"),
        ({"tested": TESTED & False}, "tested: got 800 atoms to fit on, 0 to test"),
        ({"n_neighbors": 900}, "n_neighbors: got 900, expected 2 to 684"),
        ({"protocol": "x"}, "got protocol 'x'"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        lumlip.streamed_lfre(read, 5, **{"tested": TESTED, "n_neighbors": 20, **options})
