"""Run models over structures, inside the environment of their family.

``python -m lumlip.extraction.worker [PARENT]`` reads names of folders from standard input, a line
each, until it ends, or the process PARENT that started it does.
For each it reads ``job.json`` and ``structures.npz`` there and leaves one ``batch-*.npz`` per
forward pass. Structures that already have one are not done again. What happens is told on standard
output, one JSON object a line; all else goes to ``worker.log`` in the folder. After an error the
worker ends: what a failed model left behind must not reach the next.
"""

import gc
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms

from lumlip.datasets.validation import check_structures
from lumlip.errors import reason
from lumlip.extraction.arrays import LAYER, StoredStructures, load_arrays, save_arrays
from lumlip.extraction.batching import DEFAULT_BATCH_ATOMS, Batches
from lumlip.runtime.devices import available
from lumlip.runtime.paths import sha256_file
from lumlip.runtime.stdout import LOG, private_stdout
from lumlip.runtime.verified import private_copy

Tell = Callable[..., None]
_TOO_MANY = 5  # structures that may fail before one suspects the model


def main() -> int:
    """Do the jobs in the folders named on standard input."""
    channel = private_stdout()

    def tell(event: str, **facts: Any) -> None:
        print(json.dumps({"event": event, **facts}), file=channel, flush=True)

    parent = int(sys.argv[1]) if len(sys.argv) > 1 else os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    for line in sys.stdin:
        folder = Path(line.rstrip("\n"))
        try:
            _write_log_to(folder / LOG)
            work(folder, tell)
        except Exception as error:
            tell("error", kind=type(error).__name__, message=str(error))
            with suppress(OSError):  # the disk may be full
                traceback.print_exc()
            return 1
        gc.collect()  # the weights of this model make room for those of the next
    return 0


def _end_with(parent: int) -> None:
    """End this process, whatever it does, when the one that started it has ended."""
    while os.name != "posix" or os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def work(folder: Path, tell: Tell) -> None:
    """Extract the features of every structure in the folder that has none yet."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    structures = StoredStructures(folder / "structures.npz")
    n_atoms, done = structures.n_atoms, finished(folder)
    device = pick_device(job["device"])
    extractor = _loaded(job, device)
    named = {"model": job["model"], "frames": job["frames"]}
    check_structures(structures, elements=extractor.elements, seen=True, **named)
    told = {"cutoff": extractor.cutoff, "elements": sorted(extractor.elements)}
    told["versions"] = {name: version(name) for name in job["packages"]}
    told |= {"n_done": len(done), "n_atoms": int(n_atoms.sum()), "no_energy": extractor.no_energy}
    tell("loaded", device=device, **told)
    left = set(range(len(structures))) - done - set(job["killers"])
    last = [kept for batch in job["last"] if (kept := [i for i in batch if i in left])]
    todo = sorted(left.difference(*last))
    chip = torch.cuda.get_device_name() if device == "cuda" else device
    found = job["batch_atoms"] or job["found_batch_atoms"].get(chip) or DEFAULT_BATCH_ATOMS[device]
    plan = Batches(structures, indices=todo, batch_atoms=found, cutoff=extractor.cutoff)
    options = {"layers": job["layers"], "when_short": plan.shrink}
    failed: dict[int, str] = {}
    for n_batches, batch in enumerate(chain(plan, last)):
        tell("begin", frames=batch)
        failed |= _extract_batch(extractor, structures, batch, folder, **options)
        if device == "cuda" and not job["batch_atoms"]:
            plan.grow(_memory())
        tell("batch", atoms=int(n_atoms[batch].sum()))
        if len(failed) > max(_TOO_MANY, n_batches):
            why = next(iter(failed.values()))
            raise RuntimeError(f"{why}, in {len(failed)} structures: the model itself seems broken")
    changed = {chip: plan.batch_atoms} if plan.batch_atoms != found else {}
    tell("done", failed=failed, found_batch_atoms=changed)


def _loaded(job: dict[str, Any], device: str) -> Any:
    """Load the model of a job: a file only if, and exactly as, it has been trusted."""
    make = import_module(f"lumlip.families.{job['family']}").Extractor
    options = {"task": job["task"], "device": device, "dtype": job["dtype"]}
    path = Path(job["checkpoint"])
    if path.is_absolute():
        with private_copy(path, [job["sha256"]]) as copy:
            return make(str(copy), **options)
    extractor = make(job["checkpoint"], **options)  # weights that the package brings, like its code
    file, expected = extractor.checkpoint_file, job["sha256"]
    if expected and (got := sha256_file(file)) != expected:
        sums = f"got sha256 {got[:12]}…, expected {expected[:12]}…"
        raise ValueError(f"{file.name}: {sums}, as in lumlip's table of models; another version?")
    return extractor


def finished(folder: Path) -> set[int]:
    """Return the indices of the structures whose features lie whole in the folder."""
    batches = (load_arrays(path) for path in folder.glob("batch-*.npz"))
    return {int(i) for batch in batches for i in batch.get("index", ())}


def pick_device(wanted: str) -> str:
    """Return the kind of a device that is there; of several GPUs the one named is torch's own."""
    device = torch.device(available(wanted))
    if device.index is not None:  # some packages take the kind alone
        torch.cuda.set_device(device)
    return device.type


def _memory() -> float:
    """Return how much of what a GPU has for this process was taken since the last time, at most."""
    most = torch.cuda.max_memory_allocated()
    free = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()
    torch.cuda.reset_peak_memory_stats()
    return most / free


def _extract_batch(
    extractor: Any,
    structures: Sequence[Atoms],
    batch: Sequence[int],
    folder: Path,
    *,
    layers: bool = False,
    when_short: Callable[[Sequence[int]], None] = lambda batch: None,
) -> dict[int, str]:
    """Leave the features of a batch, of its halves if it fails; return the frames that fail.

    A batch that memory is too short for is told to ``when_short``.
    """
    failed: dict[int, str] = {}
    parts = [batch]
    while parts:
        part = parts.pop(0)
        half = len(part) // 2
        try:
            got = extractor.extract([structures[i] for i in part], layers=layers)
            _check_finite(got, energy=not extractor.no_energy)
        except Exception as error:  # out of memory, NaN, whatever a package raises
            short = isinstance(error, MemoryError | torch.OutOfMemoryError)
            if short or "can't allocate memory" in str(error):
                when_short(part)
            if half:
                parts[:0] = [part[:half], part[half:]]
            else:
                traceback.print_exc()
                failed[part[0]] = reason(error)
        else:
            _save(got, part, folder)
            continue
        torch.cuda.empty_cache()
    return failed


def _save(got: Any, batch: Sequence[int], folder: Path) -> None:
    save_arrays(
        folder / f"batch-{batch[0]:07d}.npz",
        index=np.array(batch),
        backbone=got.backbone,
        last_layer=got.last_layer,
        **({} if np.isnan(got.energy).all() else {"energy": np.asarray(got.energy, np.float64)}),
        **{name: np.asarray(values) for name, values in got.extra.items()},
        **{f"{LAYER}{i:02d}_{name}": x for i, (name, x) in enumerate(got.layers.items())},
    )


def _check_finite(got: Any, *, energy: bool) -> None:
    names = ["backbone", "last_layer", *(["energy"] if energy else [])]
    layers = {name: getattr(got, name) for name in names}
    for name, values in {**layers, **got.extra, **got.layers}.items():
        if not np.isfinite(values).all():
            raise ValueError(f"NaN or inf in {name}")


def _write_log_to(path: Path) -> None:
    """Send what packages print, in Python or not, to the end of this file."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)


if __name__ == "__main__":
    sys.exit(main())
