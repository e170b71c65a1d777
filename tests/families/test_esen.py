"""eSEN, UMA's architecture without experts: its published models have other heads than UMA's."""

from pathlib import Path

import pytest
from ase.build import molecule

from lumlip.conformance.check_model import check_models
from tests.conftest import run_in

SCRIPT = Path(__file__).parent / "foreign" / "esen.py"


@pytest.mark.heavy
def test_energies_are_those_of_the_package(tmp_path):
    run_in("uma", SCRIPT, tmp_path)
    frames = [molecule(name) for name in ("H2O", "CH4", "CH3")]
    frames[-1].info["spin"] = 2
    frames[1].info["charge"] = 1
    models = [f"uma:{tmp_path / kind}.pt" for kind in ("conserving", "direct")]
    for report in check_models(models, frames, device="cpu", trust_checkpoint=True).values():
        assert report["ok"].all(), report
        assert report.at["package_energy", "error"] < 1e-5
