"""What every family file provides: a loaded model that turns structures into features.

One rule for everything that is not a bulk crystal, the same in every family: see :func:`in_box`.
"""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
#: What some models read from ``Atoms.info``: the total charge in elementary charges; the spin
#: multiplicity, which most call ``spin``. Whole numbers, see :func:`whole_number`.
STATE = ("charge", "spin", "spin_multiplicity")


@dataclass(frozen=True)
class Features:
    """Features of a batch of structures, atoms in the order of the structures.

    Attributes
    ----------
    backbone : array of shape (n_atoms, n_backbone_channels)
        The invariants that enter the energy head.
    last_layer : array of shape (n_atoms, n_last_layer_channels)
        What the final linear map sees: the energy is a known linear function of it.
    energy : array of shape (n_structures,)
        Total energies predicted in the same pass, in eV, float64.
    extra : dict of str to array of shape (n_structures, n)
        What else a family knows of a structure, such as the weights of UMA's experts.
    layers : dict of str to array of shape (n_atoms, n_channels)
        Invariants after every step of the network, in order of depth, if asked for: first
        ``embedding`` (of the element alone), last the final ``interaction_N``.
    """

    backbone: FloatArray
    last_layer: FloatArray
    energy: FloatArray
    extra: Mapping[str, FloatArray] = field(default_factory=dict)
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

    Attributes
    ----------
    checkpoint_file : pathlib.Path
        The file that the weights were read from.
    elements : frozenset of int
        Atomic numbers that the model accepts.
    cutoff : float
        Largest distance of a pair of atoms that exchange a message, in Å.
    linear_head : bool
        True if the last layer is a linear map of the backbone, so that backbone -> last layer
        can be rebuilt exactly by construction. The energy is then linear in the backbone, and
        the backbone is the *readout*: the widest features that the energy is linear in. Else the
        last layer is. Written into the class of the family's own file, where it is read without
        running it, see :func:`lumlip.runtime.environments.pins`.
    invariant : bool
        False for a family whose features change slightly when a structure is rotated.

    Raises
    ------
    ValueError
        Unknown or missing task; a file that is not a checkpoint of this family, or of no kind that
        it takes.
    """

    tasks: tuple[str, ...] = ()
    linear_head: ClassVar[bool] = False
    invariant: ClassVar[bool] = True
    checkpoint_file: Path
    elements: frozenset[int]
    cutoff: float

    @abstractmethod
    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None: ...

    @abstractmethod
    def extract(self, structures: Sequence[Atoms], *, layers: bool = False) -> Features:
        """One forward pass over a batch: no forces, no gradients.

        With ``layers`` also the features after every layer, see :class:`Features`. The backbone,
        the last layer and the energies stay the same to the last bit.

        Parameters
        ----------
        structures : sequence of ase.Atoms, length n_structures
            Any periodicity, n_atoms atoms together.
        layers : bool
            Always passed by name.
        """

    @abstractmethod
    def energy_from_last_layer(
        self, last_layer: FloatArray, structures: Sequence[Atoms]
    ) -> FloatArray:
        """Total energies (n_structures,) in eV, recomputed from the last-layer features alone.

        Parameters
        ----------
        last_layer : array of shape (n_atoms, n_last_layer_channels)
            As `extract` returned it for these structures.
        structures : sequence of ase.Atoms, length n_structures
            For what is no feature: energies of the elements, say.
        """

    def energy_from_readout(self, readout: FloatArray, structures: Sequence[Atoms]) -> FloatArray:
        """Do the same from the readout (n_atoms, n_readout_channels), as far as that is another.

        To be written where ``linear_head`` is true and the last layer is not the backbone itself.
        """
        return self.energy_from_last_layer(readout, structures)

    @abstractmethod
    def package_calculator(self) -> Any:
        """Make the package's own ASE calculator for this checkpoint, for checks."""

    @cached_property
    def _calculator(self) -> Any:
        return self.package_calculator()

    def package_energy(self, atoms: Atoms) -> float:
        """Total energy in eV by the package's own calculator, of the structure in its box."""
        self._calculator.reset()  # ase takes atoms that differ in ``info`` alone for the same
        return float(self._calculator.get_potential_energy(bare(in_box(atoms, self.cutoff))))

    def package_features(self, atoms: Atoms) -> dict[str, tuple[FloatArray, FloatArray]]:
        """Descriptors that the package itself offers: name -> (ours, the package's), for checks.

        Both of shape (n_atoms, n_channels).
        """
        return {}


def whole_number(value: Any, name: str) -> int:
    """Return a charge, or another label of `STATE`, as an int; refuse what would lose by that.

    Parameters
    ----------
    value : object
        What stands in ``Atoms.info``: a Python or numpy number, or an array of shape ().
    name : str
        Its name there, for the message.

    Raises
    ------
    ValueError
        A fraction, NaN, infinity, a boolean, or no single number at all.

    Examples
    --------
    >>> whole_number(np.float64(-1.0), "charge")
    -1
    """
    number = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    if is_number and float(number).is_integer():
        return int(number)
    shown = number.item() if isinstance(number, np.generic) else number
    raise ValueError(f"{name} is {shown!r:.60}, expected one whole number")


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
    Positions, periodic cell vectors and ``info`` (charge, spin) stay as they are.

    Parameters
    ----------
    atoms : ase.Atoms
    cutoff : float
        Largest distance of two atoms that interact, in Å.

    Returns
    -------
    ase.Atoms
        Periodic in all directions; the structure itself if it was so before.

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
    """A batch of structures as one graph: atoms in order, every directed pair within a cutoff.

    Attributes
    ----------
    numbers : int array of shape (n_atoms,)
        Atomic numbers.
    structure : int array of shape (n_atoms,)
        Index of the structure that an atom belongs to.
    first, second : int arrays of shape (n_pairs,)
        Atom indices in the batch; sorted by ``first``. Both directions of a pair are listed.
    vector : float64 array of shape (n_pairs, 3)
        From ``first`` to (the image of) ``second``, in Å.
    image : int array of shape (n_pairs, 3)
        Which periodic image of ``second``.
    """

    numbers: IntArray
    structure: IntArray
    first: IntArray
    second: IntArray
    vector: FloatArray
    image: IntArray

    @property
    def n_structures(self) -> int:
        """Number of structures in the batch."""
        return int(self.structure[-1]) + 1


def neighbors(structures: Sequence[Atoms], cutoff: float) -> Neighbors:
    """List all pairs of atoms closer than a cutoff (Å), for a whole batch, after `in_box`.

    Parameters
    ----------
    structures : sequence of ase.Atoms, length n_structures
    cutoff : float
        In Å.
    """
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


@contextmanager
def outputs(
    modules: Mapping[str, Any], part: Callable[[Any], Any] = lambda output: output
) -> Iterator[dict[str, Any]]:
    """Keep what torch modules return during a forward pass, by name.

    Parameters
    ----------
    modules : mapping of str to torch.nn.Module
    part : callable
        Which tensor of an output to keep; by default the output is one.
    """

    def take(_module: Any, _inputs: Any, output: Any) -> Any:
        return part(output)

    with _kept(modules, take, "register_forward_hook") as kept:
        yield kept


@contextmanager
def inputs(modules: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Keep the first argument of torch modules during a forward pass, by name."""

    def take(_module: Any, arguments: tuple[Any, ...]) -> Any:
        return arguments[0]

    with _kept(modules, take, "register_forward_pre_hook") as kept:
        yield kept


@contextmanager
def _kept(
    modules: Mapping[str, Any], take: Callable[..., Any], register: str
) -> Iterator[dict[str, Any]]:
    kept: dict[str, Any] = {}

    def keep(name: str) -> Callable[..., None]:
        # a copy: what follows in the network may work in place
        return lambda *seen: kept.__setitem__(name, take(*seen).clone())

    hooks = [getattr(module, register)(keep(name)) for name, module in modules.items()]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()


def invariants(values: FloatArray, irreps: Iterable[Any]) -> FloatArray:
    """Turn equivariant features into invariants: scalars as they are, of all others the norms.

    Norms forget the direction of a vector, and the angle between the vectors of two channels.

    Parameters
    ----------
    values : array of shape (n_atoms, n_values)
        Features in e3nn's layout: of each irrep all channels, the components innermost.
    irreps : iterable of (multiplicity, irrep), as e3nn has them
        An irrep has ``dim`` and ``is_scalar()``; of a pseudoscalar, too, the norm is taken.

    Returns
    -------
    array of shape (n_atoms, n_channels)
        One number per channel, in the order of the channels.
    """
    parts, start = [], 0
    for multiplicity, irrep in irreps:
        end = start + multiplicity * irrep.dim
        block = values[:, start:end].reshape(len(values), multiplicity, irrep.dim)
        parts.append(block[..., 0] if irrep.is_scalar() else np.linalg.norm(block, axis=2))
        start = end
    return np.concatenate(parts, axis=1)


def sum_by_structure(atomic: FloatArray, structures: Sequence[Atoms]) -> FloatArray:
    """Add up atomic values (n_atoms,) to (n_structures,), in float64 and the same unit."""
    owner = np.repeat(np.arange(len(structures)), [len(atoms) for atoms in structures])
    total: NDArray[Any] = np.bincount(
        owner, weights=atomic.astype(np.float64), minlength=len(structures)
    )
    return total


def check_elements(structures: Sequence[Atoms], elements: frozenset[int], model: str) -> None:
    """Raise ValueError naming the elements that a model does not know."""
    unknown = set().union(*(atoms.numbers.tolist() for atoms in structures)) - elements
    if unknown:
        names = ", ".join(chemical_symbols[z] for z in sorted(unknown))
        raise ValueError(f"{model} does not know {names}; it knows {len(elements)} elements")


def choose_task(task: str | None, known: Sequence[str], model: str) -> str | None:
    """Return the task if the model has it; ValueError naming the known ones if not."""
    if task is None and not known:
        return None
    if task in known:
        return task
    if not known:
        raise ValueError(f"{model} has no tasks, got task {task!r}")
    problem = "needs a task" if task is None else f"has no task {task!r}"
    raise ValueError(f"{model} {problem}; known: {', '.join(known)}")


def reuse_memory() -> None:
    """Let glibc keep freed memory instead of handing every large tensor back to the kernel.

    A forward pass on the CPU makes and drops hundreds of tensors of some MB; getting their pages
    afresh each time takes as long as the arithmetic. Does nothing where there is no glibc.
    """
    trim_threshold, mmap_max = -1, -4  # from malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)


class UnsupportedError(ValueError):
    """A checkpoint of the family, of a kind that features cannot be taken from."""

    def __init__(self, kind: str, advice: str = "") -> None:
        super().__init__(f"of kind {kind}, not supported" + (f": {advice}" if advice else ""))


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
    if _is_compiled(path):
        origin = compiled_from or "the checkpoint that it was made from"
        return f"a compiled model (TorchScript), whose layers cannot be read: give {origin}"
    return "" if head else "an empty file"


def _is_compiled(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except BadZipFile:
        return False
