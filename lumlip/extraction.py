"""Features of a model on a set of structures: from the cache, or from the model itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase import Atoms

from lumlip.choices import check_choice
from lumlip.environments import FAMILIES_DIR
from lumlip.paths import ensured, home
from lumlip.store import assemble, open_store, remove, write_job
from lumlip.structure_sets import structures as read_structures
from lumlip.structure_sets import structures_sha256
from lumlip.validation import check_structures
from lumlip.weights import UntrustedCheckpointError as UntrustedCheckpointError
from lumlip.weights import ready
from lumlip.worker import finished
from lumlip.zoo import ModelEntry, resolve

if TYPE_CHECKING:
    import os

    import xarray as xr

DTYPES = ("float32", "float64")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Job:
    """One model on one set of structures, and where its features lie in the cache."""

    entry: ModelEntry
    structures: Sequence[Atoms]
    sha256: str | None
    structures_sha256: str
    dtype: str

    @property
    def store(self) -> Path:
        """The Zarr store; its name changes with everything that could change the features."""
        parts = (self.entry.id, self.sha256, self.structures_sha256, self.dtype, self._code())
        key = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
        return home() / "features" / _file_name(self.entry.id) / f"{key}.zarr"

    def _code(self) -> str:
        """Digest of the code that defines the features: the family's file and its base."""
        digest = hashlib.sha256()
        for name in ("base", self.entry.family):
            digest.update((FAMILIES_DIR / f"{name}.py").read_bytes())
        return digest.hexdigest()


def features(
    model: str,
    structures: str | os.PathLike[str] | Sequence[Atoms],
    *,
    device: str = "auto",
    dtype: str = "float32",
    trust_checkpoint: bool = False,
    batch_atoms: int | None = None,
) -> xr.Dataset:
    """Latent features of every atom, and energies, predicted by a model.

    The result comes from the cache if the same checkpoint has seen the same structures before. Else
    the model runs in the environment of its family, which is made at first use; a run that was
    stopped goes on where it was.

    Parameters
    ----------
    model : str
        An id from :func:`lumlip.models` (``"chgnet-0.3.0"``, ``"sevennet-mf-0@PBE"``) or
        ``FAMILY:PATH[@TASK]`` for a checkpoint file of your own.
    structures : str, path or sequence of ase.Atoms
        A named set (``"mini-mad"``), a file that ase reads, or structures.
    device : {"auto", "cpu", "cuda"}
    dtype : {"float32", "float64"}
        Precision of the model's own arithmetic.
    trust_checkpoint : bool
        Load a checkpoint that is not in the table of models, or whose authors publish no sum to
        check it against. Loading one can run any code in it.
    batch_atoms : int, optional
        Bound on the atoms in one forward pass; smaller needs less memory.

    Returns
    -------
    xarray.Dataset
        Lazily opened: ``backbone`` (atom, backbone_channel), ``last_layer`` (atom,
        last_layer_channel), ``energy`` (structure) in eV, and what else a family knows of a
        structure, such as ``routing`` (structure, routing_channel) of UMA; coordinates
        ``structure`` and ``atomic_number`` (atom), ``subset``, ``part`` and ``parent``
        (structure); attributes that say what was run.

    Raises
    ------
    ValueError
        Unknown model, task, device or precision; faulty structures, or elements that the model
        does not know (each with its frame number).
    WeightsError
        The weights are not here and cannot be fetched; the message says where to get them.
    UntrustedCheckpointError
        A checkpoint that nobody vouches for, without ``trust_checkpoint``.
    ExtractionError
        The model itself failed; the message holds the end of its log.
    """
    check_choice("device", device, DEVICES)
    check_choice("dtype", dtype, DTYPES)
    job = _job(resolve(model), read_structures(structures), dtype, trust_checkpoint)
    if not job.store.exists():
        _run(job, device=device, batch_atoms=batch_atoms)
    return open_store(job.store)


def _job(entry: ModelEntry, atoms: Sequence[Atoms], dtype: str, trust_checkpoint: bool) -> Job:
    check_structures(atoms, elements=entry.elements, model=entry.id)
    entry = ready(entry, trust_checkpoint=trust_checkpoint)
    return Job(entry, atoms, entry.sha256, structures_sha256(atoms), dtype)


def _run(job: Job, *, device: str, batch_atoms: int | None) -> None:
    from filelock import FileLock

    from lumlip.process import run_worker

    ensured(job.store.parent)
    with FileLock(f"{job.store}.lock"):
        if job.store.exists():  # another process made it while this one waited
            return
        folder = ensured(job.store.with_suffix(".partial"))
        write_job(folder, job.structures, _order(job, device=device, batch_atoms=batch_atoms))
        n_left = len(job.structures) - len(finished(folder))
        facts = run_worker(job.entry, folder, job.structures, n_left=n_left)
        assemble(folder, job.store, job.structures, _attributes(job, facts))
        remove(folder)


def _order(job: Job, *, device: str, batch_atoms: int | None) -> dict[str, Any]:
    from lumlip.environments import pins

    return {
        "model": job.entry.id,
        "family": job.entry.family,
        "checkpoint": job.entry.checkpoint,
        "task": job.entry.task,
        "sha256": job.sha256,
        "device": device,
        "dtype": job.dtype,
        "batch_atoms": batch_atoms,
        "packages": [d.split("==")[0].strip() for d in pins(job.entry.family).dependencies],
    }


def _attributes(job: Job, facts: dict[str, Any]) -> dict[str, Any]:
    from lumlip import __version__

    return {
        "model": job.entry.id,
        "family": job.entry.family,
        "checkpoint_sha256": job.sha256 or "",
        "structures_sha256": job.structures_sha256,
        "dtype": job.dtype,
        "device": facts["device"],
        "cutoff": facts["cutoff"],
        "package_versions": json.dumps(facts["versions"], sort_keys=True),
        "lumlip_version": __version__,
    }


def _file_name(model: str) -> str:
    """Return a folder name for a model id, which may hold a path."""
    safe = "".join(c if c.isalnum() or c in "-._@" else "_" for c in model)
    return safe[-80:]
