"""Clusters: an atom of a crystal with its nearest neighbors, without boundaries."""

from __future__ import annotations

import itertools

import numpy as np
from ase import Atoms

from recipes.mini_mad.geometry import is_sane, tidy

#: Atoms of a cluster, as in MAD.
SMALLEST, LARGEST = 2, 8
CLOSEST = 0.60


def cluster(crystal: Atoms, rng: np.random.Generator) -> Atoms | None:
    """Cut 2 to 8 atoms around a random one out of a crystal, larger ones more often."""
    sizes = np.arange(SMALLEST, LARGEST + 1)
    size = int(rng.choice(sizes, p=sizes / sizes.sum()))
    center = crystal.positions[int(rng.integers(len(crystal)))]
    shifts = np.array(list(itertools.product((-1, 0, 1), repeat=3))) @ crystal.cell.array
    offsets = np.round((crystal.positions + shifts[:, None]).reshape(-1, 3) - center, 4)
    distance = np.round(np.linalg.norm(offsets, axis=1), 3)
    # Neighbors at equal distance come in an order that no rounding error can change.
    nearest = np.lexsort((*offsets.T, distance))[:size]
    numbers = np.tile(crystal.numbers, len(shifts))[nearest]
    atoms = Atoms(numbers, positions=offsets[nearest])
    atoms.info = {"parent": crystal.info["parent"]}
    return tidy(atoms) if is_sane(atoms, closest=CLOSEST) else None
