"""Structure sets: by name, from a file, or from a list, always as a list of ase Atoms."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.data import covalent_radii

from lumlip.datasets.neighbors import neighbor_pairs
from lumlip.datasets.reading import frames, frames_under, path_and_part, sliced
from lumlip.datasets.spooled import Spooled, spooled
from lumlip.families.base import STATE, whole_number

DATA = Path(__file__).parent / "data"
_LPS = Path(__file__).parents[1] / "minis" / "structures"
#: Files that a set of the paper may have in the folder LUMLIP_DATA.
SUFFIXES = (".xyz", ".extxyz", ".xyz.gz", ".extxyz.gz")
#: Å; pairs up to here are looked at for the closest one of a structure.
CUTOFF = 5.0
#: eV/Å; structures with a larger force are strongly strained.
STRAINED = 5.0


@dataclass(frozen=True)
class StructureSet:
    """A set known by name.

    Attributes
    ----------
    description : str
        What the set is, in a line.
    source : str
        Where it comes from.
    file : pathlib.Path or None
        Where it is, if it comes with lumlip; None: to be put into LUMLIP_DATA.
    test_file : pathlib.Path or None
        Where its test part is, if that has a file of its own.
    forces : pathlib.Path or None
        The largest force in each structure of the file, in eV/Å, if those above `STRAINED` are to
        be left out.
    chosen : pathlib.Path or None
        The numbers of the structures of the file that are in the set, if not all are.
    """

    description: str
    source: str
    file: Path | None = None
    test_file: Path | None = None
    forces: Path | None = None
    chosen: Path | None = None


#: What `structures` takes.
Source = str | os.PathLike[str] | Atoms | Iterable[Atoms | str | os.PathLike[str]]

SETS = {
    "mini-mad": StructureSet(
        "all kinds of matter in small, after MAD's eight subsets",
        "comes with lumlip; made by recipes.mini_mad.mini_mad",
        DATA / "mini-mad.xyz.gz",
    ),
    "mini-mad-unstrained": StructureSet(
        f"mini-mad without structures in which SevenNet-0 finds a force above {STRAINED:g} eV/Å",
        "comes with lumlip; forces by recipes.mini_mad.strain",
        DATA / "mini-mad.xyz.gz",
        forces=DATA / "mini-mad-largest-forces.txt",
    ),
    "atlas": StructureSet(
        "about 2,000 atoms of mini-mad, all subsets and elements: what entries of the atlas are of",
        "comes with lumlip; chosen by recipes.mini_mad.atlas",
        DATA / "mini-mad.xyz.gz",
        chosen=DATA / "atlas.txt",
    ),
    "mini-lps": StructureSet(
        "lithium thiophosphates and their like, that minis are fine-tuned on (test: never seen)",
        "comes with lumlip; made by recipes.minis.make_data",
        _LPS / "lps-train.xyz.gz",
        _LPS / "lps-validation.xyz.gz",
    ),
    "mad": StructureSet(
        "MAD, 95,595 structures of 85 elements (the paper evaluates on its test part)",
        "Materials Cloud Archive, https://doi.org/10.24435/materialscloud:vd-e8, CC-BY-4.0; "
        "described in arXiv:2506.19674",
    ),
    "salex": StructureSet(
        "validation part of sAlexandria, crystals from the Alexandria database",
        "https://huggingface.co/datasets/facebook/OMAT24",
    ),
    "lps": StructureSet(
        "lithium thiophosphates: bulk and surfaces, clean or with water or hydrogen",
        "see the data section of arXiv:2512.05717",
    ),
}


def structures(which: Source, *, format: str | None = None) -> list[Atoms]:
    """Structures by the name of a set, from files, or from a list.

    Parameters
    ----------
    which : str, pathlib.Path, list of these, or list of ase.Atoms
        - A known set: ``"mini-mad"``, ``"mini-mad-unstrained"``, ``"atlas"``, ``"mini-lps"``;
          ``"mad"``, ``"salex"`` or ``"lps"`` from a local file in ``LUMLIP_DATA``. After colons a
          part, a subset, or both: ``"mini-mad:test"``, ``"mini-mad:rattled:test"``.
        - A file that ase reads (extxyz, cif, POSCAR, traj, aselmdb, ...), a deepmd/npy folder, a
          parquet file with the columns of LeMat-Bulk, or a folder of such files: all frames, or
          those named after an ``@``, as in ``"md.traj@100:200:10"``.
        - Structures in memory.
    format : str, optional
        Of files whose name does not tell, by its name in ase, such as ``"lammps-data"``.

    Returns
    -------
    list of ase.Atoms, length n_structures
        Copies without calculators; the energy that a file gives is in ``info["energy"]``. Each
        ``info`` has ``subset``, ``part`` (``"train"`` or ``"test"``) and ``parent`` (equal for
        structures derived from the same one). Where they are missing: ``config_type``, ``kind`` or
        ``"user"``, ``"test"``, and ``"frame-0"``, ... ``file`` is the name of the file that one was
        read from.

    Raises
    ------
    ValueError
        If the name is unknown, the selection or the list is empty, or a file cannot be read.
    FileNotFoundError
        If there is no such file, or the file of a set of the paper is not there.
    TypeError
        If it is none of these, or a list of other things.

    Examples
    --------
    >>> atoms = structures("mini-mad:molfrags:test")[0]
    >>> atoms.info["subset"], atoms.info["part"], atoms.pbc.any()
    ('molfrags', 'test', np.False_)
    """
    return list(_each(which, format))


def read_structures(which: Source, *, format: str | None = None) -> Sequence[Atoms]:
    """Structures as `structures` has them; many are kept on disk, and each access copies one."""
    return which if isinstance(which, Spooled) else spooled(_each(which, format))


def as_given(which: Sequence[Atoms | str], numbers: Iterable[int]) -> list[Atoms]:
    """Return some of the structures as files have them, with forces and what else is there."""
    wanted = dict.fromkeys(numbers)
    found = {i: atoms for i, atoms in enumerate(_found(which, None)) if i in wanted}
    return [found[i] for i in wanted]


def _each(which: Source, format: str | None) -> Iterator[Atoms]:
    if isinstance(which, Atoms | str | os.PathLike):
        which = [which]
    if not isinstance(which, Iterable):
        raise TypeError(f"got {which!r:.60}, expected a set's name, a file, or a list of ase.Atoms")
    atoms = None
    for atoms in _labelled(_found(which, format)):
        yield atoms
    if atoms is None:
        raise ValueError("got no structures, expected at least one")


def _found(which: Iterable[Atoms | str | os.PathLike[str]], format: str | None) -> Iterator[Atoms]:
    for i, item in enumerate(which):
        if isinstance(item, str | os.PathLike):
            yield from _by_name(item, format)
        elif isinstance(item, Atoms):
            yield item
        else:
            raise TypeError(f"item {i} is {item!r:.60}, expected ase.Atoms, a set's name or a file")


def _by_name(which: str | os.PathLike[str], format: str | None) -> Iterable[Atoms]:
    """All structures of a known set, or of a part of it, or of a file."""
    name, *selection = which.split(":") if isinstance(which, str) else [""]
    if name in SETS:
        return _select(_named(name), selection, name)
    if which == "":  # which is the folder one is in, as a path
        raise ValueError("got an empty name, expected a set's name or a file")
    return _from_file(which, format)


def _named(name: str) -> list[Atoms]:
    """All structures of a known set."""
    path = SETS[name].file or _local_file(name)
    if path is None:
        folder = os.environ.get("LUMLIP_DATA")
        raise FileNotFoundError(
            f"the structure set {name!r} ({SETS[name].description}) does not come with lumlip. "
            f"Get it from its source: {SETS[name].source}. Then save it as {name}.xyz "
            f"(extended XYZ; {', '.join(SUFFIXES[1:])} are read too) in the folder that the "
            f"environment variable LUMLIP_DATA names (now: {folder or 'not set'})"
        )
    frames = list(_labelled(_read(path, path.stat().st_mtime_ns)))
    if (forces := SETS[name].forces) is not None:
        pairs = zip(frames, np.loadtxt(forces), strict=True)
        return [atoms for atoms, force in pairs if force <= STRAINED]
    if (chosen := SETS[name].chosen) is not None:
        return [frames[i] for i in np.loadtxt(chosen, dtype=int)]
    test_path = SETS[name].test_file
    if test_path is None:
        return frames
    for atoms in frames:
        atoms.info["part"] = "train"
    return [*frames, *_labelled(_read(test_path, test_path.stat().st_mtime_ns))]


def _local_file(name: str) -> Path | None:
    """File of a set of the paper, if there is one."""
    folder = os.environ.get("LUMLIP_DATA")
    if not folder:
        return None
    paths = [Path(folder).expanduser() / f"{name}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), None)


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> tuple[Atoms, ...]:
    """Read a set's file once, and again if it has changed."""
    return tuple(frames(path))


def _from_file(which: str | os.PathLike[str], format: str | None) -> Iterator[Atoms]:
    """All frames of a user's file or folder, or those that are named after an ``@``."""
    path, part = path_and_part(os.fspath(which))
    if not path.exists():
        if str(path) in SETS:
            raise ValueError(
                f"{which}: @FIRST:END takes a part of a file; of a named set it is {path}:test, "
                f"{path}:train, or a subset"
            )
        if path.suffix or len(path.parts) > 1:
            raise FileNotFoundError(f"no such structure file: {path}")
        close = difflib.get_close_matches(str(path).split(":")[0], SETS, n=1, cutoff=0.4)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"unknown structure set {str(path)!r}{hint} "
            f"(known: {', '.join(SETS)}; or give the path of a file that ase reads)"
        )
    atoms = None
    for atoms in sliced(frames_under(path, format), part):
        yield atoms
    if atoms is None:
        raise ValueError(
            f"no structures in {which}; if its name misleads ase, name the format: "
            "--format lammps-data, or format='lammps-data'"
        )


def _labelled(frames: Iterable[Atoms]) -> Iterator[Atoms]:
    """Make copies without calculators that have subset, part and parent."""
    for i, given in enumerate(frames):
        atoms, calculator = given.copy(), given.calc
        info = atoms.info
        if isinstance(calculator, SinglePointCalculator):  # has what a file says
            energy = calculator.get_property("energy", given, allow_calculation=False)
            info |= {} if energy is None else {"energy": _energy(energy, i)}
        names = (info.get(key) for key in ("subset", "config_type", "kind"))
        info["subset"] = str(next((name for name in names if name is not None), "user"))
        info["part"] = str(info.get("part", "test"))
        info["parent"] = str(info.get("parent", f"frame-{i}"))
        yield atoms


def _energy(given: Any, frame: int) -> float:
    try:
        return float(given)
    except (TypeError, ValueError):
        raise ValueError(f"frame {frame}: got energy {given!r:.60}, expected a number") from None


def _select(frames: list[Atoms], selection: list[str], name: str) -> list[Atoms]:
    """Frames whose part or subset is named, for each name in turn."""
    for word in selection:
        kept = [a for a in frames if word in (a.info["part"], a.info["subset"])]
        if not kept:
            known = {a.info[key] for key in ("part", "subset") for a in frames}
            raise ValueError(
                f"no structures under {word!r} in {name!r} (known: {', '.join(sorted(known))})"
            )
        frames = kept
    return frames


def structures_sha256(frames: Iterable[Atoms]) -> str:
    """Hash of what a model sees, whatever the file format.

    It covers the order of the frames, and in each the atomic numbers, positions and cell to the
    last bit, periodicity, and what ``info`` has of charge, spin and spin_multiplicity. One that is
    absent is not one of 0: models have defaults of their own.

    Parameters
    ----------
    frames : list of ase.Atoms, length n_structures

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    ValueError
        One of these three is no whole number.

    Examples
    --------
    >>> water = Atoms("OH2", positions=[[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])
    >>> structures_sha256([water])[:12] == structures_sha256([water.copy()])[:12]
    True
    """
    digest = hashlib.sha256()
    for atoms in frames:
        given = {name: whole_number(atoms.info[name], name) for name in STATE if name in atoms.info}
        header = [len(atoms), [bool(periodic) for periodic in atoms.pbc], given or [0.0, 0.0]]
        digest.update(json.dumps(header).encode())
        digest.update(np.asarray(atoms.numbers, dtype="<i8").tobytes())
        for lengths in (atoms.positions, atoms.cell.array):
            with np.errstate(all="ignore"):
                rounded = np.round(lengths * 1e6).astype("<i8")
            digest.update(rounded.tobytes())
            if not np.array_equal(rounded / 1e6, lengths):  # more than six decimals: every bit
                digest.update(np.asarray(lengths, dtype="<f8").tobytes())
    return digest.hexdigest()


def summary(frames: Sequence[Atoms]) -> pd.DataFrame:
    """Contents per subset, and for all.

    Parameters
    ----------
    frames : list of ase.Atoms, length n_structures
        As from `structures`.

    Returns
    -------
    pandas.DataFrame, one row per subset and one for all
        Numbers of structures, test structures, atoms, elements and parents; then the 0, 10, 50,
        90 and 100 % quantiles, over the structures, of the closest pair's distance divided by
        the sum of its covalent radii (``closest``; NaN if no pair is within 5 Å), and of the
        volume per atom in Å^3 (``volume``; NaN without a periodic cell).
    """
    contents = pd.DataFrame([_content(atoms) for atoms in frames])
    rows = {str(subset): _row(group) for subset, group in contents.groupby("subset", sort=False)}
    return pd.DataFrame.from_dict(rows | {"all": _row(contents)}, orient="index")


def _content(atoms: Atoms) -> dict[str, Any]:
    """One structure's share of the summary."""
    first, second, distance = neighbor_pairs(atoms, CUTOFF)
    radii = covalent_radii[atoms.numbers]
    closest = (distance / (radii[first] + radii[second])).min() if len(distance) else np.nan
    volume = atoms.get_volume() / len(atoms) if atoms.pbc.all() else np.nan
    labels = {key: atoms.info.get(key, "") for key in ("subset", "part", "parent")}
    numbers = frozenset(atoms.numbers.tolist())
    size = len(atoms)
    return {**labels, "size": size, "numbers": numbers, "closest": closest, "volume": volume}


def _row(contents: pd.DataFrame) -> dict[str, Any]:
    """Count, and take quantiles, of a group of structures."""
    row: dict[str, Any] = {
        "structures": len(contents),
        "test": int((contents["part"] == "test").sum()),
        "atoms": int(contents["size"].sum()),
        "elements": len(frozenset().union(*contents["numbers"])),
        "parents": int(contents["parent"].nunique()),
    }
    for quantity in ("closest", "volume"):
        for percent in (0, 10, 50, 90, 100):
            row[f"{quantity}_{percent}%"] = contents[quantity].quantile(percent / 100)
    return row


def structure_sets() -> pd.DataFrame:
    """Describe the known sets, a row each; counts where the set is here.

    Examples
    --------
    >>> structure_sets().set_index("name")["available"]["mini-mad"]
    np.True_
    """
    rows = []
    for name, known in SETS.items():
        available = known.file is not None or _local_file(name) is not None
        frames = _named(name) if available else []
        rows.append(
            {
                "name": name,
                "description": known.description,
                "structures": len(frames) if available else None,
                "atoms": sum(len(atoms) for atoms in frames) if available else None,
                "available": available,
                "source": known.source,
            }
        )
    return pd.DataFrame(rows).astype({"structures": "Int64", "atoms": "Int64"})
