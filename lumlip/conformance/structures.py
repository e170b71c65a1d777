"""Checks on structures at the ends: one atom, 500, no box, no neighbor, an unknown element."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.data import chemical_symbols

from lumlip.conformance.subject import Subject, energy_error

FAR = 100.0  # Å; farther apart than any model sees
MANY_ATOMS = 500


def large_cell(subject: Subject) -> float:
    """About 500 atoms against the small cell that they repeat, of one atom if no other is given."""
    periodic = [atoms for atoms in subject.structures if atoms.pbc.all()]
    crystal = bulk(chemical_symbols[subject.common], "fcc", a=3.7)
    small = min([*periodic, crystal], key=len)
    n = int(np.ceil((MANY_ATOMS / len(small)) ** (1 / 3)))
    return subject.same(small, small.repeat(n))


def molecule_without_box(subject: Subject) -> float:
    """Compare a molecule without periodicity with the same one in a large box."""
    free = molecule("H2O")
    if not set(free.numbers.tolist()) <= subject.extractor.elements:
        free = Atoms([subject.common] * 2, [[0, 0, 0], [0, 0, 2.2]])
    boxed = free.copy()
    boxed.center(vacuum=FAR / 2)
    boxed.pbc = True
    return subject.same(free, boxed)


def slab_without_box(subject: Subject) -> float:
    """Compare a slab periodic in two directions with the same one in a periodic cell."""
    slab = fcc111(chemical_symbols[subject.common], (1, 1, 3), a=3.7, periodic=False)
    boxed = slab.copy()
    boxed.center(vacuum=FAR / 2, axis=2)
    boxed.pbc = True
    return subject.same(slab, boxed)


def isolated_atom(subject: Subject) -> float:
    """One atom alone against each of two that are far apart, and its energy by the package."""
    one = Atoms([subject.common], [[0, 0, 0]])
    two = Atoms([subject.common] * 2, [[0, 0, 0], [0, 0, FAR]])
    if subject.extractor.no_energy:
        return subject.same(one, two)
    ours = subject.extractor.extract([one]).energy
    theirs = np.array([subject.extractor.package_energy(one)])
    return max(subject.same(one, two), energy_error(ours, theirs, [one]))


def unknown_element(subject: Subject) -> float | None:
    """0 if a ValueError refuses an element that the model does not know by name, 1 if not.

    None if the model knows all 118.
    """
    unknown = next((z for z in range(118, 0, -1) if z not in subject.extractor.elements), None)
    if unknown is None:
        return None
    try:
        subject.extractor.extract([Atoms([unknown])])
    except Exception as error:  # the check is which one
        named = isinstance(error, ValueError) and chemical_symbols[unknown] in str(error)
        return float(not named)
    return 1.0
