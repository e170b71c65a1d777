"""Checks of files that are no checkpoints: each must be refused, clearly."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np

from lumlip.conformance.subject import Subject


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
