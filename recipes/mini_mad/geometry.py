"""Bond lengths against covalent radii: what makes a made-up structure a sane one."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from numpy.typing import NDArray

from lumlip.datasets.properties import neighbor_pairs

#: Å. Pairs up to here are looked at: the shortest cutoff among the models.
CUTOFF = 5.0
#: Å. Every atom has a neighbor within NEAR, or one within FAR that counts as bonded: an atom
#: alone within a model's cutoff has no environment to have features of.
NEAR, FAR = 4.0, 4.8
BONDED = 1.15
#: Å^3 per atom of a three-dimensional crystal, from diamond (5.7) to cesium iodide (48).
DENSEST, LOOSEST = 4.0, 95.0


def contacts(atoms: Atoms) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Pairs within 5 Å: indices, distance in Å, and distance over the sum of covalent radii."""
    first, second, distance = neighbor_pairs(atoms, CUTOFF)
    radii = covalent_radii[atoms.numbers]
    return first, second, distance, distance / (radii[first] + radii[second])


def closeness(atoms: Atoms) -> float:
    """Shortest distance over the sum of covalent radii; about 1 for an ordinary bond."""
    return float(contacts(atoms)[3].min(initial=np.inf))


def packing(atoms: Atoms) -> float:
    """Volume of the atoms' covalent spheres over that of the cell: 0.74 if they just touch."""
    return float(4 / 3 * np.pi * (covalent_radii[atoms.numbers] ** 3).sum() / atoms.get_volume())


def is_sane(atoms: Atoms, *, closest: float) -> bool:
    """No pair closer than ``closest`` (see `closeness`), no lone atom, an ordinary density."""
    first, second, distance, ratio = contacts(atoms)
    if len(ratio) == 0 or ratio.min() < closest:
        return False
    near = (distance < NEAR) | ((distance < FAR) & (ratio < BONDED))
    if len(np.union1d(first[near], second[near])) < len(atoms):
        return False
    is_crystal = atoms.pbc.all() and "vacuum" not in atoms.info
    return not is_crystal or DENSEST <= atoms.get_volume() / len(atoms) <= LOOSEST


def rescaled(atoms: Atoms, template: Atoms) -> Atoms:
    """Scale a decorated crystal so that its bonds suit its elements.

    The edges of the cell scale by sum(r_i + r_j) over the pairs of neighbors (up to 1.25 times
    the template's shortest, in units of covalent radii) divided by the same sum in the template.
    """
    first, second, _, ratio = contacts(template)
    bonds = ratio <= 1.25 * ratio.min()
    first, second = first[bonds], second[bonds]
    new, old = (
        covalent_radii[a.numbers][first] + covalent_radii[a.numbers][second]
        for a in (atoms, template)
    )
    return scaled(atoms, float(new.sum() / old.sum()))


def scaled(atoms: Atoms, factor: float) -> Atoms:
    """Copy with cell edges and positions multiplied by a factor."""
    copy: Atoms = atoms.copy()
    copy.set_cell(atoms.cell.array * factor, scale_atoms=True)
    return copy


def loosened(atoms: Atoms, *, closest: float) -> Atoms:
    """Expand a crystal until no pair is closer than ``closest`` (see `closeness`)."""
    return scaled(atoms, max(1.0, 1.001 * closest / closeness(atoms)))


def tidy(atoms: Atoms) -> Atoms:
    """Round to 1e-6 Å, so that what is derived from it is the same on every machine."""
    copy: Atoms = atoms.copy()
    copy.set_cell(np.round(atoms.cell.array, 6) + 0.0)
    copy.positions = np.round(atoms.positions, 6) + 0.0
    return copy


def name(atoms: Atoms, prototype: str) -> str:
    """Name of a parent: its reduced formula and the label of its prototype."""
    return f"{composition(atoms)}/{prototype}"


def composition(atoms: Atoms) -> str:
    """Reduced formula, such as ``TiO2``."""
    return str(atoms.symbols.formula.reduce()[0].format("metal"))
