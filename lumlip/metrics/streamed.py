"""Tables of global errors of more atoms than fit in memory, read block by block.

The atoms of every half of a fold are reduced to what stands for them, see
`lumlip.metrics._fold_sums`, and the maps are fitted on that as on atoms in memory. A second pass
over the blocks sums the squared errors by group, of which the table and its intervals are made.
"""

import pickle
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics._blocks import CHANGED, Blocks, Read, check_groups, check_once, marks, results
from lumlip.metrics._fold_maps import FoldMaps, Source
from lumlip.metrics._fold_sums import FoldOrder, Part, merge
from lumlip.metrics._input import as_array, check_spread
from lumlip.metrics._protocol import BROKEN, GLOBAL
from lumlip.metrics.cross_fit import checked_folds, halves
from lumlip.metrics.group_intervals import group_sums
from lumlip.metrics.tables import table_of_sums

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

    Returns
    -------
    DataFrame of shape (n_sets, n_sets)
        Row = source, column = target; ``attrs`` as of :func:`lumlip.reconstruction_table`, without
        ``n_copied``.

    Raises
    ------
    ValueError
        If blocks, groups or folds do not fit together, blocks share atoms or change between the
        passes, or features do not vary.

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
    blocks, first = Blocks.of(read, len(fold))
    names = list(first)
    how: Any = {"n_blocks": n_blocks, "executor": executor}
    parts, marked = reduce(_joined, results(partial(_reduced, blocks, part), **how))
    check_once(marked)
    fits = _fitted(parts, first)
    sums, counts, n_broken = np.zeros((len(first), len(first), len(fold))), np.zeros(len(fold)), 0
    # As bytes: tensors would travel in shared memory, which ends with the process that sent it.
    moved = np.zeros(len(fits.mean))
    for found in results(partial(_summed, blocks, part, pickle.dumps(fits)), **how):
        for some in found:
            sums[:, :, some.groups] += some.squares
            counts[some.groups] += some.counts
            n_broken += some.n_broken
            moved += some.deviations
    fits.check_again(moved, counts.sum())
    check_groups("folds", counts > 0, n_blocks)
    draws: Any = {"n_bootstrap": n_bootstrap, "seed": seed}
    table = table_of_sums((names, names), sums, counts, np.arange(len(fold)), **draws)
    table.attrs["n_broken"] = n_broken
    return table


_Reduced = tuple[list[Part], list[tuple[int, bytes]]]


class _Sums(NamedTuple):
    """What is summed over the atoms of a block."""

    groups: IntArray
    squares: FloatArray  # of the errors, by group
    counts: FloatArray  # of the atoms, by group
    n_broken: int
    deviations: FloatArray  # from the mean of all


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
            raise ValueError(CHANGED)

    def sums(self, part: IntArray, rows: torch.Tensor, group: IntArray) -> _Sums:
        """Measure the maps on the atoms of a block."""
        rows -= self.mean
        fold, widths = part[group] // 2, [len(turn) for turn in self.turns]
        errors = np.empty((len(widths), len(widths), len(rows)))
        for one in np.unique(fold):
            own = np.flatnonzero(fold == one)
            y = rows[own]
            columns = torch.split(y, widths, dim=1)
            for cells, x, turn, maps in zip(errors, columns, self.turns, self.maps, strict=True):
                cells[:, own] = maps.errors(one, x @ turn, y)
        broken = int((errors > BROKEN).sum())
        moved = rows.sum(dim=0).numpy()
        return _Sums(np.unique(group), *group_sums(errors, group), broken, moved)


def _fitted(parts: list[Part], first: Mapping[str, FloatArray]) -> _Fits:
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


def _reduced(blocks: Blocks, part: IntArray, run: IntArray) -> _Reduced:
    """Reduce each part of the atoms of some blocks; part is 2 * fold + half of every group."""
    return reduce(_joined, (_parts(part, block, *blocks.rows(block)) for block in run.tolist()))


def _parts(part: IntArray, block: int, rows: torch.Tensor, group: IntArray) -> _Reduced:
    own = part[group]
    sizes = np.bincount(own, minlength=int(part.max()) + 1)
    sorted_rows = rows[np.argsort(own, kind="stable")]
    parts = [Part.of(some) for some in torch.split(sorted_rows, sizes.tolist())]
    return parts, marks(block, rows, group)


def _joined(some: _Reduced, others: _Reduced) -> _Reduced:
    some[1].extend(others[1])
    return merge(some[0], others[0]), some[1]


def _summed(blocks: Blocks, part: IntArray, pickled: bytes, run: IntArray) -> list[_Sums]:
    """Measure the maps on the atoms of each block."""
    fits: _Fits = pickle.loads(pickled)
    return [fits.sums(part, *blocks.rows(block)) for block in run]
