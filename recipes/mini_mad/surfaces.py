"""Slabs: crystals cut along a random plane, with vacuum above."""

from __future__ import annotations

from math import ceil, gcd

import numpy as np
from ase import Atoms
from ase.build import surface
from ase.geometry import minkowski_reduce

from recipes.mini_mad.geometry import is_sane, tidy

#: Å of vacuum between a slab and its image. All of the set's slabs and layers are periodic in
#: three dimensions, as plane-wave codes and most potentials want it.
VACUUM = 16.0
MAX_MILLER = 2
THICKNESS = 5.0
MAX_ATOMS = 26
CLOSEST = 0.72


def slab(crystal: Atoms, rng: np.random.Generator) -> Atoms | None:
    """Cut a slab of at least 5 Å along a random plane of Miller indices up to 2; None: unfit."""
    miller = rng.integers(-MAX_MILLER, MAX_MILLER + 1, size=3)
    if gcd(*miller.tolist()) != 1:
        return None
    spacing = 1 / np.linalg.norm(miller @ np.linalg.inv(crystal.cell.array).T)
    layers = ceil(THICKNESS / spacing)
    if layers * len(crystal) > MAX_ATOMS:
        return None
    atoms = surface(crystal, tuple(miller.tolist()), layers)
    atoms = with_vacuum(atoms)
    atoms.info = {"parent": crystal.info["parent"], "vacuum": True}
    return atoms if is_sane(atoms, closest=CLOSEST) else None


def with_vacuum(atoms: Atoms) -> Atoms:
    """Compact in-plane cell, c along z with 16 Å of vacuum, periodic in three dimensions."""
    atoms = atoms.copy()
    height = float(np.ptp(atoms.positions[:, 2]))
    cell, _ = minkowski_reduce(atoms.cell.array, pbc=[True, True, False])
    cell[2] = [0.0, 0.0, height + VACUUM]
    atoms.set_cell(cell)
    if np.linalg.det(cell) < 0:
        atoms.set_cell(cell[[1, 0, 2]])
    atoms.positions[:, 2] += VACUUM / 2 - atoms.positions[:, 2].min()
    atoms.pbc = [True, True, False]
    atoms.wrap(eps=1e-5)
    atoms.pbc = True
    return tidy(atoms)
