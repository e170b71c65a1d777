"""What every family file provides: a loaded model that turns structures into features.

One rule for everything that is not a bulk crystal, the same in every family: see :func:`in_box`.
"""

import logging
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar
from zipfile import BadZipFile, ZipFile

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.geometry import complete_cell
from numpy.typing import NDArray

from lumlip.errors import reason

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.int64]
Structures = Sequence[Atoms]
Pairs = dict[str, tuple[FloatArray, FloatArray]]  # by name: ours, the package's
#: What some models read from ``Atoms.info``: the total charge in elementary charges; the spin
#: multiplicity, which most call ``spin``. Whole numbers, see :func:`whole_number`.
STATE = ("charge", "spin", "spin_multiplicity")


@dataclass(frozen=True)
class Features:
    """Features of a batch of structures, atoms in the order of the structures.

    The backbone (n_atoms, n_backbone_channels) are the invariants that enter the energy head; the
    last layer (n_atoms, n_last_layer_channels) is what the final linear map sees: the energy is a
    known linear function of it.
    """

    backbone: FloatArray
    last_layer: FloatArray
    energy: FloatArray  # (n_structures,), predicted in the same pass, in eV, float64
    #: What else a family knows of a structure, (n_structures, n): the weights of UMA's experts.
    extra: Mapping[str, FloatArray] = field(default_factory=dict)
    #: Invariants (n_atoms, n_channels) after every step of the network, in order of depth: first
    #: ``embedding`` (of the element alone), last the final ``interaction_N``.
    layers: Mapping[str, FloatArray] = field(default_factory=dict)


class Extractor(ABC):
    """One checkpoint, loaded on one device, ready to extract.

    Parameters
    ----------
    checkpoint : str
        A name that the family knows (``"0.3.0"``) or the path of a checkpoint file.
    task : str or None
        Task, head, branch or modality (what follows ``@`` in a model id).
    device : {"cpu", "cuda", "mps"}
    dtype : {"float32", "float64"}

    Raises
    ------
    ValueError
        Unknown or missing task; a file that is not a checkpoint of this family, or of no kind that
        it takes.
    """

    tasks: tuple[str, ...] = ()
    #: The last layer is a linear map of the backbone. The energy is then linear in the backbone,
    #: too, and that is the *readout*: the widest features that the energy is linear in. Else the
    #: last layer is. Written into the class of the family's own file, where it is read without
    #: running it, see :func:`lumlip.runtime.environments.pins`.
    linear_head: ClassVar[bool] = False
    invariant: ClassVar[bool] = True  # False: features change slightly with rotations
    #: What the model predicts instead, if it has no energy. All its energies are then NaN, and
    #: nothing but the package's own features can prove which features ours are.
    no_energy: str = ""
    checkpoint_file: Path  # that the weights were read from
    elements: frozenset[int]  # atomic numbers that the model accepts
    cutoff: float  # largest distance of a pair of atoms that exchange a message, in Å

    @abstractmethod
    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None: ...

    @abstractmethod
    def extract(self, structures: Structures, *, layers: bool = False) -> Features:
        """One forward pass over a batch of any periodicity: no forces, no gradients.

        With ``layers`` also the features after every layer. The backbone, the last layer and the
        energies stay the same to the last bit.
        """

    @abstractmethod
    def energy_from_last_layer(self, last_layer: FloatArray, structures: Structures) -> FloatArray:
        """Total energies (n_structures,) in eV from the last layer (n_atoms, n_channels) alone.

        The structures are there for what is no feature: energies of the elements, say.
        """

    def energy_from_readout(self, readout: FloatArray, structures: Structures) -> FloatArray:
        """Do the same from the readout, where ``linear_head`` makes that another layer."""
        return self.energy_from_last_layer(readout, structures)

    @abstractmethod
    def package_calculator(self) -> Any:
        """Make the package's own ASE calculator for this checkpoint, for checks."""

    @cached_property
    def _calculator(self) -> Any:
        with quiet():
            return self.package_calculator()

    def package_energy(self, atoms: Atoms) -> float:
        """Total energy in eV by the package's own calculator, of the structure in its box."""
        self._calculator.reset()  # ase takes atoms that differ in ``info`` alone for the same
        with quiet():
            return float(self._calculator.get_potential_energy(bare(in_box(atoms, self.cutoff))))

    def package_features(self, atoms: Atoms) -> Pairs:
        """Descriptors (n_atoms, n_channels) that the package itself offers, for checks."""
        return {}


def whole_number(value: Any, name: str) -> int:
    """Return a charge, or another label of `STATE`, as an int; refuse what would lose by that.

    Raises
    ------
    ValueError
        A fraction, NaN, infinity, a boolean, or no single number at all.

    Examples
    --------
    >>> whole_number(np.float64(-1.0), "charge")
    -1
    """
    scalar = isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0)
    number = value.item() if scalar else value
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    if is_number and float(number).is_integer():
        return int(number)
    raise ValueError(f"{name} is {number!r:.60}, expected one whole number")


def charge_and_spin(atoms: Atoms, *, default: tuple[int, int] = (0, 1)) -> tuple[int, int]:
    """Read charge and spin multiplicity: ``spin_multiplicity`` of ``info``, else ``spin``."""
    spin = "spin_multiplicity" if "spin_multiplicity" in atoms.info else "spin"
    state = zip(("charge", spin), default, strict=True)
    charge, multiplicity = (whole_number(atoms.info.get(name, x), name) for name, x in state)
    return charge, multiplicity


def bare(atoms: Atoms) -> Atoms:
    """Copy what a model may see: elements, positions, cell and ``info``, but no constraints."""
    return Atoms(
        atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info=dict(atoms.info)
    )


def in_box(atoms: Atoms, cutoff: float) -> Atoms:
    """Make a structure periodic in all directions without letting new images interact.

    Every family sees the same box: each direction without periodicity gets a cell vector
    perpendicular to the others, as long as the atoms' extent plus twice the cutoff plus 1 Å.
    So an isolated atom is an atom without neighbors, and a molecule sees only itself.
    Positions, periodic cell vectors and ``info`` (charge, spin) stay as they are; a structure that
    is periodic in all directions is returned itself. The cutoff, the largest distance of two atoms
    that interact, is in Å.

    Raises
    ------
    ValueError
        The cell vectors of the periodic directions are zero or linearly dependent.
    """
    periodic = atoms.pbc
    if periodic.all() and atoms.cell.rank == 3:
        return atoms
    given = np.where(periodic[:, None], atoms.cell.array, 0.0)
    if np.linalg.matrix_rank(given) < periodic.sum():
        raise ValueError(
            f"periodic directions {periodic.tolist()} need linearly independent cell vectors, "
            f"got {given.tolist()}"
        )
    cell = complete_cell(given)
    for axis in np.flatnonzero(~periodic):
        direction = cell[axis] / np.linalg.norm(cell[axis])
        cell[axis] = direction * (np.ptp(atoms.positions @ direction) + 2 * cutoff + 1.0)
    return Atoms(atoms.numbers, atoms.positions, cell=cell, pbc=True, info=dict(atoms.info))


@dataclass(frozen=True)
class Neighbors:
    """A batch of structures as one graph: atoms in order, every directed pair within a cutoff."""

    numbers: IntArray  # (n_atoms,), atomic
    structure: IntArray  # (n_atoms,), index of the structure that an atom belongs to
    first: IntArray  # (n_pairs,), atom in the batch; sorted by it, both directions of a pair listed
    second: IntArray  # (n_pairs,)
    vector: FloatArray  # (n_pairs, 3), from ``first`` to (the image of) ``second`` in Å, float64
    image: IntArray  # (n_pairs, 3), which periodic image of ``second``

    @property
    def pairs(self) -> IntArray:
        """Both atoms of every pair: (2, n_pairs)."""
        return np.stack([self.first, self.second])


def neighbors(structures: Structures, cutoff: float) -> Neighbors:
    """List all pairs of atoms closer than a cutoff (Å), for a whole batch, after `in_box`."""
    from matscipy.neighbours import neighbour_list  # type: ignore[import-not-found]

    sizes = np.array([len(atoms) for atoms in structures])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    parts = []
    for start, atoms in zip(starts, structures, strict=True):
        box = in_box(atoms, cutoff)
        i, j, vector, image = neighbour_list(
            "ijDS", pbc=box.pbc, cell=box.cell.array, positions=box.positions, cutoff=cutoff
        )
        parts.append((i + start, j + start, vector, image))
    first, second, vector, image = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Neighbors(
        numbers=np.concatenate([atoms.numbers for atoms in structures]).astype(np.int64),
        structure=np.repeat(np.arange(len(structures)), sizes),
        first=first.astype(np.int64),
        second=second.astype(np.int64),
        vector=vector,
        image=image.astype(np.int64),
    )


def centered(structures: Structures) -> FloatArray:
    """Positions (n_atoms, 3) in Å about each structure's center, where float32 resolves best."""
    return np.concatenate([atoms.positions - atoms.positions.mean(0) for atoms in structures])


def sum_by_structure(atomic: FloatArray, structures: Structures) -> FloatArray:
    """Add up atomic values (n_atoms,) to (n_structures,), in float64 and the same unit."""
    owner = np.repeat(np.arange(len(structures)), [len(atoms) for atoms in structures])
    total: NDArray[Any] = np.bincount(
        owner, weights=atomic.astype(np.float64), minlength=len(structures)
    )
    return total


def check_elements(structures: Structures, elements: frozenset[int], model: str) -> None:
    """Raise ValueError naming the elements that a model does not know."""
    unknown = set().union(*(atoms.numbers.tolist() for atoms in structures)) - elements
    if unknown:
        names = ", ".join(chemical_symbols[z] for z in sorted(unknown))
        raise ValueError(f"{model} does not know {names}; it knows {len(elements)} elements")


def choose_task(task: str | None, known: Sequence[str], model: str) -> str | None:
    """Return the task if the model has it; ValueError naming the known ones if not."""
    if task in known or (task is None and not known):
        return task
    if not known:
        raise ValueError(f"{model} has no tasks, got task {task!r}")
    problem = "needs a task" if task is None else f"has no task {task!r}"
    raise ValueError(f"{model} {problem}; known: {', '.join(known)}")


class UnsupportedError(ValueError):
    """A checkpoint of the family, of a kind that features cannot be taken from."""

    def __init__(self, kind: str, advice: str = "") -> None:
        super().__init__(f"of kind {kind}, not supported" + (f": {advice}" if advice else ""))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the warnings and the log of packages out of the way."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)


@contextmanager
def reading(path: Path, family: str, *, compiled_from: str = "") -> Iterator[None]:
    """Turn whatever a loader raises into one ValueError that names the file and what it is.

    ``compiled_from`` says which file of the family's a compiled model has been made from.
    """
    if not path.exists():
        raise ValueError(f"no checkpoint file {path} (family {family})")
    if disguise := _disguise(path, compiled_from):
        raise ValueError(f"{path} is not a {family} checkpoint, but {disguise}")
    try:
        with quiet():
            yield
    except UnsupportedError as error:
        raise ValueError(f"{path} is a {family} checkpoint {error}") from error
    except Exception as error:  # loaders of foreign files raise nearly anything
        raise ValueError(f"{path} is not a {family} checkpoint ({reason(error)})") from error


def _disguise(path: Path, compiled_from: str) -> str:
    """Say what lies in a checkpoint's place, and how to get that; empty if nothing is seen."""
    if path.is_dir():
        return "a folder"
    with path.open("rb") as file:
        head = file.read(200).lstrip().lower()
    if head.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS to it: git lfs pull fetches the file itself"
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page: download the file itself, logged in where its site asks for that"
    with suppress(BadZipFile), ZipFile(path) as archive:
        if any(name.endswith("/constants.pkl") for name in archive.namelist()):
            origin = compiled_from or "the checkpoint that it was made from"
            return f"a compiled model (TorchScript), whose layers cannot be read: give {origin}"
    return "" if head else "an empty file"
