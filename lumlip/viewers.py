"""Data of the interactive viewers in the pages: structures with properties, for chemiscope."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii

from lumlip.validation import neighbor_pairs

_DIGITS = 4


def write_viewer(path: Path, structures: Sequence[Atoms], *, name: str) -> None:
    """Write structures with simple properties as plain JSON for the chemiscope directive.

    Plain, because a page that is read offline cannot fetch what unpacks a compressed file.

    Parameters
    ----------
    path : pathlib.Path
    structures : sequence of ase.Atoms
        With ``subset`` in their info.
    name : str
        Title of the viewer.
    """
    import chemiscope

    data = chemiscope.create_input(
        structures=[_bare(atoms) for atoms in structures],
        properties=_properties(structures),
        metadata={"name": name},
        settings={"map": {"x": {"property": "mean covalent radius"}, "y": {"property": "closest"}}},
    )
    path.write_text(json.dumps(_rounded(data), separators=(",", ":")), encoding="utf-8")


def _bare(atoms: Atoms) -> Atoms:
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)


def _properties(structures: Sequence[Atoms]) -> dict[str, Any]:
    radii = [covalent_radii[atoms.numbers].mean() for atoms in structures]
    described = {
        "subset": (None, [str(atoms.info["subset"]) for atoms in structures]),
        "atoms": (None, [len(atoms) for atoms in structures]),
        "elements": (None, [len(set(atoms.numbers)) for atoms in structures]),
        "mean covalent radius": ("Å", radii),
        "closest": (None, [_closest(atoms) for atoms in structures]),
    }
    return {
        key: {"target": "structure", "values": values, **({"units": unit} if unit else {})}
        for key, (unit, values) in described.items()
    }


def _closest(atoms: Atoms) -> float:
    """Shortest distance over the sum of the two covalent radii."""
    first, second, distance = neighbor_pairs(atoms, 5.5)
    radii = covalent_radii[atoms.numbers]
    ratios = distance / (radii[first] + radii[second])
    return float(ratios.min()) if len(ratios) else float("nan")


def _rounded(value: Any) -> Any:
    """Cut numbers to the digits that a viewer shows."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_rounded(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), _DIGITS)
    return value.item() if isinstance(value, np.generic) else value
