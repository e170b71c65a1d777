"""What all families share: the box, whole numbers, and the package's energy of a structure."""

import numpy as np
import pytest
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
