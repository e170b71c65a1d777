"""The labelled structures that the minis are trained and validated on."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Literal, cast

import ase.io
from ase import Atoms

Part = Literal["train", "validation"]
Level = Literal["pbe", "r2scan"]

#: The labelled structures that the minis have learned; those of LPS are a set that lumlip brings.
STRUCTURES = Path(__file__).parent / "structures"
_LPS = Path(__file__).parents[2] / "lumlip" / "minis" / "structures"
KINDS = ("inorganic", "surface", "molecule")
#: Level of theory -> the real model whose energies and forces are the labels.
TEACHERS = {"pbe": "sevennet-0", "r2scan": "sevennet-mf-0@R2SCAN"}


def read_labelled(
    folder: str | Path,
    part: Part,
    *,
    level: Level = "pbe",
    kinds: Sequence[str] = KINDS,
    dataset: Literal["general", "lps"] = "general",
) -> list[Atoms]:
    """Read structures with their labels, as :mod:`recipes.minis.make_data` writes them.

    Parameters
    ----------
    folder : path
        Holds ``train.xyz`` and ``validation.xyz``, and the same with ``lps-`` before the name,
        perhaps compressed (``.xyz.gz``). Those of the minis are in `STRUCTURES`.
    part : {"train", "validation"}
    level : {"pbe", "r2scan"}
        Level of theory of the labels, see `TEACHERS`.
    kinds : sequence of str
        Which of ``inorganic``, ``surface`` and ``molecule``.
    dataset : {"general", "lps"}

    Returns
    -------
    list of ase.Atoms
        ``info["ref_energy"]`` in eV and ``arrays["ref_forces"]`` in eV/Å; ``info`` also has
        ``kind``, ``parent`` and ``unseen`` (no train structure has the same set of elements).

    Raises
    ------
    ValueError
        Unknown level or kind, or nothing to read.
    """
    unknown = set(kinds) - set(KINDS)
    if unknown or level not in TEACHERS:
        raise ValueError(
            f"got level {level!r} and kinds {', '.join(kinds)}; "
            f"expected one of {', '.join(TEACHERS)} and some of {', '.join(KINDS)}"
        )
    path = _file(Path(folder), f"{'lps-' if dataset == 'lps' else ''}{part}.xyz")
    with opened(path) as file:  # as text: ase would seek in the compressed file, which is slow
        text = io.StringIO(file.read().decode())
    frames = [a for a in ase.io.read(text, index=":", format="extxyz") if a.info["kind"] in kinds]
    return [_with_labels(atoms, level) for atoms in frames]


def data_sha256(folder: str | Path = STRUCTURES) -> dict[str, str]:
    """SHA-256 of the text of every file of labelled structures, compressed or not, by its name."""
    found = {}
    for place in _places(Path(folder)):
        for path in sorted(place.glob("*.xyz*")):
            with opened(path) as file:
                found[path.name.removesuffix(".gz")] = hashlib.sha256(file.read()).hexdigest()
    return found


def opened(path: Path) -> IO[bytes]:
    """Open a file, compressed or not, to read its bytes."""
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _places(folder: Path) -> list[Path]:
    return [folder, _LPS] if folder == STRUCTURES else [folder]


def _file(folder: Path, name: str) -> Path:
    """Find a file of labelled structures, compressed or not."""
    for place in _places(folder):
        for path in (place / name, place / f"{name}.gz"):
            if path.exists():
                return path
    raise ValueError(f"no labelled structures {folder / name}; make them: recipes.minis.make_data")


def _with_labels(atoms: Atoms, level: str) -> Atoms:
    """Keep one level's labels, under the names that do not depend on the level."""
    found = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    found.info = {k: atoms.info[k] for k in ("kind", "parent", "unseen")}
    found.info["ref_energy"] = float(atoms.info[f"energy_{level}"])
    found.arrays["ref_forces"] = atoms.arrays[f"forces_{level}"].copy()
    return found
