"""Tables of local errors with more train atoms than fit in memory, read block by block.

A local map needs the nearest train atoms alone. Three passes over the blocks find the scale of the
features, the candidates of every test atom (an exact search: all distances are computed), and fetch
these; the maps are fitted on the fetched atoms as on atoms in memory. Near-copies of atoms count
once: if too few distinct ones are among the candidates, twice as many are looked for.
"""

from concurrent.futures import Executor
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.metrics._blocks import Blocks, Read, check_groups, check_once, marks, results
from lumlip.metrics._errors import local_errors
from lumlip.metrics._input import check_spread
from lumlip.metrics._protocol import Protocol
from lumlip.metrics._scaling import Targets
from lumlip.metrics._search import Search
from lumlip.metrics.group_intervals import group_sums
from lumlip.metrics.tables import table_of_sums


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
) -> pd.DataFrame:
    """Table of LFRE of some groups, with the atoms of any number of others to fit on.

    Blocks are read three times, more often where most neighbors are copies. Memory holds the rows
    of twice the neighbors of each test atom.

    Parameters
    ----------
    tested : array of bool of shape (n_groups,)
        Which groups are tested, some thousand atoms; maps are fitted on all others.
    n_neighbors, protocol
        As in :func:`lumlip.lfre`; the other options, table and errors as in
        :func:`lumlip.streamed_table`.
    """
    is_tested = np.asarray(tested)
    if is_tested.ndim != 1 or is_tested.dtype != bool:
        got = f"shape {is_tested.shape} of {is_tested.dtype}"
        raise ValueError(f"tested: got {got}, expected (n_groups,) of bool")
    settings = Protocol.named(protocol, local=True)
    how: Any = {"n_blocks": n_blocks, "executor": executor}
    search, groups = _surveyed(read, is_tested, how)
    train = search.neighbors(n_neighbors, settings.copies, how)
    sets = search.sets(train)
    found = [local_errors(some, Targets.join(sets), n_neighbors, settings) for some in sets]
    sums = group_sums(torch.stack([errors for errors, _ in found]), groups)
    names, draws = list(search.blocks.widths), dict[str, Any](n_bootstrap=n_bootstrap, seed=seed)
    table = table_of_sums((names, names), *sums, np.unique(groups), **draws)
    table.attrs["n_broken"] = sum(broken for _, broken in found)
    return table


def _surveyed(read: Read, is_tested: BoolArray, how: Any) -> tuple[Search, IntArray]:
    """Find the mean and scale of the train atoms, and the rows and groups of the test atoms."""
    blocks, first = Blocks.of(read, len(is_tested))
    widths = list(blocks.widths.values())
    near = np.concatenate([x.mean(axis=0) for x in first.values()])
    runs = list(results(partial(_survey, blocks, is_tested, near), **how))
    counts, sums, squares, rows, groups, marked = zip(
        *(block for run in runs for block in run), strict=True
    )
    check_once(chain.from_iterable(marked))
    n, mean = sum(counts), np.sum(sums, axis=0) / max(sum(counts), 1)
    if n < 2 or not any(map(len, groups)):
        raise ValueError(f"tested: got {n} atoms to fit on, {sum(map(len, groups))} to test")
    seen = ~is_tested
    seen[np.concatenate(groups)] = True
    check_groups("tested", seen, how["n_blocks"])
    variances = np.split(np.sum(squares, axis=0) / n - mean**2, np.cumsum(widths)[:-1])
    totals = [max(float(some.sum()), 0.0) ** 0.5 for some in variances]
    for (name, x), total in zip(first.items(), totals, strict=True):
        check_spread(name, total, x, n)
    mean, scale = near + mean, np.repeat(totals, widths)
    test = (np.concatenate(rows) - mean) / scale
    return Search(blocks, is_tested, mean, scale, test, n), np.concatenate(groups)


def _survey(
    blocks: Blocks, is_tested: BoolArray, near: FloatArray, run: IntArray
) -> list[tuple[int, FloatArray, FloatArray, FloatArray, IntArray, list[tuple[int, bytes]]]]:
    """Of each block: train atoms, sums and squares about a point; rows, groups to test; marks."""
    found = []
    for block in run.tolist():
        rows, group = blocks.rows(block)
        own = is_tested[group]
        train = rows[~own] - torch.as_tensor(near)
        sums = train.sum(dim=0).numpy(), train.square().sum(dim=0).numpy()
        marked = marks(block, rows, group)
        found.append((len(train), *sums, rows[own].numpy(), group[own], marked))
    return found
