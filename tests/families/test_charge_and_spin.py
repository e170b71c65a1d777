"""Charge and spin multiplicity reach models that read them: a PET and a DPA-3, untrained."""

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

SCRIPTS = Path(__file__).parent / "foreign"


def made(family, path):
    """Id of a model that the script of a family writes."""
    argv = [environments.python(family), SCRIPTS / f"conditioned_{family}.py", path]
    subprocess.run(argv, env=variables(), check=True, capture_output=True)
    return f"{family}:{path}"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return made("pet", tmp_path_factory.mktemp("pet") / "conditioned.ckpt")


@pytest.fixture(scope="module")
def dpa(tmp_path_factory):
    return made("dpa", tmp_path_factory.mktemp("dpa") / "conditioned.pt")


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


@pytest.mark.heavy
def test_dpa_sees_charge_and_spin_of_each_structure_of_a_batch(dpa):
    frames = [water(), water(charge=0, spin=1), water(charge=-1), water(spin=3)]
    found = lumlip.features(dpa, frames, device="cpu", trust_checkpoint=True)
    plain, stated, charged, spin = np.split(found["backbone"].to_numpy(), 4)
    assert np.allclose(plain, stated, atol=1e-6)
    assert np.abs(charged - plain).max() > 1e-3
    assert np.abs(spin - plain).max() > 1e-3


@pytest.mark.heavy
def test_charged_energies_of_dpa_are_those_of_the_package(dpa):
    frames = [water(charge=2), water(spin=3), water(), molecule("CH4")]
    report = check_model(dpa, frames, device="cpu", trust_checkpoint=True)
    assert report.at["package_energy", "ok"], report
    assert report.at["energy_identity", "ok"]
    assert report.at["batching", "ok"]


def test_half_a_charge_is_refused_with_its_frame(model):
    with pytest.raises(
        StructureError, match=r"frame 1 \(H2O\): charge is 0\.5, expected one whole"
    ):
        lumlip.features(model, [water(), water(charge=0.5)], trust_checkpoint=True)
