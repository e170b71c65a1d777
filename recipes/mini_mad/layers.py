"""Two-dimensional crystals: single layers lifted off layered crystals."""

from __future__ import annotations

from ase import Atoms
from ase.geometry.dimensionality import isolate_components

from recipes.mini_mad.geometry import is_sane
from recipes.mini_mad.surfaces import with_vacuum

#: Atoms are bonded up to this multiple of the sum of their covalent radii.
BONDED = 1.25
MAX_ATOMS = 24
CLOSEST = 0.72


def layer(crystal: Atoms) -> Atoms | None:
    """One bonded layer of a layered crystal with 16 Å of vacuum; None if it is not layered."""
    found = isolate_components(crystal, kcutoff=BONDED)
    if set(found) != {"2D"}:
        return None
    atoms = min(found["2D"], key=lambda a: (len(a), a.get_chemical_formula()))
    if len(atoms) > MAX_ATOMS or len(atoms) == 1:
        return None
    atoms = with_vacuum(Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell))
    atoms.info = {"parent": crystal.info["parent"], "vacuum": True}
    return atoms if is_sane(atoms, closest=CLOSEST) else None
