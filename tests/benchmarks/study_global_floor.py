"""What a lowest cutoff of global maps would do to GFRE, as `study_local_protocol` for local ones.

    python tests/benchmarks/study_global_floor.py
    python tests/benchmarks/study_global_floor.py --structures mini-mad mine.traj

For every set, layer and lowest cutoff (1e-9 is that of scikit-matter): the mean GFRE over pairs of
different models; the largest change of a cell from that one; its largest change when all
features change by rounding in single precision; the largest map, as its Frobenius norm in scaled
units; and how many errors and maps count as broken down.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from study_local_protocol import MODELS, ordinary_crystals, rounded

import lumlip
from lumlip.metrics._crossvalidation import fold_order
from lumlip.metrics._protocol import BROKEN, LARGEST_MAP, Protocol
from lumlip.metrics._ridge import TruncatedRegression
from lumlip.metrics._targets import Targets
from lumlip.metrics.pointwise import scaled_features

SETS = ["mini-mad", "mini-mad-unstrained", "mini-lps:test", "crystals"]
FLOORS = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)


def fitted(features, split, floor):
    """Return GFRE and size of every map between different models, and how many broke down."""
    sources, targets, _ = scaled_features(features, None, **split, device="cpu")
    targets = Targets.join(targets)
    errors, sizes = [], []
    for source in sources:
        order = fold_order(len(source.train))[0]
        x, y = source.train[order][None], targets.train[order][None]
        one = TruncatedRegression(x, y, targets, Protocol(floor=floor))
        errors.append(targets.norms(targets.test - one.predict(source.test[None])[0]))
        sizes.append(one.sizes()[0])
    others = ~np.eye(len(features), dtype=bool)
    errors, sizes = torch.stack(errors).numpy()[others], torch.stack(sizes).numpy()[others]
    n_broken = (errors > BROKEN).sum(), (sizes > LARGEST_MAP).sum()
    return np.sqrt(np.square(errors).mean(axis=1)), sizes.max(), n_broken


def study(name, structures, models):
    """Print everything for one set of structures."""
    panel = lumlip.panel(models, structures)
    n_test = min(1000, panel.atoms.sizes["atom"] // 5)
    train, test = lumlip.split(panel.atoms, by="structure", n_test=n_test, seed=0)
    split = {"train": train, "test": test}
    for layer in ("last_layer", "backbone"):
        print(f"\n{name}, {layer}: {len(train)} train atoms, {len(test)} test atoms")
        features = panel.layer(layer)
        in_use, _, _ = fitted(features, split, FLOORS[0])
        for floor in FLOORS:
            errors, largest, (n_errors, n_maps) = fitted(features, split, floor)
            again, _, _ = fitted(rounded(features), split, floor)
            print(
                f"  floor {floor:.0e}  GFRE {errors.mean():.4f}  "
                f"a cell changes by {np.abs(errors - in_use).max():.3f}, "
                f"by rounding {np.abs(again - errors).max():.1e}  largest map {largest:.1e}  "
                f"broken: {n_errors} errors, {n_maps} maps",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="MODEL")
    parser.add_argument("--structures", nargs="+", default=SETS, metavar="SET")
    options = parser.parse_args()
    for name in options.structures:
        study(name, ordinary_crystals() if name == "crystals" else name, options.models)


if __name__ == "__main__":
    main()
