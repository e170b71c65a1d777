"""Structures as plain arrays: exact, and readable in every environment."""

import zlib
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from lumlip.families.base import STATE, whole_number

#: Of the features, as far as all families share what decides them: ``families/base``, the arrays
#: here, batching. Raised by hand, see :mod:`lumlip.families`.
FEATURES_VERSION = 1
#: Marks the features after one layer: ``layer_00_embedding``, ``layer_01_interaction_1``, ...
LAYER = "layer_"
_SUM_BYTES = 4
_PIECE = 1 << 22  # bytes that are read at once
_TOGETHER = 500  # structures of which arrays are joined at once


def save_structures(path: Path, structures: Sequence[Atoms]) -> None:
    """Write structures to an ``.npz`` file, every bit of coordinates kept, and their `STATE`."""
    save_arrays(path, **packed(structures, _packed))


def packed(
    structures: Sequence[Atoms], pack: Callable[[list[Atoms]], dict[str, NDArray[Any]]]
) -> dict[str, NDArray[Any]]:
    """Pack structures into arrays, some at a time: an array each would take more than they do."""
    starts = range(0, max(1, len(structures)), _TOGETHER)
    parts = [pack(list(structures[start : start + _TOGETHER])) for start in starts]
    return {name: np.concatenate([part.pop(name) for part in parts]) for name in [*parts[0]]}


def _packed(structures: list[Atoms]) -> dict[str, NDArray[Any]]:
    return {
        "n_atoms": np.array([len(atoms) for atoms in structures], dtype=int),
        "numbers": np.concatenate([np.zeros(0, int), *(atoms.numbers for atoms in structures)]),
        "positions": np.concatenate([np.zeros((0, 3)), *(atoms.positions for atoms in structures)]),
        "cells": np.array([atoms.cell.array for atoms in structures]),
        "pbc": np.array([atoms.pbc for atoms in structures]),
        **{name: np.array([_state(atoms, name) for atoms in structures]) for name in STATE},
    }


def _state(atoms: Atoms, name: str) -> float:
    """A whole number from ``Atoms.info``; NaN if it is not there."""
    return float(whole_number(atoms.info[name], name)) if name in atoms.info else np.nan


class StoredStructures(Sequence[Atoms]):
    """Structures written by :func:`save_structures`; each access makes an ``ase.Atoms``."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            self._stored = dict(file)
        self.n_atoms = self._stored["n_atoms"]
        self._ends = self.n_atoms.cumsum()

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        of = self._stored
        rows = slice(self._ends[index] - self.n_atoms[index], self._ends[index])
        known = {name: int(of[name][index]) for name in STATE if np.isfinite(of[name][index])}
        placed = {"positions": of["positions"][rows], "cell": of["cells"][index]}
        return Atoms(of["numbers"][rows], **placed, pbc=of["pbc"][index], info=known)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read what :func:`save_arrays` wrote, checked by its sum; a damaged file is removed: {}."""
    content = memoryview(path.read_bytes())
    total = zlib.crc32(content[:-_SUM_BYTES])
    if total.to_bytes(_SUM_BYTES, "little") != content[-_SUM_BYTES:]:
        path.unlink(missing_ok=True)
        return {}
    with np.load(BytesIO(content)) as data:
        return dict(data)


def save_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write arrays of any shape, by name, to an ``.npz`` file that is whole or not there.

    Its last bytes are the CRC-32 of all before: the format's own cover neither the list of arrays
    nor, of a large array, its shape.
    """
    part = path.with_name(path.name + ".part")
    with part.open("w+b") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.seek(0)
        file.write(crc32(file).to_bytes(_SUM_BYTES, "little"))
    part.replace(path)


def crc32(file: IO[bytes]) -> int:
    """Return the sum of what is left of a file."""
    total = 0
    for piece in iter(partial(file.read, _PIECE), b""):
        total = zlib.crc32(piece, total)
    return total
