"""One model on one set of structures: what to run, where its features lie, and who makes them."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xarray as xr

import lumlip
from lumlip.choices import DEVICES, DTYPES, ON_ERROR, check_choice, check_count
from lumlip.errors import ExtractionError
from lumlip.extraction import files
from lumlip.extraction import store as stores
from lumlip.extraction.arrays import FEATURES_VERSION
from lumlip.extraction.given import Given
from lumlip.extraction.workers import WorkerPool
from lumlip.runtime import records
from lumlip.runtime.environments import is_locked, locked, pins, say, versions
from lumlip.runtime.paths import ensured, home
from lumlip.zoo.table import ModelEntry

#: Subjects of records: of how large batches may be, and of what elements models know.
BATCHES, ELEMENTS = "batches", "elements"


@dataclass(frozen=True)
class Job:
    """One model, whose weights are here, on some structures; and where its features lie."""

    entry: ModelEntry
    given: Given
    dtype: str
    layers: bool = False

    def __post_init__(self) -> None:
        check_choice("dtype", self.dtype, DTYPES)

    @cached_property
    def store(self) -> Path:
        """The Zarr store; its name changes with everything that could change the features.

        Of features computed elsewhere, it is the user's file.
        """
        entry = self.entry
        if entry.weights == "features":
            return Path(entry.file)
        parts = (entry.id, entry.sha256, self.given.sha256, self.dtype, self.version)
        wanted = (*parts, sorted(versions(entry.family).items()), self.layers)
        key = hashlib.sha256(repr(wanted).encode()).hexdigest()[:16]
        folder = re.sub(r"[^\w.@-]", "_", entry.id)[-80:]  # an id may hold a path
        return home() / "features" / folder / f"{key}.zarr"

    @property
    def version(self) -> str:
        """Version of the code that decides the features: of what all families share, its own."""
        return f"{FEATURES_VERSION}.{pins(self.entry.family).features_version}"

    @property
    def batches(self) -> str:
        """What the sizes of batches that fit are remembered under."""
        layers = " layers" if self.layers else ""
        return f"{self.entry.id} {self.entry.sha256} {self.dtype}{layers}"

    @property
    def found_batch_atoms(self) -> dict[str, int]:
        """How large batches may be, by the name of the device, as found before."""
        found: dict[str, int] = records.read(BATCHES).get(self.batches, {})
        for device, number in found.items():
            check_count(f"{home() / BATCHES}.json (remove it), {device}", number, 1)
        return found

    def run(
        self, pool: WorkerPool, folder: Path, *, device: str, batch_atoms: int | None = None
    ) -> dict[str, Any]:
        """Let a worker leave batches of features in a folder; return what it tells of itself."""
        entry = self.entry
        order = {
            "model": entry.id,
            **{key: getattr(entry, key) for key in ("family", "checkpoint", "task", "sha256")},
            "dtype": self.dtype,
            "layers": self.layers,
            "frames": list(self.given.frames),
            "device": device,
            "batch_atoms": batch_atoms,
            "found_batch_atoms": self.found_batch_atoms,
            "killers": [],  # frames that no worker survives
            "last": [],  # batches to be done after all others
            "packages": list(pins(entry.family).versions),
        }
        stores.write_job(folder, self.given.structures, order)
        return pool.run(entry, folder)


def with_elements(entry: ModelEntry, pool: WorkerPool) -> ModelEntry:
    """Return a model with the elements that it knows; one that lumlip does not bring is asked.

    That it has no energy, its ``target`` tells from then on.

    What the table tells of a published file is what its authors say. The answer is remembered.
    """
    known_to_us = entry.elements is not None and entry.weights != "download"
    if known_to_us or entry.weights == "features":
        return entry
    job = Job(entry, Given([], []), "float32")
    known = records.read(ELEMENTS).get(job.store.name, {})
    if "no_energy" not in known:
        with TemporaryDirectory() as folder:
            told = job.run(pool, Path(folder), device="auto")
        known = {name: told[name] for name in ("elements", "no_energy")}
        records.remember(job.store.name, known, ELEMENTS)
    return replace(
        entry, elements=frozenset(known["elements"]), target=entry.target or known["no_energy"]
    )


def made(
    job: Job,
    pool: WorkerPool,
    *,
    device: str,
    batch_atoms: int | None = None,
    on_error: str = "stop",
) -> xr.Dataset:
    """Open the features of a job, made by a worker of the pool if they are not there whole.

    The labels of the structures are the job's own. With ``on_error="skip"`` structures that the
    model fails on are left out; the attribute ``failed`` says which, as JSON.
    """
    check_choice("device", device, DEVICES)
    if batch_atoms is not None:
        check_count("batch_atoms", batch_atoms, 1)
    check_choice("on_error", on_error, ON_ERROR)
    if job.entry.weights == "features":
        return stores.labelled(files.read(job.store, job.given, layers=job.layers), job.given)
    if not job.store.exists() or stores.damage(job.store):
        _make(job, pool, device=device, batch_atoms=batch_atoms, on_error=on_error)
    layer = "backbone" if pins(job.entry.family).linear_head else "last_layer"
    dataset = stores.labelled(stores.with_readout(stores.open_store(job.store), layer), job.given)
    if failed := failed_frames(dataset):
        complain(job, failed, on_error, f"remembered in {job.store}; remove that to try again")
        named = {job.given.frames[i]: why for i, why in failed.items()}
        dataset = dataset.assign_attrs(failed=json.dumps(named))
    return stores.select(dataset, ~np.isin(np.arange(dataset.sizes["structure"]), [*failed]))


def failed_frames(dataset: xr.Dataset) -> dict[int, str]:
    """Return the numbers of the structures that a model failed on, and why."""
    return {int(i): why for i, why in json.loads(dataset.attrs.get("failed", "{}")).items()}


def complain(job: Job, failed: dict[int, str], on_error: str, where: str) -> None:
    """Name the structures that a model failed on: as an error, or beside the results."""
    structures, frames = job.given.structures, job.given.frames
    named = "".join(
        f"\n  frame {frames[i]} ({structures[i].get_chemical_formula()}): {why}"
        for i, why in sorted(failed.items())
    )
    text = f"{job.entry.id} failed on {len(failed)} of {len(structures)} structures:{named}"
    if failed and on_error == "stop":
        raise ExtractionError(
            f"{text}\nThe others are done, {where}. To leave these out: --on-error skip, or "
            f"on_error='skip'"
        )
    if failed:
        say(f"lumlip: {text}\nleft out")


def free_first(jobs: Iterable[Job]) -> Iterator[Job]:
    """Yield the jobs one by one: first of families that no other process is at, in the order given.

    Two chapters that want the same models then share the work instead of waiting for each other.
    """
    waiting = list(jobs)
    while waiting:
        taken = [job for job in waiting if not job.store.exists() and is_locked(job.store)]
        busy = {job.entry.family for job in taken}
        ranks = [(job in taken, job.entry.family in busy) for job in waiting]
        yield waiting.pop(ranks.index(min(ranks)))


def _make(
    job: Job, pool: WorkerPool, *, device: str, batch_atoms: int | None, on_error: str
) -> None:
    store = job.store
    with locked(store, f"the features of {job.entry.id}"):
        for stopped in store.parent.glob(f"{store.name}.*.part"):
            stores.remove(stopped)
        if store.exists():  # another process may have made it while this one waited
            if not (found := stores.damage(store)):
                return
            aside = store.rename(store.with_name(f"{store.name}.{uuid.uuid4().hex[:8]}.damaged"))
            say(f"lumlip: {job.entry.id}: damaged in the cache ({found}), made again; was {aside}")
        folder = ensured(store.with_suffix(".partial"))
        try:
            facts = job.run(pool, folder, device=device, batch_atoms=batch_atoms)
            failed: dict[int, str] = facts["failed"]
            if fitting := facts["done"]["found_batch_atoms"]:
                known = records.read(BATCHES).get(job.batches, {})
                records.remember(job.batches, known | fitting, BATCHES)
            if on_error == "stop":
                complain(job, failed, on_error, f"kept in {folder}")
            stores.assemble(folder, store, _attributes(job, facts), failed=failed)
        except (FileNotFoundError, ExtractionError) as error:
            if folder.exists():
                raise
            raise ExtractionError(
                f"{job.entry.id}: another process removed {folder} in the meantime, so file locks "
                f"do not hold there (NFS?): set LUMLIP_HOME to a local folder"
            ) from error
        stores.remove(folder)


def _attributes(job: Job, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": job.entry.id,
        "family": job.entry.family,
        "checkpoint_sha256": job.entry.sha256 or "",
        "structures_sha256": job.given.sha256,
        "dtype": job.dtype,
        "features_version": job.version,
        "device": facts["device"],
        "cutoff": facts["cutoff"],
        "package_versions": json.dumps(facts["versions"], sort_keys=True),
        "lumlip_version": lumlip.__version__,
        **({"no_energy": told} if (told := facts["no_energy"]) else {}),
        **({"failed": json.dumps(failed)} if (failed := facts["failed"]) else {}),
    }
