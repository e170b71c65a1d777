"""Elements numbered by the alphabet instead of by the model's own list: what DPA then sees."""

import numpy as np
import pytest
from ase.build import bulk

import lumlip
from lumlip.zoo.table import resolve


def test_only_the_known_branch_has_the_control():
    assert resolve("dpa-mini@inorganic:alphabetical").task == "inorganic:alphabetical"
    with pytest.raises(ValueError, match="dpa-mini@inorganic:alphabetical"):
        resolve("dpa-mini@inorganic:reversed")


@pytest.mark.heavy
def test_wrong_numbers_are_other_elements():
    salt = bulk("NaCl", "rocksalt", a=5.0, cubic=True)
    salt.rattle(0.1, seed=0)
    # Cl is 0 and Na 1 by the alphabet: silver and aluminium in the list of the mini
    alloy = salt.copy()
    alloy.symbols = [{"Cl": "Ag", "Na": "Al"}[symbol] for symbol in salt.symbols]
    found = lumlip.panel([f"dpa-mini@inorganic{x}" for x in ("", ":alphabetical")], [salt, alloy])
    right, wrong = found.datasets.values()
    as_salt, as_alloy = (right.isel(atom=slice(8 * i, 8 * i + 8)) for i in (0, 1))
    for layer in ("backbone", "last_layer"):
        seen = wrong[layer].to_numpy()[:8]
        assert np.abs(seen - as_alloy[layer].to_numpy()).max() < 1e-4
        assert np.abs(seen - as_salt[layer].to_numpy()).max() > 1e-2
