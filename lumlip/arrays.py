"""Structures as plain arrays: exact, and readable in every environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

#: Of the features, as far as all families share what decides them: ``families/base``, the arrays
#: here, batching. Raised by hand, see :mod:`lumlip.families`.
FEATURES_VERSION = 1
#: Marks the variables of a structure in a batch that only some families have.
EXTRA = "extra_"
#: Marks the features after one layer: ``layer_00_embedding``, ``layer_01_interaction_1``, ...
LAYER = "layer_"
_SCALARS = ("charge", "spin")  # what some models read from Atoms.info


def save_structures(path: Path, structures: Sequence[Atoms]) -> None:
    """Write structures to an ``.npz`` file, every bit of the coordinates kept."""
    scalars = {
        name: np.array([float(atoms.info.get(name, np.nan)) for atoms in structures])
        for name in _SCALARS
    }
    save_arrays(
        path,
        n_atoms=np.array([len(atoms) for atoms in structures]),
        numbers=np.concatenate([atoms.numbers for atoms in structures]),
        positions=np.concatenate([atoms.positions for atoms in structures]),
        cells=np.stack([atoms.cell.array for atoms in structures]),
        pbc=np.stack([atoms.pbc for atoms in structures]),
        **scalars,
    )


def load_structures(path: Path) -> list[Atoms]:
    """Read structures written by :func:`save_structures`."""
    with np.load(path) as data:
        stored = {name: data[name] for name in data.files}
    ends = np.cumsum(stored["n_atoms"])
    structures = []
    for i, (end, length) in enumerate(zip(ends, stored["n_atoms"], strict=True)):
        atoms = Atoms(
            stored["numbers"][end - length : end],
            positions=stored["positions"][end - length : end],
            cell=stored["cells"][i],
            pbc=stored["pbc"][i],
        )
        known = {name: stored[name][i] for name in _SCALARS if np.isfinite(stored[name][i])}
        atoms.info.update({name: int(value) for name, value in known.items()})
        structures.append(atoms)
    return structures


def save_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write an ``.npz`` file that is either whole or not there."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
