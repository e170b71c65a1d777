"""Time and memory of models of the published sizes, which have random weights.

    python tests/benchmarks/bench_full_size.py [--atoms 512] [--device cpu] [--folder DIR] [MODEL]

builds a stand-in of each model (`recipes.stand_ins`; 1.2 GB together, in DIR if given) and takes it
over rattled crystals as one batch, on one thread. *identity*: largest error of the energies that
the last layer gives; *package*: of ours against the package's own calculator, on two structures,
both relative as in lumlip.conformance. Seconds are the processor's (on a GPU the clock's). GB: the
largest memory of the process (of the device, with cuda), with that of the imported packages.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("mace-mp-0b3-medium", "pet-mad-s-1.0.2", "dpa-3.1-3m@Omat24", "uma-s-1.1@omat")


def measure(family: str, path: str, task: str, structures: Sequence[Atoms], device: str) -> dict:
    """Extract one batch, inside the family's environment."""
    import torch

    from lumlip.conformance.subject import energy_error

    torch.set_num_threads(1)
    make = import_module(f"lumlip.families.{family}").Extractor
    extractor = make(path, task=task or None, device=device, dtype="float32")
    for few in (1, 2, 3):  # warm up; TorchScript compiles at the second pass
        extractor.extract(structures[:few])
    clock = time.perf_counter if device == "cuda" else time.process_time
    start = clock()
    features = extractor.extract(structures)
    seconds = clock() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    again = extractor.energy_from_last_layer(features.last_layer, structures)
    theirs = np.array([extractor.package_energy(atoms) for atoms in structures[:2]])
    ours = extractor.extract(structures[:2]).energy
    return {
        "parameters": sum(p.numel() for p in network(extractor).parameters()),
        "backbone": features.backbone.shape[1],
        "last layer": features.last_layer.shape[1],
        "identity": energy_error(again, features.energy, structures),
        "package": energy_error(ours, theirs, structures[:2]),
        "seconds": seconds,
        "GB": (torch.cuda.max_memory_allocated() if device == "cuda" else peak) / 1e9,
    }


def network(extractor: object) -> object:
    """Return the torch module of an extractor; of UMA the backbone, which has most weights."""
    return getattr(extractor, "model", None) or extractor.backbone


def run(model: str, folder: Path, structures: str, device: str) -> dict:
    """Build and measure one model."""
    from lumlip.runtime import environments
    from lumlip.zoo.table import resolve
    from recipes.stand_ins.__main__ import write

    entry = resolve(model)
    if not (path := folder / entry.file).is_file():
        write(folder, [model])
    argv = [str(environments.python(entry.family)), __file__, "--inside", entry.family]
    argv += [str(path), entry.task or "", structures, device]
    env = {**environments.variables(), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def batch_of(n_atoms: int) -> list[Atoms]:
    """Rattled crystals that together have about so many atoms."""
    from bench_extraction import crystals

    made = crystals(n_atoms)
    ends = np.cumsum([len(atoms) for atoms in made])
    return made[: int(np.searchsorted(ends, n_atoms)) + 1]


def main() -> None:
    """Print a table, a row per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--atoms", type=int, default=512)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--folder", type=Path, help="for the files, which else are removed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = (given.folder or Path(folder)).resolve()
        kept.mkdir(parents=True, exist_ok=True)
        batch = batch_of(given.atoms)
        ase.io.write(f"{folder}/crystals.extxyz", batch)
        n_atoms = sum(map(len, batch))
        print(f"{len(batch)} crystals, {n_atoms} atoms as one batch, {given.device}, one thread")
        for i, model in enumerate(given.models):
            found = run(model, kept, f"{folder}/crystals.extxyz", given.device)
            if not i:
                print("".join(f"{name:>12s}" for name in found), " model")
            values = (f"{x:12.2g}" if isinstance(x, float) else f"{x:12,d}" for x in found.values())
            print("".join(values), f" {model}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        family, path, task, file, device = sys.argv[2:]
        print(json.dumps(measure(family, path, task, ase.io.read(file, index=":"), device)))
    else:
        sys.path.append(str(ROOT))
        main()
