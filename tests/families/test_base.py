"""What all families share: the box, whole numbers, and the package's energy of a structure."""

from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.calculator import Calculator, all_changes
from ase.constraints import FixAtoms

from lumlip.families import base

STATE = {"charge": -1, "spin": 2, "spin_multiplicity": 2}


@pytest.mark.parametrize("atoms", [molecule("H2O"), bulk("Cu")])
def test_the_box_keeps_what_a_model_reads_from_info(atoms):
    atoms.info.update(STATE)
    box = base.in_box(atoms, 5.0)
    assert box.pbc.all()
    assert box.info == STATE


def test_a_box_of_its_own_does_not_share_info():
    atoms = molecule("H2O")
    base.in_box(atoms, 5.0).info["charge"] = 1
    assert not atoms.info


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.5"),
        (np.float64(2.5), "2.5"),
        (np.nan, "nan"),
        (None, "None"),
        ("word", "'word'"),
        (np.True_, "True"),
        ([1, 2], "[1, 2]"),
        ([[1], [1, 2]], "[[1], [1, 2]]"),
        (10 * "long" * 10, "'" + "long" * 14 + "lon"),  # 60 characters of it
    ],
)
def test_what_is_no_whole_number_is_shown(value, shown):
    with pytest.raises(ValueError, match="expected one whole number") as caught:
        base.whole_number(value, "spin")
    assert str(caught.value) == f"spin is {shown}, expected one whole number"


class Charged(Calculator):
    """An energy in eV that is the charge, and no atoms with constraints."""

    implemented_properties = ("energy",)

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        assert not atoms.constraints
        self.results["energy"] = float(atoms.info.get("charge", 0))


class Extractor(base.Extractor):
    cutoff = 3.0

    def __init__(self):
        pass

    def extract(self, structures, *, layers=False):
        raise NotImplementedError

    def energy_from_last_layer(self, last_layer, structures):
        raise NotImplementedError

    def package_calculator(self):
        return Charged()


def test_the_package_sees_the_charge_of_each_structure():
    """Not that of the one before, which has the same atoms: ase's own memory would say so."""
    frames = [Atoms("O", info={"charge": charge}) for charge in (0, 1, -2)]
    frames[1].set_constraint(FixAtoms([0]))
    extractor = Extractor()
    assert [extractor.package_energy(atoms) for atoms in frames] == [0.0, 1.0, -2.0]


class Net(torch.nn.Module):
    def forward(self, x):
        return x


def compiled(path):
    torch.jit.script(Net()).save(path)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a pointer of Git LFS"),
        (b"\n<!DOCTYPE html>\n<title>Sign in</title>", "a web page: download the file itself"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a web page"),
        (b"", "an empty file"),
        (compiled, r"a compiled model \(TorchScript\), .* give the one that was frozen"),
        (Path.mkdir, "a folder"),
    ],
)
def test_what_lies_in_the_place_of_a_checkpoint_is_named(fill, words, tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(fill) if isinstance(fill, bytes) else fill(path)
    with (
        pytest.raises(ValueError, match=rf"model\.pt is not a toy checkpoint, but {words}"),
        base.reading(path, "toy", compiled_from="the one that was frozen"),
    ):
        raise AssertionError("not to be read")


def read(path, error):
    path.write_bytes(b"anything")
    with pytest.raises(ValueError, match="toy checkpoint") as caught, base.reading(path, "toy"):
        raise error
    return str(caught.value).partition("model.pt ")[2]


def test_the_reason_follows_the_name_of_the_file(tmp_path):
    path = tmp_path / "model.pt"
    assert read(path, OSError("\n  \nno end\nmore")) == "is not a toy checkpoint (OSError: no end)"


def test_a_kind_that_is_not_supported_is_no_other_file(tmp_path):
    path = tmp_path / "model.pt"
    error = base.UnsupportedError("frozen", "thaw it")
    assert read(path, error) == "is a toy checkpoint of kind frozen, not supported: thaw it"
    assert (
        read(path, base.UnsupportedError("old")) == "is a toy checkpoint of kind old, not supported"
    )


@pytest.mark.parametrize("content", [Net(), print, b"no archive"])
def test_torchs_advice_to_run_the_code_in_a_file_is_not_passed_on(content, tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    error = pytest.raises(ValueError, match="not a toy checkpoint")
    with error as caught, base.reading(path, "toy"):
        torch.load(path, weights_only=True)
    assert "weights_only" in str(caught.value.__cause__)
    assert "weights_only" not in str(caught.value)


def test_charge_and_spin_multiplicity_have_defaults_and_two_names():
    for info, expected in (
        ({}, (0, 1)),
        ({"charge": -2, "spin": 3}, (-2, 3)),
        ({"spin": 3, "spin_multiplicity": 5}, (0, 5)),
    ):
        assert base.charge_and_spin(Atoms("O", info=info)) == expected
    assert base.charge_and_spin(Atoms("O"), default=(1, 2)) == (1, 2)
