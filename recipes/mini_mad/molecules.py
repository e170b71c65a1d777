"""Small organic molecules and dimers, out of ase's collections, some with bromine or iodine."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.collections import g2, s22
from ase.data import atomic_numbers, chemical_symbols, covalent_radii
from ase.formula import Formula

from recipes.mini_mad.geometry import tidy

#: The elements of MAD's molecular subsets that ase's molecules have.
ORGANIC = frozenset(atomic_numbers[s] for s in ("H", "C", "N", "O", "F", "Si", "P", "S", "Cl"))
#: Triatomic or larger, but no molecule that makes a crystal.
CARBENES = frozenset({"CH2_s1A1d", "CH2_s3B1d", "SiH2_s1A1d", "SiH2_s3B1d"})
CHLORINE, BROMINE, IODINE = 17, 35, 53


def molecules() -> list[Atoms]:
    """Molecules and radicals of three atoms or more; chlorides come as bromides or iodides too."""
    found = [_named(g2[key], key) for key in sorted(g2.names)]
    kept = [a for a in found if len(a) >= 3 and ORGANIC.issuperset(a.numbers.tolist())]
    chlorides = [a for a in kept if CHLORINE in a.numbers]
    heavy = [_heavier(a, (BROMINE, IODINE)[i % 2]) for i, a in enumerate(chlorides)]
    return kept + heavy


def dimers() -> list[Atoms]:
    """Give the 22 dimers of the S22 set: hydrogen bonds, stacking, and both."""
    return [_named(s22[key], key, copies=2) for key in sorted(s22.names)]


def is_closed_shell(molecule: Atoms) -> bool:
    """Tell molecules that can make a crystal: an even number of electrons, and no carbene."""
    return int(molecule.numbers.sum()) % 2 == 0 and molecule.info["label"] not in CARBENES


def _named(found: Atoms, key: str, *, copies: int = 1) -> Atoms:
    """Bare molecule, named by its formula, or a dimer of two equal ones by the formula of one."""
    atoms = tidy(Atoms(found.numbers, positions=found.positions))
    count = atoms.symbols.formula.count()
    if all(n % copies == 0 for n in count.values()):
        count = {symbol: n // copies for symbol, n in count.items()}
    formula = Formula.from_dict(count).format("hill")
    atoms.info = {"parent": f"{formula}/{key}", "label": key}
    return atoms


def _heavier(molecule: Atoms, halogen: int) -> Atoms:
    """Put a heavier halogen in chlorine's place, the bond longer by the difference of radii."""
    atoms = molecule.copy()
    stretch = covalent_radii[halogen] - covalent_radii[CHLORINE]
    for i in np.flatnonzero(molecule.numbers == CHLORINE):
        bonds = molecule.positions[i] - np.delete(molecule.positions, i, axis=0)
        length = np.linalg.norm(bonds, axis=1)
        atoms.positions[i] += stretch * bonds[length.argmin()] / length.min()
        atoms.numbers[i] = halogen
    return _named(atoms, f"{molecule.info['label']}-{chemical_symbols[halogen]}")
