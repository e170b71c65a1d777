"""Start a worker, follow what it says, and turn its failures into errors."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ase import Atoms

from lumlip.environments import command, say, variables
from lumlip.zoo import ModelEntry

_LOG_LINES = 15


class ExtractionError(RuntimeError):
    """The model could not be run to the end; what was done before is kept."""


def run_worker(
    entry: ModelEntry, folder: Path, structures: Sequence[Atoms], *, n_left: int
) -> dict[str, Any]:
    """Run the job in the folder to its end and return what the worker told of itself."""
    from tqdm import tqdm

    argv = command(entry.family, "lumlip.worker", str(folder))
    log = folder / "worker.log"
    facts: dict[str, Any] = {}
    total = sum(len(atoms) for atoms in structures)
    if n_done := len(structures) - n_left:
        say(f"lumlip: {entry.id}: {n_done} structures are done already, going on")
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=errors, text=True, env=variables()
        ) as process,
        tqdm(desc=entry.id, total=total, unit="atom", disable=None) as bar,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                _hear(json.loads(line), facts, bar)
        except BaseException:
            process.kill()
            raise
    if process.returncode or "done" not in facts:
        raise _failure(entry, folder, facts, log)
    return facts


def _hear(event: dict[str, Any], facts: dict[str, Any], bar: Any) -> None:
    kind = event.pop("event")
    if kind == "batch":
        bar.update(event["atoms"])
    elif kind == "loaded":
        facts.update(event)
    else:
        facts[kind] = event


def _failure(entry: ModelEntry, folder: Path, facts: dict[str, Any], log: Path) -> Exception:
    told = facts.get("error", {})
    text = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    tail = "\n".join(f"  | {line}" for line in text[-_LOG_LINES:])
    if told.get("kind") in ("ValueError", "StructureError"):  # the user's to mend
        wrong = ValueError(told["message"])
        wrong.add_note(f"the log of {entry.id} ends with\n{tail}")
        return wrong
    reason = told.get("message") or "the worker died without a word (killed, or out of memory?)"
    return ExtractionError(
        f"{entry.id} failed: {reason}\n{tail}\n"
        f"What was done before is kept in {folder}; the same call goes on from there. "
        f"If memory ran out, choose a smaller batch_atoms."
    )
