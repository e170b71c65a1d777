"""Tables of local errors with more train atoms than fit in memory, read block by block.

A local map needs the nearest train atoms alone. Three passes over the blocks find the scale of the
features, the candidates of every test atom (an exact search: all distances are computed), and fetch
these; the maps are fitted on the fetched atoms as on atoms in memory. Near-copies of atoms count
once: if too few distinct ones are among the candidates, twice as many are looked for.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics._blocks import Blocks, Read, results
from lumlip.metrics._input import check_spread
from lumlip.metrics._local_errors import local_errors
from lumlip.metrics._neighbors import distinct_train_atoms
from lumlip.metrics._pairs import feature_arrays
from lumlip.metrics._protocol import Protocol
from lumlip.metrics._scaling import ScaledFeatures
from lumlip.metrics._targets import Targets
from lumlip.metrics.cross_fit import table_of_sums
from lumlip.metrics.group_intervals import group_sums

#: Distances in memory at a time.
DISTANCES = 2**24
#: An atom's number is that of its block times this, and its place in it.
PLACES = 2**32
#: Distances, as roots of differences of squares, are known to this.
UNCERTAINTY = 1e-6
#: The distance of an atom that is read again is the same to this, in scaled units, or relative to
#: that from the mean.
SAME = 1e-3


def streamed_lfre(
    read: Read,
    n_blocks: int,
    *,
    tested: ArrayLike,
    n_neighbors: int,
    protocol: str = "robust",
    n_bootstrap: int = 0,
    seed: int = 0,
    executor: Executor | None = None,
    n_tasks: int = 64,
) -> pd.DataFrame:
    """Table of LFRE of some groups, with the atoms of any number of others to fit on.

    Blocks are read three times, more often where most neighbors are copies. Memory holds the rows
    of twice the neighbors of each test atom.

    Parameters
    ----------
    read, n_blocks, executor, n_tasks
        As in :func:`lumlip.streamed_table`.
    tested : array of bool of shape (n_groups,)
        Which groups are tested, some thousand atoms; maps are fitted on all others.
    n_neighbors, protocol
        As in :func:`lumlip.lfre`.
    n_bootstrap, seed : int
        Draws of the tested groups for the 95 % intervals; 0 for none.

    Returns
    -------
    DataFrame of shape (n_sets, n_sets)
        As of :func:`lumlip.streamed_table`.

    Raises
    ------
    ValueError
        If blocks and groups do not fit together, none is tested, or there are too few train atoms.
    """
    is_tested = np.asarray(tested)
    if is_tested.ndim != 1 or is_tested.dtype != bool:
        raise ValueError(
            f"tested: got shape {is_tested.shape} of {is_tested.dtype}, "
            "expected (n_groups,) of bool"
        )
    settings = Protocol.named(protocol, local=True)
    how: Any = {"n_blocks": n_blocks, "n_tasks": n_tasks, "executor": executor}
    search, groups = _surveyed(read, is_tested, how)
    train = search.neighbors(n_neighbors, settings.copies, how)
    sets = search.sets(train)
    found = [local_errors(some, Targets.join(sets), n_neighbors, None, settings) for some in sets]
    sums = group_sums(torch.stack([errors for errors, _ in found]), groups)
    names = list(search.blocks.widths)
    table = table_of_sums((names, names), *sums, np.unique(groups), n_bootstrap, seed)
    table.attrs["n_broken"] = sum(broken for _, broken in found)
    return table


def _surveyed(read: Read, is_tested: BoolArray, how: Any) -> tuple[_Search, IntArray]:
    """Find the mean and scale of the train atoms, and the rows and groups of the test atoms."""
    first = feature_arrays(read(0)[0])
    widths = [x.shape[1] for x in first.values()]
    blocks = Blocks(read, dict(zip(first, widths, strict=True)), len(is_tested))
    near = np.concatenate([x.mean(axis=0) for x in first.values()])
    runs = list(results(partial(_survey, blocks, is_tested, near), **how))
    counts, sums, squares, rows, groups = zip(
        *(block for run in runs for block in run), strict=True
    )
    n, mean = sum(counts), np.sum(sums, axis=0) / max(sum(counts), 1)
    if n < 2 or not any(map(len, groups)):
        raise ValueError(f"tested: got {n} atoms to fit on, {sum(map(len, groups))} to test")
    variances = np.split(np.sum(squares, axis=0) / n - mean**2, np.cumsum(widths)[:-1])
    totals = [max(float(some.sum()), 0.0) ** 0.5 for some in variances]
    for (name, x), total in zip(first.items(), totals, strict=True):
        check_spread(name, total, x, n)
    mean, scale = near + mean, np.repeat(totals, widths)
    test = (np.concatenate(rows) - mean) / scale
    return _Search(blocks, is_tested, mean, scale, test, n), np.concatenate(groups)


def _survey(
    blocks: Blocks, is_tested: BoolArray, near: FloatArray, run: IntArray
) -> list[tuple[int, FloatArray, FloatArray, FloatArray, IntArray]]:
    """Of each block: train atoms, sums and squares about a point; rows and groups to test."""
    found = []
    for block in run:
        rows, group = blocks.rows(block)
        own = is_tested[group]
        train = rows[~own] - torch.as_tensor(near)
        sums = train.sum(dim=0).numpy(), train.square().sum(dim=0).numpy()
        found.append((len(train), *sums, rows[own].numpy(), group[own]))
    return found


@dataclass(frozen=True)
class _Search:
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
            raise ValueError(
                "read: got other atoms or features when blocks were read again, expected the same "
                "ones: of random numbers, seed by the number of the block"
            )

    def sets(self, train: torch.Tensor) -> list[ScaledFeatures]:
        """Divide the columns of scaled train atoms, and of the test atoms, by set of features."""
        both = [torch.split(x, [*self.blocks.widths.values()], dim=1) for x in (train, self._test)]
        return [ScaledFeatures(*some) for some in zip(*both, strict=True)]

    @property
    def _test(self) -> torch.Tensor:
        return torch.as_tensor(self.test)

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
