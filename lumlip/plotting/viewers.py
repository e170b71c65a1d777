"""Data of the interactive viewer in a page: structures with properties, for chemiscope."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from numpy.typing import ArrayLike

from lumlip.datasets.properties import neighbor_pairs

_DIGITS = 4
_CUTOFF = 4.0  # Å, of the surroundings shown around a chosen atom


def write_viewer(
    path: Path, structures: Sequence[Atoms], *, name: str, of_atoms: Mapping[str, ArrayLike]
) -> None:
    """Write structures with simple properties as plain JSON for the chemiscope directive.

    Plain, because a page that is read offline cannot fetch what unpacks a compressed file. The
    structures have a ``subset`` in their info; of the numbers (n_atoms,) of all atoms of all
    structures, the first ones color the atoms.
    """
    import chemiscope

    axes = {"x": {"property": "mean covalent radius"}, "y": {"property": "closest"}}
    data = chemiscope.create_input(
        structures=[Atoms(a.numbers, a.positions, cell=a.cell, pbc=a.pbc) for a in structures],
        properties={
            **_properties(structures),
            **{k: {"target": "atom", "values": np.asarray(x)} for k, x in of_atoms.items()},
        },
        metadata={"name": name},
        settings={
            "map": {**axes, "symbol": "subset", "color": {"property": "subset"}},
            "target": "structure",
            "structure": [{"color": {"property": next(iter(of_atoms))}}],
        },
        environments=chemiscope.all_atomic_environments(structures, cutoff=_CUTOFF),
    )
    whole = json.dumps(data, default=lambda array: array.tolist())
    shown = json.loads(whole, parse_float=lambda digits: round(float(digits), _DIGITS))
    path.write_text(json.dumps(shown, separators=(",", ":")), encoding="utf-8")


def _properties(structures: Sequence[Atoms]) -> dict[str, Any]:
    described = {
        "subset": [str(atoms.info["subset"]) for atoms in structures],
        "atoms": [len(atoms) for atoms in structures],
        "elements": [len(set(atoms.numbers)) for atoms in structures],
        "mean covalent radius": [covalent_radii[atoms.numbers].mean() for atoms in structures],
        "closest": [_closest(atoms) for atoms in structures],
    }
    found: dict[str, Any] = {k: {"target": "structure", "values": v} for k, v in described.items()}
    found["mean covalent radius"]["units"] = "Å"
    return found


def _closest(atoms: Atoms) -> float:
    """Shortest distance over the sum of the two covalent radii."""
    first, second, distance = neighbor_pairs(atoms, 5.5)
    radii = covalent_radii[atoms.numbers]
    ratios = distance / (radii[first] + radii[second])
    return float(ratios.min()) if len(ratios) else float("nan")
