"""Seconds and peak memory of tables of GFRE that are streamed in blocks, by number of atoms.

    python tests/benchmarks/bench_streamed.py                               # 1e5 and 1e6 atoms
    python tests/benchmarks/bench_streamed.py --atoms 10000000 --processes 2
    python tests/benchmarks/bench_streamed.py --atoms 100000 --in-memory    # and the difference
    python tests/benchmarks/bench_streamed.py --atoms 100000 --sets 8       # of eight models

Sets of features per atom are made block by block, when they are read: a number of atoms alone
fills no memory. Each number of atoms is measured in a process of its own; the peak is that of this
process or, if it has more, of the largest of its helpers.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np

import lumlip
from lumlip.metrics.folds import Folds

BLOCK = 20_000  # atoms
GROUP = 20  # atoms
N_LATENT = 24
NAMES = "abcdefghijklmnop"


def read(n_atoms, width, n_sets, block):
    """Curved images of common latent variables, as float32, and groups of 20 atoms."""
    rng = np.random.default_rng([1, block])
    atoms = np.arange(block * BLOCK, min((block + 1) * BLOCK, n_atoms))
    latent = rng.normal(size=(len(atoms), N_LATENT)) * np.geomspace(1, 0.05, N_LATENT)
    features = {}
    for i, name in enumerate(NAMES[:n_sets]):
        mix = np.random.default_rng(i).normal(size=(N_LATENT, width))
        scale = np.geomspace(1, 1e-5, width)
        features[name] = (np.tanh(latent @ mix) * scale + 1).astype(np.float32)
    return features, atoms // GROUP


def folds(n_atoms):
    """The fold of each group, one of ten."""
    return np.random.default_rng(0).integers(0, 10, size=-(-n_atoms // GROUP))


def in_memory(one, n_atoms):
    blocks = [one(block) for block in range(-(-n_atoms // BLOCK))]
    features = {name: np.concatenate([block[0][name] for block in blocks]) for name in blocks[0][0]}
    groups = np.concatenate([block[1] for block in blocks])
    of_atoms = folds(n_atoms)[groups].view(Folds)
    of_atoms.groups = groups
    return lumlip.reconstruction_table(features, folds=of_atoms)


def peak():
    """Largest memory in GB, of this process or of one of its helpers."""
    of = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return [f"{resource.getrusage(who).ru_maxrss / 1e6:.2f}" for who in of]


def measure(options):
    """Print one line for the first number of atoms."""
    n_atoms, width, n_sets = options.atoms[0], options.width, options.sets
    one, n_blocks = partial(read, n_atoms, width, n_sets), -(-n_atoms // BLOCK)
    start = time.perf_counter()
    for block in range(min(n_blocks, 5)):
        one(block)
    reading = 2 * (time.perf_counter() - start) * n_blocks / min(n_blocks, 5)
    pool = None
    if options.processes:
        pool = ProcessPoolExecutor(options.processes, mp_context=get_context("spawn"))
    start, used = time.perf_counter(), time.process_time()
    table = lumlip.streamed_table(one, n_blocks, folds=folds(n_atoms), executor=pool)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    if pool:
        pool.shutdown()
    print(f"{n_atoms} atoms x {n_sets} x {width}, {options.processes or 'no'} other processes:")
    print(f"{seconds:.1f} s, {used:.1f} s of processor time here, {reading:.1f} s to make the")
    print("features twice; peak {} GB here, {} GB in others".format(*peak()))
    print(table.map("{:.12f}".format).to_string())
    if options.in_memory:
        start = time.perf_counter()
        whole = in_memory(one, n_atoms)
        print(
            f"in memory: {time.perf_counter() - start:.1f} s, peak {peak()[0]} GB; "
            f"largest difference {np.abs(table - whole).max(axis=None):.1e}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atoms", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--width", type=int, default=128, help="channels of each set")
    parser.add_argument("--sets", type=int, default=2, help="sets of features, as of models")
    parser.add_argument("--processes", type=int, default=0)
    parser.add_argument("--in-memory", action="store_true", help="compare with that")
    options = parser.parse_args()
    if len(options.atoms) == 1:
        return measure(options)
    for n_atoms in options.atoms:
        rest = ["--width", str(options.width), "--processes", str(options.processes)]
        rest += ["--sets", str(options.sets)]
        rest += ["--in-memory"] * options.in_memory
        argv = [sys.executable, __file__, "--atoms", str(n_atoms), *rest]
        subprocess.run(argv, check=True)
    return None


if __name__ == "__main__":
    main()
