"""Checks of energies against the features, and of both against the family's own package."""

from collections.abc import Callable, Sequence

import numpy as np
from ase import Atoms

from lumlip.conformance.subject import Subject, energy_error, largest, relative, rms
from lumlip.families.base import FloatArray

Energy = Callable[[FloatArray, Sequence[Atoms]], FloatArray]
#: Families in which the second half of the last layer opens a gate for the first.
GATED = ("diep", "mattersim")


def energy_identity(subject: Subject) -> float | None:
    """Energy recomputed from the last layer or the readout alone, against the forward pass.

    None, and a word, if the model has no energy.
    """
    if said := subject.extractor.no_energy:
        text = "no energy proves which features these are; the package's own may, if it has any"
        subject.notes.append(f"it predicts {said}: {text}")
        return None
    structures, expected = subject.structures, subject.features.energy
    return max(energy_error(f(x, structures), expected, structures) for f, x in _linear_in(subject))


def linearity(subject: Subject) -> float | None:
    """Energy of changed features: linear in the last layer, or the readout, and not blind to it.

    A layer before the last one, the rest of the network in ``energy_from_last_layer``, would keep
    the identity; so would energies that were kept from the forward pass.
    """
    if subject.extractor.no_energy:
        return None
    return max(_curvature(energy, x, subject) for energy, x in _linear_in(subject))


def _linear_in(subject: Subject) -> list[tuple[Energy, FloatArray]]:
    """Return what the energy is to be a linear function of, and that function."""
    features, extractor = subject.features, subject.extractor
    of_backbone = [(extractor.energy_from_readout, features.backbone)]
    others = of_backbone if extractor.linear_head else []  # else the last layer is the readout
    return [(extractor.energy_from_last_layer, features.last_layer), *others]


def _curvature(energy: Energy, x: FloatArray, subject: Subject) -> float:
    """Step forth and back: the sum of both changes of the energies, over their difference."""
    step = rms(x) * subject.rng().normal(size=x.shape)
    if subject.family in GATED:
        step[:, x.shape[1] // 2 :] = 0
    back, here, forth = (energy(x + k * step, subject.structures) for k in (-1, 0, 1))
    change = largest(forth, back)
    return relative(largest(back + forth, 2 * here), change) if change else np.inf


def package_energy(subject: Subject) -> float | None:
    """Energy of the forward pass against the package's own calculator; None if there is none."""
    if subject.extractor.no_energy:
        return None
    theirs = np.array([subject.extractor.package_energy(atoms) for atoms in subject.structures])
    return energy_error(subject.features.energy, theirs, subject.structures)


def package_features(subject: Subject) -> float | None:
    """Features against the package's own descriptors; None where it has none, or others."""
    found = [subject.extractor.package_features(atoms) for atoms in subject.structures]
    errors = []
    for name in found[0]:
        # all structures together: the descriptors of a single atom alone may well be 0
        ours, theirs = (np.concatenate([one[name][i] for one in found]) for i in (0, 1))
        if ours.shape == theirs.shape:
            errors.append(relative(largest(ours, theirs), rms(theirs)))
        else:
            widths = f"{ours.shape[-1]} columns, the package's {theirs.shape[-1]}"
            subject.notes.append(f"package_features: {name} not compared, ours have {widths}")
    return max(errors) if errors else None
