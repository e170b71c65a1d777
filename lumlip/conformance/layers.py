"""Checks of the features after every layer: that asking for them is harmless, and their form."""

from __future__ import annotations

import numpy as np

from lumlip.conformance.subject import Subject, largest

BEFORE_MESSAGES = ("embedding", "edges")  # names of layers before the first interaction


def layers_harmless(subject: Subject) -> float:
    """Asking for layers must change no bit of the backbone, the last layer or the energies."""
    with_layers, without = subject.layered, subject.features
    names = ("backbone", "last_layer", "energy")
    return max(largest(getattr(with_layers, name), getattr(without, name)) for name in names)


def layers_form(subject: Subject) -> float:
    """Count faults: names out of order, a row too many, values that are not finite.

    And an embedding that differs between atoms of one element.
    """
    layers = subject.layered.layers
    names = [name for name in layers if name not in BEFORE_MESSAGES]
    faults = int(list(layers)[:1] != ["embedding"]) + (not names)
    faults += names != [f"interaction_{i + 1}" for i in range(len(names))]
    n_atoms = len(subject.layered.backbone)
    faults += sum(len(x) != n_atoms or not np.isfinite(x).all() for x in layers.values())
    return float(faults + _varies_within_elements(subject))


def _varies_within_elements(subject: Subject) -> bool:
    numbers = np.concatenate([atoms.numbers for atoms in subject.structures])
    embedding = next(iter(subject.layered.layers.values()))
    groups = (embedding[numbers == z] for z in np.unique(numbers))
    return any(np.ptp(group, axis=0).any() for group in groups)
