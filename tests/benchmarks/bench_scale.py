"""Time and memory of an extraction from start to end, by number of atoms and of processes.

    python tests/benchmarks/bench_scale.py [--atoms 1000 10000] [--processes 1 2] [MODEL]

The structures are those of ``bench_extraction.py``. Each measurement has a process and an empty
cache of its own; models run on one thread. Of several processes each extracts a part; joining
them is included. Memory is that of the largest process, of the caller and of the workers.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench_extraction import crystals

import lumlip
from lumlip.runtime.paths import home


def spent() -> tuple[float, float]:
    """Processor time of all processes in s, and the largest memory of one that has ended in GB."""
    own, others = (resource.getrusage(x) for x in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(x.ru_utime + x.ru_stime for x in (own, others)), others.ru_maxrss / 1e6


def measure(model: str, n_atoms: int, n_processes: int) -> None:
    """Extract about so many atoms and print one line."""
    structures = crystals(n_atoms // 6)
    while (n := sum(map(len, structures))) > n_atoms:
        structures.pop()
    (before, _), start = spent(), time.perf_counter()
    if n_processes == 1:
        lumlip.features(model, structures, device="cpu")
    else:
        folder = home() / "parts"
        with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
            lumlip.extract_parts(
                model, structures, folder, n_parts=n_processes, executor=pool, device="cpu"
            )
        lumlip.join(folder, home() / "all.zarr")
    seconds, (after, memory) = time.perf_counter() - start, spent()
    here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{model}: {n} atoms of {len(structures)} structures, {n_processes} processes: "
        f"{seconds:.1f} s, {after - before:.1f} s of processor time; "
        f"{here:.2f} GB here, {memory:.2f} GB in a worker",
        flush=True,
    )


def main() -> None:
    """Measure each number of atoms and of processes in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="chgnet-0.3.0")
    parser.add_argument("--atoms", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        return measure(given.model, given.atoms[0], given.processes[0])
    for n_atoms in given.atoms:
        for n_processes in given.processes:
            with tempfile.TemporaryDirectory() as name:
                (Path(name) / "environments").symlink_to(home() / "environments")
                argv = [sys.executable, __file__, given.model]
                argv += ["--atoms", str(n_atoms), "--processes", str(n_processes), "--inside"]
                env = {**os.environ, "LUMLIP_HOME": name, "OMP_NUM_THREADS": "1"}
                subprocess.run(argv, env=env, check=True)
    return None


if __name__ == "__main__":
    main()
