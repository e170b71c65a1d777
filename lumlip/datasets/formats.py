"""What ase's readers take though it is cut off, or less than the file holds: refused here."""

import math
import os
import re
import warnings
from collections import Counter, deque
from collections.abc import Iterator
from functools import partial
from io import StringIO, TextIOWrapper
from itertools import chain, islice, takewhile
from pathlib import Path

import ase.io
from ase import Atoms
from ase.data import chemical_symbols
from ase.io.cif import CIFBlock, parse_cif
from ase.io.formats import get_compression, open_with_compression

from lumlip.runtime.environments import say

#: Characters of a packed file when it is unpacked: one of a few MB may hold any number.
LARGEST = 4 * 2**30
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
_NEEDS_ATOMS = ("_cell_length_a", "_chemical_formula_sum")
_ELEMENT = re.compile(r"([A-Z][a-z]?)(\d*(?:\.\d*)?)")
_FORMULA = re.compile(rf"(?:{_ELEMENT.pattern}\s*)+")


class RefusedError(ValueError):
    """A file that ase would take."""


def lines_of(path: Path) -> Iterator[str]:
    """Read lines of a text, packed or not, without a mark (BOM) before the first."""
    size, packed = 0, get_compression(path.name)[1]
    with open_with_compression(os.fspath(path), "rb") as file:
        text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace")
        for line in iter(partial(text.readline, LARGEST), ""):
            size += len(line)
            if packed and size > LARGEST:
                raise RefusedError(f"more than {LARGEST} bytes when unpacked")
            yield line


def by_ase(path: Path, format: str) -> Iterator[Atoms]:
    """Read by ase what its readers also take if it is cut off, and then for less."""
    if format in _CHECKS:
        _CHECKS[format](path)
    start, end = ends_of(path)
    if format not in _LAST:
        tell_cut(path, end)
    said = re.match(_NUMBER.get(format, "()"), start)
    absolute = os.fspath(path.absolute())  # ase takes mysql.xyz for the address of a server
    for atoms in ase.io.iread(absolute, ":", format, do_not_split_by_at_sign=True):
        if not re.search(_LAST.get(format, ""), end, re.MULTILINE):
            raise RefusedError("it does not end as a whole file does, so it may be cut off")
        if said and said[1] and len(atoms) != int(said[1]):
            raise RefusedError(f"got {len(atoms)} atoms, expected {int(said[1])}")
        yield atoms


def ends_of(path: Path) -> tuple[str, str]:
    """Return the first and the last lines of a file; of a folder, and of what is packed, none."""
    if path.is_dir() or get_compression(path.name)[1]:
        return "", "".join(deque(lines_of(path), 3)) if path.is_file() else ""
    with path.open("rb") as file:
        start = file.read(_SOME)
        file.seek(max(0, path.stat().st_size - _SOME))
        return start.decode(errors="replace"), file.read().decode(errors="replace")


def tell_cut(path: Path, end: str) -> None:
    """Tell of a text that ends within a line, perhaps within a number."""
    if end[-1:].isalnum() and not re.search(r"[\0-\x08]", end):
        say(f"lumlip: {path}: its last line has no end; is the file whole?")


def cif(path: Path) -> Iterator[Atoms]:
    """Read a CIF; ase itself drops uneven rows with a warning, and takes what is left of a file."""
    text = "".join(lines_of(path))
    tell_cut(path, text)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Wrong number|Duplicated loop|Badly formed")
        every = list(parse_cif(StringIO(text)))
        if every and not (last := every[-1]).has_structure() and {*_NEEDS_ATOMS} & {*last}:
            raise RefusedError(f"data_{last.name}, its last part, has no atoms: it may be cut off")
        blocks = [block for block in every if block.has_structure()]
        found = [block.get_atoms() for block in blocks]
    for atoms, block in zip(found, blocks, strict=True):
        _check_formula(atoms, block)
        yield atoms


def _check_formula(atoms: Atoms, block: CIFBlock) -> None:
    """Refuse atoms that are not Z times (without Z, any times) the formula, or the cell's."""
    text, z = (str(block.get(name)) for name in ("_chemical_formula_sum", "_cell_formula_units_z"))
    shares = [share for site in atoms.info.get("occupancy", {}).values() for share in site.values()]
    has, formula = atoms.symbols.formula.count(), Counter[str]()
    for symbol, number in _ELEMENT.findall(text) if _FORMULA.fullmatch(text) else []:
        formula["H" if symbol == "D" else symbol] += float(number or 1)  # type: ignore[assignment]
    if not formula or not formula.keys() <= {*chemical_symbols} or {*shares} - {1}:
        return
    z = z if z.isdecimal() and int(z) else ""
    times = {has.get(symbol, 0) / number for symbol, number in formula.items()}
    known = {float(z)} if z else {float(round(max(times)))}
    if z and math.gcd(*map(round, formula.values())) % int(z) == 0:
        known.add(1.0)
    if has.keys() != formula.keys() or len(times) > 1 or not times <= known - {0.0}:
        expected = f"expected what its formula says, {text}{f' with Z = {z}' if z else ''}"
        raise RefusedError(f"got {atoms.symbols.formula:hill}, {expected}: cut off, or without H?")


def _check_pdb(path: Path) -> None:
    """Refuse a PDB file whose alpha carbons ase would take for calcium, or a part for the cell."""
    for n, line in enumerate(lines_of(path), 1):
        if line.startswith(("ATOM  ", "HETATM")) and not line[76:78].strip():
            raise RefusedError(f"line {n} names no element in columns 77 and 78")
        if line.startswith("CRYST1") and line[55:66].split() not in ([], ["1"], ["P", "1"], ["P1"]):
            raise RefusedError(f"line {n} has symmetry, {line[55:66].strip()}; expected P 1")


def _check_res(path: Path) -> None:
    """Refuse a SHELX file with symmetry, several structures, or lines that ase passes over."""
    lines = [line for line in lines_of(path) if line.strip()]
    words = [line.split()[0].upper() for line in lines]
    if words.count("END") > 1 or "SYMM" in words or any(re.match(r"LATT\s+[^-]", x) for x in lines):
        raise RefusedError("it has symmetry or several structures; expected one in P 1")
    atoms = lines[words.index("SFAC") + 1 : -1] if "SFAC" in words else []
    if strange := [x for x in atoms if not re.match(r"\w+\s+\d+(\s+[\d.-]+){4}", x.strip())]:
        raise RefusedError(f"got the line {strange[0].strip()!r:.60}, expected an atom")


def _check_sdf(path: Path) -> None:
    """Refuse an SDF file of several molecules: ase would take the first one alone."""
    if (n := sum(line.startswith("$$$$") for line in lines_of(path))) > 1:
        raise RefusedError(f"it has {n} molecules, of which ase reads one: make it one file each")


def _check_poscar(path: Path) -> None:
    """Refuse a file of VASP 4, without elements: ase takes words of its title for them.

    Also one with fewer numbers than elements.
    """
    words = [line.split() for line in islice(lines_of(path), 7)][5:]
    if words and "".join(words[0]).isdigit():
        raise RefusedError("line 6 names no elements; write them there, above their numbers")
    is_symbol, is_number = re.compile(r"[A-Z][a-z]?([_/]|$)").match, re.compile(r"\d+$").match
    kinds = zip((is_symbol, is_number), words, strict=False)
    n_named, *n_counted = (len([*takewhile(known, some)]) for known, some in kinds)
    if n_counted and n_named > n_counted[0]:
        raise RefusedError(f"got {n_named} elements in line 6, {n_counted[0]} numbers below")


def _check_turbomole(path: Path) -> None:
    """Refuse a periodic coord file: ase would take the atoms of the cell for a molecule."""
    if any(line.startswith(("$periodic", "$cell", "$lattice")) for line in lines_of(path)):
        raise RefusedError("it is periodic, which ase does not see: save it as extended XYZ")


def _check_dump(path: Path) -> None:
    """Refuse a LAMMPS dump with a frame that is cut off: ase would take what is left of it."""
    expected, found, in_atoms, lines = 0, 0, False, lines_of(path)
    for line in chain(lines, ["ITEM: TIMESTEP"]):
        if line.startswith("ITEM: TIMESTEP"):
            if found != expected:
                raise RefusedError(f"a frame has {found} atoms, expected {expected}")
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
    "turbomole": _check_turbomole,
    "vasp": _check_poscar,
}
