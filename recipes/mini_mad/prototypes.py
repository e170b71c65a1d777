"""Real crystals out of packages: AFLOW's prototypes (pymatgen) and the elements (ase)."""

from __future__ import annotations

import gzip
import json
from importlib.metadata import PackageNotFoundError, files
from typing import Any

from ase import Atoms
from ase.collections import dcdft

from lumlip.datasets.properties import neighbor_pairs
from recipes.mini_mad.elements import ELEMENTS, NOBLE_GASES
from recipes.mini_mad.geometry import closeness, is_sane, name, scaled, tidy

MAX_ATOMS = 40
#: Closest pair over the sum of covalent radii: below, the entry's own cell cannot be right.
CLOSEST, FARTHEST = 0.72, 1.4
#: The same crystals as in ase's collection of elements.
DUPLICATES = frozenset({"A_cF4_225_a", "A_cI2_229_a", "A_hP2_194_c"})
#: Å, the largest distance of neighbors: solid Ar, Kr, Xe, and the metals Rb and Cs are shown under
#: pressure, else their atoms would be alone within the 5 Å that some models see.
NEIGHBORS_NOBLE, NEIGHBORS = 3.8, 4.7


def real_crystals() -> list[Atoms]:
    """AFLOW's prototypes as they stand, where their elements are ours, then the elements."""
    known = set(ELEMENTS)
    originals = [a for a in prototypes() if known.issuperset(a.numbers.tolist())]
    return originals + elemental_crystals()


def prototypes() -> list[Atoms]:
    """AFLOW's prototypes of up to 40 atoms, with their own elements and cells.

    Raises
    ------
    ImportError
        If pymatgen, which carries the file, is missing.
    """
    crystals = []
    for entry in _aflow_entries():
        label = entry["tags"]["aflow"]
        if len(entry["snl"]["sites"]) <= MAX_ATOMS and label not in DUPLICATES:
            crystals.append(_crystal(entry["snl"], label))
    return [a for a in crystals if is_sane(a, closest=CLOSEST) and closeness(a) < FARTHEST]


def elemental_crystals() -> list[Atoms]:
    """Ground states of the elements, as in ase's collection of the Delta test."""
    crystals = []
    for symbol in sorted(dcdft.names):
        found = dcdft[symbol]
        atoms = Atoms(found.numbers, positions=found.positions, cell=found.cell, pbc=True)
        if not set(ELEMENTS).issuperset(atoms.numbers.tolist()):
            continue
        is_noble = NOBLE_GASES.issuperset(atoms.numbers.tolist())
        nearest = neighbor_pairs(atoms, 6.0)[2].min()
        limit = NEIGHBORS_NOBLE if is_noble else NEIGHBORS
        atoms = scaled(atoms, min(1.0, limit / nearest))
        crystals.append(_parent(atoms, "element"))
    return crystals


def _crystal(snl: dict[str, Any], label: str) -> Atoms:
    """Atoms from pymatgen's dictionary of a structure without partial occupancies."""
    symbols = [site["species"][0]["element"] for site in snl["sites"]]
    scaled_positions = [site["abc"] for site in snl["sites"]]
    cell = snl["lattice"]["matrix"]
    return _parent(Atoms(symbols, scaled_positions=scaled_positions, cell=cell, pbc=True), label)


def _parent(atoms: Atoms, label: str) -> Atoms:
    """Crystal with a tidy cell that says what it is."""
    atoms = tidy(atoms)
    atoms.info = {"parent": name(atoms, label), "prototype": label}
    return atoms


def _aflow_entries() -> list[dict[str, Any]]:
    """Read the file, not the package: pymatgen's code plays no part in the recipe."""
    try:
        installed = files("pymatgen") or []
    except PackageNotFoundError:
        raise ImportError(
            "the recipe of mini-mad reads AFLOW's prototypes out of pymatgen, which is not "
            "installed; the committed set works without it. To make it anew: "
            "pip install 'lumlip[recipe]'"
        ) from None
    path = next(f for f in installed if f.name == "aflow_prototypes.json.gz")
    entries: list[dict[str, Any]] = json.loads(gzip.decompress(path.read_binary()))
    return entries
