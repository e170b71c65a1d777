"""The labels are the teacher's own energies and forces."""

import subprocess

import numpy as np
import pytest
from ase.build import bulk, molecule

from lumlip.extraction.arrays import save_structures
from lumlip.runtime import environments
from lumlip.zoo.table import resolve
from recipes.family_environments import variables

CALCULATE = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from sevenn.calculator import SevenNetCalculator
from lumlip.extraction.arrays import StoredStructures
calculator = SevenNetCalculator(sys.argv[3], modal=sys.argv[4] or None, device="cpu")
energy, forces = [], []
for atoms in StoredStructures(sys.argv[1]):
    atoms.calc = calculator
    energy.append(atoms.get_potential_energy())
    forces.append(atoms.get_forces())
np.savez(sys.argv[2], energy=energy, forces=np.concatenate(forces))
"""


@pytest.mark.heavy
@pytest.mark.parametrize("model", ["sevennet-0", "sevennet-mf-0@R2SCAN"])
def test_labels_equal_the_packages_calculator(model, tmp_path):
    rng = np.random.default_rng(0)
    water = molecule("H2O")
    water.center(vacuum=4.5)
    water.pbc = True
    frames = [bulk("NaCl", "rocksalt", a=5.5), bulk("Fe", "bcc", a=2.9, cubic=True), water]
    for atoms in frames:
        atoms.positions += rng.normal(scale=0.1, size=atoms.positions.shape)
    source, ours, theirs = (tmp_path / name for name in ("in.npz", "ours.npz", "theirs.npz"))
    save_structures(source, frames)
    entry = resolve(model)
    task = ["--task", entry.task] if entry.task else []
    argv = environments.command("sevennet", "recipes.minis.labels", str(source), str(ours))
    run = {"env": variables(), "check": True, "capture_output": True}
    subprocess.run([*argv, "--checkpoint", entry.checkpoint, *task], **run)
    files = [str(source), str(theirs), entry.checkpoint, entry.task or ""]
    subprocess.run([str(environments.python("sevennet")), "-c", CALCULATE, *files], **run)
    with np.load(ours) as got, np.load(theirs) as expected:
        assert got["energy"] == pytest.approx(expected["energy"], rel=1e-6)
        assert got["forces"] == pytest.approx(expected["forces"], abs=2e-5)  # eV/Å, float32
