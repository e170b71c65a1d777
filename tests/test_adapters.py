"""Models as other packages take them; each package that is here is really asked."""

import subprocess
import sys

import chemiscope
import numpy as np
import pytest
from ase.build import bulk, molecule
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import lumlip
from lumlip.runtime import environments

pytestmark = pytest.mark.heavy

SYSTEMS = """
import sys
sys.path.append(sys.argv[1])
import torch
from ase.build import bulk
from metatomic.torch import systems_to_torch
from lumlip.adapters import as_atoms
given = [bulk("NaCl", "rocksalt", a=5.6), bulk("Cu")]
assert as_atoms(systems_to_torch(given, dtype=torch.float64)) == given
"""


@pytest.fixture
def frames():
    frames = [bulk("NaCl", "rocksalt", a=5.6), bulk("Cu", cubic=True), molecule("H2O")]
    for seed, atoms in enumerate(frames):
        atoms.rattle(0.05, seed=seed)
    return frames


def test_transformer_works_in_a_pipeline_and_can_be_cloned(frames):
    one = lumlip.Featurizer("sevennet-0", order=1)
    ds = lumlip.features("sevennet-0", frames)
    means = ds["last_layer"].groupby("structure").mean().to_numpy()
    assert np.allclose(clone(one).fit_transform(frames), means, rtol=1e-5, atol=1e-6)
    fitted = make_pipeline(one, Ridge(1e-9)).fit(frames, [1.0, 2.0, 3.0])
    assert np.allclose(fitted.predict(frames), [1, 2, 3], atol=1e-3)


def test_featurizer_is_one_of_chemiscopes(frames):
    one = lumlip.Featurizer("sevennet-0")
    ds = lumlip.features("sevennet-0", frames)
    environments = [(1, 2, 3.5), (2, 0, 3.5)]
    last = ds["last_layer"].to_numpy()
    assert np.array_equal(one(frames, environments), last[[2 + 2, 2 + 4 + 0]])
    for wrong in [
        (1, 4, 3.5),
        (1, -1, 3.5),
        (3, 0, 3.5),
        (2, 3, 3.5),
    ]:  # a neighbor's atom, or none
        with pytest.raises(ValueError, match="environments: got an atom or a structure that is"):
            one(frames, [wrong])
    for odd in ([], [(0, 1.5, 3.5)], [("a", 0, 3.5)], [(0,)]):
        with pytest.raises(ValueError, match=r"environments: expected some \(structure, atom, cut"):
            one(frames, odd)
    with pytest.raises(ValueError, match="got layer 'x'; expected one of"):
        lumlip.Featurizer("sevennet-0", layer="x").transform(frames)
    asked = []

    def featurizer(structures, environments):
        asked.append(one(structures, environments))
        return asked[-1]

    with pytest.warns(UserWarning, match="only displays a widget in an interactive notebook"):
        chemiscope.explore(frames, featurizer=featurizer)
    assert np.array_equal(asked[0], one.transform(frames))


def test_states_of_torch_sim_are_taken(frames):
    torch_sim = pytest.importorskip("torch_sim")
    crystals = frames[:2]
    state = torch_sim.io.atoms_to_state(crystals, device="cpu", dtype=sys.modules["torch"].float64)
    found = lumlip.as_atoms(state)
    assert [atoms.get_chemical_formula() for atoms in found] == ["ClNa", "Cu4"]
    assert np.allclose(found[1].positions, crystals[1].positions)


@pytest.mark.parametrize("odd", [None, 3, "state.pt", [bulk("Cu")], bulk("Cu"), [None], object()])
def test_what_is_neither_is_named(odd):
    with pytest.raises(TypeError, match=r"got .*, expected a SimState of torch-sim or a list of"):
        lumlip.as_atoms(odd)


def test_systems_of_metatomic_are_taken():
    place = environments.python("pet").parents[1]
    (site,) = [*place.glob("lib/python*/site-packages"), *place.glob("Lib/site-packages")]
    subprocess.run([sys.executable, "-c", SYSTEMS, site], check=True)
