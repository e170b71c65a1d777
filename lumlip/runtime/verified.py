"""Checkpoints are read once: what is hashed is what is loaded, before anything in it can run.

A path says nothing of the bytes that will lie there a second later. So a loader gets a copy that
nobody else can write, made while its sum is taken, and only if that sum is a trusted one. Needs
nothing but the standard library: it runs inside the families' environments.
"""

import hashlib
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

# What a loader reads beside a checkpoint: the other files of an exported DIEP potential.
COMPANIONS = {"state.pt": ("model.pt", "model.json")}
_BLOCK = 2**22  # bytes at a time


def checkpoint_sha256(path: Path) -> str:
    """Return the sha256 of a checkpoint; of several files, that of their sums in a row."""
    return _whole([_read(part) for part in _parts(path)])


@contextmanager
def private_copy(path: Path, trusted: Collection[str]) -> Iterator[Path]:
    """Lend a copy of a checkpoint, under its own name, in a folder of this user's alone.

    Parameters
    ----------
    path : pathlib.Path
        The checkpoint; files that its loader reads beside it are copied, too.
    trusted : collection of str
        Sums as of :func:`checkpoint_sha256`, one of which it must have.

    Raises
    ------
    ValueError
        The file has another sum. Also what a loader says of the copy, with the name of the file.
    """
    with tempfile.TemporaryDirectory(prefix="lumlip-") as folder:  # only its owner may enter
        copies = [(part, Path(folder) / part.name) for part in _parts(path)]
        if (got := _whole([_read(part, copy) for part, copy in copies])) not in trusted:
            known = " or ".join(f"{sha256[:12]}…" for sha256 in trusted) or "none that is trusted"
            raise ValueError(
                f"{path} does not hold the bytes that were trusted, so it was not loaded: "
                f"got sha256 {got[:12]}…, expected {known}"
            )
        try:
            yield Path(folder) / path.name
        except ValueError as error:
            raise ValueError(str(error).replace(folder, str(path.parent))) from error


def _parts(path: Path) -> list[Path]:
    beside = [path.with_name(name) for name in COMPANIONS.get(path.name, ())]
    return [path, *(part for part in beside if part.is_file())]


def _read(path: Path, copy: Path | None = None) -> str:
    """Return the sha256 of a file, and write what was read to a new file."""
    digest = hashlib.sha256()
    with path.open("rb") as given, (copy or Path(os.devnull)).open("wb") as kept:
        while block := given.read(_BLOCK):
            digest.update(block)
            kept.write(block)
    return digest.hexdigest()


def _whole(sums: list[str]) -> str:
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()
