"""Checks of the features after every layer: harmless, well-formed, and as invariant as the rest.

Errors are as in the other checks, the largest of all layers: of each layer relative to the root
mean square of that layer's features. The element embedding cannot depend on geometry: it is left
out of amounts, which divide by a spread.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lumlip.conformance.subject import Change, Subject, largest, relative, rms, spread
from lumlip.conformance.symmetries import BY_DESIGN, invert, rotate
from lumlip.families.base import FloatArray

Layers = Mapping[str, FloatArray]
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


def layers_rotation(subject: Subject) -> float:
    """Layers of structures rotated at random, cell and all."""
    return _reoriented(subject, "layers_rotation", rotate)


def layers_inversion(subject: Subject) -> float:
    """Layers of structures mirrored through the origin."""
    return _reoriented(subject, "layers_inversion", invert)


def layers_permutation(subject: Subject) -> float:
    """Layers of atoms listed in another order."""
    shuffled, index = subject.shuffled
    got = subject.extractor.extract(shuffled, layers=True).layers
    return difference(got, {name: x[index] for name, x in subject.layered.layers.items()})


def layers_batching(subject: Subject) -> float:
    """Layers of structures one by one against all in one batch."""
    alone = [subject.extractor.extract([a], layers=True).layers for a in subject.structures]
    together = subject.layered.layers
    return difference({k: np.concatenate([one[k] for one in alone]) for k in together}, together)


def difference(got: Layers, expected: Layers) -> float:
    """Largest error of any layer, relative to the root mean square of its features."""
    return max(relative(largest(got[name], x), rms(x)) for name, x in expected.items())


def _reoriented(subject: Subject, name: str, change: Change) -> float:
    got, expected = subject.after(change, layers=True).layers, subject.layered.layers
    if (subject.family, name) not in BY_DESIGN:
        return difference(got, expected)
    changing = {k: x for k, x in expected.items() if k != "embedding"}
    return max(relative(rms(got[k].astype(np.float64) - x), spread(x)) for k, x in changing.items())


def _varies_within_elements(subject: Subject) -> bool:
    numbers = np.concatenate([atoms.numbers for atoms in subject.structures])
    embedding = next(iter(subject.layered.layers.values()))
    groups = (embedding[numbers == z] for z in np.unique(numbers))
    return any(np.ptp(group, axis=0).any() for group in groups)
