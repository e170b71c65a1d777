"""How much faster is batched extraction than looping over the package's own ASE calculator?

    python tests/benchmarks/bench_extraction.py [--structures 400] [--sample 60] [MODEL ...]

Both sides run in the family's environment, on two threads, one after the other. The loop (energy
and forces, as users get them) is timed on a sample of the structures and scaled by atoms.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module

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


def main() -> None:
    """Print one line per model."""
    import tempfile
    from pathlib import Path

    from lumlip.zoo.table import shipped

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--structures", type=int, default=400)
    parser.add_argument("--sample", type=int, default=60)
    given = parser.parse_args()
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
