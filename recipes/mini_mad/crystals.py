"""Crystals with other elements in them, rattled crystals, crystals of random elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.data import covalent_radii

from recipes.mini_mad.elements import ELEMENTS, NOBLE_GASES, similar
from recipes.mini_mad.geometry import (
    closeness,
    is_sane,
    loosened,
    name,
    packing,
    rescaled,
    scaled,
    tidy,
)

#: Closest pairs that are let through, over the sum of covalent radii.
CLOSEST_BULK, CLOSEST_RATTLED, CLOSEST_RANDOM = 0.72, 0.62, 0.70
#: Packing of crystals of random elements: first set to the median of the set's real crystals and
#: loosened from there, but not beyond the lower bound.
PACKING_RANDOM, LOOSEST_RANDOM = 0.6, 0.35
#: MAD's amplitude: Gaussian noise of 20 % of the covalent radius on every coordinate.
RATTLE = 0.20


def decorated_crystals(
    templates: Sequence[Atoms], present: Sequence[Atoms], n: int, rng: np.random.Generator
) -> list[Atoms]:
    """Put elements into prototypes of similar ones, the rarest element of the set so far first.

    Parameters
    ----------
    templates : list of ase.Atoms
        Prototypes to choose from.
    present : list of ase.Atoms
        Crystals that count for coverage, and whose names are taken.
    n : int
        How many to make.
    rng : numpy.random.Generator
    """
    fitting = {z for a in templates for there in set(a.numbers.tolist()) for z in similar(there)}
    wanted = [z for z in ELEMENTS if z in fitting - NOBLE_GASES]
    count = Counter(z for atoms in present for z in set(atoms.numbers.tolist()))
    taken = {atoms.info["parent"] for atoms in present}
    made: list[Atoms] = []
    while len(made) < n:
        lowest = min(count[z] for z in wanted)
        rarest = int(rng.choice([z for z in wanted if count[z] == lowest]))
        template = templates[int(rng.integers(len(templates)))]
        atoms = _with_element(template, rarest, rng)
        if atoms is None or atoms.info["parent"] in taken:
            continue
        made.append(atoms)
        taken.add(atoms.info["parent"])
        count.update(set(atoms.numbers.tolist()))
    return made


def _with_element(template: Atoms, number: int, rng: np.random.Generator) -> Atoms | None:
    """Put the element in the place of a similar one, and perhaps others in theirs; None: unfit."""
    species = sorted(set(template.numbers.tolist()))
    places = [z for z in species if number in similar(z)]
    if not places:
        return None
    swaps = {int(rng.choice(places)): number}
    for z in species:
        if z not in swaps:
            keep = z in ELEMENTS and rng.random() < 0.5
            swaps[z] = z if keep else int(rng.choice(similar(z)))
    if len(set(swaps.values())) < len(species) or all(a == b for a, b in swaps.items()):
        return None
    return decorate(template, swaps)


def decorate(template: Atoms, swaps: dict[int, int]) -> Atoms | None:
    """Replace elements and rescale the cell to the new bond lengths; None if that is not sane."""
    atoms = template.copy()
    atoms.numbers = [swaps[z] for z in template.numbers.tolist()]
    atoms = rescaled(atoms, template)
    if closeness(atoms) < CLOSEST_BULK:
        atoms = loosened(atoms, closest=CLOSEST_BULK)
    atoms = tidy(atoms)
    atoms.info = {
        "parent": name(atoms, template.info["prototype"]),
        "prototype": template.info["prototype"],
    }
    return atoms if is_sane(atoms, closest=CLOSEST_BULK) else None


def rattled(crystal: Atoms, rng: np.random.Generator) -> Atoms:
    """Displace every atom as MAD does, on a cell of at least four atoms.

    A draw that brings two atoms too close is repeated, with less noise each time.
    """
    repeats = {1: (2, 2, 2), 2: (2, 2, 1), 3: (2, 1, 1)}.get(len(crystal), (1, 1, 1))
    atoms = crystal.repeat(repeats)
    amplitude = RATTLE * covalent_radii[atoms.numbers][:, None]
    while True:
        copy = atoms.copy()
        copy.positions += amplitude * rng.normal(size=(len(atoms), 3))
        if is_sane(copy, closest=CLOSEST_RATTLED):
            return tidy(copy)
        amplitude *= 0.95


def randomized(crystal: Atoms, rng: np.random.Generator) -> Atoms | None:
    """Keep the lattice, draw every atom's element anew, set the volume; None if not sane.

    The volume follows the elements, not the bonds of the lattice: a few bonds between the wrong
    elements would leave the crystal absurdly dense or thin.
    """
    weights = np.array([0.2 if z in NOBLE_GASES else 1.0 for z in ELEMENTS])
    atoms = crystal.copy()
    atoms.numbers = rng.choice(ELEMENTS, size=len(atoms), p=weights / weights.sum())
    atoms = scaled(atoms, float((packing(atoms) / PACKING_RANDOM) ** (1 / 3)))
    atoms = tidy(loosened(atoms, closest=CLOSEST_RANDOM))
    sane = is_sane(atoms, closest=CLOSEST_RANDOM - 1e-3) and packing(atoms) > LOOSEST_RANDOM
    return atoms if sane else None
