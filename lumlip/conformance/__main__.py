"""The command line: check models of one family in one process, since importing takes longest."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ase.io
import numpy as np

import lumlip.conformance
from lumlip.conformance import BRIEF, CHECKS, Subject
from lumlip.conformance.symmetries import BY_DESIGN, TIES
from lumlip.extraction.worker import pick_device
from lumlip.runtime.verified import private_copy

_OWN = "spread, more than trained models show: a property of this one, not of the extraction"
_TIED = (
    "size: rounding decides between neighbors at equal distances, in the model's package as here"
)
BRIEF_EVERY = 3  # a look that is brief, or in double precision, takes every third structure


def report(subject: Subject, names: Sequence[str] = tuple(CHECKS)) -> dict[str, Any]:
    """Run checks: errors, bounds, and the names of those that fail."""
    extractor, features = subject.extractor, subject.features
    errors = {name: CHECKS[name].measure(subject) for name in names}
    bounds = {name: CHECKS[name].bound_of(subject) for name in names}
    # "not <=" so that a NaN fails
    failed = [name for name, e in errors.items() if e is not None and not e <= bounds[name]]
    lacking = _properties(subject, errors, failed)
    said = {k: _TIED if (subject.family, k) in TIES else _OWN for k in lacking}
    notes = [f"{k}: {errors[k]:.2g} of the features' {text}" for k, text in said.items()]
    failed = [name for name in failed if name not in lacking]
    notes += [f"{name} failed: {CHECKS[name].says}" for name in failed]
    return {
        "family": subject.family,
        "checkpoint": subject.checkpoint,
        "checkpoint_file": str(extractor.checkpoint_file),
        "task": subject.task,
        "dtype": subject.dtype,
        "device": subject.device,
        "n_structures": min(len(subject.structures), len(subject.taken)),
        "n_taken": len(subject.taken),
        "n_given": len(subject.given),
        "n_backbone": features.backbone.shape[1],
        "n_last_layer": features.last_layer.shape[1],
        "elements": sorted(extractor.elements),
        "cutoff": extractor.cutoff,
        "linear_head": extractor.linear_head,
        "invariant": extractor.invariant,
        "errors": errors,
        "bounds": bounds,
        "failed": failed,
        "notes": [*subject.notes, *notes],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print reports as JSON, one a line; 0 if every check passes, 1 if one fails, 2 on an error."""
    given = _parser().parse_args(arguments)
    failed = False
    try:
        for subject, names in _subjects(given):
            with contextlib.redirect_stdout(sys.stderr):  # whatever packages have to say
                result = _trusted_report(subject, names, given.sha256)
            print(json.dumps(result), flush=True)
            failed |= bool(result["failed"])
    except ValueError as error:  # the user's to mend
        print(json.dumps({"error": str(error)}))
        traceback.print_exc()
        return 2
    return int(failed)


def _properties(subject: Subject, errors: dict[str, Any], failed: Sequence[str]) -> list[str]:
    """Name the failed checks that tell of the model: its family need not keep that symmetry.

    Only where the extractor agrees with the package, so that the fault is not its own.
    """
    proofs = {"package_energy", "package_features"}
    if all(errors.get(name) is None for name in proofs) or proofs & {*failed}:
        return []
    by_design = BY_DESIGN.keys() | TIES
    return [k for k in failed if (subject.family, k) in by_design and np.isfinite(errors[k])]


def _trusted_report(
    subject: Subject, names: Sequence[str], sha256: Sequence[str]
) -> dict[str, Any]:
    """Report on a model; if it is a file, on a private copy of what has been trusted."""
    path = Path(subject.checkpoint)
    path = path / "state.pt" if path.is_dir() else path  # an exported DIEP potential
    if not (path.is_absolute() or path.is_file()):  # a name: the weights come with the package
        return report(subject, names)
    with private_copy(path, sha256) as copy:
        result = report(replace(subject, checkpoint=str(copy)), names)
    return result | {"checkpoint": subject.checkpoint, "checkpoint_file": str(path)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lumlip.conformance", description=lumlip.conformance.__doc__
    )
    parser.add_argument("family")
    model = "CHECKPOINT[@TASK]"
    parser.add_argument("checkpoints", nargs="*", metavar=model, help="run all checks on these")
    parser.add_argument("--brief", nargs="+", default=[], metavar=model, help="some checks only")
    parser.add_argument("--double", nargs="+", default=[], metavar=model, help="all, in float64")
    trusted = "sums of the files that may be loaded: to load one runs code that is in it"
    parser.add_argument("--sha256", nargs="+", default=[], metavar="SUM", help=trusted)
    text = "check on a sample of the structures that a model takes"
    parser.add_argument("--sample", action="store_true", help=text)
    parser.add_argument("--structures", required=True, help="a file that ase reads")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    return parser


def _subjects(given: argparse.Namespace) -> Iterator[tuple[Subject, Sequence[str]]]:
    """Yield every model to check, and the names of its checks."""
    structures = tuple(ase.io.read(given.structures, index=":"))
    device = pick_device(given.device)
    runs = [
        *((text, given.dtype, structures, tuple(CHECKS)) for text in given.checkpoints),
        *((text, given.dtype, structures[::BRIEF_EVERY], BRIEF) for text in given.brief),
        *((text, "float64", structures[::BRIEF_EVERY], tuple(CHECKS)) for text in given.double),
    ]
    for text, dtype, frames, names in runs:
        checkpoint, task = split_task(text)
        yield Subject(given.family, checkpoint, task, device, dtype, frames, given.sample), names


def split_task(text: str) -> tuple[str, str | None]:
    """Split ``CHECKPOINT[@TASK]``; a path may itself hold an ``@``.

    >>> split_task("7net-mf-0@PBE")
    ('7net-mf-0', 'PBE')
    """
    if "@" not in text or Path(text).exists():
        return text, None
    checkpoint, _, task = text.rpartition("@")
    return checkpoint, task


if __name__ == "__main__":
    sys.exit(main())
