"""Charge and spin multiplicity reach an untrained PET; a DPA's are in test_odd_files."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule

import lumlip
from lumlip.conformance.check_model import check_model
from lumlip.errors import StructureError
from lumlip.runtime import environments
from recipes.family_environments import variables

FOREIGN = Path(__file__).parent / "foreign"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("pet") / "conditioned.ckpt"
    argv = [environments.python("pet"), FOREIGN / "conditioned_pet.py", path]
    subprocess.run(argv, env=variables(), check=True, capture_output=True)
    return f"pet:{path}"


def water(**info):
    atoms = molecule("H2O")
    atoms.info.update(info)
    return atoms


@pytest.mark.heavy
def test_pet_sees_charge_spin_and_multiplicity(model):
    frames = [
        water(),
        water(charge=0, spin=1),
        water(charge=-1),
        water(spin=3),
        water(spin_multiplicity=3),
        water(spin_multiplicity=3, spin=5),  # what upet's own calculator looks for first
    ]
    found = lumlip.features(model, frames, device="cpu", trust_checkpoint=True)
    plain, stated, charged, spin, multiplicity, both = np.split(found["backbone"].to_numpy(), 6)
    assert np.array_equal(plain, stated)
    assert np.array_equal(spin, multiplicity)
    assert np.array_equal(spin, both)
    assert np.abs(charged - plain).max() > 1e-3
    assert np.abs(spin - plain).max() > 1e-3


@pytest.mark.heavy
def test_check_compares_charged_structures_with_the_package_as_charged(model):
    frames = [water(charge=2), water(spin_multiplicity=3), water(), molecule("CH4")]
    report = check_model(model, frames, device="cpu", trust_checkpoint=True)
    assert report.at["package_energy", "ok"]
    assert report.at["package_features", "ok"]


def test_half_a_charge_is_refused_with_its_frame(model):
    with pytest.raises(
        StructureError, match=r"frame 1 \(H2O\): charge is 0\.5, expected one whole"
    ):
        lumlip.features(model, [water(), water(charge=0.5)], trust_checkpoint=True)
