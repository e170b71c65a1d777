"""Peak memory and seconds of `lumlip extract MODEL FILE -o OUT.zarr`, by the number of structures.

    python tests/benchmarks/bench_memory.py 1000 10000 100000 [--model mace-mini]

The structures have two atoms. Memory that a process has for itself, in MiB, and in brackets with
the pages of files, which the system may take back; then seconds of processor time.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from lumlip.runtime.paths import home

COMMAND = "import sys; from lumlip.cli import main; sys.exit(main(sys.argv[1:]))"
CELL = '2\nLattice="{a} {a} 0 0 {a} {a} {a} 0 {a}" Properties=species:S:1:pos:R:3 pbc="T T T"\n'


def write_salts(path: Path, n: int) -> None:
    """n rattled cells of NaCl, as extended xyz."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        for _ in range(n):
            a, shift = rng.uniform(2.7, 3.0), rng.normal(scale=0.05, size=3)
            far = " ".join(map(str, a + shift))
            file.write(CELL.format(a=a) + f"Na 0 0 0\nCl {far}\n")


def used(pid: str) -> list[float]:
    """What a process takes: MiB of its own, the most there was with pages of files, and seconds."""
    with suppress(OSError):
        text = Path(f"/proc/{pid}/status").read_text()
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        found = [re.search(rf"{name}:\s+(\d+)", text) for name in ("RssAnon", "VmHWM")]
        if all(found):  # not those of a process that has ended
            sizes = [int(one[1]) / 1024 for one in found]
            return [*sizes, sum(map(int, times)) / os.sysconf("SC_CLK_TCK")]
    return [0.0, 0.0, 0.0]


def measure_memory(model: str, n: int) -> None:
    """Print one line: extraction of n structures in a cache of its own."""
    with tempfile.TemporaryDirectory(dir=home()) as name:
        folder = Path(name)
        (folder / "environments").symlink_to(home() / "environments")
        write_salts(folder / "many.xyz", n)
        argv = [sys.executable, "-c", COMMAND, "extract", model, str(folder / "many.xyz")]
        env = {**os.environ, "LUMLIP_HOME": str(folder)}
        start, peaks = time.perf_counter(), np.zeros((2, 3))
        with subprocess.Popen(
            [*argv, "-o", str(folder / "out.zarr")], env=env, stdout=subprocess.DEVNULL
        ) as process:
            pid = process.pid
            while process.poll() is None:
                peaks[0] = np.maximum(peaks[0], used(str(pid)))
                with suppress(OSError):
                    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                        peaks[1] = np.maximum(peaks[1], used(child))
                time.sleep(0.02)
        told = ["{:.0f} ({:.0f}) MiB, {:.1f} s".format(*peak) for peak in peaks]
        print(f"{n} structures, rc {process.returncode}: main {told[0]}; worker {told[1]}", end="")
        print(f"; {time.perf_counter() - start:.1f} s together", flush=True)


def main() -> None:
    """Print one line per number of structures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("structures", type=int, nargs="+")
    parser.add_argument("--model", default="mace-mini")
    given = parser.parse_args()
    for n in given.structures:
        measure_memory(given.model, n)


if __name__ == "__main__":
    main()
