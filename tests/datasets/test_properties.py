"""Properties of structures with known answers."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from lumlip.datasets.properties import (
    composition,
    coordination_numbers,
    neighbors_of_atoms,
)


@pytest.mark.parametrize(
    ("atoms", "number"),
    [
        (bulk("Cu"), 12),
        (bulk("Cu", cubic=True), 12),
        (bulk("Si"), 4),
        (bulk("GaAs", "zincblende", a=5.65), 4),
        (bulk("NaCl", "rocksalt", a=5.64), 6),
    ],
)
def test_crystals_have_their_coordination_numbers(atoms, number):
    assert (coordination_numbers([atoms]) == number).all()


def test_water_and_a_lone_atom():
    assert coordination_numbers([molecule("H2O"), Atoms("Ar")]).tolist() == [2, 1, 1, 0]


def test_coordination_does_not_depend_on_the_cell_that_is_chosen():
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    atoms.rattle(0.3, seed=0)
    larger = atoms.repeat((2, 1, 3))
    assert coordination_numbers([larger]).tolist() == coordination_numbers([atoms]).tolist() * 6


def test_each_neighbor_counts_once_in_both_directions():
    atoms = bulk("Si", cubic=True).repeat((1, 1, 2))
    atom, neighbor, distance = neighbors_of_atoms(atoms, 4.0)
    pairs = list(zip(atom.tolist(), neighbor.tolist(), distance.round(6).tolist(), strict=True))
    assert sorted(pairs) == sorted((j, i, d) for i, j, d in pairs)
    assert np.bincount(atom).tolist() == [16] * 16  # 4 nearest, 12 second nearest


def test_composition_in_the_order_of_atomic_numbers():
    shares = composition([molecule("H2O"), molecule("O2")])
    assert shares == pytest.approx(np.array([[2 / 3, 1 / 3], [0, 1]]))
