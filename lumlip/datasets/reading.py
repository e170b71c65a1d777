"""Files and folders of structures, read frame by frame: by ase where it can, else here."""

from __future__ import annotations

import math
import os
import re
import warnings
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import partial
from io import StringIO, TextIOWrapper
from itertools import chain, islice, repeat
from pathlib import Path

import ase.db
import ase.io
import numpy as np
from ase import Atoms
from ase.io.cif import CIFBlock, parse_cif
from ase.io.extxyz import read_xyz
from ase.io.formats import filetype, get_compression, open_with_compression

from lumlip.datasets.spooled import spooled
from lumlip.runtime.environments import say
from lumlip.runtime.paths import expanded, regular

#: Characters of a packed file when it is unpacked: one of a few MB may hold any number.
LARGEST = 4 * 2**30
#: What is read in a folder, if no format is named.
IN_FOLDERS = (
    *("*.xyz", "*.extxyz", "*.xyz.gz", "*.extxyz.gz", "*.cif", "*.vasp", "*POSCAR*", "*CONTCAR*"),
    *("*.traj", "*.pdb", "*.db", "*.lammpstrj", "*.aselmdb", "*.parquet"),
)
#: How whole files end, in formats that say so.
_LAST = {
    "proteindatabank": r"^(END|CONECT|MASTER).*\s*\Z",
    "res": r"^END\s*\Z",
    "turbomole": r"^\$end\s*\Z",
    "gromos": r"^END\s*\Z",
    "dmol-car": r"^end\s*\Z",
    "runnerdata": r"^end\s*\Z",
    "gaussian-in": r"\n\s*\n\s*\Z",
}
#: Where others say how many atoms they have.
_NUMBER = {
    "gen": r"\s*(\d+)",
    "gromacs": r".*\n\s*(\d+)",
    "mol": r"(?:.*\n){3}([ \d]{3})",
    "sdf": r"(?:.*\n){3}([ \d]{3})",
    "dlp4": r".*\n\s*\d+\s+\d+\s+(\d+)",
    "rmc6f": r"(?s:.*)Number of atoms:\s*(\d+)",
}
#: Bytes at either end of a file that are looked at.
_SOME = 4096
_ELEMENT = re.compile(r"([A-Z][a-z]?)(\d*\.?\d*)")
_FORMULA = re.compile(rf"(?:{_ELEMENT.pattern}\s*)+")
_PART = re.compile(r"-?\d+|(-?\d+)?(:(-?\d+)?){1,2}")
_EXPECTED = (
    "expected a format that ase.io.read knows by name or content, such as extxyz, cif, POSCAR or "
    "traj, or that --format (format=...) names"
)
_HINTS = {
    ".lmdb": "OC20's LMDBs hold pickled graphs, which may run code; ASE's (.aselmdb) are read",
    ".hdf5": "of deepmd's formats deepmd/npy is read; dpdata converts between them",
    ".parquet": "expected the columns of LeMat-Bulk",
    "'D'": "models know elements, not isotopes: write D and T as H",
}


class _RefusedError(ValueError):
    """A file that ase would take."""


def path_and_part(text: str) -> tuple[Path, slice]:
    """Split ``PATH@FIRST:END:STEP``, as ase has it; a path may itself hold an ``@``.

    >>> path_and_part("md.traj@10:20")[1], path_and_part("a@b.xyz")[0].name
    (slice(10, 20, None), 'a@b.xyz')
    """
    head, at, tail = text.rpartition("@")
    if not at or expanded(text).exists() or not _PART.fullmatch(tail):
        return expanded(text), slice(None)
    ends = [int(end) if end else None for end in tail.split(":")]
    return expanded(head), slice(*ends) if len(ends) > 1 else slice(
        ends[0], (ends[0] or 0) + 1 or None
    )


def sliced(items: Iterator[Atoms], part: slice) -> Iterable[Atoms]:
    """Take a part of what comes, and no more of it than that takes."""
    if part.step == 0:
        raise ValueError("FILE@FIRST:END:STEP: got a step of 0, expected another number")
    if any((end or 0) < 0 for end in (part.start, part.stop, part.step)):
        return spooled(items)[part]
    return islice(items, part.start, part.stop, part.step)


def frames_under(path: Path, format: str | None = None) -> Iterator[Atoms]:
    """Read a file, or all in a folder in the order of their names; each frame says which."""
    for file in _files(path, format):
        for atoms in frames(file, format):
            atoms.info.setdefault("file", file.name)
            yield atoms


def _files(path: Path, format: str | None) -> list[Path]:
    """Structure files at or below a path; what else is there is told."""
    if not path.is_dir() or (path / "type.raw").exists() or path.suffix == ".bundle":
        return [path]
    found: list[Path] = []
    others: list[str] = []
    for child in sorted(path.glob("[!.]*")):
        if child.is_dir() and not path.resolve().is_relative_to(child.resolve()):  # no loop
            found += _files(child, format)
        elif format or any(fnmatch(child.name, pattern) for pattern in IN_FOLDERS):
            found.append(child)
        else:
            others.append(child.name)
    if others:
        say(f"lumlip: {path}: {len(others)} files are no structures by name, such as {others[0]}")
    return found


def frames(path: Path, format: str | None = None) -> Iterator[Atoms]:
    """Read the frames of a file, or of a deepmd/npy folder, one by one.

    Raises
    ------
    ValueError
        It cannot be read, or was written to in the meantime; the message says why.
    """
    n_read, before = 0, _state(regular(path))
    try:
        for n_read, atoms in enumerate(_reader(path, format), 1):  # noqa: B007
            yield atoms
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0].replace("_", "-")
        raise ValueError(f"reading {path} needs a package: pip install {package}") from error
    except Exception as error:  # ase's readers raise anything
        where = f"{path}{f', frame {n_read}' * (n_read > 0)}"
        if isinstance(error, _RefusedError):
            raise ValueError(f"cannot read {where} ({error})") from error
        hint = _HINTS.get(path.suffix) or _HINTS.get(str(error), _EXPECTED)
        raise ValueError(
            f"ase cannot read {where} ({type(error).__name__}: {error}); {hint}"
        ) from error
    if _state(path) != before:
        raise ValueError(
            f"{path} has changed while its {n_read} frames were read: wait until it is written, "
            f"or name the frames that are there, as in {path.name}@:100"
        )


def _state(path: Path) -> tuple[int, int] | None:
    found = path.stat()
    return (found.st_size, found.st_mtime_ns) if path.is_file() else None


def _reader(path: Path, format: str | None) -> Iterator[Atoms]:
    if path.suffix == ".parquet":
        return _parquet(path)
    if (path / "type.raw").exists():
        return _deepmd(path)
    if path.suffix in (".db", ".aselmdb"):
        return _database(path)
    format = format or filetype(os.fspath(path.absolute()))
    return {"extxyz": _xyz, "cif": _cif}.get(format, partial(_ase, format=format))(path)


def _xyz(path: Path) -> Iterator[Atoms]:
    """Read XYZ, plain or extended; ase itself ends at a blank line, and stops at a mark (BOM)."""
    if not get_compression(path.name)[1]:
        _tell_cut(path, _ends(path)[1])
    for text in _xyz_frames(_lines(path)):
        yield from read_xyz(StringIO(text), slice(None))  # iread takes three times as long


def _lines(path: Path) -> Iterator[str]:
    size, packed = 0, get_compression(path.name)[1]
    with open_with_compression(os.fspath(path), "rb") as file:
        text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace")
        for line in iter(partial(text.readline, LARGEST), ""):
            size += len(line)
            if packed and size > LARGEST:
                raise _RefusedError(f"more than {LARGEST} bytes when unpacked")
            yield line


def _xyz_frames(lines: Iterator[str]) -> Iterator[str]:
    """Return the text of each frame, without the blank lines before it."""
    frame: list[str] = []
    for line in lines:
        if frame and line.lstrip().startswith("VEC"):  # vectors of the cell, in an old dialect
            frame.append(line)
        elif line.strip():
            if frame:
                yield "".join(frame)
            if not line.strip().isdigit():
                raise ValueError(f"expected a number of atoms, got the line {line.strip()!r:.60}")
            frame = [line, *islice(lines, int(line) + 1)]
            if (found := max(0, len(frame) - 2)) < int(line):  # ase would wait for them all
                raise _RefusedError(f"Frame has {found} atoms, expected {int(line)}")
    if frame:
        yield "".join(frame)


def _ase(path: Path, format: str) -> Iterator[Atoms]:
    """Read by ase what its readers also take if it is cut off, and then for less."""
    if format in _CHECKS:
        _CHECKS[format](path)
    start, end = _ends(path)
    if format not in _LAST:
        _tell_cut(path, end)
    said = re.match(_NUMBER.get(format, "()"), start)
    absolute = os.fspath(path.absolute())  # ase takes mysql.xyz for the address of a server
    for atoms in ase.io.iread(absolute, ":", format, do_not_split_by_at_sign=True):
        if not re.search(_LAST.get(format, ""), end, re.MULTILINE):
            raise _RefusedError("it does not end as a whole file does, so it may be cut off")
        if said and said[1] and len(atoms) != int(said[1]):
            raise _RefusedError(f"got {len(atoms)} atoms, expected {int(said[1])}")
        yield atoms


def _ends(path: Path) -> tuple[str, str]:
    """Return the first and the last lines of a file; of a folder, and of what is packed, none."""
    if path.is_dir() or get_compression(path.name)[1]:
        return "", "".join(deque(_lines(path), 3)) if path.is_file() else ""
    with path.open("rb") as file:
        start = file.read(_SOME)
        file.seek(max(0, path.stat().st_size - _SOME))
        return start.decode(errors="replace"), file.read().decode(errors="replace")


def _tell_cut(path: Path, end: str) -> None:
    """Tell of a text that ends within a line, perhaps within a number."""
    if end[-1:].isalnum() and not re.search(r"[\0-\x08]", end):
        say(f"lumlip: {path}: its last line has no end; is the file whole?")


def _cif(path: Path) -> Iterator[Atoms]:
    """Read a CIF; ase itself drops uneven rows with a warning, and takes what is left of a file."""
    text = "".join(_lines(path))
    _tell_cut(path, text)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Wrong number|Duplicated loop|Badly formed")
        blocks = [block for block in parse_cif(StringIO(text)) if block.has_structure()]
        found = [block.get_atoms() for block in blocks]
    for atoms, block in zip(found, blocks, strict=True):
        _check_formula(atoms, block)
        yield atoms


def _check_formula(atoms: Atoms, block: CIFBlock) -> None:
    """Refuse atoms that are not Z times the formula of the file; without Z, any whole number.

    The formula may also be that of the whole cell, with Z reduced ones in it, as pymatgen has it.
    Sites that atoms occupy in part are refused later.
    """
    text, z = (str(block.get(name)) for name in ("_chemical_formula_sum", "_cell_formula_units_z"))
    shares = [share for site in atoms.info.get("occupancy", {}).values() for share in site.values()]
    if not _FORMULA.fullmatch(text) or any(share < 1 for share in shares):
        return
    has, formula = atoms.symbols.formula.count(), Counter[str]()
    for symbol, number in _ELEMENT.findall(text):
        formula["H" if symbol == "D" else symbol] += float(number or 1)  # type: ignore[assignment]
    times = {has.get(symbol, 0) / number for symbol, number in formula.items()}
    known = {float(z)} if z.isdigit() else {float(round(max(times)))}
    if z.isdigit() and math.gcd(*map(round, formula.values())) % int(z) == 0:
        known.add(1.0)
    if has.keys() != formula.keys() or len(times) > 1 or not times <= known - {0.0}:
        raise _RefusedError(
            f"got {atoms.symbols.formula:hill}, expected what its formula says, {text}"
            f"{f' with Z = {z}' * z.isdigit()}: it is cut off, leaves out atoms such as H, or "
            "says a wrong formula"
        )


def _check_pdb(path: Path) -> None:
    """Refuse a PDB file whose alpha carbons ase would take for calcium, or a part for the cell."""
    for n, line in enumerate(_lines(path), 1):
        if line.startswith(("ATOM  ", "HETATM")) and not line[76:78].strip():
            raise _RefusedError(f"line {n} names no element in columns 77 and 78")
        if line.startswith("CRYST1") and line[55:66].split() not in ([], ["1"], ["P", "1"], ["P1"]):
            raise _RefusedError(f"line {n} has symmetry, {line[55:66].strip()}; expected P 1")


def _check_res(path: Path) -> None:
    """Refuse a SHELX file with symmetry, several structures, or lines that ase passes over."""
    lines = [line for line in _lines(path) if line.strip()]
    words = [line.split()[0].upper() for line in lines]
    if words.count("END") > 1 or "SYMM" in words or any(re.match(r"LATT\s+[^-]", x) for x in lines):
        raise _RefusedError("it has symmetry or several structures; expected one in P 1")
    atoms = lines[words.index("SFAC") + 1 : -1] if "SFAC" in words else []
    if strange := [x for x in atoms if not re.match(r"\w+\s+\d+(\s+[\d.-]+){4}", x.strip())]:
        raise _RefusedError(f"got the line {strange[0].strip()!r:.60}, expected an atom")


def _check_sdf(path: Path) -> None:
    """Refuse an SDF file of several molecules: ase would take the first one alone."""
    if (n := sum(line.startswith("$$$$") for line in _lines(path))) > 1:
        raise _RefusedError(f"it has {n} molecules, of which ase reads one: make it one file each")


def _check_poscar(path: Path) -> None:
    """Refuse a file of VASP 4, without elements: ase takes words of its title for them."""
    if (lines := list(islice(_lines(path), 6))) and lines[-1].replace(" ", "").strip().isdigit():
        raise _RefusedError("line 6 names no elements; write them there, above their numbers")


def _check_dump(path: Path) -> None:
    """Refuse a LAMMPS dump with a frame that is cut off: ase would take what is left of it."""
    expected, found, in_atoms, lines = 0, 0, False, _lines(path)
    for line in chain(lines, ["ITEM: TIMESTEP"]):
        if line.startswith("ITEM: TIMESTEP"):
            if found != expected:
                raise _RefusedError(f"a frame has {found} atoms, expected {expected}")
            expected, found, in_atoms = 0, 0, False
        elif line.startswith("ITEM: NUMBER OF ATOMS"):
            expected = int(next(lines, 0))
        elif line.startswith("ITEM:"):
            in_atoms = line.startswith("ITEM: ATOMS")
        elif in_atoms and line.strip():
            found += 1


#: What ase's readers let pass.
_CHECKS = {
    "proteindatabank": _check_pdb,
    "lammps-dump-text": _check_dump,
    "res": _check_res,
    "sdf": _check_sdf,
    "vasp": _check_poscar,
}


def _deepmd(folder: Path) -> Iterator[Atoms]:
    """Read a system in deepmd/npy, mixed types too; its arrays stay on disk."""
    names = np.array((folder / "type_map.raw").read_text(encoding="utf-8").split())
    types = np.loadtxt(folder / "type.raw", dtype=int, ndmin=1)
    periodic = not (folder / "nopbc").exists()
    for part in sorted(folder.glob("set.*")):
        positions = np.load(part / "coord.npy", mmap_mode="r")
        cells = np.load(part / "box.npy", mmap_mode="r") if periodic else repeat(np.zeros(9))
        mixed = part / "real_atom_types.npy"
        kinds = np.load(mixed, mmap_mode="r") if mixed.exists() else repeat(types)
        for name, some in (("box", cells), ("real_atom_types", kinds)):
            if isinstance(some, np.ndarray) and len(some) != len(positions):
                raise _RefusedError(
                    f"{part.name}: got {len(some)} frames of {name}, expected {len(positions)}"
                )
        for kind, xyz, cell in zip(kinds, positions, cells, strict=False):
            real = kind >= 0  # the others fill up
            yield Atoms(
                names[kind[real]], xyz.reshape(-1, 3)[real], cell=cell.reshape(3, 3), pbc=periodic
            )


def _database(path: Path) -> Iterator[Atoms]:
    """Read a database of ase, also fairchem's, which keeps charge and spin in a row's ``data``."""
    readonly = {"readonly": True} if path.suffix == ".aselmdb" else {}
    with ase.db.connect(path, serial=True, **readonly) as rows:
        for row in rows.select():
            atoms = row.toatoms()
            atoms.info |= {**row.key_value_pairs, **row.data}
            yield atoms


def _parquet(path: Path) -> Iterator[Atoms]:
    """Read a table with the columns of LeMat-Bulk; a material is the parent of its frames."""
    from pyarrow.parquet import ParquetFile

    wanted = ["species_at_sites", "cartesian_site_positions", "lattice_vectors", "immutable_id"]
    for batch in ParquetFile(path).iter_batches(batch_size=1000, columns=wanted):
        for row in batch.to_pylist():
            symbols, positions, cell = (row[name] for name in wanted[:3])
            info = {"parent": row[wanted[3]]} if wanted[3] in row else {}
            yield Atoms(symbols, positions, cell=cell, pbc=True, info=info)
