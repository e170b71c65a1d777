"""Data of the interactive viewers in the pages: structures with properties, for chemiscope."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from numpy.typing import ArrayLike

from lumlip.datasets.neighbors import neighbor_pairs

_DIGITS = 4
_CUTOFF = 4.0  # Å, of the surroundings shown around a chosen atom


def write_viewer(
    path: Path,
    structures: Sequence[Atoms],
    *,
    name: str,
    columns: Mapping[str, tuple[str | None, ArrayLike]] | None = None,
    axes: tuple[str, str] = ("mean covalent radius", "closest"),
    color: str = "subset",
    of_atoms: Mapping[str, ArrayLike] | None = None,
) -> None:
    """Write structures with simple properties as plain JSON for the chemiscope directive.

    Plain, because a page that is read offline cannot fetch what unpacks a compressed file.

    Parameters
    ----------
    path : pathlib.Path
    structures : sequence of ase.Atoms
        With ``subset`` in their info.
    name : str
        Title of the viewer.
    columns : mapping of str to (unit or None, numbers of shape (n_structures,)), optional
        More properties.
    axes : (str, str)
        The properties of the map at first.
    color : str
        The property of its colors; symbols tell the subsets apart, too.
    of_atoms : mapping of str to array of shape (n_atoms,), optional
        Numbers of all atoms of all structures; the first one colors the atoms.

    Raises
    ------
    ValueError
        An axis or color that is no property.
    """
    import chemiscope

    properties = _properties(structures, columns or {})
    unknown = {*axes, color} - {*properties}
    if unknown:
        raise ValueError(f"got no property {unknown}; known: {', '.join(properties)}")
    shown: dict[str, Any] = {k: {"property": axis} for k, axis in zip("xy", axes, strict=True)}
    settings: dict[str, Any] = {"map": shown | {"symbol": "subset", "color": {"property": color}}}
    environments = None
    if of_atoms:
        environments = chemiscope.all_atomic_environments(structures, cutoff=_CUTOFF)
        color_of_atoms = {"color": {"property": next(iter(of_atoms))}}
        settings |= {"target": "structure", "structure": [color_of_atoms]}
        for key, numbers in of_atoms.items():
            properties[key] = {"target": "atom", "values": np.asarray(numbers)}
    data = chemiscope.create_input(
        structures=[_bare(atoms) for atoms in structures],
        properties=properties,
        metadata={"name": name},
        settings=settings,
        environments=environments,
    )
    path.write_text(json.dumps(_rounded(data), separators=(",", ":")), encoding="utf-8")


def _bare(atoms: Atoms) -> Atoms:
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)


def _properties(
    structures: Sequence[Atoms], columns: Mapping[str, tuple[str | None, ArrayLike]]
) -> dict[str, Any]:
    radii = [covalent_radii[atoms.numbers].mean() for atoms in structures]
    described = {
        "subset": (None, [str(atoms.info["subset"]) for atoms in structures]),
        "atoms": (None, [len(atoms) for atoms in structures]),
        "elements": (None, [len(set(atoms.numbers)) for atoms in structures]),
        "mean covalent radius": ("Å", radii),
        "closest": (None, [_closest(atoms) for atoms in structures]),
        **{key: (unit, list(np.asarray(numbers))) for key, (unit, numbers) in columns.items()},
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
