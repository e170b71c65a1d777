"""The labels are the teacher's own energies and forces."""

import numpy as np
import pytest
from ase.build import bulk, molecule

from lumlip.extraction.arrays import save_structures
from lumlip.zoo.table import resolve
from tests.conftest import run_in

#: Labels frames by the recipe, then by the package's own calculator, for each model in turn.
LABEL = """
import runpy, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from sevenn.calculator import SevenNetCalculator
from lumlip.extraction.arrays import StoredStructures
source, folder, *models = sys.argv[1:]
for checkpoint, _, task in (model.partition("@") for model in models):
    asked = ["--checkpoint", checkpoint, *(["--task", task] if task else [])]
    sys.argv[1:] = [source, f"{folder}/ours-{task}.npz", *asked]
    runpy.run_module("recipes.minis.labels", run_name="__main__")
    calculator = SevenNetCalculator(checkpoint, modal=task or None, device="cpu")
    energy, forces = [], []
    for atoms in StoredStructures(source):
        atoms.calc = calculator
        energy.append(atoms.get_potential_energy())
        forces.append(atoms.get_forces())
    np.savez(f"{folder}/theirs-{task}.npz", energy=energy, forces=np.concatenate(forces))
"""


@pytest.mark.heavy
def test_labels_equal_the_packages_calculator(tmp_path):
    rng = np.random.default_rng(0)
    water = molecule("H2O")
    water.center(vacuum=4.5)
    water.pbc = True
    frames = [bulk("NaCl", "rocksalt", a=5.5), bulk("Fe", "bcc", a=2.9, cubic=True), water]
    for atoms in frames:
        atoms.positions += rng.normal(scale=0.1, size=atoms.positions.shape)
    save_structures(tmp_path / "in.npz", frames)
    entries = [resolve(model) for model in ("sevennet-0", "sevennet-mf-0@R2SCAN")]
    models = [f"{entry.checkpoint}@{entry.task or ''}" for entry in entries]
    run_in("sevennet", "-c", LABEL, tmp_path / "in.npz", tmp_path, *models)
    for entry in entries:
        pair = (tmp_path / f"{whose}-{entry.task or ''}.npz" for whose in ("ours", "theirs"))
        got, expected = map(np.load, pair)
        assert got["energy"] == pytest.approx(expected["energy"], rel=1e-6)
        assert got["forces"] == pytest.approx(expected["forces"], abs=2e-5)  # eV/Å, float32
