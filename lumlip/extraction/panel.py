"""Several models side by side on the same atoms."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from ase import Atoms

from lumlip.array_types import FloatArray
from lumlip.choices import ANY_LAYER, STOP, check_choice, check_flags
from lumlip.datasets.sets import read_structures, structures_sha256
from lumlip.datasets.spooled import chosen
from lumlip.datasets.validation import check_structures
from lumlip.errors import (
    ExtractionError,
    FamilyEnvironmentError,
    NothingLeftError,
    UntrustedCheckpointError,
    WeightsError,
)
from lumlip.extraction.files import taken as in_file
from lumlip.extraction.jobs import (
    Job,
    failed_frames,
    free_first,
    made,
    prepared,
    with_elements,
)
from lumlip.extraction.store import select
from lumlip.extraction.workers import WorkerPool
from lumlip.runtime.environments import say as tell
from lumlip.zoo.table import ModelEntry, resolve
from lumlip.zoo.weights import ready

if TYPE_CHECKING:
    import xarray as xr

#: Models that a panel of this process went on without, and why.
SKIPPED: dict[str, str] = {}

#: What a reader should know of the structures of the panels of this process, in order.
REMARKS: dict[str, None] = {}

#: What ``skip_failing`` goes on after: the model cannot be run, the others may.
FAILURES = (ExtractionError, FamilyEnvironmentError, UntrustedCheckpointError, WeightsError)


@dataclass(frozen=True)
class Panel:
    """Features of several models on the structures that all of them can take.

    Attributes
    ----------
    structures : sequence of ase.Atoms
        The common structures.
    datasets : dict of str to xarray.Dataset
        One data set per model, the same atoms in the same order in each.
    dropped : dict of int to str
        Frames that some model cannot take, and why.
    missing : dict of str to str
        Models that could not be run, and why.
    """

    structures: Sequence[Atoms]
    datasets: dict[str, xr.Dataset]
    dropped: dict[int, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def layer(self, name: str) -> dict[str, FloatArray]:
        """Return one feature matrix (n_atoms, n_channels) per model, in float64.

        ``name`` is backbone, last_layer or readout, see :func:`lumlip.features`.
        """
        check_choice("layer", name, ANY_LAYER)
        return {model: ds[name].to_numpy().astype(float) for model, ds in self.datasets.items()}

    def energies(self, model: str) -> FloatArray:
        """Return the energies of the structures (n_structures,) in eV, by one model."""
        if "energy" not in self.datasets[model]:
            raise ValueError(f"{model} has no energies, which are needed here; it has features")
        return self.datasets[model]["energy"].to_numpy()

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

    def remarks(self) -> list[str]:
        """Say how many structures are there twice, which folds of parents cannot know."""
        pairs = {(structures_sha256([a]), a.info.get("parent")) for a in self.structures}
        again = len(pairs) - len({sha256 for sha256, _ in pairs})
        copies = f"{again} structures are copies of others, of other parents: errors are too small"
        return [copies] * (again > 0)

    def told(self) -> Panel:
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
    structures : str, path or sequence of ase.Atoms
    device, dtype, trust_checkpoint
        As for :func:`lumlip.features`.
    skip_failing : bool
        Go on without a model that cannot be run, and say so in ``missing``. A wrong model id is an
        error all the same.
    skip_faulty : bool
        Leave out structures with a fault, and say so in ``dropped``.
    on_error : {"stop", "skip"}
        As for :func:`lumlip.features`; what one model fails on is left out for all.
    layers : bool
        Also the features after every layer, as for :func:`lumlip.features`.
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
    entries = [resolve(model) for model in ([models] if isinstance(models, str) else models)]
    if len({entry.id for entry in entries}) < len(entries):
        raise ValueError(f"got a model twice; expected distinct ids: {', '.join(models)}")
    frames = read_structures(structures)
    faulty = check_structures(frames, stop=not skip_faulty)
    options = {"trust_checkpoint": trust_checkpoint, "skip_failing": skip_failing}
    _, missing = _each(ready, entries, **options)  # before anything takes long
    here = [entry for entry in entries if entry.id not in missing]
    with WorkerPool() as pool:
        usable, unreadable = _each(partial(with_elements, pool=pool), here, **options)
    missing |= unreadable
    own = {e.id: [i for i in taken(e, frames) if i not in faulty] for e in usable}
    common, dropped = _common_frames(frames, own, faulty)
    jobs = [
        prepared(
            entry,
            chosen(frames, own[entry.id]),
            dtype=dtype,
            trust_checkpoint=trust_checkpoint,
            layers=layers,
            frames=own[entry.id],
            checked=True,
        )
        for entry in usable
    ]
    datasets, failed = _all_made(
        jobs, device=device, skip_failing=skip_failing, on_error=on_error, say=say
    )
    missing |= failed
    SKIPPED.update(missing)
    if not datasets:
        raise NothingLeftError(f"no model could be run: {missing}")
    for model, dataset in datasets.items():
        for i, why in failed_frames(dataset).items():
            formula = frames[i].get_chemical_formula()
            dropped[i] = f"frame {i}, {formula}: {model} failed, {why}"
    common = [i for i in common if i not in dropped]
    if not common:
        raise NothingLeftError(f"no structure suits all of the models: {dropped}")
    shown = {m: datasets[m] for m in own if m in datasets}
    shown = {m: select(dataset, np.isin(dataset["frame"], common)) for m, dataset in shown.items()}
    found = Panel(chosen(frames, common), shown, dropped, missing)
    REMARKS.update(dict.fromkeys(found.remarks()))
    return found


def _all_made(
    jobs: Sequence[Job],
    *,
    device: str,
    skip_failing: bool,
    on_error: str,
    say: Callable[[str], None] | None,
) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
    """Make the features of each job; name the models that failed, and why."""
    datasets, failed = {}, {}
    with WorkerPool() as pool:
        for job in free_first(_by_family(jobs)):
            model = job.entry.id
            if say:
                say(model)
            try:
                datasets[model] = made(job, pool, device=device, on_error=on_error)
            except FAILURES as error:
                if not skip_failing or os.environ.get(STOP):
                    raise
                failed[model] = str(error).splitlines()[0]
    return datasets, failed


def _by_family(jobs: Sequence[Job]) -> list[Job]:
    """Put jobs of one family next to each other: one worker then does them all."""
    families = list(dict.fromkeys(job.entry.family for job in jobs))
    return sorted(jobs, key=lambda job: families.index(job.entry.family))


def taken(entry: ModelEntry, frames: Sequence[Atoms]) -> list[int]:
    """Return the numbers of the structures that a model takes.

    Those of elements that it knows (all, if that is not known), or that its features file has.
    """
    if entry.weights == "features":
        return in_file(Path(entry.file), frames)
    known = entry.elements
    return [i for i, a in enumerate(frames) if known is None or known.issuperset(a.numbers)]


def _each(
    act: Callable[..., ModelEntry],
    entries: Sequence[ModelEntry],
    *,
    trust_checkpoint: bool,
    skip_failing: bool,
) -> tuple[list[ModelEntry], dict[str, str]]:
    """Do something with each model; return what came of it, and which of them failed, and why."""
    done, missing = [], {}
    for entry in entries:
        try:
            done.append(act(entry, trust_checkpoint=trust_checkpoint))
        except FAILURES as error:
            if not skip_failing:
                raise
            missing[entry.id] = str(error).splitlines()[0]
    return done, missing


def _common_frames(
    frames: Sequence[Atoms], own: dict[str, list[int]], faulty: dict[int, str]
) -> tuple[list[int], dict[int, str]]:
    common, dropped = [], dict(faulty)
    known = {model: set(numbers) for model, numbers in own.items()}
    for i, atoms in enumerate(frames):
        if i in faulty:
            continue
        refusing = [model for model, numbers in known.items() if i not in numbers]
        if refusing:
            formula = atoms.get_chemical_formula()
            dropped[i] = f"frame {i}, {formula}: not for {', '.join(refusing)}"
        else:
            common.append(i)
    if not common:
        some = next(iter(dropped.values()), "no structures")
        raise NothingLeftError(f"no structure suits all of the models: {some}")
    return common, dropped
