"""Structure sets: by name, from a file, or from a list, always as a list of ase Atoms."""

import difflib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.data import covalent_radii

from lumlip.datasets.properties import neighbor_pairs
from lumlip.datasets.reading import frames, frames_under, path_and_part, sliced
from lumlip.datasets.spooled import Spooled, spooled
from lumlip.families.base import STATE, whole_number
from lumlip.runtime.environments import say
from lumlip.runtime.paths import expanded

DATA = Path(__file__).parent / "data"
_LPS = Path(__file__).parents[1] / "minis" / "structures"
#: Files that a set of the paper may have in the folder LUMLIP_DATA.
SUFFIXES = (".xyz", ".extxyz", ".xyz.gz", ".extxyz.gz")
#: Å; pairs up to here are looked at for the closest one of a structure.
CUTOFF = 5.0
#: eV/Å; structures with a larger force are strongly strained.
STRAINED = 5.0
#: Labels of a structure, where ``info`` may have them, and what they are else.
_LABELS = {
    "subset": (("subset", "config_type", "kind"), "user"),
    "part": (("part",), "test"),
    "parent": (("parent",), "frame-{}"),
}
#: Labels that are none: an empty one of an extended XYZ file is a list of nothing.
_NONE = ("", "[]", "None", "nan")


@dataclass(frozen=True)
class StructureSet:
    """A set known by name: what it is, and where it comes from."""

    description: str
    source: str
    file: Path | None = None  # None: to be put into LUMLIP_DATA
    test_file: Path | None = None  # if the test part has one of its own
    forces: Path | None = None  # largest of each structure, eV/Å: those above STRAINED are left out
    chosen: Path | None = None  # numbers of those of the file that are in the set, if not all


Frames = TypeVar("Frames", bound=Sequence[Atoms])
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
        - A known set: those of `structure_sets`; the paper's are read from a local file in
          ``LUMLIP_DATA``. After colons a part, a subset, or both: ``"mini-mad:rattled:test"``.
        - A file that ase reads (extxyz, cif, POSCAR, traj, aselmdb, ...), a deepmd/npy folder, a
          parquet file with the columns of LeMat-Bulk, or a folder of such files: all frames, or
          those named after an ``@``, as in ``"md.traj@100:200:10"``.
        - Structures in memory.
    format : str, optional
        Of files whose name does not tell, by its name in ase, such as ``"lammps-data"``.

    Returns
    -------
    list of ase.Atoms, length n_structures
        Copies without calculators; what a file gives of energy and charges of atoms is in
        ``info["energy"]`` and ``arrays["charges"]``. Each ``info`` has ``subset``, ``part``
        (``"train"`` or ``"test"``) and ``parent`` (equal for structures derived from the same one).
        Where they are missing: ``config_type``, ``kind`` or ``"user"``, ``"test"``, and
        ``"frame-0"``, ... ``file`` is the name of the file that one was read from.

    Raises
    ------
    ValueError, FileNotFoundError, TypeError
        The name is unknown, nothing is selected, a file is not there or not read; another type.

    Examples
    --------
    >>> atoms = structures("mini-mad:molfrags:test")[0]
    >>> atoms.info["subset"], atoms.info["part"], atoms.pbc.any()
    ('molfrags', 'test', np.False_)
    """
    return _some(list(_labelled(_found(which, format))))


def read_structures(which: Source, *, format: str | None = None) -> Sequence[Atoms]:
    """Structures as `structures` has them; many are kept on disk, and each access copies one."""
    return which if isinstance(which, Spooled) else _some(spooled(_labelled(_found(which, format))))


def as_given(which: Sequence[Atoms | str], numbers: Iterable[int]) -> list[Atoms]:
    """Return some of the structures as files have them, with forces and what else is there."""
    wanted = dict.fromkeys(numbers)
    found = {i: atoms for i, atoms in enumerate(_found(which, None)) if i in wanted}
    return [found[i] for i in wanted]


def _some(found: Frames) -> Frames:
    if not found:
        raise ValueError("got no structures, expected at least one")
    return found


def _found(which: Source, format: str | None) -> Iterator[Atoms]:
    if isinstance(which, Atoms | str | os.PathLike):
        which = [which]
    if not isinstance(which, Iterable):
        raise TypeError(f"got {which!r:.60}, expected a set's name, a file, or a list of ase.Atoms")
    for i, item in enumerate(which):
        name, *selection = item.split(":") if isinstance(item, str) else [""]
        if name in SETS:
            if item == name and Path(name).exists():
                say(f"lumlip: {name} is the named set; the file of that name is ./{name}")
            yield from _select(_named(name), selection, name)
        elif isinstance(item, Atoms):
            yield item
        elif not isinstance(item, str | os.PathLike):
            raise TypeError(f"item {i} is {item!r:.60}, expected ase.Atoms, a set's name or a file")
        elif item == "":  # as a path it would be the folder one is in
            raise ValueError("got an empty name, expected a set's name or a file")
        else:
            yield from _from_file(item, format)


def _named(name: str) -> Iterator[Atoms]:
    """All structures of a known set, one by one."""
    known = SETS[name]
    path = known.file or _local_file(name)
    if path is None:
        folder = os.environ.get("LUMLIP_DATA") or "not set"
        raise FileNotFoundError(
            f"the structure set {name!r} ({known.description}) does not come with lumlip: get it "
            f"from {known.source}, and save it as {name}.xyz ({', '.join(SUFFIXES[1:])} are read "
            f"too) in the folder that LUMLIP_DATA names (now: {folder})"
        )
    every = _labelled(_read(path) if known.file else frames(path))
    if known.forces is not None:
        pairs = zip(every, np.loadtxt(known.forces), strict=True)
        every = (atoms for atoms, force in pairs if force <= STRAINED)
    if known.chosen is not None:
        wanted = {int(i) for i in np.loadtxt(known.chosen)}
        every = (atoms for i, atoms in enumerate(every) if i in wanted)
    for atoms in every:
        if known.test_file is not None:
            atoms.info["part"] = "train"
        yield atoms
    if known.test_file is not None:
        yield from _labelled(_read(known.test_file))


def _local_file(name: str) -> Path | None:
    """File of a set of the paper, if there is one."""
    folder = os.environ.get("LUMLIP_DATA")
    if not folder:
        return None
    paths = [expanded(folder) / f"{name}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), None)


@lru_cache(maxsize=4)
def _read(path: Path) -> tuple[Atoms, ...]:
    """Read a file that comes with lumlip once."""
    return tuple(frames(path))


def _from_file(which: str | os.PathLike[str], format: str | None) -> Iterator[Atoms]:
    """All frames of a user's file or folder, or those that are named after an ``@``."""
    path, part = path_and_part(os.fspath(which))
    if not path.exists():
        if str(path) in SETS:
            part_of = f"{path}:test, {path}:train, or {path}:SUBSET"
            raise ValueError(f"{which}: @FIRST:END is for files; of a named set take {part_of}")
        if path.suffix or len(path.parts) > 1:
            raise FileNotFoundError(f"no such structure file: {path}")
        close = difflib.get_close_matches(str(path).split(":")[0], SETS, n=1, cutoff=0.4)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        known = f"known: {', '.join(SETS)}; or give the path of a file that ase reads"
        raise ValueError(f"unknown structure set {str(path)!r}{hint} ({known})")
    atoms = None
    for atoms in sliced(frames_under(path, format), part, str(which)):
        yield atoms
    if atoms is None:
        raise ValueError(f"no structures in {which}; wrong format? name it: --format lammps-data")


def _labelled(frames: Iterable[Atoms]) -> Iterator[Atoms]:
    """Make copies without calculators that have subset, part and parent."""
    for i, given in enumerate(frames):
        atoms, calculator = given.copy(), given.calc
        info = atoms.info
        if isinstance(calculator, SinglePointCalculator):  # has what a file says
            energy = calculator.get_property("energy", given, allow_calculation=False)
            info |= {} if energy is None else {"energy": _energy(energy, i)}
            if (charges := calculator.results.get("charges")) is not None:
                atoms.set_array("charges", np.asarray(charges))
        for name, (keys, default) in _LABELS.items():
            said = (str(info.get(key)).strip() for key in keys)
            info[name] = next((text for text in said if text not in _NONE), default.format(i))
        yield atoms


def _energy(given: Any, frame: int) -> float:
    try:
        return float(given)
    except (TypeError, ValueError):
        raise ValueError(f"frame {frame}: got energy {given!r:.60}, expected a number") from None


def _select(frames: Iterable[Atoms], selection: list[str], name: str) -> Iterator[Atoms]:
    """Frames whose part and subset are those that are named."""
    known: set[str] = set()
    atoms = None
    for one in frames:
        labels = {one.info["part"], one.info["subset"]}
        known |= labels
        if labels.issuperset(selection):
            atoms = one
            yield atoms
    if atoms is None:
        found = f"no structures under {':'.join(selection)!r} in {name!r}"
        raise ValueError(f"{found} (known: {', '.join(sorted(known))})")


def structures_sha256(frames: Iterable[Atoms]) -> str:
    """Hash of what a model sees, whatever the file format, in 64 hexadecimal digits.

    It covers the order of the frames, and in each the atomic numbers, positions and cell to the
    last bit, periodicity, and what ``info`` has of charge, spin and spin_multiplicity (ValueError
    if that is no whole number); models have defaults of their own for one that is absent.
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
    """Describe each subset of the frames of `structures`, and all, in a row.

    Numbers of structures, test structures, atoms, elements and parents; then the 0, 10, 50, 90 and
    100 % quantiles, over the structures, of the closest pair's distance divided by the sum of its
    covalent radii (``closest``; NaN if no pair is within 5 Å), and of the volume per atom in Å^3
    (``volume``; NaN without a periodic cell).
    """
    contents = pd.DataFrame([_content(atoms) for atoms in frames])
    groups = pd.concat([contents, contents.assign(subset="all")]).groupby("subset", sort=False)
    table = groups.agg(
        structures=("size", "size"),
        test=("part", lambda part: (part == "test").sum()),
        atoms=("size", "sum"),
        elements=("numbers", lambda numbers: len(frozenset().union(*numbers))),
        parents=("parent", "nunique"),
    )
    for quantity in ("closest", "volume"):
        for percent in (0, 10, 50, 90, 100):
            table[f"{quantity}_{percent}%"] = groups[quantity].quantile(percent / 100)
    return table.rename_axis(None)


def _content(atoms: Atoms) -> dict[str, Any]:
    """One structure's share of the summary."""
    first, second, distance = neighbor_pairs(atoms, CUTOFF)
    radii = covalent_radii[atoms.numbers]
    closest = (distance / (radii[first] + radii[second])).min() if len(distance) else np.nan
    volume = atoms.get_volume() / len(atoms) if atoms.pbc.all() else np.nan
    labels = {key: atoms.info.get(key, "") for key in ("subset", "part", "parent")}
    has = {"size": len(atoms), "numbers": frozenset(atoms.numbers.tolist())}
    return {**labels, **has, "closest": closest, "volume": volume}


def structure_sets() -> pd.DataFrame:
    """Describe the known sets, a row each; counts where the set is here."""
    rows = []
    for name, known in SETS.items():
        available = known.file is not None or _local_file(name) is not None
        sizes = [len(atoms) for atoms in _named(name)] if available else []
        counts = (len(sizes), sum(sizes)) if available else (None, None)
        rows.append((name, known.description, *counts, available, known.source))
    columns = ["name", "description", "structures", "atoms", "available", "source"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"structures": "Int64", "atoms": "Int64"})
