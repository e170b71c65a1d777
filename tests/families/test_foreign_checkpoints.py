"""Checkpoints by the packages' own training programs: they load, and energies are the package's.

The recipes of lumlip build and save their models themselves; users' checkpoints come from
``mace_run_train``, ``mtt train``, ``dp train`` and ``fairchem``. Each of these trains a minuscule
model for a few steps here (scripts in ``foreign``), and its calculator says the energies.
"""

import json
import os
import subprocess
from pathlib import Path

import ase.io
import numpy as np
import pytest

import lumlip
from lumlip.conformance.subject import energy_error
from lumlip.errors import UntrustedCheckpointError
from lumlip.runtime import environments
from recipes.minis.data import KINDS, STRUCTURES, read_labelled

SCRIPTS = Path(__file__).parent / "foreign"
#: What follows the path in the model's id.
TASK = {"mace": "", "pet": "", "dpa": "", "uma": "@omat"}
BOUND = 1e-5  # of energies between extractor and package, as in lumlip.conformance


@pytest.fixture(scope="module")
def frames():
    """Twelve small structures with labels, four of each kind."""
    small = [a for a in read_labelled(STRUCTURES, "validation") if len(a) <= 6]
    return [a for kind in KINDS for a in [x for x in small if x.info["kind"] == kind][:4]]


def train(family: str, frames, folder: Path) -> tuple[Path, list[float]]:
    """Run the package's training program: its checkpoint, and its calculator's energies in eV."""
    ase.io.write(folder / "frames.xyz", frames)
    variables = environments.variables()
    importable = os.pathsep.join([variables["PYTHONPATH"], str(SCRIPTS)])  # what they share
    done = subprocess.run(
        [environments.python(family), SCRIPTS / f"train_{family}.py", "frames.xyz"],
        cwd=folder,
        env={**variables, "PYTHONPATH": importable, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    return folder / result["checkpoint"], result["energies"]


@pytest.mark.heavy
@pytest.mark.parametrize("family", TASK)
def test_a_checkpoint_by_the_package_itself_loads(family, frames, own_cache):
    path, expected = train(family, frames, own_cache)
    model = f"{family}:{path}{TASK[family]}"
    with pytest.raises(UntrustedCheckpointError, match="--trust-checkpoint"):
        lumlip.features(model, frames)
    found = lumlip.features(model, frames, device="cpu", trust_checkpoint=True)
    n_atoms = sum(map(len, frames))
    for layer in ("backbone", "last_layer"):
        values = found[layer].to_numpy()
        assert len(values) == n_atoms
        assert np.isfinite(values).all()
        assert np.ptp(values, axis=0).any()
    assert energy_error(found["energy"].to_numpy(), np.array(expected), frames) <= BOUND
