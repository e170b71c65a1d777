"""An exact search for the nearest of the train atoms that are read block by block."""

from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np
import torch

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics._blocks import CHANGED, Blocks, results
from lumlip.metrics._neighbors import distinct_train_atoms
from lumlip.metrics._scaling import ScaledFeatures

#: Distances in memory at a time.
DISTANCES = 2**24
#: An atom's number is that of its block times this, and its place in it.
PLACES = 2**32
#: Distances, as roots of differences of squares, are known to this.
UNCERTAINTY = 1e-6
#: The distance of an atom that is read again is the same to this, in scaled units, or relative to
#: that from the mean.
SAME = 1e-3


@dataclass(frozen=True)
class Search:
    """The test atoms, scaled (n_test, n_columns), and what scales the n_train others alike."""

    blocks: Blocks
    is_tested: BoolArray
    mean: FloatArray
    scale: FloatArray
    test: FloatArray
    n_train: int

    def neighbors(self, n_neighbors: int, copies: float, how: Any) -> torch.Tensor:
        """Scaled rows of train atoms that hold, for all test atoms, the nearest distinct ones."""
        check_count("n_neighbors", n_neighbors, 2, self.n_train, " (the number of train atoms)")
        n = n_neighbors
        while True:
            n = min(2 * n, self.n_train)
            task = partial(self._nearest_in, n)
            distance, number = reduce(partial(_closest, n), results(task, **how))
            numbers, place = np.unique(number, return_inverse=True)
            rows = np.concatenate([*results(partial(self._fetched, numbers), **how)])
            train = torch.as_tensor(rows)
            self._check_again(train, distance[..., 0], place[..., 0], n_atoms=len(numbers))
            # Closer than the last candidate by more than a copy: all copies are there, too.
            inside = np.sqrt(distance) < np.sqrt(distance[..., -1:]) - copies - UNCERTAINTY
            for some, of_set, near in zip(self.sets(train), place, inside, strict=True):
                is_distinct = np.zeros(len(train), dtype=bool)
                is_distinct[distinct_train_atoms(some, copies)] = True
                near &= is_distinct[of_set]
            if n == self.n_train or (inside.sum(axis=-1) >= n_neighbors).all():
                return train

    def _check_again(
        self, train: torch.Tensor, distance: FloatArray, place: IntArray, *, n_atoms: int
    ) -> None:
        """Refuse blocks that were others in the last pass: the nearest atoms are as far away."""
        same = len(train) == n_atoms
        for some, away, near in zip(self.sets(train), distance, place, strict=True):
            again = (some.test - some.train[near]).norm(dim=1) if same else torch.tensor(np.inf)
            allowed = SAME * (1 + some.test.norm(dim=1).numpy())
            same = same and bool((np.abs(again.numpy() - np.sqrt(away)) < allowed).all())
        if not same:
            raise ValueError(CHANGED)

    def sets(self, train: torch.Tensor) -> list[ScaledFeatures]:
        """Divide the columns of scaled train atoms, and of the test atoms, by set of features."""
        rows, widths = (train, torch.as_tensor(self.test)), [*self.blocks.widths.values()]
        parts = [torch.split(x, widths, dim=1) for x in rows]
        return [ScaledFeatures(*some) for some in zip(*parts, strict=True)]

    def _train(self, block: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Scaled rows of the train atoms of a block, and their numbers."""
        rows, group = self.blocks.rows(block)
        own = np.flatnonzero(~self.is_tested[group])
        scaled = (rows.numpy()[own] - self.mean) / self.scale
        return torch.as_tensor(scaled), torch.as_tensor(block * PLACES + own)

    def _nearest_in(self, n: int, run: IntArray) -> tuple[FloatArray, IntArray]:
        return reduce(partial(_closest, n), (self._nearest(n, block) for block in run))

    def _nearest(self, n: int, block: int) -> tuple[FloatArray, IntArray]:
        """Squared distances and numbers of the nearest of a block: (n_sets, n_test, up to n)."""
        train, numbers = self._train(block)
        found = []
        for some in self.sets(train):
            squared = some.train.square().sum(dim=1)
            for rows in torch.split(some.test, max(1, DISTANCES // max(1, len(train)))):
                away = squared + rows.square().sum(dim=1)[:, None] - 2 * rows @ some.train.mT
                found.append(away.clamp(min=0).topk(min(n, len(train)), largest=False))
        shape = (len(self.blocks.widths), len(self.test), -1)
        distance = torch.cat([some.values for some in found]).reshape(shape)
        place = torch.cat([some.indices for some in found]).reshape(shape)
        return distance.numpy(), numbers[place].numpy()

    def _fetched(self, numbers: IntArray, run: IntArray) -> FloatArray:
        """Scaled rows of those of the numbered atoms, in rising order, that are in some blocks."""
        found = []
        for block in run:
            if np.isin(block, numbers // PLACES):
                rows, own = self._train(block)
                found.append(rows[np.isin(own, numbers)].numpy())
        return np.concatenate([np.zeros((0, len(self.mean))), *found])


def _closest(
    n: int, some: tuple[FloatArray, IntArray], others: tuple[FloatArray, IntArray]
) -> tuple[FloatArray, IntArray]:
    distance, number = (np.concatenate(pair, axis=-1) for pair in zip(some, others, strict=True))
    found = torch.as_tensor(distance).topk(min(n, distance.shape[-1]), largest=False)
    return found.values.numpy(), np.take_along_axis(number, found.indices.numpy(), axis=-1)
