"""Checks that change structures in a way that must not matter, or compute them in another way.

Some families lack a symmetry by construction (`BY_DESIGN`). There the change is an amount to know,
not an error to rule out.
"""

from __future__ import annotations

import numpy as np
from ase import Atoms

from lumlip.conformance.subject import Change, Subject, largest, relative, rms
from lumlip.families.base import Features

# (family, check): the largest amount that passes, in any precision.
BY_DESIGN = {
    # Its network sees Cartesian vectors as they are; training under random rotations does the rest.
    ("pet", "rotation"): 0.25,
    ("pet", "inversion"): 0.25,
    ("pet", "layers_rotation"): 0.25,
    ("pet", "layers_inversion"): 0.25,
    # Its network sees them, too, through spherical harmonics.
    ("orb", "rotation"): 0.25,
    ("orb", "inversion"): 0.25,
    ("orb", "layers_rotation"): 0.25,
    ("orb", "layers_inversion"): 0.25,
    # The published ones have even irreps only, so they do not know parity: 0.1 to 1 % of
    # the features, up to 4 % of norms after single layers.
    ("sevennet", "inversion"): 0.02,
    ("sevennet", "layers_inversion"): 0.1,
    # Built on SevenNet, with even irreps, too.
    ("hienet", "inversion"): 0.02,
    ("hienet", "layers_inversion"): 0.1,
    # Its convolutions turn every edge onto an axis and are free about it: rotations only.
    ("uma", "inversion"): 0.05,
    ("uma", "layers_inversion"): 0.1,
}
# (family, check): a failure tells of the model here, too; the bounds are those of all families.
# Of neighbors at equal distances Orb's "-20-" models take the first that rounding brings.
TIES = {
    *(("orb", name) for name in ("translation", "permutation", "layers_permutation", "precision")),
    *(("orb", name) for name in ("one_atom_cell", "large_cell", "slab_without_box")),
}


def rotation(subject: Subject) -> float:
    """Structures rotated at random, cell and all."""
    return _reoriented(subject, "rotation", rotate)


def inversion(subject: Subject) -> float:
    """Structures mirrored through the origin, cell and all (which becomes left-handed)."""
    return _reoriented(subject, "inversion", invert)


def translation(subject: Subject) -> float:
    """All atoms moved by a random vector, out of the cell too."""
    return subject.difference(subject.after(_translate), subject.features)


def permutation(subject: Subject) -> float:
    """Atoms listed in another order."""
    shuffled, index = subject.shuffled
    got = subject.extractor.extract(shuffled)
    expected = subject.features
    return subject.difference(
        got, Features(expected.backbone[index], expected.last_layer[index], expected.energy)
    )


def batching(subject: Subject) -> float:
    """Structures one by one against all in one batch."""
    parts = [(one.backbone, one.last_layer, one.energy) for one in subject.alone]
    backbone, last_layer, energy = (np.concatenate(x) for x in zip(*parts, strict=True))
    return subject.difference(Features(backbone, last_layer, energy), subject.features)


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


def determinism(subject: Subject) -> float:
    """Extract the same batch again."""
    return subject.difference(subject.extractor.extract(subject.structures), subject.features)


def precision(subject: Subject) -> float:
    """Single against double precision."""
    other = subject.load("float32" if subject.dtype == "float64" else "float64")
    return subject.difference(other.extract(subject.structures), subject.features)


def _reoriented(subject: Subject, name: str, change: Change) -> float:
    """Measure the error after a change, or the amount where the family is not made to keep it."""
    got = subject.after(change)
    if (subject.family, name) in BY_DESIGN:
        return subject.amount(got)
    return subject.difference(got, subject.features)


def rotate(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    """Turn a structure by a random angle about a random axis, in place."""
    axis = rng.normal(size=3)
    atoms.rotate(rng.uniform(0, 360), axis, rotate_cell=True)
    return atoms


def invert(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    """Mirror a structure through the origin, in place; its cell becomes left-handed."""
    atoms.set_cell(-atoms.cell.array)
    atoms.positions *= -1
    return atoms


def _translate(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    atoms.translate(rng.normal(scale=3.0, size=3))
    return atoms
