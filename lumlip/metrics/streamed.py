"""Tables of global errors of more atoms than fit in memory, read block by block.

A global map needs of the atoms no more than sums of products. Every part of them, half of a fold,
is reduced to its number of atoms, their mean, and the triangular factor of their deviations. Two of
these merge by one more decomposition (TSQR), which squares nothing: block after block, and in
any number of processes. The rows of all factors then stand for the atoms, and the maps are fitted
on them as on atoms in memory, see `lumlip.metrics._fold_maps`. A second pass over the blocks sums
the squared errors by group, of which the table and its intervals are made.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics._blocks import Blocks, Read, results
from lumlip.metrics._fold_maps import FoldMaps, FoldOrder, Source
from lumlip.metrics._input import as_array, check_spread
from lumlip.metrics._pairs import feature_arrays
from lumlip.metrics._protocol import BROKEN, GLOBAL
from lumlip.metrics.cross_fit import checked_folds, halves, table_of_sums
from lumlip.metrics.group_intervals import group_sums

#: Of the spread of a feature, how far its mean may move from pass to pass.
SAME = 1e-6


def streamed_table(
    read: Read,
    n_blocks: int,
    *,
    folds: ArrayLike,
    n_bootstrap: int = 0,
    seed: int = 0,
    executor: Executor | None = None,
    n_tasks: int = 64,
) -> pd.DataFrame:
    """Table of GFRE of any number of atoms: `lumlip.reconstruction_table` with folds, in blocks.

    Every block is read twice. Time is linear in the number of atoms; memory holds a block for each
    process, and of all groups the sums of their squared errors.

    Parameters
    ----------
    read : callable
        Gets the number of a block, from 0 to ``n_blocks - 1``, and returns the features of its
        atoms, a mapping of name to array of shape (n_atoms, n_channels) in any unit, and the group
        (structure, or parent) of each atom, integers from 0 to n_groups - 1. Blocks of some tens
        of MB are fast. Other processes must be able to import it: a function of a module, or
        `functools.partial` of one.
    n_blocks : int
    folds : array of int of shape (n_groups,)
        The fold of each group. If ``f = lumlip.folds(...)`` deals all atoms, it is
        ``f[numpy.unique(f.groups, return_index=True)[1]]``.
    n_bootstrap, seed : int
        Draws of the groups for the 95 % intervals; 0 for none.
    executor : concurrent.futures.Executor, optional
        Where blocks are worked on: a pool of processes, Dask's ``client.get_executor()``, mpi4py's
        or executorlib's. What a broken pool leaves undone is done in this process.
    n_tasks : int
        Runs of blocks that the work is cut into. It decides the order of sums, and so the last
        digits; the executor does not.

    Returns
    -------
    DataFrame of shape (n_sets, n_sets)
        Row = source, column = target; ``attrs`` as of :func:`lumlip.reconstruction_table`, without
        ``n_copied``.

    Raises
    ------
    ValueError
        If blocks, groups or folds do not fit together, blocks change between the passes, or
        features do not vary.

    Examples
    --------
    >>> import numpy as np
    >>> def read(block):
    ...     X = np.random.default_rng(block).normal(size=(100, 3))
    ...     return {"plane": X[:, :2], "space": X}, 10 * block + np.arange(100) // 10
    >>> streamed_table(read, 5, folds=np.arange(50) % 5).round(1)
           plane  space
    plane    0.0    0.6
    space    0.0    0.0
    """
    fold = checked_folds(folds, len(np.atleast_1d(as_array(folds, "folds"))))
    numbers = np.unique(fold, return_inverse=True)[1]
    part = 2 * numbers + halves(numbers, np.arange(len(fold)))
    first = feature_arrays(read(0)[0])
    work = _Work(Blocks(read, {name: x.shape[1] for name, x in first.items()}, len(fold)), part)
    how: Any = {"n_blocks": n_blocks, "n_tasks": n_tasks, "executor": executor}
    fits = _fitted(reduce(_merged, results(work.reduced, **how)), first)
    sums, counts, n_broken = np.zeros((len(first), len(first), len(fold))), np.zeros(len(fold)), 0
    # As bytes: tensors would travel in shared memory, which ends with the process that sent it.
    moved = np.zeros(len(fits.mean))
    for found in results(partial(work.sums, pickle.dumps(fits)), **how):
        for groups, of_groups, n_atoms, broken, deviations in found:
            sums[:, :, groups] += of_groups
            counts[groups] += n_atoms
            n_broken += broken
            moved += deviations
    fits.check_again(moved, counts.sum())
    there, names = np.flatnonzero(counts), list(first)
    sums, counts = sums[..., there], counts[there]
    table = table_of_sums((names, names), sums, counts, there, n_bootstrap, seed)
    table.attrs["n_broken"] = n_broken
    return table


@dataclass(frozen=True)
class _Part:
    """Some atoms: their number, mean (d,), and a factor whose square is that of deviations."""

    n: int
    mean: FloatArray
    factor: FloatArray

    @classmethod
    def of(cls, rows: torch.Tensor) -> _Part:
        if not len(rows):
            return cls(0, np.zeros(rows.shape[1]), np.zeros((0, rows.shape[1])))
        mean = rows.mean(dim=0)
        return cls(len(rows), mean.numpy(), _triangle(rows - mean))

    def __add__(self, other: _Part) -> _Part:
        n, apart = self.n + other.n, other.mean - self.mean
        share = other.n / max(n, 1)
        step = (self.n * share) ** 0.5 * apart
        rows = torch.as_tensor(np.vstack([self.factor, other.factor, step]))
        return _Part(n, self.mean + share * apart, _triangle(rows))

    def rows(self, mean: FloatArray) -> torch.Tensor:
        """Rows with the atoms' squares about some mean; the last one stands for their own mean."""
        return torch.as_tensor(np.vstack([self.factor, self.n**0.5 * (self.mean - mean)]))


def _merged(parts: list[_Part], others: list[_Part]) -> list[_Part]:
    return [a + b for a, b in zip(parts, others, strict=True)]


def _triangle(rows: torch.Tensor) -> FloatArray:
    few = len(rows) <= rows.shape[1]
    return (rows if few else torch.linalg.qr(rows, mode="r").R).numpy()


@dataclass(frozen=True)
class _Fits:
    """Maps of all sources, and the mean of all columns that they act about."""

    n: int
    mean: torch.Tensor
    spread: torch.Tensor
    turns: list[torch.Tensor]
    maps: list[FoldMaps]

    def check_again(self, deviations: FloatArray, n: int) -> None:
        """Refuse blocks that were others in the second pass: deviations from the mean cancel."""
        allowed = SAME * self.n * (self.spread + SAME * self.mean.abs()).numpy()
        if n != self.n or (np.abs(deviations) > allowed).any():
            raise ValueError(
                "read: got other atoms or features when blocks were read again, expected the same "
                "ones: of random numbers, seed by the number of the block"
            )


def _fitted(parts: list[_Part], first: Mapping[str, FloatArray]) -> _Fits:
    n = np.array([part.n for part in parts])
    mean = n @ np.stack([part.mean for part in parts]) / n.sum()
    rows = [part.rows(mean) for part in parts]
    widths = tuple(x.shape[1] for x in first.values())
    joined = torch.cat(rows)
    columns = torch.split(joined, list(widths), dim=1)
    for (name, x), some in zip(first.items(), columns, strict=True):
        check_spread(name, float(torch.linalg.matrix_norm(some)) / n.sum() ** 0.5, x, n.sum())
    sizes = [len(some) for some in rows]
    ones = torch.zeros_like(joined[:, :1])
    ones[np.cumsum(sizes) - 1, 0] = torch.as_tensor(n**0.5)
    order = FoldOrder.of(joined, widths, part=np.repeat(np.arange(len(parts)), sizes), ones=ones)
    sources = [Source.of(x) for x in columns]
    maps = [FoldMaps.of(source, order, protocol=GLOBAL) for source in sources]
    spread = torch.linalg.vector_norm(joined, dim=0) / n.sum() ** 0.5
    turns = [source.turn for source in sources]
    return _Fits(int(n.sum()), torch.as_tensor(mean), spread, turns, maps)


@dataclass(frozen=True)
class _Work:
    """What is done to runs of blocks; part is 2 * fold + half of every group."""

    blocks: Blocks
    part: IntArray

    def reduced(self, blocks: IntArray) -> list[_Part]:
        """Reduce each part of the atoms of some blocks."""
        return reduce(_merged, map(self._reduced, blocks))

    def _reduced(self, block: int) -> list[_Part]:
        rows, group = self.blocks.rows(block)
        part = self.part[group]
        sizes = np.bincount(part, minlength=int(self.part.max()) + 1)
        sorted_rows = rows[np.argsort(part, kind="stable")]
        return [_Part.of(some) for some in torch.split(sorted_rows, sizes.tolist())]

    def sums(
        self, pickled: bytes, blocks: IntArray
    ) -> list[tuple[IntArray, FloatArray, FloatArray, int, FloatArray]]:
        """Groups of each block, sums of their squared errors, their atoms, and broken maps.

        Last comes the sum of the deviations from the mean of all.
        """
        fits: _Fits = pickle.loads(pickled)
        return [self._sums(fits, block) for block in blocks]

    def _sums(
        self, fits: _Fits, block: int
    ) -> tuple[IntArray, FloatArray, FloatArray, int, FloatArray]:
        rows, group = self.blocks.rows(block)
        rows -= fits.mean
        fold = self.part[group] // 2
        errors = np.empty((len(self.blocks.widths), len(self.blocks.widths), len(rows)))
        for one in np.unique(fold):
            own = np.flatnonzero(fold == one)
            y = rows[own]
            columns = torch.split(y, list(self.blocks.widths.values()), dim=1)
            for cells, x, turn, maps in zip(errors, columns, fits.turns, fits.maps, strict=True):
                cells[:, own] = maps.errors(one, x @ turn, y)
        sums, counts = group_sums(errors, group)
        broken = int((errors > BROKEN).sum())
        return np.unique(group), sums, counts, broken, rows.sum(dim=0).numpy()
