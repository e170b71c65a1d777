"""Hours of bad luck in minutes: workers killed, runs stopped, files damaged, the same numbers.

``python tests/benchmarks/soak_extraction.py [N_STRUCTURES] [SECONDS_BETWEEN_FAULTS] [MINUTES]``
sends small crystals through ``lumlip.features``, 1,000 a call, once undisturbed and once with a
fault every few seconds for so many minutes, a run again after each that ends. It prints how many
faults of each kind there were, the memory of both processes over time, and the largest difference
of any number.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.io import write

from lumlip.extraction.store import open_store
from lumlip.runtime.paths import home

MODEL = "chgnet-0.3.0"
A_CALL = 1000
RUN = f"""
import sys, lumlip
for path in sys.argv[1:]:
    lumlip.features("{MODEL}", path, batch_atoms=32)
"""
METALS = ("Cu", "Al", "Ni", "Fe", "W", "Mo", "Ag", "Au", "Pd", "Si", "Mg", "Ti", "Zn")


def crystals(folder: Path, n_structures: int) -> list[str]:
    """Write strained and rattled cells of 1 to 4 atoms, so many a file."""
    rng = np.random.default_rng(0)
    paths = []
    for start in range(0, n_structures, A_CALL):
        frames = []
        for _ in range(min(A_CALL, n_structures - start)):
            atoms = bulk(METALS[rng.integers(len(METALS))])
            if rng.random() < 0.5 and len(atoms) == 1:
                atoms *= (1, 1, rng.integers(1, 5))
            atoms.set_cell(atoms.cell * rng.uniform(0.95, 1.1), scale_atoms=True)
            atoms.positions += rng.normal(scale=0.05, size=atoms.positions.shape)
            frames.append(atoms)
        paths.append(str(folder / f"{start:06d}.xyz"))
        write(paths[-1], frames)
    return paths


def start(cache: Path, paths: list[str]) -> subprocess.Popen[bytes]:
    with (cache / "log").open("ab") as log:
        argv, env = [sys.executable, "-c", RUN, *paths], {**os.environ, "LUMLIP_HOME": str(cache)}
        return subprocess.Popen(argv, stdout=log, stderr=log, env=env)


def worker_of(pid: int) -> int | None:
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if "lumlip.extraction.worker" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
    return None


def memory(pid: int | None) -> float:
    """Return what a process takes of memory, in MiB."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


def damage(path: Path) -> None:
    """Flip a bit, cut the file, or take it away."""
    content = bytearray(path.read_bytes())
    place = random.randrange(len(content) or 1)
    how = random.choice(["flip", "cut", "gone"])
    if how == "gone" or not content:
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[:place])
    else:
        content[place] ^= 1 << random.randrange(8)
        path.write_bytes(content)


def disturb(process: subprocess.Popen[bytes], cache: Path) -> str:
    """Let one thing go wrong that can, and say what."""
    batches = list(cache.glob("features/*/*.partial/batch-*.npz"))
    chunks = list(cache.glob("features/*/*.zarr/*/0*"))
    worker = worker_of(process.pid)
    stop = random.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    possible = [(f"run stopped by {stop.name}", lambda: process.send_signal(stop))]
    if worker:
        possible += [("worker killed", lambda: os.kill(worker, signal.SIGKILL))] * 2
    if batches:
        possible += [("batch damaged", lambda: damage(random.choice(batches)))] * 2
    if chunks:
        possible += [("store damaged", lambda: damage(random.choice(chunks)))]
    kind, act = random.choice(possible)
    try:
        act()
    except OSError:
        return "too late"
    return kind


def soak(cache: Path, paths: list[str], pause: float = 0.0, minutes: float = 0.0) -> None:
    """Run to the end, whatever happens meanwhile, and report it."""
    faults: Counter[str] = Counter()
    began, series, runs = time.monotonic(), [], 0
    due = began + pause if pause else np.inf
    while True:
        process, runs = start(cache, paths), runs + 1
        try:
            while process.poll() is None:
                time.sleep(0.25)
                now = time.monotonic()
                series.append((now - began, memory(process.pid), memory(worker_of(process.pid))))
                if now > due:
                    faults[disturb(process, cache)] += 1
                    due = now + random.expovariate(1 / pause)
                    due = due if due < began + 60 * minutes else np.inf
        finally:
            process.kill()
        if process.returncode == 0:
            break
        assert runs < sum(faults.values()) + 3, (cache / "log").read_text()[-3000:]
    seconds = time.monotonic() - began
    print(f"{seconds:.0f} s, {runs} runs, {sum(faults.values())} faults: {dict(faults)}")
    for part in np.array_split(np.array(series), 5):
        most = part.max(axis=0)
        print(f"  until {most[0]:.0f} s: run {most[1]:.0f} MiB, worker {most[2]:.0f} MiB at most")


def difference(cache: Path, other: Path) -> None:
    """Print the largest difference of any number from the undisturbed run."""
    stores = sorted(cache.glob("features/*/*.zarr"))
    assert [s.name for s in stores] == [s.name for s in sorted(other.glob("features/*/*.zarr"))]
    n_structures, same = 0, 0
    largest = dict.fromkeys(("backbone", "last_layer", "energy"), 0.0)
    for store in stores:
        one, two = open_store(store), open_store(other / store.relative_to(cache))
        n_structures += one.sizes["structure"]
        for name in largest:
            got, wanted = one[name].to_numpy(), two[name].to_numpy()
            assert np.isfinite(got).all()
            largest[name] = max(largest[name], float(np.abs(got - wanted).max() / wanted.std()))
            same += name == "backbone" and int((got == wanted).all(axis=1).sum())
    print(f"{n_structures} structures; largest difference in standard deviations: {largest}")
    print(f"atoms whose features are the same to the last bit: {same}")


def main(n_structures: int = 20_000, pause: float = 8.0, minutes: float = 30.0) -> None:
    random.seed(0)
    environments = home() / "environments"
    with tempfile.TemporaryDirectory() as folder:
        paths = crystals(Path(folder), n_structures)
        caches = [Path(folder) / name for name in ("calm", "rough")]
        for cache in caches:
            cache.mkdir()
            (cache / "environments").symlink_to(environments)
        soak(caches[0], paths)
        soak(caches[1], paths, pause, minutes)
        soak(caches[1], paths)  # what was damaged last is made again
        difference(caches[1], caches[0])


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float, float), sys.argv[1:], strict=False)))
