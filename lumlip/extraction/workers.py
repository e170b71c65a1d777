"""Start workers, follow what they say, and turn their failures into errors."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from lumlip.errors import ExtractionError
from lumlip.runtime.environments import command, say, variables
from lumlip.runtime.stdout import LOG
from lumlip.zoo.table import ModelEntry

_LOG_LINES = 15
_MAX_KILLERS = 2  # structures that may each end two workers
_MAX_LAST = 64  # parts of batches that workers ended in


class WorkerPool:
    """The worker of a family, kept at work for one model of the family after the other.

    Importing a family's packages takes longer than most jobs do, so this happens once. Used in a
    ``with`` block, which ends the worker; so does a model of another family: one takes memory.
    """

    def __init__(self) -> None:
        self._family = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, entry: ModelEntry, folder: Path) -> dict[str, Any]:
        """Run the job in the folder to its end and return what the worker told of itself."""
        from tqdm import tqdm

        facts: dict[str, Any] = {}
        try:
            with tqdm(desc=entry.id, unit="atom", disable=None) as bar:
                while True:
                    for line in self._told(entry.family, folder):
                        _hear(json.loads(line), facts, bar, entry.id)
                        if done := facts.get("done"):  # JSON has texts for keys
                            failed = {int(i): why for i, why in done["failed"].items()}
                            return facts | {"failed": failed | facts.get("killers", {})}
                    self._end()
                    if "error" in facts or not _without_killers(folder, facts):
                        raise _failure(entry, folder, facts)
        except BaseException:
            self._end(kill=True)
            raise

    def _told(self, family: str, folder: Path) -> Iterator[str]:
        """Hand the folder to the family's worker and return the lines that it tells."""
        if self._process is None or family != self._family:
            self._end()
            argv = command(family, "lumlip.extraction.worker", str(os.getpid()))
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            with (folder / LOG).open("w", encoding="utf-8") as errors:
                self._process = subprocess.Popen(
                    argv, stderr=errors, text=True, env=variables(family=family), **pipes
                )
            self._family = family
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(folder, file=stdin, flush=True)
        return iter(stdout.readline, "")

    def _end(self, *, kill: bool = False) -> None:
        """Let the worker go: its input ends, or it is killed in the middle of a job."""
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        with suppress(BrokenPipeError), process:  # closes its input and waits
            pass


def _hear(event: dict[str, Any], facts: dict[str, Any], bar: Any, model: str) -> None:
    kind = event.pop("event")
    if kind == "batch":
        bar.update(event["atoms"])
    elif kind == "loaded":
        facts.update(event)
        bar.total = event["n_atoms"]
        if n_done := event["n_done"]:
            say(f"lumlip: {model}: {n_done} structures are done already, going on")
    else:
        facts[kind] = event


def _without_killers(folder: Path, facts: dict[str, Any]) -> bool:
    """Put what killed the worker, out of memory say, in halves behind the rest of the job.

    So is a structure alone, as others may have taken the memory; the second time it is left out.
    """
    frames = facts.pop("begin", {}).get("frames", [])
    path = folder / "job.json"
    order = json.loads(path.read_text(encoding="utf-8"))
    last = order["last"]
    if not frames or len(order["killers"]) > _MAX_KILLERS or len(last) > _MAX_LAST:
        return False
    if frames in last and len(frames) == 1:
        order["killers"] += frames
    half = len(frames) // 2
    others = [[i for i in batch if i not in frames] for batch in last]
    order["last"] = [*others, frames[:half], frames[half:]]
    path.write_text(json.dumps(order), encoding="utf-8")
    facts["killers"] = dict.fromkeys(order["killers"], "it ended the worker (out of memory?)")
    return True


def _failure(entry: ModelEntry, folder: Path, facts: dict[str, Any]) -> Exception:
    told = facts.get("error", {})
    text = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    tail = "\n".join(f"  | {line}" for line in text[-_LOG_LINES:])
    if told.get("kind") in ("ValueError", "StructureError"):  # the user's to mend
        wrong = ValueError(told["message"])
        wrong.add_note(f"the log of {entry.id} ends with\n{tail}")
        return wrong
    silent = "the worker died without a word (killed, or out of memory?)"
    return ExtractionError(
        f"{entry.id} failed: {told.get('message', '').strip() or silent}\n{tail}\n"
        f"What was done before is kept in {folder}; the same call goes on from there. "
        f"If memory ran out, choose a smaller batch_atoms."
    )
