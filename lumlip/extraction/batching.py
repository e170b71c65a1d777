"""Which structures share a forward pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

#: Atoms per forward pass if the user names no number. A few hundred already fill a CPU's caches.
DEFAULT_BATCH_ATOMS = {"cpu": 128, "cuda": 8192, "mps": 1024}
#: Neighbours per atom that a batch of so many atoms is meant for.
_USUAL_NEIGHBOURS = 60.0


def plan_batches(
    structures: Sequence[Atoms], *, indices: Sequence[int], batch_atoms: int, cutoff: float
) -> list[list[int]]:
    """Group structures of like size into batches of bounded cost.

    The cost of a structure is its number of atoms, or its expected number of edges in units of
    60 per atom if that is more, so that dense structures go in smaller batches. A structure
    that exceeds the bound alone is a batch of its own.

    Parameters
    ----------
    structures : sequence of ase.Atoms
    indices : sequence of int
        The structures still to do.
    batch_atoms : int
        Bound on the cost of a batch, in atoms.
    cutoff : float
        Cutoff of the model, in Å.
    """
    costs = {i: _cost(structures[i], cutoff) for i in indices}
    batches: list[list[int]] = []
    room = 0.0
    for i in sorted(indices, key=lambda i: (costs[i], i)):
        if not batches or costs[i] > room:
            batches.append([])
            room = float(batch_atoms)
        batches[-1].append(i)
        room -= costs[i]
    return batches


def _cost(atoms: Atoms, cutoff: float) -> float:
    extent = np.ptp(atoms.positions, axis=0) + 2.0  # a molecule's own size, with a 1 Å rim
    box = float(np.prod(extent))
    volume = min(atoms.cell.volume, box) if atoms.pbc.all() and atoms.cell.volume > 0 else box
    neighbours = len(atoms) / volume * 4 / 3 * np.pi * cutoff**3
    if not atoms.pbc.any():
        neighbours = min(neighbours, len(atoms))
    return float(len(atoms) * max(1.0, neighbours / _USUAL_NEIGHBOURS))
