"""How much faster is batched extraction than looping over the package's own ASE calculator?

    python tests/benchmarks/bench_extraction.py [--structures 400] [--sample 60] [MODEL ...]

Both sides run in the family's environment, on two threads, one after the other. The loop (energy
and forces, as users get them) is timed on a sample of the structures and scaled by atoms.

    python tests/benchmarks/bench_extraction.py --memory 1000 10000 100000 [MODEL]

Peak memory and seconds of `lumlip extract MODEL FILE -o OUT.zarr`, by the number of structures of
two atoms. Memory that a process has for itself, in MiB, and in brackets with the pages of files,
which the system may take back; then seconds of processor time.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms

ATOMS_AT_ONCE = 128


def crystals(n: int) -> list[Atoms]:
    """n rattled crystals of 1 to 32 atoms, made with ase.build.bulk."""
    from ase.build import bulk

    rng = np.random.default_rng(0)
    metals, others = (
        ["Li", "Mg", "Al", "Ti", "Fe", "Cu", "Zn", "Y", "Ag", "W"],
        ["O", "S", "N", "Cl"],
    )
    made = []
    while len(made) < n:
        metal, other = rng.choice(metals), rng.choice(others)
        kind = str(
            rng.choice(["rocksalt", "zincblende", "cesiumchloride", "fluorite", "fcc", "bcc"])
        )
        name = {"fluorite": f"{metal}{other}2", "fcc": metal, "bcc": metal}.get(kind, metal + other)
        a = {"cesiumchloride": 3.4, "fluorite": 5.3, "fcc": 4.1, "bcc": 3.3}.get(kind, 5.0)
        cell = bulk(name, kind, a=a * rng.uniform(0.95, 1.05))
        atoms = cell.repeat(tuple(rng.integers(1, 3, size=3)))
        atoms.positions += rng.normal(scale=0.05, size=atoms.positions.shape)
        made.append(Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True))
    return made


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one call, in s."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare(family: str, checkpoint: str, task: str | None, file: str, sample: int) -> dict:
    """Time both sides, inside the family's environment."""
    import torch

    torch.set_num_threads(2)
    structures = sorted(ase.io.read(file, index=":"), key=len)
    module = import_module(f"lumlip.families.{family}")
    extractor = module.Extractor(checkpoint, task=task or None, device="cpu", dtype="float32")
    calculator = extractor.package_calculator()
    some = structures[:: max(1, len(structures) // sample)]
    _extract(extractor, some[:20])  # warm up both
    _loop(calculator, some[:2])
    n_atoms, n_some = (sum(map(len, x)) for x in (structures, some))
    ours = seconds(lambda: _extract(extractor, structures))
    theirs = seconds(lambda: _loop(calculator, some)) * n_atoms / n_some
    return {
        "n_structures": len(structures),
        "n_atoms": n_atoms,
        "ours_s": ours,
        "package_s": theirs,
        "ratio": theirs / ours,
        "atoms_per_s": n_atoms / ours,
    }


def _extract(extractor: object, structures: Sequence[Atoms]) -> None:
    batch: list[Atoms] = []
    for atoms in structures:
        batch.append(atoms)
        if sum(map(len, batch)) >= ATOMS_AT_ONCE:
            extractor.extract(batch)
            batch = []
    if batch:
        extractor.extract(batch)


def _loop(calculator: object, structures: Sequence[Atoms]) -> None:
    for atoms in structures:
        atoms.calc = calculator
        atoms.get_potential_energy()
        atoms.get_forces()
        atoms.calc = None


def run(model: str, file: str, sample: int) -> dict:
    """Time both sides for one model of the zoo."""
    from lumlip.runtime import environments
    from lumlip.zoo.table import resolve

    entry = resolve(model)
    argv = [str(environments.python(entry.family)), __file__, "--inside", entry.family]
    argv += [entry.checkpoint, entry.task or "", file, str(sample)]
    env = {**environments.variables(), "OMP_NUM_THREADS": "2"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


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
    import tempfile

    from lumlip.runtime.paths import home

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
    """Print one line per model."""
    import tempfile

    from lumlip.zoo.table import shipped

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--structures", type=int, default=400)
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--memory", type=int, nargs="+")
    given = parser.parse_args()
    for n in given.memory or ():
        measure_memory((given.models or ["mace-mini"])[0], n)
    if given.memory:
        return
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "crystals.extxyz")
        ase.io.write(file, crystals(given.structures))
        for model in given.models or shipped(mini=False):
            r = run(model, file, given.sample)
            print(
                f"{model:24s} {r['n_structures']} structures, {r['n_atoms']} atoms: "
                f"{r['ours_s']:.2f} s against {r['package_s']:.1f} s: {r['ratio']:.1f}x, "
                f"{r['atoms_per_s']:.0f} atoms/s",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        family, checkpoint, task, file, sample = sys.argv[2:]
        print(json.dumps(compare(family, checkpoint, task, file, int(sample))))
    else:
        main()
