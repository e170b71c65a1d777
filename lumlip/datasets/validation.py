"""Finding the faults of a structure before a model sees it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols, covalent_radii

from lumlip.array_types import FloatArray
from lumlip.datasets.properties import neighbor_pairs, reduced_cell
from lumlip.errors import StructureError
from lumlip.families.base import STATE, in_box, whole_number

#: Raised when something is a fault that was none before.
CHECKS_VERSION = 1
#: Two atoms closer than this, in Å, count as overlapping: the shortest bond there is, H2, has 0.74.
OVERLAP = 0.5
#: How many faults an error message lists before it only counts them.
LISTED = 5
#: Cells of less than this volume, in Å^3, count as flat: hydrogen at 400 GPa has 1.3 per atom.
FLAT = 0.1
#: Of more than this, in Å^3, they are mostly empty, and searches for neighbors take all memory.
HOLLOW = 1e9
#: Cells whose opposite faces are nearer than this, in Å, have too many images within a cutoff.
SKEWED = 0.05
#: A share of a site that is less is a part: files round.
WHOLE = 0.99
#: An atom without another one within this distance, in Å, is isolated.
ISOLATED = 6.0
#: Closest atoms of half of the structures are farther apart, in sums of covalent radii, if lengths
#: are in another unit: in mini-mad and mini-lps it is 0.9, at most 1.2 but for noble gases.
LOOSE = 1.4
#: Of structures of more atoms the closest ones are not looked for: pairs take memory.
LARGE = 5000
#: Up to so many atoms all their distances are quicker than a search for neighbors.
FEW = 64
#: What is found apart by this factor more than asked for is so for sure, whatever rounding does.
_SURE = 1.01


def check_structures(
    structures: Sequence[Atoms],
    *,
    elements: Collection[int] | None = None,
    model: str | None = None,
    frames: Sequence[int] | None = None,
    stop: bool = True,
    seen: bool = False,
) -> dict[int, str]:
    """Raise one error that lists what is wrong, frame by frame.

    Faults: not an ``ase.Atoms``, no atoms, NaN or infinite positions or cell, a dummy atom,
    a charge, spin or spin multiplicity in ``info`` that is no whole number, a site that atoms
    occupy in part, a zero-volume cell along with periodic boundaries, a cell that is too large or
    too skewed to search, atoms closer than 0.5 Å (periodic images included), and elements unknown
    to the model.

    Parameters
    ----------
    structures : list of ase.Atoms, length n_structures
    elements : collection of int or None
        Atomic numbers that the model, named in the message, knows; None: every element will do.
    frames : sequence of int, length n_structures, or None
        What the message calls the structures; None: counted from 0.
    stop : bool
        False: return the first fault of each structure that has one, by its index, instead.
    seen : bool
        Structures with this :func:`lumlip.datasets.sets.structures_sha256` had no fault: only
        what that does not cover is looked at, elements and shared sites.

    Raises
    ------
    StructureError
        If any frame has a fault; the first five are listed, the others counted.
    """
    if isinstance(structures, Atoms):
        structures = [structures]
    known = None if elements is None else frozenset(elements)
    found = {}
    for i, atoms in enumerate(structures):
        if fault := _fault(atoms, known, model, seen=seen):
            found[i] = f"frame {frames[i] if frames else i}{_name(atoms)}: {fault}"
    if found and stop:
        raise StructureError(_message(list(found.values()), len(structures)))
    return found


def concerns(structures: Sequence[Atoms], frames: Sequence[int]) -> list[str]:
    """Say what is no fault of a structure, but hardly meant; ``frames`` are their numbers.

    Elements that are the types 1, 2, ... of LAMMPS, and isolated atoms: features without
    surroundings lie far from all others, and one of them among the test atoms is the whole error.
    Charges and spins that not all models see.
    """
    found = []
    numbers = {int(z) for atoms in structures for z in atoms.numbers}
    if len(numbers) == max(numbers) <= 10:
        names = ", ".join(chemical_symbols[z] for z in sorted(numbers))
        found.append(
            f"no elements but {names}: types of LAMMPS, taken for atomic numbers? Give it a column "
            "`element`, or read it with ase.io.read(..., specorder=[...])"
        )
    pairs = zip(frames, structures, strict=True)
    alone = [i for i, a in pairs if len(a) == 1 and not len(neighbor_pairs(a, ISOLATED)[2])]
    if alone:
        some = ", ".join(map(str, alone[:LISTED])) + ", ..." * (len(alone) > LISTED)
        found.append(
            f"isolated atoms among the frames ({some}): far from all others, one can make up an "
            "error alone; leave them out"
        )
    return found + _states(structures)


def _states(structures: Sequence[Atoms]) -> list[str]:
    """Say which charges and spins some models do not see, or not all alike."""
    infos = [atoms.info for atoms in structures]
    other = sum(str(x["spin_multiplicity"]) != str(x.get("spin")) for x in infos if STATE[2] in x)
    charged = sum(str(x.get("charge", 0)) not in ("0", "0.0") for x in infos)
    found = {
        f"{charged} structures have a charge: models without an input for it, as most are, take "
        "them for neutral": charged,
        f"{other} structures have a spin_multiplicity and no equal spin, which is all that MACE "
        "and UMA read: call it spin": other,
    }
    return [text for text, n in found.items() if n]


def doubts(structures: Sequence[Atoms], frames: Sequence[int]) -> list[str]:
    """Say what a page of them has to say, too: lengths may not be in Å, charges are not counted."""
    pairs = zip(frames, map(_uncounted_charge, structures), strict=True)
    charged = [f"frame {frame}: {told}" for frame, told in pairs if told]
    more = f" ({len(charged) - 1} more such frames)" * (len(charged) > 1)
    return _loose(structures) + [told + more for told in charged[:1]]


def _uncounted_charge(atoms: Atoms) -> str:
    """Say that a structure has a charge where no model reads it: of atoms, or by another name."""
    given = {} if "charge" in atoms.info else atoms.arrays | atoms.info
    for name in (name for name in given if "charge" in name.lower()):
        total = np.sum(given[name]) if np.asarray(given[name]).dtype.kind in "iuf" else 0.0
        if abs(total) > 0.5:  # charges of atoms are rounded
            return (
                f"{name} sum up to {total:.2g}, but models that see a charge take it for neutral, "
                f"without info['charge'] (in extxyz charge={total:.0f})"
            )
    return ""


def _loose(structures: Sequence[Atoms]) -> list[str]:
    """Say if atoms of some of the structures are so far apart that lengths may not be in Å."""
    closest = []
    for atoms in structures[:: max(1, len(structures) // FEW)]:
        if len(atoms) > LARGE:
            continue
        first, second, distance = neighbor_pairs(atoms, ISOLATED)
        radii = covalent_radii[atoms.numbers]
        closest += [(distance / (radii[first] + radii[second])).min()] if len(distance) else []
    if not closest or (median := np.median(closest)) < LOOSE:
        return []
    return [
        f"closest atoms are {median:.2g} sums of covalent radii apart, expected about 1: are the "
        "lengths in Bohr? lumlip takes Å"
    ]


def _name(atoms: Any) -> str:
    """Formula and file of a structure, as far as it has them, in brackets."""
    if not (isinstance(atoms, Atoms) and (atoms.numbers < len(chemical_symbols)).all()):
        return ""
    file = atoms.info.get("file")
    return f" ({atoms.get_chemical_formula()}{f', {file}' if file else ''})"


def _message(faults: list[str], n_structures: int) -> str:
    """Join the first faults and count the others."""
    ending = " has a fault:" if n_structures == 1 else "s have a fault:"
    lines = [f"{len(faults)} of {n_structures} structure{ending}", *faults[:LISTED]]
    if len(faults) > LISTED:
        lines.append(f"... and {len(faults) - LISTED} more")
    return "\n  ".join(lines)


def _fault(
    atoms: Any, elements: frozenset[int] | None, model: str | None, *, seen: bool
) -> str | None:
    """Return the first fault of a frame: each check may rely on those before it."""
    if not isinstance(atoms, Atoms):
        return f"got {type(atoms).__name__}, expected ase.Atoms: read the file with ase.io.read"
    if len(atoms) == 0:
        return "no atoms: remove the frame"
    if len(bad := np.flatnonzero(~np.isfinite(atoms.positions).all(axis=1))):
        at = atoms.positions[bad[0]].tolist()
        return f"position of atom {bad[0]} is {at}, expected finite numbers: repair or remove it"
    # What structures of one sum need not share: it knows no model, and no shared sites.
    uncovered = _element_fault(atoms, elements, model) or _occupancy_fault(atoms)
    if seen or uncovered:
        return uncovered
    return _state_fault(atoms) or _cell_fault(atoms) or _overlap_fault(atoms)


def _overlap_fault(atoms: Atoms) -> str | None:
    """Name the closest two atoms, if they are closer than atoms are."""
    if _surely_apart(atoms):
        return None
    first, second, distance = neighbor_pairs(atoms, OVERLAP)
    if not len(distance):
        return None
    return _overlap(atoms, *min(zip(distance, first, second, strict=True)))


def _surely_apart(atoms: Atoms) -> bool:
    """Whether no two of a few atoms overlap: found in a fifth of the time of a search.

    In a cell whose opposite faces are more than twice a distance apart, of all images of a pair
    only the one whose fractional coordinates differ by less than 1/2 can be nearer than that.
    """
    if len(atoms) > FEW:
        return False
    apart = atoms.positions[:, None] - atoms.positions
    if atoms.pbc.any():
        cell = atoms.cell.complete().array
        inverse = np.linalg.inv(cell)
        if (_heights(inverse)[atoms.pbc] < 2 * _SURE**2 * OVERLAP).any():
            return False
        scaled = apart @ inverse
        apart = (scaled - np.round(scaled) * atoms.pbc) @ cell
    squares = np.einsum("ijk,ijk->ij", apart, apart)
    np.fill_diagonal(squares, np.inf)
    return bool(squares.min() > (_SURE * OVERLAP) ** 2)


def _heights(inverse: FloatArray) -> FloatArray:
    """Distances (3,) of opposite faces of a cell, by its inverse."""
    return np.asarray(1 / np.linalg.norm(inverse, axis=0))


def _element_fault(atoms: Atoms, elements: frozenset[int] | None, model: str | None) -> str | None:
    """Atomic numbers that are none, or that the model does not know."""
    numbers = set(atoms.numbers.tolist())
    if dummies := sorted(z for z in numbers if not 1 <= z < len(chemical_symbols)):
        return f"atomic number {dummies[0]} is no element: replace or remove the dummy atom (X)"
    if elements is None or numbers <= elements:
        return None
    unknown = ", ".join(chemical_symbols[z] for z in sorted(numbers - elements))
    return (
        f"{model or 'the model'} does not know {unknown} (it knows {len(elements)} elements): "
        "leave the frame out (--skip-unknown) or choose another model"
    )


def _state_fault(atoms: Atoms) -> str | None:
    """Charges and spins that a model could not take as they are."""
    for name in STATE:
        try:
            whole_number(atoms.info.get(name, 0), name)
        except ValueError as error:
            return f"{error}: correct it, or remove it from the structure's info"
    return None


def _occupancy_fault(atoms: Atoms) -> str | None:
    """Sites that atoms occupy in part: as ase tells them of a CIF, and of a PDB file."""
    given = atoms.info.get("occupancy")
    sites = dict(given) if isinstance(given, dict) else {}
    for i, share in enumerate(atoms.arrays.get("occupancy", ())):
        sites[f"of atom {i}"] = {atoms.symbols[i]: share or 1.0}  # programs without any write 0
    for site, shares in sites.items():
        # "?" and "." of a CIF say nothing, other words that it is damaged.
        known = [1.0 if x in ("?", ".") else x for x in shares.values()]
        if len(known) > 1 or not isinstance(known[0], int | float) or not known[0] >= WHOLE:
            kinds = ", ".join(f"{kind} {share}" for kind, share in shares.items())
            return f"site {site} is occupied in part ({kinds}): make an ordered cell of it"
    return None


def _cell_fault(atoms: Atoms) -> str | None:
    """Say what is wrong with the cell of a frame with periodic boundaries, if anything."""
    if not np.isfinite(atoms.cell.array).all():
        return "the cell has NaN or infinite entries: repair or remove the frame"
    if not atoms.pbc.any():
        return _too_large(atoms)
    missing = [axis for axis in range(3) if atoms.pbc[axis] and not atoms.cell.array[axis].any()]
    if missing:
        return f"periodic along {'abc'[missing[0]]}, but that cell vector is zero: set it or pbc"
    cell = atoms.cell.complete()
    if (volume := cell.volume) < FLAT:
        return f"the cell has a volume of {volume:.3g} Å^3: set a cell or pbc=False"
    apart = _heights(np.linalg.inv(cell.array))[atoms.pbc].min()
    if apart < _SURE * OVERLAP:  # no vector of a lattice is shorter than its faces are apart
        shortest = np.linalg.norm(reduced_cell(atoms)[atoms.pbc], axis=1).min()
        if shortest < OVERLAP:
            return _overlap(atoms, shortest, 0, 0)
    if apart < SKEWED:
        skewed = f"the cell is so skewed that its faces are {apart:.3g} Å apart"
        return f"{skewed}: check it, or take ase.geometry.minkowski_reduce(atoms.cell)[0]"
    return _too_large(atoms)


def _too_large(atoms: Atoms) -> str | None:
    if (volume := in_box(atoms, 0.0).cell.volume) <= HOLLOW:
        return None
    return f"the box around it has {volume:.3g} Å^3: check the length unit (Å), or cut the vacuum"


def _overlap(atoms: Atoms, distance: float, first: int, second: int) -> str:
    """Name the closest pair."""
    if first == second:
        pair = f"atom {first} ({atoms.symbols[first]}) and its own periodic image are"
    else:
        one, other = atoms.symbols[first], atoms.symbols[second]
        pair = f"atoms {first} ({one}) and {second} ({other}) are"
    apart = f"{pair} {distance:.3f} Å apart, closer than {OVERLAP} Å"
    return f"{apart}: remove the duplicate atom or check the cell and the length unit (Å)"
