"""Structures as plain arrays: exact, and readable in every environment."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from lumlip.families.base import STATE, whole_number

#: Of the features, as far as all families share what decides them: ``families/base``, the arrays
#: here, batching. Raised by hand, see :mod:`lumlip.families`.
FEATURES_VERSION = 1
#: Marks the variables of a structure in a batch that only some families have.
EXTRA = "extra_"
#: Marks the features after one layer: ``layer_00_embedding``, ``layer_01_interaction_1``, ...
LAYER = "layer_"
_SUM_BYTES = 4


def save_structures(path: Path, structures: Sequence[Atoms]) -> None:
    """Write structures to an ``.npz`` file, every bit of the coordinates kept.

    Parameters
    ----------
    path : pathlib.Path
    structures : sequence of ase.Atoms, length n_structures
        Of each are kept: atomic numbers, positions and cell (in Å), periodicity, and from its
        ``info`` the charge, the spin and the spin multiplicity, where it has them.

    Raises
    ------
    ValueError
        One of these three is no whole number.
    """
    state = {name: np.array([_label(atoms, name) for atoms in structures]) for name in STATE}
    save_arrays(
        path,
        n_atoms=np.array([len(atoms) for atoms in structures]),
        numbers=np.concatenate([np.zeros(0, int), *(atoms.numbers for atoms in structures)]),
        positions=np.concatenate([np.zeros((0, 3)), *(atoms.positions for atoms in structures)]),
        cells=np.array([atoms.cell.array for atoms in structures]),
        pbc=np.array([atoms.pbc for atoms in structures]),
        **state,
    )


def _label(atoms: Atoms, name: str) -> float:
    """A whole number from ``Atoms.info``; NaN if it is not there."""
    return float(whole_number(atoms.info[name], name)) if name in atoms.info else np.nan


def load_structures(path: Path) -> list[Atoms]:
    """Read structures written by :func:`save_structures`: a list of n_structures ase.Atoms."""
    with np.load(path) as file:
        stored = dict(file)
    ends = np.cumsum(stored["n_atoms"])
    structures = []
    for i, (end, length) in enumerate(zip(ends, stored["n_atoms"], strict=True)):
        atoms = Atoms(
            stored["numbers"][end - length : end],
            positions=stored["positions"][end - length : end],
            cell=stored["cells"][i],
            pbc=stored["pbc"][i],
        )
        known = {name: stored[name][i] for name in STATE if np.isfinite(stored[name][i])}
        atoms.info.update({name: int(value) for name, value in known.items()})
        structures.append(atoms)
    return structures


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read what :func:`save_arrays` wrote, checked by its sum; a damaged file is removed: {}."""
    content = memoryview(path.read_bytes())
    if _sum(content[:-_SUM_BYTES]) != content[-_SUM_BYTES:]:
        path.unlink(missing_ok=True)
        return {}
    with np.load(BytesIO(content)) as data:
        return dict(data)


def save_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write arrays of any shape, by name, to an ``.npz`` file that is whole or not there.

    Its last bytes are the CRC-32 of all before: those within the format cover neither the list of
    arrays nor, of a large array, its shape.
    """
    part = path.with_name(path.name + ".part")
    content = BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    with part.open("wb") as file:
        file.write(content.getbuffer())
        file.write(_sum(content.getbuffer()))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _sum(content: memoryview) -> bytes:
    return zlib.crc32(content).to_bytes(_SUM_BYTES, "little")
