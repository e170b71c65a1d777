"""Is a model's extractor right? Measure it, on any structures, in the family's own environment.

``python -m lumlip.conformance FAMILY CHECKPOINT --structures FILE`` prints one JSON object. Errors
are relative. Of features: the largest difference of any channel of any atom, over the root mean
square of that layer's features, the larger of backbone and last layer. Of energies: the largest
difference, over |E| or 1 eV per atom, whichever is larger (so a total near zero cannot blow it up).

Every family passes the same checks; a family added later is checked without a line of new code.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import ase.io
import numpy as np
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.data import chemical_symbols

from lumlip.families.base import Extractor, Features, FloatArray
from lumlip.worker import pick_device

FAR = 100.0  # Å; farther apart than any model sees
MANY_ATOMS = 500


@dataclass(frozen=True)
class Subject:
    """A loaded model and the structures that it is checked on."""

    family: str
    checkpoint: str
    task: str | None
    device: str
    dtype: str
    structures: tuple[Atoms, ...]

    def load(self, dtype: str) -> Extractor:
        """Load the model anew, in single or double precision."""
        module = import_module(f"lumlip.families.{self.family}")
        made: Extractor = module.Extractor(
            self.checkpoint, task=self.task, device=self.device, dtype=dtype
        )
        return made

    @cached_property
    def extractor(self) -> Extractor:
        """The model in the precision asked for."""
        return self.load(self.dtype)

    @cached_property
    def features(self) -> Features:
        """Features of all structures as one batch."""
        return self.extractor.extract(self.structures)

    @cached_property
    def common(self) -> int:
        """An element that the model knows: copper if it does."""
        return 29 if 29 in self.extractor.elements else max(self.extractor.elements)

    def rng(self) -> np.random.Generator:
        """Random numbers, the same for every check."""
        return np.random.default_rng(0)

    def difference(self, got: Features, expected: Features) -> float:
        """Largest error of features, relative to the features' root mean square."""
        errors = []
        for layer in ("backbone", "last_layer"):
            one, other = getattr(got, layer), getattr(expected, layer)
            errors.append(_largest(one, other) / _rms(getattr(self.features, layer)))
        return max(errors)

    def changed(self, change: Callable[[Atoms, np.random.Generator], Atoms]) -> float:
        """Error of features after a change of the structures that must not matter."""
        rng = self.rng()
        structures = [change(atoms.copy(), rng) for atoms in self.structures]
        return self.difference(self.extractor.extract(structures), self.features)

    def same(self, one: Sequence[Atoms], other: Sequence[Atoms]) -> float:
        """Error between two sets of structures whose atoms have the same environments."""
        return self.difference(self.extractor.extract(one), self.extractor.extract(other))


def energy_identity(subject: Subject) -> float:
    """Energy recomputed from the last-layer features alone, against the forward pass."""
    features = subject.features
    again = subject.extractor.energy_from_last_layer(features.last_layer, subject.structures)
    return _energy_error(again, features.energy, subject.structures)


def package_energy(subject: Subject) -> float:
    """Energy of the forward pass against the package's own calculator (float32)."""
    theirs = np.array([subject.extractor.package_energy(atoms) for atoms in subject.structures])
    return _energy_error(subject.features.energy, theirs, subject.structures)


def package_features(subject: Subject) -> float | None:
    """Features against the package's own descriptors, where it has any."""
    errors = [
        _largest(ours, theirs) / _rms(theirs)
        for atoms in subject.structures
        for ours, theirs in subject.extractor.package_features(atoms).values()
    ]
    return max(errors) if errors else None


def rotation(subject: Subject) -> float:
    """Structures rotated at random, cell and all."""
    return subject.changed(_rotate)


def translation(subject: Subject) -> float:
    """All atoms moved by a random vector, out of the cell too."""
    return subject.changed(_translate)


def permutation(subject: Subject) -> float:
    """Atoms listed in another order."""
    orders = [subject.rng().permutation(len(atoms)) for atoms in subject.structures]
    shuffled = [atoms[order] for atoms, order in zip(subject.structures, orders, strict=True)]
    got = subject.extractor.extract(shuffled)
    starts = np.cumsum([0, *(len(order) for order in orders[:-1])])
    index = np.concatenate([o + s for o, s in zip(orders, starts, strict=True)])
    expected = subject.features
    return subject.difference(
        got, Features(expected.backbone[index], expected.last_layer[index], expected.energy)
    )


def batching(subject: Subject) -> float:
    """Structures one by one against all in one batch."""
    parts = [subject.extractor.extract([atoms]) for atoms in subject.structures]
    alone = Features(*(np.concatenate(x) for x in zip(*map(_fields, parts), strict=True)))
    return subject.difference(alone, subject.features)


def determinism(subject: Subject) -> float:
    """Extract the same batch again."""
    return subject.difference(subject.extractor.extract(subject.structures), subject.features)


def precision(subject: Subject) -> float:
    """Single against double precision."""
    other = subject.load("float32" if subject.dtype == "float64" else "float64")
    return subject.difference(other.extract(subject.structures), subject.features)


def one_atom_cell(subject: Subject) -> float:
    """Compare a cell of one atom with the same crystal in a cell of four."""
    symbol = chemical_symbols[subject.common]
    small = bulk(symbol, "fcc", a=3.7)
    large = bulk(symbol, "fcc", a=3.7, cubic=True)
    return subject.same([small] * len(large), [large])


def large_cell(subject: Subject) -> float:
    """About 500 atoms against the small cell that they repeat."""
    periodic = [atoms for atoms in subject.structures if atoms.pbc.all()]
    small = min(periodic, key=len)
    n = int(np.ceil((MANY_ATOMS / len(small)) ** (1 / 3)))
    return subject.same([small] * n**3, [small.repeat(n)])


def molecule_without_box(subject: Subject) -> float:
    """Compare a molecule without periodicity with the same one in a large box."""
    free = molecule("H2O")
    if not set(free.numbers.tolist()) <= subject.extractor.elements:
        free = Atoms([subject.common] * 2, [[0, 0, 0], [0, 0, 2.2]])
    boxed = free.copy()
    boxed.center(vacuum=FAR / 2)
    boxed.pbc = True
    return subject.same([free], [boxed])


def slab_without_box(subject: Subject) -> float:
    """Compare a slab periodic in two directions with the same one in a periodic cell."""
    slab = fcc111(chemical_symbols[subject.common], (1, 1, 3), a=3.7, periodic=False)
    boxed = slab.copy()
    boxed.center(vacuum=FAR / 2, axis=2)
    boxed.pbc = True
    return subject.same([slab], [boxed])


def isolated_atom(subject: Subject) -> float:
    """One atom alone against each of two that are far apart, and its energy by the package."""
    one = Atoms([subject.common], [[0, 0, 0]])
    two = Atoms([subject.common] * 2, [[0, 0, 0], [0, 0, FAR]])
    ours = subject.extractor.extract([one]).energy
    theirs = np.array([subject.extractor.package_energy(one)])
    return max(subject.same([one, one], [two]), _energy_error(ours, theirs, [one]))


def unknown_element(subject: Subject) -> float:
    """0 if an element that the model does not know is refused by name, 1 if not."""
    unknown = next(z for z in range(118, 0, -1) if z not in subject.extractor.elements)
    try:
        subject.extractor.extract([Atoms([unknown])])
    except ValueError as error:
        return float(chemical_symbols[unknown] not in str(error))
    return 1.0


@dataclass(frozen=True)
class Check:
    """A measurement and the largest error that passes, in single and in double precision."""

    measure: Callable[[Subject], float | None]
    float32: float
    float64: float


# Bounds: about ten times the largest error of the nine models that ship in wheels (on CPU), but
# 1e-5 for the agreement with the packages, which compute in float32 whatever we do.
CHECKS = {
    check.measure.__name__: check
    for check in (
        Check(energy_identity, 1e-6, 1e-13),
        Check(package_energy, 1e-5, 1e-5),
        Check(package_features, 3e-4, 3e-4),
        Check(rotation, 1e-3, 1e-6),  # in float64: SevenNet's files hold float32 Wigner 3j symbols
        Check(translation, 3e-4, 1e-11),
        Check(permutation, 3e-4, 1e-11),
        Check(batching, 3e-4, 1e-11),
        Check(determinism, 1e-5, 1e-12),
        Check(precision, 2e-3, 2e-3),
        Check(one_atom_cell, 3e-4, 1e-11),
        Check(large_cell, 1e-3, 1e-11),
        Check(molecule_without_box, 3e-4, 1e-11),
        Check(slab_without_box, 3e-4, 1e-11),
        Check(isolated_atom, 1e-5, 1e-5),
        Check(unknown_element, 0.0, 0.0),
    )
}


def report(subject: Subject) -> dict[str, Any]:
    """Run all checks: errors, bounds, and the names of those that fail."""
    errors = {name: check.measure(subject) for name, check in CHECKS.items()}
    bounds = {name: getattr(check, subject.dtype) for name, check in CHECKS.items()}
    return {
        "family": subject.family,
        "checkpoint": subject.checkpoint,
        "task": subject.task,
        "dtype": subject.dtype,
        "device": subject.device,
        "n_backbone": subject.features.backbone.shape[1],
        "n_last_layer": subject.features.last_layer.shape[1],
        "elements": sorted(subject.extractor.elements),
        "cutoff": subject.extractor.cutoff,
        "linear_head": subject.extractor.linear_head,
        "errors": errors,
        "bounds": bounds,
        # "not <=" so that a NaN fails
        "failed": [k for k, e in errors.items() if e is not None and not e <= bounds[k]],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report as JSON; 0 if every check passes, 1 if one fails."""
    parser = argparse.ArgumentParser(prog="python -m lumlip.conformance", description=__doc__)
    parser.add_argument("family")
    parser.add_argument("checkpoint")
    parser.add_argument("--task")
    parser.add_argument("--structures", required=True, help="a file that ase reads")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    given = parser.parse_args(arguments)
    structures = ase.io.read(given.structures, index=":")
    device = pick_device(given.device)
    subject = Subject(
        given.family, given.checkpoint, given.task, device, given.dtype, tuple(structures)
    )
    result = report(subject)
    print(json.dumps(result, indent=1))
    return 1 if result["failed"] else 0


def _fields(features: Features) -> tuple[FloatArray, ...]:
    return features.backbone, features.last_layer, features.energy


def _largest(one: FloatArray, other: FloatArray) -> float:
    return float(np.abs(one.astype(np.float64) - other).max())


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values.astype(np.float64) ** 2)))


def _energy_error(one: FloatArray, other: FloatArray, structures: Sequence[Atoms]) -> float:
    at_least = np.array([float(len(atoms)) for atoms in structures])  # 1 eV per atom
    return float((np.abs(one - other) / np.maximum(np.abs(other), at_least)).max())


def _rotate(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    axis = rng.normal(size=3)
    atoms.rotate(rng.uniform(0, 360), axis, rotate_cell=True)
    return atoms


def _translate(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    atoms.translate(rng.normal(scale=3.0, size=3))
    return atoms


if __name__ == "__main__":
    sys.exit(main())
