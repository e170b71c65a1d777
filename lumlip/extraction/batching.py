"""Which structures share a forward pass."""

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from ase import Atoms

#: Atoms per forward pass at first, if the user names no number. A few hundred already fill a CPU's
#: caches; on a GPU the number grows while there is memory.
DEFAULT_BATCH_ATOMS = {"cpu": 128, "cuda": 2048, "mps": 1024}
#: Neighbours per atom that a batch of so many atoms is meant for.
_USUAL_NEIGHBOURS = 60.0


class Batches:
    """Groups of structures of like size, each of bounded cost: iterate over them once.

    The cost of a structure is its number of atoms, or its expected number of edges within the
    cutoff (in Å) in units of 60 per atom if that is more, so that dense structures go in smaller
    batches. A structure that exceeds the bound alone is a batch of its own. `shrink` and `grow`
    change the bound for batches to come.
    """

    def __init__(
        self,
        structures: Sequence[Atoms],
        *,
        indices: Sequence[int],
        batch_atoms: int,
        cutoff: float,
    ) -> None:
        self.batch_atoms = batch_atoms
        self._costs = {i: _cost(structures[i], cutoff) for i in indices}
        self._left = deque(sorted(indices, key=lambda i: (self._costs[i], i)))

    def __iter__(self) -> Iterator[list[int]]:
        while self._left:
            batch = [self._left.popleft()]
            room = self.batch_atoms - self._costs[batch[0]]
            while self._left and self._costs[self._left[0]] <= room:
                batch.append(self._left.popleft())
                room -= self._costs[batch[-1]]
            yield batch

    def shrink(self, batch: Sequence[int]) -> None:
        """Bound batches by half of one, of these structures, that memory was too short for."""
        if cost := sum(self._costs.get(i, 0.0) for i in batch):
            self.batch_atoms = max(1, min(self.batch_atoms, int(cost / 2)))

    def grow(self, memory: float) -> None:
        """Double the bound if the last batch took less than a third of the memory there is."""
        if self._left and memory < 1 / 3:
            self.batch_atoms *= 2


def _cost(atoms: Atoms, cutoff: float) -> float:
    extent = np.ptp(atoms.positions, axis=0) + 2.0  # a molecule's own size, with a 1 Å rim
    box = float(np.prod(extent))
    volume = min(atoms.cell.volume, box) if atoms.pbc.all() and atoms.cell.volume > 0 else box
    neighbours = len(atoms) / volume * 4 / 3 * np.pi * cutoff**3
    if not atoms.pbc.any():
        neighbours = min(neighbours, len(atoms))
    return float(len(atoms) * max(1.0, neighbours / _USUAL_NEIGHBOURS))
