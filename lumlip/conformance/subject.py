"""A loaded model, the structures that it is checked on, and how errors are measured."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from lumlip.choices import LAYERS
from lumlip.families.base import Extractor, Features, FloatArray

Change = Callable[[Atoms, np.random.Generator], Atoms]
Arrays = Mapping[str, FloatArray]
#: So many structures show a fault, and the checks of a model take half a minute.
SAMPLE = 16
SMALL = 40  # atoms
_OFF_SITE = 0.02  # Å


@dataclass(frozen=True)
class Subject:
    """A model and structures; those with elements that the model does not know are left out."""

    family: str
    checkpoint: str
    task: str | None  # what follows ``@`` in a model id
    device: str
    dtype: str
    given: tuple[Atoms, ...]  # their ``info`` counts: charge and spin reach the model
    sampled: bool = False  # check on some of them, see `sample`
    notes: list[str] = field(default_factory=list)  # what checks have to say beside their errors
    _changed: dict[Change, Features] = field(default_factory=dict)

    def load(self, dtype: str, checkpoint: str | None = None) -> Extractor:
        """Load the model anew, in single or double precision; or another file in its place."""
        module = import_module(f"lumlip.families.{self.family}")
        made: Extractor = module.Extractor(
            checkpoint or self.checkpoint, task=self.task, device=self.device, dtype=dtype
        )
        return made

    @cached_property
    def extractor(self) -> Extractor:
        """The model in the precision asked for."""
        return self.load(self.dtype)

    @cached_property
    def taken(self) -> tuple[Atoms, ...]:
        """The given structures that the model takes."""
        known = self.extractor.elements
        fitting = tuple(atoms for atoms in self.given if known >= set(atoms.numbers.tolist()))
        if not fitting:
            names = ", ".join(chemical_symbols[z] for z in sorted(known))
            none = f"none of the {len(self.given)} structures"
            raise ValueError(f"{self.checkpoint} takes {none}; it knows {names}")
        return fitting

    @cached_property
    def structures(self) -> tuple[Atoms, ...]:
        """Those that it is checked on."""
        return sample(self.taken) if self.sampled else self.taken

    @cached_property
    def features(self) -> Features:
        """Features of all structures as one batch; an error if they are of another form."""
        found = self.extractor.extract(self.structures)
        n_atoms, n_structures = sum(map(len, self.structures)), len(self.structures)
        for name, n in (*((x, n_atoms) for x in LAYERS), ("energy", n_structures)):
            got, what = getattr(found, name), "energies" if name == "energy" else "atoms"
            if not isinstance(got, np.ndarray) or len(got) != n:
                told = f"{type(got).__name__} of shape {tuple(np.shape(got))}"
                raise ValueError(
                    f"extract: got {name} as {told}, expected an array of numpy for {n} {what}"
                )
        return found

    def extract(self, structures: Sequence[Atoms]) -> Features:
        """Features of a batch, with those after every layer."""
        return self.extractor.extract(structures, layers=True)

    @cached_property
    def layered(self) -> Features:
        """The same with the features after every layer."""
        return self.extract(self.structures)

    @cached_property
    def alone(self) -> tuple[Features, ...]:
        """Features of all structures, one by one."""
        return tuple(self.extract([atoms]) for atoms in self.structures)

    @cached_property
    def common(self) -> int:
        """An element that the model knows: copper if it does."""
        return 29 if 29 in self.extractor.elements else max(self.extractor.elements)

    def rng(self) -> np.random.Generator:
        """Random numbers, the same for every check."""
        return np.random.default_rng(0)

    def expected(self, names: Iterable[str]) -> Arrays:
        """Features of all structures: backbone and last layer, or those after every layer."""
        return arrays(self.features) if "backbone" in names else arrays(self.layered, layers=True)

    def difference(self, got: Arrays, expected: Arrays | None = None) -> float:
        """Largest error of any array, relative to the root mean square of its features.

        To that of the expected ones where it is larger: an atom alone may lie far from all others.
        """
        usual = self.expected(got)
        wanted = expected or usual
        return max(
            relative(largest(got[name], x), max(rms(usual[name]), rms(x)))
            for name, x in wanted.items()
        )

    def amount(self, got: Arrays) -> float:
        """Root mean square of a change of the features, relative to their standard deviation."""
        usual = {k: x for k, x in self.expected(got).items() if k != "embedding"}  # that stays
        changes = {name: rms(got[name].astype(np.float64) - x) for name, x in usual.items()}
        return max(relative(changes[name], spread(x)) for name, x in usual.items())

    def changed(self, change: Change) -> Features:
        """Features of the structures after a change of every one, computed once."""
        if change not in self._changed:
            rng = self.rng()
            self._changed[change] = self.extract([change(a.copy(), rng) for a in self.structures])
        return self._changed[change]

    def same(self, one: Atoms, other: Atoms) -> float:
        """Error between two structures, the atoms of the second being those of the first, tiled."""
        unit, times = arrays(self.extractor.extract([one])), len(other) // len(one)
        tiled = {name: np.tile(x, (times, 1)) for name, x in unit.items()}
        return self.difference(arrays(self.extractor.extract([other])), tiled)


def sample(frames: Sequence[Atoms]) -> tuple[Atoms, ...]:
    """Take up to `SAMPLE` structures, one subset after the other, each moved a little.

    One alone is taken twice: a batch has two or more.
    """
    by_subset: dict[str, list[Atoms]] = {}
    for atoms in frames:
        by_subset.setdefault(str(atoms.info.get("subset", "")), []).append(atoms)
    rounds = max(map(len, by_subset.values()), default=0)
    turns = [group[i] for i in range(rounds) for group in by_subset.values() if i < len(group)]
    turns = turns * 2 if len(turns) == 1 else turns[:SAMPLE]
    return tuple(_displaced(atoms, seed) for seed, atoms in enumerate(turns))


def _displaced(atoms: Atoms, seed: int) -> Atoms:
    """Move atoms a little off their sites.

    Between neighbors at exactly equal distances, rounding decides; a model that puts neighbors in
    an order (DIEP, its triplets) then jumps a little from one rotation to the next.
    """
    copy: Atoms = atoms.copy()
    copy.rattle(_OFF_SITE, seed=seed)
    return copy


def arrays(found: Features, *, layers: bool = False) -> dict[str, FloatArray]:
    """Arrays to compare, by name: the backbone and the last layer, or all layers."""
    both = {"backbone": found.backbone, "last_layer": found.last_layer}
    return dict(found.layers) if layers else both


def relative(change: float, size: float) -> float:
    """Return a change over a size; where the size is 0: 0 for no change at all, else infinity."""
    if size:
        return change / size
    return np.inf if change else 0.0


def largest(one: FloatArray, other: FloatArray) -> float:
    """Return the largest difference of two arrays of the same shape, in their unit."""
    return float(np.abs(one.astype(np.float64) - other).max())


def rms(values: FloatArray) -> float:
    """Return the root mean square of all entries of an array of any shape, in its unit."""
    return float(np.sqrt(np.mean(values.astype(np.float64) ** 2)))


def spread(values: FloatArray) -> float:
    """Return the standard deviation of rows (n, n_channels), all channels together."""
    return rms(values - values.mean(axis=0, dtype=np.float64))


def energy_error(one: FloatArray, other: FloatArray, structures: Sequence[Atoms]) -> float:
    """Return the largest relative error of energies (n_structures,) in eV.

    Relative to the second one, or to 1 eV per atom where that is more.
    """
    at_least = np.array([float(len(atoms)) for atoms in structures])  # 1 eV per atom
    return float((np.abs(one - other) / np.maximum(np.abs(other), at_least)).max())
