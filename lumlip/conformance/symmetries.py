"""Checks that change structures in a way that must not matter, or compute them in another way.

Also structures at the ends: 500 atoms, no box, no neighbor.

Some families lack a symmetry by construction (`BY_DESIGN`). There the change is an amount to know,
not an error to rule out.
"""

import numpy as np
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.data import chemical_symbols

from lumlip.conformance.subject import Change, Subject, arrays, energy_error, largest, relative, rms

FAR = 100.0  # Å; farther apart than any model sees
MANY_ATOMS = 500

_EITHER = ("rotation", "inversion", "layers_rotation", "layers_inversion")
# (family, check): the largest amount that passes, in any precision.
BY_DESIGN = {
    # Their networks see Cartesian vectors as they are (Orb's also through spherical harmonics);
    # training under random rotations does the rest.
    **{(family, name): 0.25 for family in ("pet", "orb") for name in _EITHER},
    # The published ones have even irreps only, so they do not know parity: 0.1 to 1 % of
    # the features, up to 4 % of norms after single layers. HIENet is built on SevenNet.
    **{(family, "inversion"): 0.02 for family in ("sevennet", "hienet")},
    **{(family, "layers_inversion"): 0.1 for family in ("sevennet", "hienet")},
    # Its convolutions turn every edge onto an axis and are free about it: rotations only.
    ("uma", "inversion"): 0.05,
    ("uma", "layers_inversion"): 0.1,
}
# (family, check): a failure tells of the model here, too; the bounds are those of all families.
# Of neighbors at equal distances Orb's "-20-" models take the first that rounding brings.
TIES = {
    *(("orb", name) for name in ("translation", "permutation", "layers_permutation", "precision")),
    *(("orb", name) for name in ("large_cell", "slab_without_box")),
}


def rotation(subject: Subject, *, layers: bool = False) -> float:
    """Structures rotated at random, cell and all."""
    return _reoriented(subject, "rotation", _rotate, layers=layers)


def inversion(subject: Subject, *, layers: bool = False) -> float:
    """Structures mirrored through the origin, cell and all (which becomes left-handed)."""
    return _reoriented(subject, "inversion", _invert, layers=layers)


def translation(subject: Subject) -> float:
    """All atoms moved by a random vector, out of the cell too."""
    return subject.difference(arrays(subject.changed(_translate)))


def permutation(subject: Subject, *, layers: bool = False) -> float:
    """Atoms listed in another order."""
    got, rng = arrays(subject.changed(_shuffle), layers=layers), subject.rng()
    orders = [rng.permutation(len(atoms)) for atoms in subject.structures]  # as there
    starts = np.cumsum([0, *map(len, orders[:-1])])
    index = np.concatenate([order + start for order, start in zip(orders, starts, strict=True)])
    expected = {name: x[index] for name, x in subject.expected(got).items()}
    return subject.difference(got, expected)


def batching(subject: Subject, *, layers: bool = False) -> float:
    """Structures one by one against all in one batch."""
    alone = [arrays(one, layers=layers) for one in subject.alone]
    return subject.difference({k: np.concatenate([one[k] for one in alone]) for k in alone[0]})


def extras(subject: Subject) -> float | None:
    """Extra variables, one by one against in a batch; infinite if of a wrong shape or not finite.

    None if the family has none. The error is relative to the root mean square of the variable.
    """
    errors = []
    for name, values in subject.features.extra.items():
        rows = [one.extra[name] for one in subject.alone]
        shapes = {values[i : i + 1].shape for i in range(len(rows))} | {row.shape for row in rows}
        sound = len(values) == len(rows) and len(shapes) == 1 and np.isfinite(values).all()
        change = largest(np.concatenate(rows), values) if sound else np.inf
        errors.append(relative(change, rms(values)))
    return max(errors) if errors else None


def precision(subject: Subject) -> float:
    """Single against double precision."""
    other = subject.load("float32" if subject.dtype == "float64" else "float64")
    return subject.difference(arrays(other.extract(subject.structures)))


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


def _reoriented(subject: Subject, name: str, change: Change, *, layers: bool) -> float:
    """Measure the error after a change, or the amount where the family is not made to keep it."""
    got, check = arrays(subject.changed(change), layers=layers), "layers_" * layers + name
    by_design = (subject.family, check) in BY_DESIGN
    return subject.amount(got) if by_design else subject.difference(got)


def _rotate(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    axis = rng.normal(size=3)
    atoms.rotate(rng.uniform(0, 360), axis, rotate_cell=True)
    return atoms


def _invert(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    atoms.set_cell(-atoms.cell.array)
    atoms.positions *= -1
    return atoms


def _translate(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    atoms.translate(rng.normal(scale=3.0, size=3))
    return atoms


def _shuffle(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    return atoms[rng.permutation(len(atoms))]
