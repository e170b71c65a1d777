"""One model on one set of structures: what to run, where its features lie, and who makes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from filelock import FileLock, Timeout

from lumlip.choices import DEVICES, DTYPES, ON_ERROR, check_choice, check_count
from lumlip.datasets.sets import structures_sha256
from lumlip.datasets.validation import check_structures
from lumlip.errors import ExtractionError
from lumlip.extraction import files
from lumlip.extraction.arrays import FEATURES_VERSION, load_arrays, save_arrays
from lumlip.extraction.store import (
    assemble,
    damage,
    labelled,
    open_store,
    remove,
    select,
    set_aside,
    with_readout,
    write_job,
)
from lumlip.extraction.worker import finished
from lumlip.extraction.workers import WorkerPool
from lumlip.runtime import records
from lumlip.runtime.environments import features_version, locked, readout, say, versions
from lumlip.runtime.paths import ensured, home
from lumlip.zoo.table import ModelEntry
from lumlip.zoo.weights import ready

if TYPE_CHECKING:
    import xarray as xr

#: Subject of the records of batches.
BATCHES = "batches"


@dataclass(frozen=True)
class Job:
    """One model on one set of structures, and where its features lie in the cache.

    ``frames`` are the user's numbers of the structures, if they do not count from 0.
    """

    entry: ModelEntry
    structures: Sequence[Atoms]
    sha256: str | None
    structures_sha256: str
    dtype: str
    layers: bool = False
    frames: Sequence[int] | None = None

    @cached_property
    def store(self) -> Path:
        """The Zarr store; its name changes with everything that could change the features.

        Of features computed elsewhere, it is the user's file.
        """
        if self.entry.weights == "features":
            return Path(self.entry.file)
        parts = (self.entry.id, self.sha256, self.structures_sha256, self.dtype, self.version)
        packages = sorted(versions(self.entry.family).items())
        wanted = (*parts, packages, self.layers)
        key = hashlib.sha256(repr(wanted).encode()).hexdigest()[:16]
        return home() / "features" / _file_name(self.entry.id) / f"{key}.zarr"

    @property
    def version(self) -> str:
        """Version of the code that decides the features: of what all families share, its own."""
        return f"{FEATURES_VERSION}.{features_version(self.entry.family)}"


def prepared(
    entry: ModelEntry,
    atoms: Sequence[Atoms],
    *,
    dtype: str,
    trust_checkpoint: bool,
    layers: bool = False,
    frames: Sequence[int] | None = None,
    checked: bool = False,
) -> Job:
    """Check the structures and find the weights: what can go wrong before the model runs.

    Structures that were ``checked`` are looked at for elements alone.
    """
    check_choice("dtype", dtype, DTYPES)
    named: dict[str, Any] = {"elements": entry.elements, "model": entry.id, "frames": frames}
    check_structures(atoms, elements_only=checked, **named)
    entry = ready(entry, trust_checkpoint=trust_checkpoint)
    return Job(entry, atoms, entry.sha256, structures_sha256(atoms), dtype, layers, frames)


def with_elements(entry: ModelEntry, pool: WorkerPool, *, trust_checkpoint: bool) -> ModelEntry:
    """Return a model with the elements that it knows; one that lumlip does not bring is asked.

    What the table tells of a published file is what its authors say. The answer is kept beside its
    features, by the checksum of the checkpoint.
    """
    known_to_us = entry.elements is not None and entry.weights != "download"
    if known_to_us or entry.weights == "features":
        return entry
    entry = ready(entry, trust_checkpoint=trust_checkpoint)
    job = Job(entry, [], entry.sha256, structures_sha256([]), "float32")
    known = job.store.with_suffix(".elements.npz")
    if not (known.exists() and load_arrays(known)):
        with TemporaryDirectory() as folder:
            write_job(Path(folder), [], order_of(job, device="auto", batch_atoms=None))
            facts = pool.run(entry, Path(folder), [], n_left=0)
        ensured(known.parent)
        save_arrays(known, elements=np.array(facts["elements"]))
    return replace(entry, elements=frozenset(load_arrays(known)["elements"].tolist()))


def made(
    job: Job,
    pool: WorkerPool,
    *,
    device: str,
    batch_atoms: int | None = None,
    on_error: str = "stop",
) -> xr.Dataset:
    """Open the features of a job, made by a worker of the pool if they are not there whole.

    The labels of the structures are the job's own, whatever those had that were seen first. With
    ``on_error="skip"`` structures that the model fails on are left out; the attribute ``failed``
    says which, as JSON.
    """
    check_choice("device", device, DEVICES)
    if batch_atoms is not None:
        check_count("batch_atoms", batch_atoms, 1)
    check_choice("on_error", on_error, ON_ERROR)
    tied = (job.structures, job.structures_sha256, job.frames)
    if job.entry.weights == "features":
        return labelled(files.read(job.store, job.structures, job.frames, layers=job.layers), *tied)
    if not job.store.exists() or damage(job.store):
        _run(job, pool, device=device, batch_atoms=batch_atoms, on_error=on_error)
    dataset = with_readout(open_store(job.store), readout(job.entry.family))
    failed = failed_frames(dataset)
    complain(job, failed, on_error, f"remembered in {job.store}; remove that to try again")
    if failed and job.frames:  # the numbers are the user's
        named = {job.frames[i]: why for i, why in failed.items()}
        dataset = dataset.assign_attrs(failed=json.dumps(named))
    keep = [i not in failed for i in range(len(job.structures))]
    return select(labelled(dataset, *tied), np.array(keep))


def failed_frames(dataset: xr.Dataset) -> dict[int, str]:
    """Return the numbers of the structures that a model failed on, and why."""
    return {int(i): why for i, why in json.loads(dataset.attrs.get("failed", "{}")).items()}


def complain(job: Job, failed: dict[int, str], on_error: str, where: str) -> None:
    """Name the structures that a model failed on: as an error, or beside the results."""
    if not failed:
        return
    frames = job.frames or range(len(job.structures))
    named = [
        f"  frame {frames[i]} ({job.structures[i].get_chemical_formula()}): {why}"
        for i, why in sorted(failed.items())
    ]
    total = len(job.structures)
    text = f"{job.entry.id} failed on {len(failed)} of {total} structures:\n" + "\n".join(named)
    if on_error == "stop":
        raise ExtractionError(
            f"{text}\nThe others are done, {where}. To leave these out: --on-error skip, or "
            f"on_error='skip'"
        )
    say(f"lumlip: {text}\nleft out")


def free_first(jobs: Iterable[Job]) -> Iterator[Job]:
    """Yield the jobs one by one: first those that no other process is at, in the order given.

    Two chapters that want the same models then share the work instead of waiting for each other.
    """
    waiting = list(jobs)
    while waiting:
        job = next((job for job in waiting if not _taken(job)), waiting[0])
        waiting.remove(job)
        yield job


def _taken(job: Job) -> bool:
    """Tell whether another process is making these features now."""
    if job.store.exists():
        return False
    try:
        with FileLock(ensured(job.store.parent) / f"{job.store.name}.lock", timeout=0):
            return False
    except Timeout:
        return True


def _run(
    job: Job, pool: WorkerPool, *, device: str, batch_atoms: int | None, on_error: str
) -> None:
    with locked(job.store, f"the features of {job.entry.id}"):
        for stopped in job.store.parent.glob(f"{job.store.name}.*.part"):
            remove(stopped)
        if job.store.exists():  # another process may have made it while this one waited
            if not (found := damage(job.store)):
                return
            aside = set_aside(job.store)
            say(f"lumlip: {job.entry.id}: damaged in the cache ({found}), made again; was {aside}")
        folder = ensured(job.store.with_suffix(".partial"))
        write_job(folder, job.structures, order_of(job, device=device, batch_atoms=batch_atoms))
        try:
            n_left = len(job.structures) - len(finished(folder))
            facts = pool.run(job.entry, folder, job.structures, n_left=n_left)
            failed: dict[int, str] = facts["failed"]
            if found := facts["done"]["found_batch_atoms"]:
                records.remember(_batches_of(job), _found_batch_atoms(job) | found, BATCHES)
            if on_error == "stop":
                complain(job, failed, on_error, f"kept in {folder}")
            assemble(folder, job.store, job.structures, _attributes(job, facts), failed=failed)
        except (FileNotFoundError, ExtractionError) as error:
            if folder.exists():
                raise
            raise ExtractionError(
                f"{job.entry.id}: another process removed {folder} in the meantime, so file locks "
                f"do not hold there (NFS?): set LUMLIP_HOME to a local folder"
            ) from error
        remove(folder)


def order_of(job: Job, *, device: str, batch_atoms: int | None) -> dict[str, Any]:
    """Return what the worker is told of a job, see :func:`lumlip.extraction.store.write_job`."""
    from lumlip.runtime.environments import pins

    return {
        "model": job.entry.id,
        "family": job.entry.family,
        "checkpoint": job.entry.checkpoint,
        "task": job.entry.task,
        "sha256": job.sha256,
        "device": device,
        "dtype": job.dtype,
        "layers": job.layers,
        "batch_atoms": batch_atoms,
        "found_batch_atoms": _found_batch_atoms(job),
        "frames": job.frames,
        "killers": [],  # frames that no worker survives
        "last": [],  # batches to be done after all others
        "packages": [d.split("==")[0].strip() for d in pins(job.entry.family).dependencies],
    }


def _found_batch_atoms(job: Job) -> dict[str, Any]:
    """Return how large batches of the model may be, by the name of the device, as found before."""
    found = records.read(BATCHES).get(_batches_of(job), {})
    for device, number in found.items():
        check_count(f"{home() / BATCHES}.json (remove it), {device}", number, 1)
    return found


def _batches_of(job: Job) -> str:
    return f"{job.entry.id} {job.sha256} {job.dtype}{' layers' if job.layers else ''}"


def _attributes(job: Job, facts: dict[str, Any]) -> dict[str, Any]:
    from lumlip import __version__

    return {
        "model": job.entry.id,
        "family": job.entry.family,
        "checkpoint_sha256": job.sha256 or "",
        "structures_sha256": job.structures_sha256,
        "dtype": job.dtype,
        "features_version": job.version,
        "device": facts["device"],
        "cutoff": facts["cutoff"],
        "package_versions": json.dumps(facts["versions"], sort_keys=True),
        "lumlip_version": __version__,
        **({"failed": json.dumps(failed)} if (failed := facts["failed"]) else {}),
    }


def _file_name(model: str) -> str:
    """Return a folder name for a model id, which may hold a path."""
    safe = "".join(c if c.isalnum() or c in "-._@" else "_" for c in model)
    return safe[-80:]
