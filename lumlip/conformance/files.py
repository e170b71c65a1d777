"""Checks of files that are no checkpoints: each must be refused, clearly."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lumlip.conformance.subject import Subject
from lumlip.runtime.paths import ensured


def damaged_files(subject: Subject) -> float:
    """Count damaged files that are not refused by a ValueError with the file and the family.

    The checkpoint cut off at 60 %, random bytes, an empty file and an empty folder.
    """
    bad = 0
    for damage in (truncated, random_bytes, empty, folder):
        with tempfile.TemporaryDirectory() as place:
            path = damage(subject.extractor.checkpoint_file, Path(place))
            bad += not is_clear(refusal(subject, path), subject.family, path)
    return float(bad)


def refusal(subject: Subject, path: Path) -> Exception | None:
    """Return what loading a file raises, None if it loads."""
    try:
        subject.load(subject.dtype, str(path))
    except Exception as error:  # the check is which one
        return error
    return None


def is_clear(error: Exception | None, family: str, path: Path) -> bool:
    """Tell whether an error is a ValueError that names the file and says what it is not."""
    said = str(error)
    return isinstance(error, ValueError) and str(path) in said and f"{family} checkpoint" in said


def truncated(checkpoint: Path, place: Path) -> Path:
    """Copy 60 % of a checkpoint, under its name."""
    content = checkpoint.read_bytes()
    return _write(
        checkpoint, place, lambda path: path.write_bytes(content[: len(content) * 6 // 10])
    )


def random_bytes(checkpoint: Path, place: Path) -> Path:
    """Write random bytes under a checkpoint's name."""
    noise = np.random.default_rng(0).bytes(3000)
    return _write(checkpoint, place, lambda path: path.write_bytes(noise))


def empty(checkpoint: Path, place: Path) -> Path:
    """Write an empty file under a checkpoint's name."""
    return _write(checkpoint, place, lambda path: path.write_bytes(b""))


def folder(checkpoint: Path, place: Path) -> Path:
    """Make an empty folder under a checkpoint's name."""
    return ensured(place / checkpoint.name)


def _write(checkpoint: Path, place: Path, fill: Callable[[Path], object]) -> Path:
    """Fill a file; copy what lies beside the checkpoint and may be needed to load it."""
    for description in checkpoint.parent.glob("*.json"):
        shutil.copy(description, place)
    fill(place / checkpoint.name)
    return place / checkpoint.name
