"""Files and folders of structures, read frame by frame: by ase where it can, else here."""

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import partial
from io import StringIO
from itertools import count, islice, repeat
from pathlib import Path

import ase.db
import ase.io
import numpy as np
from ase import Atoms
from ase.io.extxyz import read_xyz
from ase.io.formats import filetype, get_compression

from lumlip.datasets.formats import RefusedError, by_ase, cif, ends_of, lines_of, tell_cut
from lumlip.datasets.spooled import spooled
from lumlip.runtime.environments import say
from lumlip.runtime.paths import expanded, regular

#: What is read in a folder, if no format is named.
IN_FOLDERS = (
    *("*.xyz", "*.extxyz", "*.xyz.gz", "*.extxyz.gz", "*.cif", "*.vasp", "*POSCAR*", "*CONTCAR*"),
    *("*.traj", "*.pdb", "*.db", "*.lammpstrj", "*.aselmdb", "*.parquet"),
)
#: What a folder of structures may hold of others, and of folders: more is a disk, not a data set.
MOST = 100_000
_PART = re.compile(r"-?\d+|(-?\d+)?(:(-?\d+)?){1,2}")
#: Labels without a value: ase takes what follows for it.
_EMPTY = re.compile(r"""(?<!\S)[^\s"'=]+=(""|'')?(?!\S)""")
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


def path_and_part(text: str) -> tuple[Path, slice]:
    """Split ``PATH@FIRST:END:STEP``, as ase has it; a path may itself hold an ``@``.

    >>> path_and_part("md.traj@10:20")[1], path_and_part("a@b.xyz")[0].name
    (slice(10, 20, None), 'a@b.xyz')
    """
    head, _, tail = text.rpartition("@")
    if not head or expanded(text).exists() or not _PART.fullmatch(tail):
        return expanded(text), slice(None)
    ends = [int(end) if end else None for end in tail.split(":")]
    return expanded(head), slice(*ends) if len(ends) > 1 else slice(
        ends[0], (ends[0] or 0) + 1 or None
    )


def sliced(items: Iterator[Atoms], part: slice, name: str) -> Iterator[Atoms]:
    """Take a part of what comes, and no more of it than that takes; what it lacks is told."""
    if part.step == 0:
        raise ValueError("FILE@FIRST:END:STEP: got a step of 0, expected another number")
    wanted = (part.start, part.stop, part.step)
    numbers, ends = count(1), [end or 0 for end in wanted]
    counted = (atoms for atoms, _ in zip(items, numbers, strict=False))
    some = islice(counted, *wanted) if min(ends) >= 0 else spooled(counted)[part]
    taken = None
    for taken in some:
        yield taken
    n = next(numbers) - 1
    if n and taken is None:
        raise ValueError(f"{name}: got none of {n} frames, expected some")
    if n < max(-ends[0], ends[1]):
        say(f"lumlip: {name}: there are no more than {n} frames")


def frames_under(path: Path, format: str | None = None) -> Iterator[Atoms]:
    """Read a file, or all in a folder in the order of their names; each frame says which."""
    for file in list(_files(path, format)):  # what is wrong shows before the first is read
        for atoms in frames(file, format):
            atoms.info.setdefault("file", file.name)
            yield atoms


def _files(top: Path, format: str | None) -> Iterator[Path]:
    """Structure files at or below a path, each folder once, in the order of their names."""
    waiting, seen, others = [top], set[Path](), list[Path]()
    kinds = ["*"] if format else IN_FOLDERS
    while waiting:
        path = waiting.pop()
        is_file = not path.is_dir()
        if not (is_file or (path / "type.raw").exists() or path.suffix == ".bundle"):
            if (real := path.resolve()) not in seen:  # links may lead there by many ways
                seen.add(real)
                waiting += sorted(path.glob("[!.]*"), reverse=True)
        elif is_file and path != top and not any(fnmatch(path.name, kind) for kind in kinds):
            others.append(path)
        else:
            yield path
        if len(seen) + len(others) > MOST:
            got = f"{top}: got more than {MOST} folders and files that are no structures by name"
            raise ValueError(f"{got}, such as {path}; name the folders or files that are meant")
    if others:
        like = f"such as {others[0].name}"
        say(f"lumlip: {top}: {len(others)} files are no structures by name, {like}")


def frames(path: Path, format: str | None = None) -> Iterator[Atoms]:
    """Read the frames of a file, or of a deepmd/npy folder, one by one; ValueError says why not."""
    n_read, before = 0, _state(regular(path))
    try:
        for n_read, atoms in enumerate(_reader(path, format), 1):  # noqa: B007
            yield atoms
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0].replace("_", "-")
        raise ValueError(f"reading {path} needs a package: pip install {package}") from error
    except Exception as error:  # ase's readers raise anything
        where = f"{path}{f', frame {n_read}' * (n_read > 0)}"
        if isinstance(error, RefusedError):
            raise ValueError(f"cannot read {where} ({error})") from error
        hint = _HINTS.get(path.suffix) or _HINTS.get(str(error), _EXPECTED)
        if format:
            hint = f"is it of the format {format!r}, which ase.io.formats.ioformats has to know?"
        raise ValueError(
            f"ase cannot read {where} ({type(error).__name__}: {error}); {hint}"
        ) from error
    if _state(path) != before:
        changed = f"{path} has changed while its {n_read} frames were read"
        raise ValueError(f"{changed}: wait, or name frames that are there, as {path.name}@:100")


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
    return {"extxyz": _xyz, "cif": cif}.get(format, partial(by_ase, format=format))(path)


def _xyz(path: Path) -> Iterator[Atoms]:
    """Read XYZ, plain or extended; ase itself ends at a blank line, and stops at a mark (BOM)."""
    if not get_compression(path.name)[1]:
        tell_cut(path, ends_of(path)[1])
    for text in _xyz_frames(lines_of(path)):
        (atoms,) = read_xyz(StringIO(text), slice(None))  # iread takes three times as long
        cells = [name for name, value in atoms.info.items() if np.size(value) == 9]
        if odd := [name for name in cells if name.lower() in ("lattice", "cell", "box")]:
            raise RefusedError(f"got {odd[0]}=, which ase reads no cell from; expected Lattice=")
        yield atoms


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
            comment = (_EMPTY.sub("", text) for text in islice(lines, 1))
            frame = [line, *comment, *islice(lines, int(line))]
            if (found := max(0, len(frame) - 2)) < int(line):  # ase would wait for them all
                raise RefusedError(f"Frame has {found} atoms, expected {int(line)}")
    if frame:
        yield "".join(frame)


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
                got = f"{part.name}: got {len(some)} frames of {name}"
                raise RefusedError(f"{got}, expected {len(positions)}")
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
