"""Changed copies of structures: one atom displaced, or the whole cell compressed and shaken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.datasets.properties import VACUUM, widest_gap


@dataclass(frozen=True)
class Displaced:
    """Atoms moved back and forth along a random direction, one in each structure.

    Attributes
    ----------
    structures : list of ase.Atoms, length 2 n
        For each atom its structure with the atom moved by ``-step``, then by ``+step``.
    frame : int array of shape (n,)
        Which of the given structures.
    atom : int array of shape (n,)
        Which atom of it.
    direction : array of shape (n, 3)
        Unit vectors.
    step : float
        In Å.
    """

    structures: list[Atoms]
    frame: IntArray
    atom: IntArray
    direction: FloatArray
    step: float

    def forces(self, energy: ArrayLike) -> FloatArray:
        """Force components from the energies (2 n,) in eV: ``-(E(+h) - E(-h)) / 2h`` in eV/Å."""
        both = np.asarray(energy, dtype=float).reshape(-1, 2)
        force: FloatArray = -(both[:, 1] - both[:, 0]) / (2 * self.step)
        return force

    def along(self, forces: Sequence[ArrayLike]) -> FloatArray:
        """Components (n,) of known forces: for each given structure an array (n_atoms, 3)."""
        rows = [np.asarray(forces[i])[j] for i, j in zip(self.frame, self.atom, strict=True)]
        component: FloatArray = (np.array(rows).reshape(-1, 3) * self.direction).sum(axis=1)
        return component

    @property
    def moved(self) -> IntArray:
        """Row of the moved atom among the atoms of all displaced structures: (2 n,)."""
        starts = np.cumsum([0] + [len(atoms) for atoms in self.structures])[:-1]
        rows: IntArray = starts + np.repeat(self.atom, 2)
        return rows

    @property
    def owner(self) -> IntArray:
        """Number of the displaced atom, 0 to n - 1, for each row of `moved`."""
        return np.repeat(np.arange(len(self.atom)), 2)


def displaced(
    structures: Sequence[Atoms], *, n: int, step: float = 0.01, seed: int = 0
) -> Displaced:
    """Displace one random atom along a random direction in each of n random structures.

    In a periodic structure all images of the atom move. So this is the force that a package gives.

    Parameters
    ----------
    structures : sequence of ase.Atoms
        Of two atoms or more: a single one has no force.
    n : int
        At most as many as there are structures.
    step : float
        In Å.
    seed : int
    """
    rng = np.random.default_rng(seed)
    able = [i for i, atoms in enumerate(structures) if len(atoms) > 1]
    frame = np.sort(rng.permutation(able)[:n]).astype(np.int64)
    atom = np.array([rng.integers(len(structures[i])) for i in frame], dtype=np.int64)
    direction = rng.normal(size=(len(frame), 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    copies = []
    for i, j, along in zip(frame, atom, direction, strict=True):
        for sign in (-1, 1):
            copy = structures[i].copy()
            copy.positions[j] += sign * step * along
            copies.append(copy)
    return Displaced(copies, frame, atom, direction, step)


def bulk_crystals(structures: Sequence[Atoms], *, vacuum: float = VACUUM) -> list[int]:
    """Return the indices of structures without an empty layer: those that can be compressed."""
    return [i for i, atoms in enumerate(structures) if widest_gap(atoms) < vacuum]


def compressed(atoms: Atoms, *, factor: float = 0.85, rattle: float = 0.0, seed: int = 0) -> Atoms:
    """Return a copy with shorter cell vectors, and each atom moved at random.

    Parameters
    ----------
    atoms : ase.Atoms
    factor : float
        On all cell vectors and positions.
    rattle : float
        Standard deviation of the displacements along each axis, in Å.
    seed : int

    Examples
    --------
    >>> cube = Atoms("Cu", cell=[2.0, 2.0, 2.0], pbc=True)
    >>> round(float(compressed(cube, factor=0.5).get_volume()), 6)
    1.0
    """
    copy: Atoms = atoms.copy()
    copy.set_cell(copy.cell * factor, scale_atoms=True)
    if rattle:
        copy.positions += np.random.default_rng(seed).normal(scale=rattle, size=(len(copy), 3))
    return copy
