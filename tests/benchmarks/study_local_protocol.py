"""Which lowest cutoff keeps LFRE from breaking down, and what rounding does to it.

    python tests/benchmarks/study_local_protocol.py
    python tests/benchmarks/study_local_protocol.py --structures crystals mine.traj --every 1

For every set and layer, and for scikit-matter's protocol and the robust one with several lowest
cutoffs: the mean LFRE over pairs of different models; the largest change of a cell when all
features change by rounding in single precision, as from one processor to another; and the share
of fits that broke down. Beside them, per source, how many train atoms are copies at several
distances: a distance is well chosen where the number hardly depends on it.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import torch
from ase.build import bulk
from ase.data import atomic_numbers, covalent_radii
from ase.formula import Formula

import lumlip
from lumlip.metrics._neighbors import distinct_train_atoms
from lumlip.metrics._protocol import BROKEN, ROBUST, SCIKIT_MATTER
from lumlip.metrics.pointwise import _local, scaled_features

MODELS = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", "sevennet-l3i5", "diep-matpes-r2scan"]
SETS = ["mini-mad", "mini-lps:test", "crystals"]
FLOORS = (0.0, 1e-5, 1e-4, 1e-3, 1e-2)
DISTANCES = (1e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 1e-3)

# Lengths of bonds over lattice constant.
BONDS = {"rocksalt": 0.5, "zincblende": 3**0.5 / 4, "fluorite": 3**0.5 / 4}
BONDS["cesiumchloride"] = 3**0.5 / 2
BINARIES = {
    "rocksalt": "LiF LiCl NaF NaCl KCl KBr MgO CaO CaS SrO BaO TiC TiN VN MnO FeO CoO NiO AgCl PbS",
    "zincblende": "AlP AlAs GaP GaAs InP InAs ZnS ZnSe CdTe CuCl SiC BN",
    "cesiumchloride": "CsCl CsI TlCl NiAl FeAl CuZn",
    "fluorite": "CaF2 SrF2 BaF2 CeO2 ZrO2",
}
ELEMENTS = "Cu Ag Au Al Ni Pd Pt Pb Fe W Mo Cr V Nb Na Si Ge Mg Zn Ti Zr Co"
#: Strain, and random displacement in Angstrom, of the six cells made of every crystal.
CHANGES = [(1, 0), (0.97, 0), (1.03, 0), (1, 1e-3), (1, 0.02), (1, 0.1)]


def ordinary_crystals():
    """Elements and binary compounds in supercells: most atoms are near-copies of others."""
    cells = []
    for structure, names in BINARIES.items():
        for name in names.split():
            bond = sum(covalent_radii[atomic_numbers[symbol]] for symbol in Formula(name).count())
            cells.append(bulk(name, structure, a=bond / BONDS[structure], cubic=True))
    cells += [bulk(symbol) * (2, 2, 1) for symbol in ELEMENTS.split()]
    made = []
    for cell in cells:
        for strain, displacement in CHANGES:
            atoms = cell * (2, 1, 1)
            atoms.set_cell(atoms.cell * strain, scale_atoms=True)
            atoms.rattle(displacement, seed=len(made))
            made.append(atoms)
    return made


def rounded(features, seed=0):
    """Return the features as another processor might give them."""
    rng = np.random.default_rng(seed)
    unit = np.finfo(np.float32).eps / 2
    return {
        name: X + unit * np.abs(X).max(axis=1, keepdims=True) * rng.normal(size=X.shape)
        for name, X in features.items()
    }


def tables(features, options, protocol):
    """Return the LFRE of every pair of different models, and the share of fits that broke down."""
    split, k = (options["train"], options["test"]), options["n_neighbors"]
    sources, targets, _ = scaled_features(features, None, *split, device="cpu")
    errors, _ = _local(sources, targets, [[k] * len(targets)] * len(sources), protocol)
    errors = errors.numpy()[~np.eye(len(features), dtype=bool)]
    return np.sqrt(np.square(errors).mean(axis=1)), (errors > BROKEN).mean()


def report_copies(features, options):
    """Print the share of train atoms that are copies of an earlier one, by distance."""
    split = options["train"], options["test"]
    sources, _, _ = scaled_features(features, None, *split, device="cpu")
    for name, source in zip(features, sources, strict=True):
        copies = (1 - len(distinct_train_atoms(source, d)) / len(source.train) for d in DISTANCES)
        shares = "  ".join(f"{d:.0e}: {c:.1%}" for d, c in zip(DISTANCES, copies, strict=True))
        print(f"  copies, {name}: {shares}", flush=True)


def study(name, structures, options):
    """Print everything for one set of structures."""
    panel = lumlip.panel(options.models, structures)
    n_atoms = panel.atoms.sizes["atom"]
    n_test = min(1000, n_atoms // 5)
    train, test = lumlip.split(panel.atoms, by="structure", n_test=n_test, seed=0)
    k = min(options.n_neighbors, len(train) // 4)
    settings = {"train": train, "test": test[:: options.every], "n_neighbors": k}
    for layer in ("last_layer", "backbone"):
        features = panel.layer(layer)
        print(f"\n{name}, {layer}: {len(train)} train atoms, {len(settings['test'])} test atoms")
        report_copies(features, settings)
        protocols = {f"floor {f:.0e}": replace(ROBUST, floor=f) for f in FLOORS}
        for label, protocol in {"scikit-matter": SCIKIT_MATTER, **protocols}.items():
            errors, broken = tables(features, settings, protocol)
            again, _ = tables(rounded(features), settings, protocol)
            print(
                f"  {label:13s}  LFRE {errors.mean():8.4f}  rounding changes it by "
                f"{np.abs(again - errors).max():.1e}  broken {broken:.2%}",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="MODEL")
    parser.add_argument("--structures", nargs="+", default=SETS, metavar="SET")
    parser.add_argument("--n-neighbors", type=int, default=64)
    parser.add_argument("--every", type=int, default=3, help="take every n-th test atom")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.structures:
        study(name, ordinary_crystals() if name == "crystals" else name, options)


if __name__ == "__main__":
    main()
