"""Checks of form: features after every layer, unknown elements, files that are no checkpoints."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from lumlip.conformance.subject import Subject, largest

BEFORE_MESSAGES = ("embedding", "edges")  # names of layers before the first interaction


def layers_harmless(subject: Subject) -> float:
    """A second pass, for layers, must change no bit of backbone, last layer and energies."""
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


def damaged_files(subject: Subject) -> float:
    """Count damaged files that are not refused by a ValueError with the file and the family.

    The checkpoint cut off at 60 %, random bytes, an empty file and an empty folder.
    """
    checkpoint, bad = subject.extractor.checkpoint_file, 0
    content, noise = checkpoint.read_bytes(), np.random.default_rng(0).bytes(3000)
    for damaged in (content[: len(content) * 6 // 10], noise, b"", None):
        with tempfile.TemporaryDirectory() as place:
            for beside in {*checkpoint.parent.glob("*.json")} - {checkpoint}:  # perhaps needed
                shutil.copy(beside, place)
            path = Path(place) / checkpoint.name
            path.mkdir() if damaged is None else path.write_bytes(damaged)
            bad += not _is_refused(subject, path)
    return float(bad)


def _is_refused(subject: Subject, path: Path) -> bool:
    try:
        subject.load(subject.dtype, str(path))
    except Exception as error:  # the check is which one
        said = str(error) if isinstance(error, ValueError) else ""
        return str(path) in said and f"{subject.family} checkpoint" in said
    return False
