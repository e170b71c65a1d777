"""What a file of features says of itself, read without its features; nothing in it is run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lumlip.runtime.paths import regular

#: Starts the id of features that were computed elsewhere: ``features:PATH``.
FEATURES = "features:"
#: What can be read again of what ``lumlip extract -o`` writes.
READABLE = (".zarr", ".npz")


def attributes(path: Path) -> dict[str, Any]:
    """Return what a features file says of its model and structures; {} if it says nothing.

    Raises
    ------
    ValueError
        There is no such file, or it is not of a kind that can be read.
    """
    if path.suffix not in READABLE:
        raise ValueError(
            f"got {str(path)!r} as features; expected {' or '.join(READABLE)}, such as "
            "`lumlip extract MODEL STRUCTURES -o X.zarr` writes"
        )
    if not path.exists():
        raise ValueError(f"no features file {str(path)!r}")
    regular(path)
    with reading(path):
        if path.suffix == ".zarr":
            return dict(json.loads((path / ".zattrs").read_text(encoding="utf-8")))
        with np.load(path, allow_pickle=False) as file:
            return dict(json.loads(str(file["attributes"]))) if "attributes" in file else {}


def arrays(path: Path) -> set[str]:
    """Return the names of what a features file holds."""
    with reading(path):
        if path.suffix == ".zarr":
            return {member.parent.name for member in path.glob("*/.zarray")}
        with np.load(path, allow_pickle=False) as file:
            return set(file.files)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file in whatever error reading it raises: what is damaged raises anything."""
    try:
        yield
    except Exception as error:
        said = next(iter(str(error).splitlines()), "")
        raise ValueError(f"cannot read {path} ({type(error).__name__}: {said:.200})") from error
