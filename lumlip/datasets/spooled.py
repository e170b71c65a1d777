"""Many structures without memory for all of them: a sequence that lies in a temporary file."""

import os
import pickle
import weakref
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike

from lumlip.runtime.paths import ensured, home

#: Up to so many structures are kept in memory: they take 20 MB there.
MANY = 10_000


class Spooled(Sequence[Atoms]):
    """Structures in a file that ends with this process; each access makes a new ``ase.Atoms``.

    Each of the frames is looked at once, and none is kept. Parts, by slices or arrays of indices,
    share the file. It lies below LUMLIP_HOME: features, many times larger, fit there, and the
    system's folder for such files may itself be memory.
    """

    def __init__(self, frames: Iterable[Atoms]) -> None:
        self._file = TemporaryFile(dir=ensured(home() / "spooled"))  # noqa: SIM115
        self._ends = np.fromiter(map(self._put, frames), np.int64)
        self._file.flush()
        self._numbers = np.arange(len(self._ends))
        weakref.finalize(self._ends, self._file.close)  # with the last part that shares it

    def _put(self, atoms: Atoms) -> int:
        pickle.dump(atoms, self._file, pickle.HIGHEST_PROTOCOL)
        return self._file.tell()

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        number = self._numbers[index]
        if isinstance(number, np.ndarray):
            part = copy(self)
            part._numbers = number
            return part
        start = self._ends[number - 1] if number else 0
        return pickle.loads(self._read(self._ends[number] - start, start))

    def _read(self, n_bytes: int, start: int) -> bytes:
        if hasattr(os, "pread"):  # the position in the file is shared by threads and forks
            return os.pread(self._file.fileno(), n_bytes, start)
        self._file.seek(start)
        return self._file.read(n_bytes)


def spooled(frames: Iterator[Atoms]) -> Sequence[Atoms]:
    """Keep structures: in a list, or in a file if they are `MANY`."""
    first = list(islice(frames, MANY))
    return first if len(first) < MANY else Spooled(chain(first, frames))


def chosen(structures: Sequence[Atoms], numbers: ArrayLike) -> Sequence[Atoms]:
    """Choose structures by number, kept as they are."""
    index = np.asarray(numbers, dtype=int)
    if isinstance(structures, Spooled):
        part: Spooled = structures[index]
        return part
    return [structures[i] for i in index]
