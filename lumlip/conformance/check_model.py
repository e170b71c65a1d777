"""Prove a model's extractor: run the conformance checks in the environment of its family."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from ase import Atoms
from ase.io import write

from lumlip.datasets.sets import structures as read_structures
from lumlip.datasets.validation import check_structures
from lumlip.errors import ExtractionError
from lumlip.runtime.environments import command, variables
from lumlip.zoo.table import ModelEntry, resolve
from lumlip.zoo.weights import ready

#: So many structures show a fault, and the checks of a model take half a minute.
SAMPLE = 24
_SMALL = 40
_OFF_SITE = 0.02  # Å


def check_model(
    model: str,
    structures: str | os.PathLike[str] | Sequence[Atoms],
    *,
    device: str = "auto",
    dtype: str = "float32",
    trust_checkpoint: bool = False,
) -> pd.DataFrame:
    """Measure the errors of a model's extractor: energy identity, symmetries, batching, files.

    Parameters
    ----------
    model : str
        A model id, see :func:`lumlip.features`.
    structures : str, path or sequence of ase.Atoms
        Up to 24 of them are used, each subset in turn, of at most 40 atoms, their atoms moved by
        some hundredths of an Å off symmetric sites.
    device, dtype, trust_checkpoint
        As for :func:`lumlip.features`.

    Returns
    -------
    DataFrame indexed by check
        ``error`` (relative; NaN where there is nothing to measure), ``bound`` and ``ok``. What
        each check measures, and which families lack a symmetry by construction, stands in
        :mod:`lumlip.conformance`.

    Raises
    ------
    ValueError
        Unknown model, or no structures that it takes.
    WeightsError, UntrustedCheckpointError
        As for :func:`lumlip.features`.
    ExtractionError
        The model could not be run.
    """
    entry = ready(resolve(model), trust_checkpoint=trust_checkpoint)
    frames = read_structures(structures)
    check_structures(frames)
    found = _measure(entry, _sample(frames, entry.elements), device=device, dtype=dtype)
    report = pd.DataFrame(
        {"error": found["errors"], "bound": found["bounds"]},
        index=list(found["errors"]),
        dtype=float,
    )
    report["ok"] = [name not in found["failed"] for name in report.index]
    return report


def _sample(frames: Sequence[Atoms], elements: frozenset[int] | None) -> list[Atoms]:
    """Take structures that the model knows, one subset after the other."""
    fitting = [
        a for a in frames if len(a) <= _SMALL and (elements is None or elements >= set(a.numbers))
    ]
    if not fitting:
        raise ValueError(
            f"no structure of at most {_SMALL} atoms that the model takes; give others"
        )
    by_subset: dict[str, list[Atoms]] = {}
    for atoms in fitting:
        by_subset.setdefault(str(atoms.info.get("subset", "")), []).append(atoms)
    rounds = max(map(len, by_subset.values()))
    turns = [group[i] for i in range(rounds) for group in by_subset.values() if i < len(group)]
    return [_displaced(atoms, seed) for seed, atoms in enumerate(turns[:SAMPLE])]


def _displaced(atoms: Atoms, seed: int) -> Atoms:
    """Move atoms a little off their sites.

    Between neighbors at exactly equal distances, rounding decides; a model that puts neighbors in
    an order (DIEP, its triplets) then jumps a little from one rotation to the next.
    """
    copy: Atoms = atoms.copy()
    copy.rattle(_OFF_SITE, seed=seed)
    return copy


def _measure(
    entry: ModelEntry, frames: Sequence[Atoms], *, device: str, dtype: str
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "structures.xyz"
        write(path, frames)
        options = ["--structures", str(path), "--device", device, "--dtype", dtype]
        if entry.task is not None:
            options += ["--task", entry.task]
        if entry.weights != "package" and entry.sha256:
            options += ["--sha256", entry.sha256]
        argv = command(entry.family, "lumlip.conformance", entry.family, entry.checkpoint, *options)
        env = variables(family=entry.family)
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise ExtractionError(f"{entry.id} could not be checked:\n{done.stderr.strip()[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result
