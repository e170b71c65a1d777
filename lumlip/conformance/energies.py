"""Checks of energies against the features, and of both against the family's own package."""

from __future__ import annotations

import numpy as np

from lumlip.conformance.subject import Subject, energy_error, largest, relative, rms


def energy_identity(subject: Subject) -> float | None:
    """Energy recomputed from the last layer or the readout alone, against the forward pass.

    None, and a word, if the model has no energy.
    """
    features, extractor = subject.features, subject.extractor
    if extractor.no_energy:
        text = "no energy proves which features these are; the package's own may, if it has any"
        subject.notes.append(f"it predicts {extractor.no_energy}: {text}")
        return None
    again = [extractor.energy_from_last_layer(features.last_layer, subject.structures)]
    if extractor.linear_head:  # else the last layer is the readout
        again += [extractor.energy_from_readout(features.backbone, subject.structures)]
    return max(energy_error(energy, features.energy, subject.structures) for energy in again)


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
