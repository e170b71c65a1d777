"""What can be read off a structure without a model: neighbors, gaps, elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.datasets.neighbors import neighbors_of_atoms

#: Two atoms are neighbors if they are closer than this times the sum of their covalent radii.
REACH = 1.1
#: Å; an empty layer thicker than this makes a slab or a molecule of a structure.
VACUUM = 7.0


def coordination_numbers(structures: Sequence[Atoms]) -> FloatArray:
    """Number of neighbors of every atom (n_atoms,): those closer than ``1.1 (r_i + r_j)``.

    The covalent radii r are those of ase, which are generous for alkali metals: these count
    neighbors of their own kind in salts.
    """
    return np.concatenate(list(map(_coordination, structures)))


def _coordination(atoms: Atoms) -> FloatArray:
    radius = covalent_radii[atoms.numbers]
    atom, neighbor, distance = neighbors_of_atoms(atoms, 2 * REACH * float(radius.max()))
    bonded = distance < REACH * (radius[atom] + radius[neighbor])
    return np.bincount(atom[bonded], minlength=len(atoms)).astype(float)


def composition(structures: Sequence[Atoms]) -> FloatArray:
    """Share of each element that occurs, by number, in structures (n_structures, n_elements)."""
    known = np.unique(np.concatenate([atoms.numbers for atoms in structures]))
    shares: FloatArray = np.array(
        [(atoms.numbers[:, None] == known).mean(axis=0) for atoms in structures]
    )
    return shares


def one_hot(numbers: ArrayLike) -> FloatArray:
    """One column per element that occurs (n_atoms, n_elements), 1 where the atom is of it.

    >>> one_hot([8, 1, 1])[0]
    array([0., 1.])
    """
    array = np.asarray(numbers)
    return np.asarray((array[:, None] == np.unique(array)).astype(float))
