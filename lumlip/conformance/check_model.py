"""Prove extractors: run the conformance checks in the environments of their families."""

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

from lumlip.choices import DEVICES, DTYPES, check_choice
from lumlip.conformance.subject import SMALL
from lumlip.datasets.sets import structures as read_structures
from lumlip.datasets.validation import check_structures
from lumlip.errors import ExtractionError
from lumlip.families.base import STATE, bare
from lumlip.runtime.environments import command, variables
from lumlip.zoo.table import ModelEntry, resolve
from lumlip.zoo.weights import ready


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
        Of those that have at most 40 atoms, of elements that the model knows, up to 16 are used,
        each subset in turn, their atoms moved by some hundredths of an Å off symmetric sites.
    device, dtype, trust_checkpoint
        As for :func:`lumlip.features`.

    Returns
    -------
    DataFrame indexed by check
        ``error`` (relative; NaN where there is nothing to measure), ``bound`` and ``ok``. What
        each check measures, and which families lack a symmetry by construction, stands in
        :mod:`lumlip.conformance`. ``attrs["notes"]`` says on how many structures, what was not
        compared, and what is a property of the model.

    Raises
    ------
    ValueError
        Unknown model, or no structures that it takes.
    WeightsError, UntrustedCheckpointError
        As for :func:`lumlip.features`.
    ExtractionError
        The model could not be run.
    """
    options: dict[str, Any] = {"device": device, "dtype": dtype}
    return check_models([model], structures, trust_checkpoint=trust_checkpoint, **options)[model]


def check_models(
    models: Sequence[str],
    structures: str | os.PathLike[str] | Sequence[Atoms],
    *,
    device: str = "auto",
    dtype: str = "float32",
    trust_checkpoint: bool = False,
) -> dict[str, pd.DataFrame]:
    """Do the same for several models, by id: one process per family, whose start takes longest."""
    check_choice("dtype", dtype, DTYPES)
    check_choice("device", device, DEVICES)
    frames = read_structures(structures)
    check_structures(frames)
    small = [atoms for atoms in frames if len(atoms) <= SMALL]
    if not small:
        raise ValueError(f"got no structure of at most {SMALL} atoms; give others to check on")
    families: dict[str, list[ModelEntry]] = {}
    for model in models:
        entry = ready(runnable(resolve(model)), trust_checkpoint=trust_checkpoint)
        families.setdefault(entry.family, []).append(entry)
    found: dict[str, pd.DataFrame] = {}
    for entries in families.values():
        results = measure(entries, small, [{"device": device, "dtype": dtype}] * len(entries))
        found |= {e.id: _report(result) for e, result in zip(entries, results, strict=True)}
    return {model: found[model] for model in models}


def runnable(entry: ModelEntry) -> ModelEntry:
    """Refuse features that were computed elsewhere."""
    if entry.weights == "features":
        raise ValueError(
            f"{entry.id} holds features, no model that could be run again; expected a model: check "
            f"{entry.features_of or 'it'} where it is. Structures are checked at every use"
        )
    return entry


def _report(found: dict[str, Any]) -> pd.DataFrame:
    report = pd.DataFrame(
        {"error": found["errors"], "bound": found["bounds"]},
        index=list(found["errors"]),
        dtype=float,
    )
    report["ok"] = [name not in found["failed"] for name in report.index]
    counts = "checked on {n_structures} of {n_taken} structures that it takes, of {n_given}"
    report.attrs["notes"] = [f"{counts.format(**found)} of at most {SMALL} atoms", *found["notes"]]
    return report


def measure(
    entries: Sequence[ModelEntry],
    frames: Sequence[Atoms],
    options: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Check models of one family in one process: their reports, see `lumlip.conformance.__main__`.

    ``options`` are those of each model's run; by default it is on a sample of the structures.
    """
    family, trusted = entries[0].family, [e.sha256 for e in entries if e.weights != "package"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "structures.xyz"
        write(path, [_labels_kept(atoms) for atoms in frames])
        runs = [
            {"checkpoint": e.checkpoint, "task": e.task, "sampled": True, **own}
            for e, own in zip(entries, options, strict=True)
        ]
        order = {"family": family, "structures": str(path), "sha256": trusted, "runs": runs}
        argv, env = command(family, "lumlip.conformance"), variables(family=family)
        done = subprocess.run(
            argv, env=env, input=json.dumps(order), capture_output=True, text=True, check=False
        )
    results: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    if results and "error" in results[-1]:
        raise ValueError(results[-1]["error"])
    if len(results) < len(entries):
        model = entries[len(results)].id
        raise ExtractionError(f"{model} could not be checked:\n{done.stderr.strip()[-2000:]}")
    return results


def _labels_kept(atoms: Atoms) -> Atoms:
    """Copy what a model or the sample reads, and nothing that a file could not hold."""
    copy = bare(atoms)
    copy.info = {name: atoms.info[name] for name in (*STATE, "subset") if name in atoms.info}
    return copy
