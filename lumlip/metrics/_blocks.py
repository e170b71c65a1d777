"""Features that are read block by block, and work on them in this process or in others."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics._device import one_thread_per_call
from lumlip.metrics._input import as_array, as_features, feature_arrays

#: From the number of a block: features (n_atoms, n_channels) by name, and groups (n_atoms,).
Read = Callable[[int], tuple[Mapping[str, ArrayLike], ArrayLike]]
Result = TypeVar("Result")
#: Runs of blocks that work is cut into: the order of sums, which no executor changes.
N_RUNS = 64
#: Of so many rows, evenly spaced, and all of fewer, a block is known.
SAMPLED = 64
#: What is said of blocks that do not come as before.
CHANGED = (
    "read: got other atoms or features when blocks were read again, expected the same ones: of "
    "random numbers, seed by the number of the block"
)


@dataclass(frozen=True)
class Blocks:
    """Blocks as they are read, the width of each set of features, and how many groups there are."""

    read: Read
    widths: dict[str, int]
    n_groups: int

    @classmethod
    def of(cls, read: Read, n_groups: int) -> tuple["Blocks", dict[str, FloatArray]]:
        """Look at the first block, the features of which come second."""
        first = feature_arrays(read(0)[0])
        return cls(read, {name: x.shape[1] for name, x in first.items()}, n_groups), first

    def rows(self, block: int) -> tuple[torch.Tensor, IntArray]:
        """All columns of a block side by side, and the groups of its atoms."""
        features, groups = self.read(block)
        arrays = {name: as_features(x, f"{name}, block {block}") for name, x in features.items()}
        group = as_array(groups, "groups")
        shapes = {name: (len(group), width) for name, width in self.widths.items()}
        got = {name: x.shape for name, x in arrays.items()}
        if got != shapes or group.dtype.kind not in "iu":
            raise ValueError(
                f"block {block}: got {got} and groups of {group.dtype}, expected {shapes} and int"
            )
        if group.min() < 0 or group.max() >= self.n_groups:
            raise ValueError(
                f"block {block}: got groups from {group.min()} to {group.max()}, "
                f"expected 0 to {self.n_groups - 1}: one for each number of folds"
            )
        in_order = [arrays[name] for name in self.widths]  # whatever the order in this block
        return torch.as_tensor(np.concatenate(in_order, axis=1)), group


def results(
    task: Callable[[IntArray], Result],
    n_blocks: int,
    executor: Executor | None,
    *,
    n_runs: int = N_RUNS,
) -> Iterator[Result]:
    """Results of all runs of blocks, in order, none kept; what a broken executor loses is made."""
    check_count("n_blocks", n_blocks, 1)
    if executor is not None and not hasattr(executor, "submit"):
        raise TypeError(f"executor: got {executor!r:.60}, expected a concurrent.futures.Executor")
    runs = np.array_split(np.arange(n_blocks), min(n_blocks, n_runs))
    waiting = deque(_submitted(executor, partial(task, run)) for run in runs)
    while waiting:
        yield waiting.popleft()()


def _submitted(executor: Executor | None, here: Callable[[], Result]) -> Callable[[], Result]:
    """Return what waits for the result of a task, or makes it here."""
    if executor is None:
        return here
    try:
        there = executor.submit(_alone, here)
    except BrokenExecutor:
        return here

    def result() -> Result:
        try:
            return there.result()
        except (BrokenExecutor, CancelledError):
            return here()

    return result


def _alone(task: Callable[[], Result]) -> Result:
    with one_thread_per_call():
        return task()


def marks(block: int, rows: torch.Tensor, group: IntArray) -> list[tuple[int, bytes]]:
    """Digests of what this block alone has: rows from all over it, and those where a group ends.

    What may come twice has none: a group that is another's copy, atoms that are all alike, and ends
    of groups that are not in one piece.
    """
    x, ends = rows.numpy(), np.flatnonzero(np.diff(group))
    over = x[:: max(1, len(x) // SAMPLED)]
    some = [(over, group[:0] if len(ends) else group[:1])] if (over != x[:1]).any() else []
    if len(ends) < len(np.unique(group)):
        some += [(x[i : i + 2], group[i : i + 2]) for i in ends.tolist()]
    sums = (blake2b(y.tobytes(), key=own.tobytes(), digest_size=16) for y, own in some)
    return [(block, total.digest()) for total in sums]


def check_once(marked: Iterable[tuple[int, bytes]]) -> None:
    """Refuse atoms that are in two blocks, by the `marks` of all: they would count twice."""
    seen: dict[bytes, int] = {}
    for block, mark in marked:
        if (before := seen.setdefault(mark, block)) != block:
            raise ValueError(
                f"read: got atoms of block {before} in block {block} again, expected each in one: "
                "does it heed the number of the block, and end where the next one begins?"
            )


def check_groups(name: str, seen: BoolArray, n_blocks: int) -> None:
    """Refuse groups (n_groups,) that no block has an atom of: a block may be forgotten."""
    if len(gone := np.flatnonzero(~seen)):
        missed = f"of {len(gone)} of them (first: {gone[0]}) no atom is in the {n_blocks} blocks"
        raise ValueError(f"{name}: got {len(seen)} groups; {missed}: are there more?")
