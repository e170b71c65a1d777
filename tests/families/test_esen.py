"""eSEN, UMA's architecture without experts: its published models have other heads than UMA's."""

import subprocess
from pathlib import Path

import pytest
from ase.build import molecule

from lumlip.conformance.check_model import check_model
from lumlip.runtime import environments
from recipes.family_environments import variables

SCRIPT = Path(__file__).parent / "foreign" / "esen.py"


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["conserving", "direct"])
def test_energies_are_those_of_the_package(kind, tmp_path):
    path = tmp_path / "esen.pt"
    argv = [environments.python("uma"), SCRIPT, path, kind]
    done = subprocess.run(argv, env=variables(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    frames = [molecule(name) for name in ("H2O", "CH4", "CH3")]
    frames[-1].info["spin"] = 2
    frames[1].info["charge"] = 1
    report = check_model(f"uma:{path}", frames, device="cpu", trust_checkpoint=True)
    assert report["ok"].all(), report
    assert report.at["package_energy", "error"] < 1e-5
