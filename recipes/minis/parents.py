"""Parents of the minis' structures: crystals, slabs and molecules of forty elements.

Unlike mini-mad's, they are drawn at random: any metal may take a metal's place. The minis are to
learn interactions, and a wide choice of neighbors teaches those best.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.build import add_adsorbate, bulk, molecule, surface
from ase.data import atomic_numbers, covalent_radii

from recipes.mini_mad.molecules import molecules as g2_molecules
from recipes.mini_mad.prototypes import prototypes

METALS = [
    "Li",
    "Na",
    "Mg",
    "Al",
    "K",
    "Ca",
    "Ti",
    "V",
    "Cr",
    "Mn",
    "Fe",
    "Co",
    "Ni",
    "Cu",
    "Zn",
    "Ga",
    "Sr",
    "Zr",
    "Nb",
    "Mo",
    "Ag",
    "Sn",
    "Sb",
    "Pt",
    "Au",
]
NONMETALS = ["H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "As", "Se", "Br", "Te", "I"]
ELEMENTS = METALS + NONMETALS
ANIONS = ["H", "C", "N", "O", "F", "P", "S", "Cl", "Se", "Br", "I"]
STRUKTUR = ("rocksalt", "zincblende", "cesiumchloride", "fluorite", "wurtzite")
ADSORBATES = ["H", "C", "N", "O", "F", "S", "Cl"]

LARGEST_PROTOTYPE, LARGEST = 14, 18
SMALLEST = 4
VACUUM = 4.5

Finish = Callable[[Atoms], Atoms]
#: Elements of the prototypes that count as non-metals; all others are replaced by metals.
_NOT_METALS = frozenset(
    atomic_numbers[s]
    for s in "H He B C N O F Ne Si P S Cl Ar Ge As Se Br Kr Te I Xe At Rn".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Parent:
    """A structure whose volume is still to be found, and what to do with it then.

    Attributes
    ----------
    name : str
    kind : {"inorganic", "surface", "molecule"}
    atoms : ase.Atoms
        A crystal of arbitrary volume; a molecule with a geometry and a box of its own.
    finish : callable
        Turns the crystal of the right volume into the parent: a slab, or a cell of some atoms.
    """

    name: str
    kind: str
    atoms: Atoms
    finish: Finish


def all_parents(rng: np.random.Generator, *, decorations: int) -> list[Parent]:
    """Return every parent, in random order.

    Parameters
    ----------
    rng : numpy.random.Generator
    decorations : int
        How many times each prototype gets new elements.
    """
    found = [
        *elemental(),
        *binaries(rng),
        *intermetallics(rng),
        *decorated(rng, decorations=decorations),
        *slabs(rng),
        *adsorbed(rng),
        *molecules(rng),
        *pairs_of_molecules(rng),
    ]
    return [found[i] for i in rng.permutation(len(found))]


def elemental() -> Iterator[Parent]:
    """Every element in five simple lattices."""
    for symbol, lattice in itertools.product(ELEMENTS, ("fcc", "bcc", "hcp", "sc", "diamond")):
        atoms = bulk(symbol, lattice, a=3.0, c=3.0 * 1.63 if lattice == "hcp" else None)
        yield Parent(f"element/{lattice}/{symbol}", "inorganic", atoms, grown)


def binaries(rng: np.random.Generator) -> Iterator[Parent]:
    """Metals and anions in five common lattices, about half of all."""
    for metal, anion, lattice in itertools.product(METALS, ANIONS, STRUKTUR):
        if rng.random() < 0.5:
            formula = metal + anion * (1 + (lattice == "fluorite"))
            atoms = bulk(formula, lattice, a=4.0)
            yield Parent(f"binary/{lattice}/{metal}{anion}", "inorganic", atoms, grown)


def intermetallics(rng: np.random.Generator) -> Iterator[Parent]:
    """Pairs of metals (and silicon) in ordered lattices."""
    for one, other in itertools.combinations([*METALS, "Si"], 2):
        for lattice in ("cesiumchloride", "rocksalt"):
            if rng.random() < 0.35:
                atoms = bulk(one + other, lattice, a=4.0)
                yield Parent(f"metals/{lattice}/{one}{other}", "inorganic", atoms, grown)
        if rng.random() < 0.5:
            atoms = bulk("Cu", "fcc", a=4.0, cubic=True)
            n = int(rng.integers(1, 3))
            atoms.symbols[:n], atoms.symbols[n:] = one, other
            yield Parent(f"metals/L1-{n}/{one}{other}", "inorganic", atoms, grown)


def decorated(rng: np.random.Generator, *, decorations: int) -> Iterator[Parent]:
    """AFLOW's prototypes with new elements: metals for metals, non-metals for non-metals."""
    for template in prototypes():
        if len(template) > LARGEST_PROTOTYPE:
            continue
        species = sorted(set(template.get_chemical_symbols()))
        for _ in range(decorations if len(species) > 1 else decorations // 2):
            swaps = _drawn(species, rng)
            atoms = template.copy()
            atoms.symbols = [swaps[s] for s in template.get_chemical_symbols()]
            name = f"prototype/{template.info['prototype']}/{'-'.join(swaps.values())}"
            yield Parent(name, "inorganic", atoms, grown)


def _drawn(species: list[str], rng: np.random.Generator) -> dict[str, str]:
    """Draw a different element for each species, of its own class."""
    swaps: dict[str, str] = {}
    for symbol in species:
        choice = NONMETALS if atomic_numbers[symbol] in _NOT_METALS else METALS
        swaps[symbol] = str(rng.choice([s for s in choice if s not in swaps.values()]))
    return swaps


def slabs(rng: np.random.Generator) -> Iterator[Parent]:
    """Slabs of metals and of rocksalt crystals along simple planes."""
    for metal in [*METALS, "Si", "C"]:
        for lattice, plane in itertools.product(("fcc", "bcc"), ((1, 1, 1), (1, 0, 0), (1, 1, 0))):
            atoms = bulk(metal, lattice, a=3.0, cubic=True)
            yield Parent(f"slab/{lattice}/{plane}/{metal}", "surface", atoms, slab(plane, 3))
    for metal, anion, lattice in itertools.product(METALS, ANIONS, ("rocksalt", "zincblende")):
        if rng.random() < 0.5:
            plane = (1, 0, 0) if rng.random() < 0.5 else (1, 1, 0)
            atoms = bulk(metal + anion, lattice, a=4.0, cubic=True)
            name = f"slab/{lattice}/{plane}/{metal}{anion}"
            yield Parent(name, "surface", atoms, slab(plane, 2))


def adsorbed(rng: np.random.Generator) -> Iterator[Parent]:
    """Atoms and small molecules on metals."""
    for metal, adsorbate in itertools.product(METALS, [*ADSORBATES, "CO", "OH", "NH3", "H2O"]):
        if rng.random() < 0.8:
            atoms = bulk(metal, "fcc", a=3.0, cubic=True)
            yield Parent(f"adsorbed/{metal}/{adsorbate}", "surface", atoms, covered(adsorbate))


def molecules(rng: np.random.Generator) -> Iterator[Parent]:
    """Small molecules of ase's, and the same with some atoms replaced."""
    for free in _small_molecules():
        yield Parent(f"molecule/{free.info['parent']}", "molecule", free, boxed)
        for _ in range(4):
            atoms = _substituted(free, rng)
            if atoms is not None:
                name = f"molecule/{free.info['parent']}/{atoms.get_chemical_formula()}"
                yield Parent(name, "molecule", atoms, boxed)


def pairs_of_molecules(rng: np.random.Generator, *, n: int = 500) -> Iterator[Parent]:
    """Two molecules that touch, in random places and turns."""
    small = [a for a in _small_molecules() if len(a) <= 9]
    for i in range(n):
        one, other = (small[k].copy() for k in rng.integers(len(small), size=2))
        for atoms in (one, other):
            atoms.rotate(rng.uniform(0, 360), rng.normal(size=3), center="COM")
            atoms.positions -= atoms.get_center_of_mass()
        direction = rng.normal(size=3)
        other.positions += _contact(one, other, direction / np.linalg.norm(direction), rng)
        name = f"pair/{i}/{one.info['parent']}+{other.info['parent']}"
        yield Parent(name, "molecule", one + other, boxed)


def grown(atoms: Atoms) -> Atoms:
    """Repeat a crystal along its shortest vectors until it has four atoms."""
    while len(atoms) < SMALLEST:
        shortest = int(np.argmin(atoms.cell.lengths()))
        atoms = atoms.repeat([2 if axis == shortest else 1 for axis in range(3)])
    return atoms


def slab(plane: tuple[int, int, int], layers: int) -> Finish:
    """Return a function that cuts a slab along a plane out of a crystal."""

    def finish(atoms: Atoms) -> Atoms:
        cut: Atoms = surface(atoms, plane, layers, vacuum=VACUUM)
        cut.pbc = True
        return cut

    return finish


def covered(adsorbate: str, *, plane: tuple[int, int, int] = (1, 1, 1)) -> Finish:
    """Return a function that cuts a slab of two layers and puts an adsorbate on its top atom."""

    def finish(atoms: Atoms) -> Atoms:
        cut: Atoms = surface(atoms, plane, 2, vacuum=None)
        cut = cut[np.argsort(cut.positions[:, 2])]
        top = cut.positions[-1]
        guest = molecule(adsorbate) if len(adsorbate) > 1 else Atoms(adsorbate)
        if adsorbate in ("CO", "OH"):
            guest.rotate(180, "x")
        height = 0.9 * (covalent_radii[cut.numbers[-1]] + covalent_radii[guest.numbers[0]])
        add_adsorbate(cut, guest, height, position=top[:2])
        cut.center(vacuum=VACUUM, axis=2)
        cut.pbc = True
        return cut

    return finish


def boxed(atoms: Atoms) -> Atoms:
    """Give a molecule a box in which it does not see its images."""
    copy: Atoms = atoms.copy()
    copy.center(vacuum=VACUUM)
    copy.pbc = True
    return copy


def _small_molecules() -> list[Atoms]:
    known = {atomic_numbers[s] for s in NONMETALS}
    return [a for a in g2_molecules() if len(a) <= LARGEST and known.issuperset(a.numbers.tolist())]


def _substituted(free: Atoms, rng: np.random.Generator) -> Atoms | None:
    """Replace one atom by another of like valence, its bond lengthened; None if there is none."""
    valence = {"H": "F Cl Br", "F": "Cl H", "Cl": "F Br I", "C": "Si", "O": "S Se", "N": "P As"}
    places = [i for i, s in enumerate(free.get_chemical_symbols()) if s in valence]
    if not places:
        return None
    atoms: Atoms = free.copy()
    i = int(rng.choice(places))
    new = str(rng.choice(valence[free.get_chemical_symbols()[i]].split()))
    others = np.delete(np.arange(len(free)), i)
    bonds = free.positions[others] - free.positions[i]
    nearest = bonds[np.linalg.norm(bonds, axis=1).argmin()]
    stretch = covalent_radii[atomic_numbers[new]] - covalent_radii[free.numbers[i]]
    atoms.positions[i] -= stretch * nearest / np.linalg.norm(nearest)
    atoms.symbols[i] = new
    return atoms


def _contact(
    one: Atoms, other: Atoms, direction: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Shift (3,) along a direction that brings the molecules to van der Waals contact."""
    touch = covalent_radii[one.numbers][:, None] + covalent_radii[other.numbers][None, :]
    touch = touch + rng.uniform(0.7, 1.6)
    length = 0.0
    while True:
        gap = other.positions[None] + length * direction - one.positions[:, None]
        if (np.linalg.norm(gap, axis=-1) > touch).all():
            return length * direction
        length += 0.1
