"""Time and memory of an extraction from start to end, by number of atoms and of processes.

    python tests/benchmarks/bench_scale.py [--atoms 1000 10000] [--processes 1 2] [MODEL]
    python tests/benchmarks/bench_scale.py --dask --parts 8 --kill 8 --atoms 10000 --processes 2 4

The structures are those of ``bench_extraction.py``. Each measurement has a process and an empty
cache of its own; models run on one thread. Of several processes each extracts a part, or each of
more parts as it becomes free; joining them is included. With ``--kill`` one of them is killed after
so many seconds, and the sum of the features tells that none is lost. Memory is that of the largest
process, of the caller and of the workers.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench_extraction import crystals

import lumlip
from lumlip.runtime.paths import home


def spent() -> tuple[float, float]:
    """Processor time of all processes in s, and the largest memory of one that has ended in GB."""
    own, others = (resource.getrusage(x) for x in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(x.ru_utime + x.ru_stime for x in (own, others)), others.ru_maxrss / 1e6


@contextmanager
def several(n: int, *, dask: bool, kill: float | None) -> Iterator[Executor]:
    """Yield processes, Dask's or Python's own, one of which is killed after so many seconds."""
    if dask:
        from distributed import Client, LocalCluster

        made = LocalCluster(n, threads_per_worker=1, dashboard_address=None)
        with made as cluster, Client(cluster) as client:
            _kill_later(kill, list(client.run(os.getpid).values()))
            yield client.get_executor()
    else:
        with ProcessPoolExecutor(n, mp_context=get_context("spawn")) as pool:
            _kill_later(kill, [pool.submit(os.getpid).result()])
            yield pool


def _kill_later(after: float | None, pids: list[int]) -> None:
    if after is not None:
        threading.Timer(after, os.kill, (pids[0], signal.SIGKILL)).start()


def measure(model: str, n_atoms: int, n_processes: int, n_parts: int, **how: Any) -> None:
    """Extract about so many atoms and print one line."""
    structures = crystals(n_atoms // 6)
    while (n := sum(map(len, structures))) > n_atoms:
        structures.pop()
    (before, _), start = spent(), time.perf_counter()
    if n_processes == 1:
        found = lumlip.features(model, structures, device="cpu")
    else:
        folder, joined = home() / "parts", home() / "all.zarr"
        with several(n_processes, **how) as pool:
            lumlip.extract_parts(
                model, structures, folder, n_parts=n_parts, executor=pool, device="cpu"
            )
        lumlip.join(folder, joined)
        found = lumlip.features(f"features:{joined}", structures)
    total = float(found["backbone"].sum(dtype=float))
    seconds, (after, memory) = time.perf_counter() - start, spent()
    here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{model}: {n} atoms of {len(structures)} structures, {n_processes} processes: "
        f"{seconds:.1f} s, {after - before:.1f} s of processor time; "
        f"{here:.2f} GB here, {memory:.2f} GB in a worker; features sum to {total:.9g}",
        flush=True,
    )


def main() -> None:
    """Measure each number of atoms and of processes in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="chgnet-0.3.0")
    parser.add_argument("--atoms", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--parts", type=int, help="by default as many as processes")
    parser.add_argument("--dask", action="store_true", help="processes of a LocalCluster")
    parser.add_argument("--kill", type=float, metavar="SECONDS", help="kill a process after these")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        n_processes = given.processes[0]
        n_parts = given.parts or n_processes
        how = {"dask": given.dask, "kill": given.kill}
        return measure(given.model, given.atoms[0], n_processes, n_parts, **how)
    for n_atoms in given.atoms:
        for n_processes in given.processes:
            with tempfile.TemporaryDirectory() as name:
                (Path(name) / "environments").symlink_to(home() / "environments")
                argv = [sys.executable, __file__, given.model]
                argv += ["--atoms", str(n_atoms), "--processes", str(n_processes), "--inside"]
                argv += ["--parts", str(given.parts)] if given.parts else []
                argv += ["--kill", str(given.kill)] if given.kill else []
                argv += ["--dask"] if given.dask else []
                env = {**os.environ, "LUMLIP_HOME": name, "OMP_NUM_THREADS": "1"}
                subprocess.run(argv, env=env, check=True)
    return None


if __name__ == "__main__":
    main()
