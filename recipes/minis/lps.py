"""Parents of the LPS set: lithium thiophosphates and what goes with them, after real crystals.

As in the paper's set, the elements are H, Li, O, P and S, and there are crystals, surfaces, and
surfaces with water or hydrogen.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.collections import dcdft
from ase.spacegroup import crystal

from recipes.mini_mad.prototypes import prototypes
from recipes.minis.parents import Parent, covered, grown, slab

ELEMENTS = ("H", "Li", "O", "P", "S")
CATIONS, ANIONS = ("Li", "P"), ("S", "O", "H")
#: Atoms of a primitive Li3PS4.
LARGEST = 32
LARGEST_PROTOTYPE = 16
DECORATIONS = 3
_PLANES = ((1, 0, 0), (1, 1, 0), (1, 1, 1))


def lps_parents(rng: np.random.Generator) -> list[Parent]:
    """Return every parent, in random order."""
    found = [*_thiophosphates(), *_binaries(), *_elements(), *_surfaces(), *_decorated(rng)]
    return [found[i] for i in rng.permutation(len(found))]


def _thiophosphates() -> Iterator[Parent]:
    """beta- and gamma-Li3PS4 (Homma et al. 2011), and the phosphates of the same structures."""
    for anion in ("S", "O"):
        for phase, atoms in (("beta", _beta(anion)), ("gamma", _gamma(anion))):
            yield Parent(f"lps/{phase}-Li3P{anion}4", "inorganic", atoms, _as_it_is)


def _beta(anion: str) -> Atoms:
    """beta-Li3PS4, Pnma, without the disorder of its lithium; positions idealised."""
    sites = {
        "Li": [(0.3562, 0.013, 0.439), (0.0, 0.0, 0.5)],
        "P": [(0.0870, 0.25, 0.1540)],
        anion: [(0.1610, 0.0298, 0.2740), (0.9360, 0.25, 0.2640), (0.0970, 0.25, 0.8100)],
    }
    return _from_sites(sites, 62, (13.066, 8.015, 6.101))


def _gamma(anion: str) -> Atoms:
    """gamma-Li3PS4: a wurtzite-like packing of tetrahedra, Pmn2_1; positions idealised."""
    sites = {
        "Li": [(0.25, 0.333, 0.0), (0.0, 0.167, 0.5)],
        "P": [(0.0, 0.833, 0.0)],
        anion: [(0.0, 0.833, 0.375), (0.0, 0.167, 0.875), (0.25, 0.333, 0.375)],
    }
    return _from_sites(sites, 31, (7.708, 6.535, 6.137))


def _from_sites(
    sites: dict[str, list[tuple[float, float, float]]], group: int, edges: tuple[float, ...]
) -> Atoms:
    symbols = [symbol for symbol, places in sites.items() for _ in places]
    basis = [place for places in sites.values() for place in places]
    cell = [*edges, 90, 90, 90]
    atoms = crystal(symbols, basis, spacegroup=group, cellpar=cell, onduplicates="keep")
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)


def _binaries() -> Iterator[Parent]:
    """Antifluorite, rocksalt and other simple crystals of a cation and an anion."""
    for anion in ("S", "O"):
        atoms = bulk(f"{anion}LiLi", "fluorite", a=5.7)
        yield Parent(f"lps/antifluorite/Li2{anion}", "inorganic", atoms, grown)
    for cation, anion, lattice in (
        ("Li", "H", "rocksalt"),
        ("Li", "S", "rocksalt"),
        ("Li", "O", "rocksalt"),
        ("P", "S", "zincblende"),
        ("P", "O", "rocksalt"),
        ("Li", "P", "zincblende"),
        ("Li", "S", "wurtzite"),
        ("Li", "S", "zincblende"),
    ):
        atoms = bulk(cation + anion, lattice, a=5.0)
        yield Parent(f"lps/{lattice}/{cation}{anion}", "inorganic", atoms, grown)


def _elements() -> Iterator[Parent]:
    """Ground states of the elements that are small enough."""
    for symbol in ("Li", "P"):
        found = dcdft[symbol]
        atoms = Atoms(found.numbers, found.positions, cell=found.cell, pbc=True)
        yield Parent(f"lps/element/{symbol}", "inorganic", atoms, grown)


def _surfaces() -> Iterator[Parent]:
    """Slabs of lithium and of simple salts: clean, with water, with hydrogen."""
    crystals = {
        "Li2S": bulk("SLiLi", "fluorite", a=5.7, cubic=True),
        "Li2O": bulk("OLiLi", "fluorite", a=4.6, cubic=True),
        "LiH": bulk("LiH", "rocksalt", a=4.1, cubic=True),
        "Li": bulk("Li", "bcc", a=3.5, cubic=True),
        "LiP": bulk("LiP", "zincblende", a=5.2, cubic=True),
    }
    for formula, atoms in crystals.items():
        for plane in _PLANES:
            name = f"lps/slab/{formula}/{plane}"
            yield Parent(name, "surface", atoms, slab(plane, 2))
            for guest in ("H2O", "H", "OH", "S"):
                yield Parent(f"{name}/{guest}", "surface", atoms, covered(guest, plane=plane))


def _decorated(rng: np.random.Generator) -> Iterator[Parent]:
    """Real prototypes of three to five elements' worth of sites, with Li and P, S, O and H."""
    for template in prototypes():
        species = sorted(set(template.get_chemical_symbols()))
        if len(template) > LARGEST_PROTOTYPE or len(species) not in (3, 4):
            continue
        drawn = set()
        for _ in range(DECORATIONS):
            extra = rng.choice(ANIONS[1:], size=len(species) - 3, replace=False).tolist()
            elements = [*CATIONS, "S" if rng.random() < 0.8 else "O", *extra]
            if len(set(elements)) < len(species):
                continue
            drawn.add(tuple(rng.permutation(elements).tolist()))
        for places in sorted(drawn):
            swaps = dict(zip(species, places, strict=True))
            atoms = template.copy()
            atoms.symbols = [swaps[s] for s in template.get_chemical_symbols()]
            label = f"lps/prototype/{template.info['prototype']}/{'-'.join(places)}"
            yield Parent(label, "inorganic", atoms, grown)


def _as_it_is(atoms: Atoms) -> Atoms:
    return atoms
