"""Several models side by side on the same atoms."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import xarray as xr
from ase import Atoms

from lumlip.array_types import FloatArray
from lumlip.choices import ANY_LAYER, STOP, check_choice, check_flags
from lumlip.datasets.validation import doubts
from lumlip.errors import (
    ExtractionError,
    FamilyEnvironmentError,
    NothingLeftError,
    UntrustedCheckpointError,
    WeightsError,
)
from lumlip.extraction import files
from lumlip.extraction.arrays import LAYER
from lumlip.extraction.energies import strange_energies
from lumlip.extraction.given import Given
from lumlip.extraction.jobs import Job, failed_frames, free_first, made, with_elements
from lumlip.extraction.store import select
from lumlip.extraction.workers import WorkerPool
from lumlip.runtime.environments import say as tell
from lumlip.zoo.features_file import arrays
from lumlip.zoo.table import ModelEntry, resolve
from lumlip.zoo.weights import ready

#: Models that a panel of this process went on without, and why.
SKIPPED: dict[str, str] = {}

#: What a reader should know of the structures of the panels of this process, in order.
REMARKS: dict[str, None] = {}

#: What ``skip_failing`` goes on after: the model cannot be run, the others may.
FAILURES = (ExtractionError, FamilyEnvironmentError, UntrustedCheckpointError, WeightsError)

Model = TypeVar("Model")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Panel:
    """Features of several models on the structures that all of them can take.

    A data set per model, with the same atoms in the same order; ``dropped``: frames that some model
    cannot take, and why; ``missing``: models that could not be run, and why.
    """

    structures: Sequence[Atoms]
    datasets: dict[str, xr.Dataset]
    dropped: dict[int, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def layer(self, name: str) -> dict[str, FloatArray]:
        """Return backbone, last_layer or readout (n_atoms, n_channels) by model, in float64."""
        check_choice("layer", name, ANY_LAYER)
        return {model: ds[name].to_numpy().astype(float) for model, ds in self.datasets.items()}

    def energies(self, model: str) -> FloatArray:
        """Return the energies of the structures (n_structures,) in eV, by one model."""
        if "energy" not in self.datasets[model]:
            raise ValueError(f"{model} has no energies, which are needed here; it has features")
        return self.datasets[model]["energy"].to_numpy()

    @cached_property
    def sums(self) -> list[str]:
        """What identifies each structure: copies have the same."""
        return Given(self.structures, range(len(self.structures))).sums

    @property
    def frames(self) -> list[int]:
        """Numbers of the common structures among all that were given."""
        numbers: list[int] = self.atoms["frame"].to_numpy().tolist()
        return numbers

    @property
    def atoms(self) -> xr.Dataset:
        """What is the same for all models: which atom sits where."""
        first = next(iter(self.datasets.values()))
        return first.drop_vars(list(first.data_vars))

    def report(self) -> str:
        """Say in a few lines what was compared, and what could not be."""
        n_atoms = sum(len(atoms) for atoms in self.structures)
        lines = [f"{len(self.datasets)} models, {len(self.structures)} structures, {n_atoms} atoms"]
        lines += self._left_out()
        lines += [f"missing: {model} ({reason})" for model, reason in self.missing.items()]
        return "\n".join(lines)

    @cached_property
    def strange(self) -> list[str]:
        """What is odd about the energies of features files."""
        energies = {m: self.energies(m) for m, ds in self.datasets.items() if "energy" in ds}
        return strange_energies(energies, self.structures)

    def remarks(self) -> list[str]:
        """Say how many structures are there twice, which folds cannot know, and what is odd."""
        parents = (atoms.info.get("parent") for atoms in self.structures)
        pairs = {*zip(self.sums, parents, strict=True)}
        again = len(pairs) - len({sha256 for sha256, _ in pairs})
        copies = f"{again} structures are copies of others, of other parents: errors are too small"
        return [copies] * (again > 0) + doubts(self.structures, self.frames) + self.strange

    def told(self) -> Self:
        """Say on standard error what was left out, where no report is shown."""
        for line in self._left_out():
            tell(f"lumlip: {line}")
        return self

    def _left_out(self) -> list[str]:
        some = list(self.dropped.values())[:1]
        return [f"left out: {len(self.dropped)} structures, such as {reason}" for reason in some]


def panel(
    models: Sequence[str],
    structures: str | os.PathLike[str] | Sequence[Atoms],
    *,
    device: str = "auto",
    dtype: str = "float32",
    trust_checkpoint: bool = False,
    skip_failing: bool = False,
    skip_faulty: bool = False,
    on_error: str = "stop",
    layers: bool = False,
    say: Callable[[str], None] | None = None,
) -> Panel:
    """Extract the features of several models and keep the structures that all of them take.

    The weights of all models are looked for before the first one is run.

    Parameters
    ----------
    models : sequence of str
        Model ids, see :func:`lumlip.features`.
    skip_failing : bool
        Go on without a model that cannot be run, and say so in ``missing``. A wrong model id is an
        error all the same.
    structures, device, dtype, trust_checkpoint, layers, skip_faulty, on_error
        As for :func:`lumlip.features`; what is left out for one model is left out for all.
    say : callable, optional
        Told the name of each model before it is run.

    Raises
    ------
    ValueError
        An unknown or repeated model id, or faulty structures.
    NothingLeftError
        No model can be run, or no structure suits all of them.
    WeightsError, UntrustedCheckpointError
        As for :func:`lumlip.features`, unless ``skip_failing``.
    """
    check_flags(layers=layers, skip_failing=skip_failing, skip_faulty=skip_faulty)
    models = [models] if isinstance(models, str) else models
    entries = {entry.id: entry for entry in map(resolve, models)}
    if len(entries) < len(models):
        raise ValueError(f"got a model twice; expected distinct ids: {', '.join(models)}")
    given = Given.of(structures)
    n = len(given.structures)
    dropped = given.faults(stop=not skip_faulty)
    missing: dict[str, str] = {}
    trusted = partial(ready, trust_checkpoint=trust_checkpoint)
    here = _each(trusted, entries.items(), missing, skip_failing)
    with WorkerPool() as pool:
        usable = _each(partial(with_elements, pool=pool), here.items(), missing, skip_failing)
        places = {name: taken(entry, given) for name, entry in usable.items()}
        own = {m: [i for i in some if i not in dropped] for m, some in places.items()}
        dropped |= _refused(given, own, dropped)
        if own:
            _common(n, dropped)
        parts: dict[tuple[int, ...], Given] = {}  # the same one for all models that take the same
        jobs = [
            Job(entry, parts.setdefault(tuple(own[name]), given.part(own[name])), dtype, layers)
            for name, entry in usable.items()
        ]

        def make(job: Job) -> xr.Dataset:
            if say:
                say(job.entry.id)
            return made(job, pool, device=device, on_error=on_error)

        families = [job.entry.family for job in jobs]  # one worker does all jobs of one
        ordered = free_first(sorted(jobs, key=lambda job: families.index(job.entry.family)))
        skip = skip_failing and not os.environ.get(STOP)
        datasets = _each(make, ((job.entry.id, job) for job in ordered), missing, skip)
    SKIPPED.update(missing)
    if not datasets:
        raise NothingLeftError(f"no model could be run: {missing}")
    for model, dataset in datasets.items():
        for i, why in failed_frames(dataset).items():
            formula = given.structures[i].get_chemical_formula()
            dropped[i] = f"frame {i}, {formula}: {model} failed, {why}"
    common = _common(n, dropped)
    made_ones = {name: datasets[name] for name in own if name in datasets}
    shown = {m: select(ds, np.isin(ds["frame"], common)) for m, ds in made_ones.items()}
    found = Panel(given.part(common).structures, shown, dropped, missing)
    REMARKS.update(dict.fromkeys(found.remarks()))
    for line in found.strange:  # other remarks are told before
        tell(f"lumlip: warning: {line}")
    return found


def taken(entry: ModelEntry, given: Given) -> list[int]:
    """Places of the structures that a model takes, or that its features file has."""
    if entry.weights == "features":
        return files.taken(Path(entry.file), given)
    known, structures = entry.elements, given.structures
    if known is None or known >= given.elements:
        return list(range(len(structures)))
    return [i for i, atoms in enumerate(structures) if known.issuperset(atoms.numbers.tolist())]


def lacking(entry: ModelEntry) -> list[str]:
    """Name what a model does not have, as its entry or its features file tells."""
    if entry.weights != "features":
        return ["energies"] if entry.target else []
    names = arrays(Path(entry.file))
    has = {"energies": "energy" in names, "backbone": "backbone" in names}
    has["layers"] = any(name.startswith(LAYER) for name in names)
    return [name for name, there in has.items() if not there]


def _each(
    act: Callable[[Model], Result],
    models: Iterable[tuple[str, Model]],
    missing: dict[str, str],
    skip: bool,
) -> dict[str, Result]:
    """Do something with each model, by name; note which fail, and why, if that is to be skipped."""
    done = {}
    for name, model in models:
        try:
            done[name] = act(model)
        except FAILURES as error:
            if not skip:
                raise
            missing[name] = str(error).splitlines()[0]
    return done


def _refused(given: Given, own: dict[str, list[int]], dropped: dict[int, str]) -> dict[int, str]:
    """Tell which models do not take structures that were not dropped before."""
    found, known = {}, {model: set(numbers) for model, numbers in own.items()}
    for i in range(len(given.structures)):
        refusing = [model for model, numbers in known.items() if i not in numbers]
        if refusing and i not in dropped:
            formula = given.structures[i].get_chemical_formula()
            found[i] = f"frame {i}, {formula}: not for {', '.join(refusing)}"
    return found


def _common(n: int, dropped: dict[int, str]) -> list[int]:
    """Return the numbers of those of n structures that were not dropped; an error if of none."""
    if len(dropped) == n:
        some = next(iter(dropped.values()))
        raise NothingLeftError(f"no structure suits all of the models: {some}")
    return [i for i in range(n) if i not in dropped]
