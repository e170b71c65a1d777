"""How much faster the tables of GFRE and LFRE are than a loop over scikit-matter.

    python tests/benchmarks/bench_reconstruction.py                         # synthetic features
    python tests/benchmarks/bench_reconstruction.py --npz features.npz      # arrays (n_atoms, d)
    python tests/benchmarks/bench_reconstruction.py --models chgnet-0.3.0 sevennet-0 \
        --structures mini-mad

lumlip does the whole tables. The loop would take too long: it is timed on a sample of pairs and,
for LFRE, of test atoms, and scaled up to the whole table. Both run in this process' run, with the
same number of jobs, in float64, and their numbers on the sample are compared.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import skmatter.metrics
import torch
from joblib import Parallel, delayed

import lumlip
from lumlip.metrics.pointwise import pointwise_errors

WIDTHS = [64, 64, 64, 64, 64, 64, 128, 64, 128, 64, 128, 128, 128]


def synthetic(n_atoms, seed=0):
    """Curved images of common latent variables, with equivalent atoms and float32 rounding."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n_atoms, 24)) * np.geomspace(1, 0.05, 24)
    copies = rng.random(n_atoms) < 0.25
    latent[copies] = latent[rng.integers(0, n_atoms // 10, size=copies.sum())]
    features = {}
    for i, width in enumerate(WIDTHS):
        own = latent @ rng.normal(size=(24, 48))
        array = np.tanh(own) @ rng.normal(size=(48, width)) / 7
        array += 1e-7 * rng.normal(size=array.shape)
        features[f"synthetic {i} ({width})"] = array.astype(np.float32).astype(np.float64)
    return features


def from_npz(path):
    """All two-dimensional arrays of the file."""
    with np.load(path) as arrays:
        return {k: arrays[k].astype(np.float64) for k in arrays.files if arrays[k].ndim == 2}


def from_models(models, structures):
    """Backbone and last-layer features, extracted by lumlip."""
    features = {}
    for model in models:
        ds = lumlip.features(model, structures)
        for layer in ("backbone", "last_layer"):
            features[f"{model} {layer}"] = ds[layer].values.astype(np.float64)
    return features


def seconds(function):
    """Return the wall time of a call, and its result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def reference_lfre(features, pair, split, k, atoms, jobs):
    X, Y = (features[name] for name in pair)
    train, test = split
    return skmatter.metrics.pointwise_local_reconstruction_error(
        X, Y, k, train_idx=train, test_idx=test[:atoms], n_jobs=jobs
    )


def reference_gfre(features, pairs, split, jobs):
    train, test = split
    return Parallel(n_jobs=jobs)(
        delayed(skmatter.metrics.pointwise_global_reconstruction_error)(
            features[x], features[y], train_idx=train, test_idx=test
        )
        for x, y in pairs
    )


def sample_pairs(features, n_pairs, seed=0):
    names = list(features)
    every = [(x, y) for x in names for y in names]
    chosen = np.random.default_rng(seed).choice(len(every), min(n_pairs, len(every)), replace=False)
    return [every[i] for i in chosen]


def share_of_equal_errors(errors, pairs, expected):
    """Share of the sampled errors that agree to a relative 1e-6.

    The others are LFRE's of atoms with equally near neighbors: scikit-matter sorts these in an
    order that depends on the processor, lumlip in the order of the train atoms.
    """
    equal = []
    for (x, y), reference in zip(pairs, expected, strict=True):
        ours = errors.sel(source=x, target=y).values[: len(reference)]
        equal.append(np.isclose(ours, reference, rtol=1e-6, atol=1e-10))
    return np.mean(equal)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--npz", metavar="FILE")
    parser.add_argument("--models", nargs="+", metavar="MODEL")
    parser.add_argument("--structures", default="mini-mad")
    parser.add_argument("--n-atoms", type=int, default=2000, help="half of them test atoms")
    parser.add_argument("--n-neighbors", type=int, default=64)
    parser.add_argument("--max-sets", type=int, default=13)
    parser.add_argument("--protocol", default="robust", help="scikit-matter: equal to its errors")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=8, help="sample for scikit-matter")
    parser.add_argument("--atoms", type=int, default=100, help="sample for scikit-matter's LFRE")
    return parser.parse_args()


def main():
    options = arguments()
    if options.models:
        features = from_models(options.models, options.structures)
    else:
        features = from_npz(options.npz) if options.npz else synthetic(options.n_atoms)
    features = dict(list(features.items())[: options.max_sets])
    order = np.random.default_rng(0).permutation(len(next(iter(features.values()))))
    order = order[: options.n_atoms]
    split = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    train, test = split
    k, jobs, n_all = options.n_neighbors, options.jobs, len(features) ** 2
    torch.set_num_threads(jobs)
    pairs = sample_pairs(features, options.pairs)
    atoms = min(options.atoms, len(test))
    print(f"{len(features)} feature sets, {len(train)} train and {len(test)} test atoms, k = {k}")
    print(
        f"scikit-matter: {len(pairs)} of {n_all} pairs, LFRE on {atoms} of {len(test)} test atoms"
    )

    common = {"train": train, "test": test, "device": "cpu", "protocol": options.protocol}
    # Start the pools and load the libraries outside of the clock.
    warm = {name: array[:, :8] for name, array in list(features.items())[:1]}
    reference_gfre(warm, [2 * tuple(warm)] * jobs, split, jobs)
    reference_lfre(features, pairs[0], split, k, 2 * jobs, jobs)
    pointwise_errors(warm, metric="lfre", n_neighbors=8, **common)

    global_time, gfre = seconds(lambda: pointwise_errors(features, metric="gfre", **common))
    local_time, lfre = seconds(
        lambda: pointwise_errors(features, metric="lfre", n_neighbors=k, **common)
    )
    sample_global, expected_global = seconds(lambda: reference_gfre(features, pairs, split, jobs))
    sample_local, expected_local = seconds(
        lambda: [reference_lfre(features, pair, split, k, atoms, jobs) for pair in pairs]
    )
    loop_global = sample_global * n_all / len(pairs)
    loop_local = sample_local * n_all / len(pairs) * len(test) / atoms
    report = [
        ("GFRE", global_time, loop_global, share_of_equal_errors(gfre, pairs, expected_global)),
        ("LFRE", local_time, loop_local, share_of_equal_errors(lfre, pairs, expected_local)),
    ]
    for name, ours, loop, equal in report:
        print(f"{name}: lumlip {ours:.1f} s, scikit-matter {loop:.0f} s (scaled up): ", end="")
        print(f"{loop / ours:.0f} times as fast; {equal:.2%} of the errors equal to 1e-6")
    ratio = (loop_global + loop_local) / (global_time + local_time)
    print(f"both tables: {ratio:.0f} times as fast")


if __name__ == "__main__":
    main()
