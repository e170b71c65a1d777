"""Displaced atoms and changed crystals."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.lj import LennardJones

from chapters.disagreement.displaced import bulk_crystals, compressed, displaced


def structures():
    made = [bulk("Cu", cubic=True), bulk("NaCl", "rocksalt", a=5.6), molecule("H2O"), Atoms("He")]
    for i, atoms in enumerate(made):
        atoms.rattle(0.1, seed=i)
    return made


def test_central_differences_give_a_calculators_forces_also_in_periodic_cells():
    frames = structures()
    moves = displaced(frames, n=3, step=1e-3, seed=1)
    energies, forces = [], []
    for atoms in moves.structures:
        atoms.calc = LennardJones(sigma=2.0, rc=6.0, smooth=True)
        energies.append(atoms.get_potential_energy())
    for atoms in frames:
        atoms.calc = LennardJones(sigma=2.0, rc=6.0, smooth=True)
        forces.append(atoms.get_forces())
    np.testing.assert_allclose(moves.forces(energies), moves.along(forces), rtol=1e-3, atol=1e-5)


def test_one_atom_moves_back_and_forth_by_the_step():
    frames = structures()
    moves = displaced(frames, n=9, step=0.02)
    assert moves.frame.tolist() == [0, 1, 2]  # a single atom feels no force
    every = np.concatenate([atoms.positions for atoms in moves.structures])
    still = np.concatenate([frames[i].positions for i in np.repeat(moves.frame, 2)])
    shift = np.linalg.norm(every - still, axis=1)
    assert np.flatnonzero(shift > 1e-9).tolist() == moves.moved.tolist()
    np.testing.assert_allclose(shift[moves.moved], 0.02)
    assert moves.owner.tolist() == [0, 0, 1, 1, 2, 2]


def test_the_seed_decides_and_nothing_else():
    first, again = (displaced(structures(), n=2, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.direction, again.direction)
    assert first.frame.tolist() == again.frame.tolist()


def test_compression_scales_all_distances_and_shaking_moves_atoms():
    crystal = bulk("Cu", cubic=True)
    small = compressed(crystal, factor=0.85)
    assert small.get_volume() == pytest.approx(0.85**3 * crystal.get_volume())
    assert small.get_distance(0, 1) == pytest.approx(0.85 * crystal.get_distance(0, 1))
    shaken = compressed(crystal, factor=1.0, rattle=0.1, seed=2)
    assert 0.01 < np.abs(shaken.positions - crystal.positions).std() < 0.3
    np.testing.assert_array_equal(
        shaken.positions, compressed(crystal, factor=1.0, rattle=0.1, seed=2).positions
    )


def test_molecules_and_slabs_are_no_bulk_crystals():
    slab = bulk("Cu", cubic=True)
    slab.center(vacuum=10, axis=2)
    assert bulk_crystals([*structures(), slab]) == [0, 1]
