"""Molecular crystals: one molecule and a space group, packed until the molecules touch."""

from __future__ import annotations

import itertools

import numpy as np
from ase import Atoms
from ase.cell import Cell
from ase.data.vdw import vdw_radii
from ase.spacegroup import Spacegroup

from lumlip.array_types import FloatArray
from recipes.mini_mad.geometry import is_sane, tidy

#: Space groups of organic crystals in the order of how often they occur, with rough shares.
SPACE_GROUPS = {14: 0.40, 2: 0.25, 19: 0.15, 4: 0.10, 33: 0.10}
#: Molecules touch at this multiple of the sum of their van der Waals radii; hydrogen bonds and
#: close packing in real crystals go as far.
TOUCH = 0.88
TRIALS = 16
THERMAL = 0.04
MAX_ATOMS = 48
CLOSEST = 0.66


def molecular_crystal(molecule: Atoms, rng: np.random.Generator) -> Atoms | None:
    """Take the densest of sixteen random packings, displace its atoms; None if it is too large."""
    number = int(rng.choice(list(SPACE_GROUPS), p=list(SPACE_GROUPS.values())))
    rotations, _ = Spacegroup(number).get_op()
    if len(rotations) * len(molecule) > MAX_ATOMS:
        return None
    packings = [_Packing(molecule, number, rng).pack() for _ in range(TRIALS)]
    best = min(packings, key=lambda packing: packing.volume)
    atoms = best.crystal()
    atoms.positions += rng.normal(scale=THERMAL, size=(len(atoms), 3))
    atoms.info = {"parent": molecule.info["parent"]}
    return tidy(atoms) if is_sane(atoms, closest=CLOSEST) else None


class _Packing:
    """A rigid molecule at a random place and turn in a random cell of a space group.

    Shapes: molecule (n_atoms, 3), symmetry operations (n_operations, 3, 3) and (n_operations, 3).
    """

    def __init__(self, molecule: Atoms, number: int, rng: np.random.Generator) -> None:
        self.molecule = molecule
        self.rotations, self.translations = Spacegroup(number).get_op()
        centered = molecule.positions - molecule.positions.mean(axis=0)
        self.shape = centered @ _random_rotation(rng)
        self.center = rng.random(3)
        extent = 2 * np.linalg.norm(centered, axis=1).max() + 4.0
        self.lengths = extent * rng.uniform(1.0, 1.6, size=3) * len(self.rotations) ** (1 / 3)
        self.directions = Cell.new([1, 1, 1, *_angles(number, rng)]).array
        radii = vdw_radii[molecule.numbers]
        self.touch = TOUCH * (radii[:, None] + radii[None, :])
        self.reach = 2 * np.linalg.norm(centered, axis=1).max() + self.touch.max()

    @property
    def cell(self) -> FloatArray:
        return np.asarray(self.lengths[:, None] * self.directions)

    @property
    def volume(self) -> float:
        return float(np.linalg.det(self.cell))

    def pack(self) -> _Packing:
        """Shrink all edges together, then one after the other, while no molecules overlap."""
        for step, axes in ((0.96, [[0, 1, 2]]), (0.98, [[0], [1], [2]])):
            moving = True
            while moving:
                moved = [self._shrink(axis, step) for axis in axes]
                moving = any(moved)
        return self

    def _shrink(self, axes: list[int], step: float) -> bool:
        """Shorten some edges if that brings no two molecules too close."""
        before = self.lengths.copy()
        self.lengths[axes] *= step
        if self._is_free():
            return True
        self.lengths = before
        return False

    def _is_free(self) -> bool:
        """Whether the first molecule overlaps with none of the others nor with an image."""
        cell = self.cell
        copies = self._molecules(cell)
        centers = copies.mean(axis=1)
        offsets = (_SHIFTS @ cell)[:, None] + centers - centers[0]  # (125, n_operations, 3)
        shift, copy = np.nonzero(np.linalg.norm(offsets, axis=2) < self.reach)
        other = (shift != _ORIGIN) | (copy != 0)
        shift, copy = shift[other], copy[other]
        moved = copies[copy] - centers[copy, None] + offsets[shift, copy, None]
        distance = np.linalg.norm(moved[:, :, None] - (copies[0] - centers[0]), axis=-1)
        return bool((distance >= self.touch).all())

    def _molecules(self, cell: FloatArray) -> FloatArray:
        """Positions (n_operations, n_atoms, 3), each molecule's center in the cell."""
        fractional = self.center + self.shape @ np.linalg.inv(cell)
        turned = np.einsum("oij,aj->oai", self.rotations, fractional)
        turned += self.translations[:, None]
        turned -= np.floor(turned.mean(axis=1, keepdims=True))
        return np.asarray(turned @ cell)

    def crystal(self) -> Atoms:
        """All molecules of the cell."""
        positions = self._molecules(self.cell).reshape(-1, 3)
        numbers = np.tile(self.molecule.numbers, len(self.rotations))
        return Atoms(numbers, positions=positions, cell=self.cell, pbc=True)


_SHIFTS = np.array(list(itertools.product(range(-2, 3), repeat=3)))
_ORIGIN = int(np.flatnonzero((_SHIFTS == 0).all(axis=1))[0])


def _random_rotation(rng: np.random.Generator) -> FloatArray:
    """Rotation matrix (3, 3) of a uniformly random unit quaternion."""
    quaternion = rng.normal(size=4)
    w, x, y, z = quaternion / np.sqrt((quaternion**2).sum())
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _angles(number: int, rng: np.random.Generator) -> FloatArray:
    """Cell angles in degrees that the crystal system allows, drawn once and for all."""
    if number <= 2:
        return rng.uniform(75, 105, size=3)
    if number <= 15:
        return np.array([90.0, rng.uniform(92, 115), 90.0])
    return np.array([90.0, 90.0, 90.0])
