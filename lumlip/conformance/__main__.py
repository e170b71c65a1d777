"""Check models of one family in one process, since importing its packages takes longest.

An order comes on standard input, in JSON: ``family``, ``structures`` (a file that ase reads),
``sha256`` (sums of the files that may be loaded: loading one runs code that is in it), and
``runs``. A run names ``checkpoint``, ``task``, ``device`` and ``dtype``, and may say ``sampled``
(see `Subject`), ``checks`` (all, if it does not) and ``every`` (of so many structures one).
Reports go to standard output, a JSON object a line.
"""

import contextlib
import json
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ase.io
import numpy as np

from lumlip.conformance.bounds import CHECKS
from lumlip.conformance.subject import Subject
from lumlip.conformance.symmetries import BY_DESIGN, TIES
from lumlip.extraction.worker import pick_device
from lumlip.runtime.verified import private_copy

_OWN = "spread, more than trained models show: a property of this one, not of the extraction"
_TIED = (
    "size: rounding decides between neighbors at equal distances, in the model's package as here"
)


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
        "checkpoint_file": str(extractor.checkpoint_file),
        "dtype": subject.dtype,
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


def main() -> int:
    """Print the reports that are ordered; 0 if all could be made."""
    order = json.load(sys.stdin)
    try:
        frames = tuple(ase.io.read(order["structures"], index=":"))
        for run in order["runs"]:
            names, given = run.pop("checks", tuple(CHECKS)), frames[:: run.pop("every", 1)]
            run["device"] = pick_device(run["device"])
            subject = Subject(order["family"], given=given, **run)
            with contextlib.redirect_stdout(sys.stderr):  # whatever packages have to say
                result = _trusted_report(subject, names, order["sha256"])
            print(json.dumps(result), flush=True)
    except ValueError as error:  # the user's to mend
        print(json.dumps({"error": str(error)}))
        traceback.print_exc()
        return 2
    return 0


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
    if not path.is_absolute():  # a name: the weights come with the package
        return report(subject, names)
    with private_copy(path, sha256) as copy:
        result = report(replace(subject, checkpoint=str(copy)), names)
    return result | {"checkpoint_file": str(path)}


if __name__ == "__main__":
    sys.exit(main())
