"""Make mini-mad, the structure set of this book: ``python -m recipes.mini_mad.mini_mad OUT``."""

from __future__ import annotations

import argparse
import gzip
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from lumlip.array_types import BoolArray, IntArray
from recipes.mini_mad.clusters import cluster
from recipes.mini_mad.crystals import decorated_crystals, randomized, rattled
from recipes.mini_mad.elements import ELEMENTS, NOBLE_GASES
from recipes.mini_mad.geometry import composition
from recipes.mini_mad.layers import layer
from recipes.mini_mad.molcrys import molecular_crystal
from recipes.mini_mad.molecules import dimers, is_closed_shell, molecules
from recipes.mini_mad.prototypes import prototypes, real_crystals
from recipes.mini_mad.surfaces import slab

SEED = 20251205
#: Structures of each subset, in the order of the file.
SIZES = {
    "bulk": 410,
    "rattled": 336,
    "random": 84,
    "surface": 84,
    "cluster": 130,
    "2d": 116,
    "molcrys": 62,
    "molfrags": 84,
}
#: Of nine groups of parents, these two are the test part.
TEST_GROUPS = (2, 6)
DEALS = 2000


def mini_mad(seed: int = SEED) -> list[Atoms]:
    """Make the set: all structures, with ``subset``, ``part`` and ``parent`` in their info.

    Every subset has a random generator of its own, so that one can be changed without the others.

    Raises
    ------
    ImportError
        If pymatgen is missing (see `recipes.mini_mad.prototypes`).
    """
    rng = {s: np.random.default_rng([seed, i]) for i, s in enumerate(SIZES)}
    bulk = _bulk(rng["bulk"])
    shaken = [rattled(a, rng["rattled"]) for a in _some(bulk, SIZES["rattled"], rng["rattled"])]
    subsets = {
        "bulk": bulk,
        "rattled": shaken,
        "random": _collect("random", _small(bulk, 4, 16), randomized, rng["random"]),
        "surface": _collect("surface", _small(bulk, 1, 10), slab, rng["surface"]),
        "cluster": _collect("cluster", bulk + shaken, cluster, rng["cluster"]),
        "2d": _layers(bulk, rng["2d"]),
        "molcrys": _collect("molcrys", _closed_shell(), molecular_crystal, rng["molcrys"]),
        "molfrags": _molfrags(rng["molfrags"]),
    }
    labelled = [_labelled(atoms, name) for name in subsets for atoms in subsets[name]]
    _split(labelled, np.random.default_rng([seed, len(SIZES)]))
    return labelled


def _bulk(rng: np.random.Generator) -> list[Atoms]:
    """Real crystals, then decorated prototypes of up to 20 atoms."""
    real = real_crystals()
    templates = [a for a in prototypes() if len(a) <= 20]
    return real + decorated_crystals(templates, real, SIZES["bulk"] - len(real), rng)


def _layers(bulk: list[Atoms], rng: np.random.Generator) -> list[Atoms]:
    """Layers of the layered crystals of the set, then of decorated ones, each kind once."""
    lifted = [found for a in bulk if (found := layer(a)) is not None]
    kinds = {(composition(a), len(a)): a for a in lifted}
    templates = [a for a in prototypes() if layer(a) is not None]
    while len(kinds) < SIZES["2d"]:
        [made] = decorated_crystals(templates, list(kinds.values()), 1, rng)
        found = layer(made)
        if found is not None:
            kinds.setdefault((composition(found), len(found)), found)
    return list(kinds.values())[: SIZES["2d"]]


def _closed_shell() -> list[Atoms]:
    return [a for a in molecules() if is_closed_shell(a)]


def _molfrags(rng: np.random.Generator) -> list[Atoms]:
    """All dimers, and molecules for the rest."""
    pairs = dimers()
    return pairs + _some(molecules(), SIZES["molfrags"] - len(pairs), rng)


def _small(crystals: list[Atoms], fewest: int, most: int) -> list[Atoms]:
    """Crystals of a range of sizes, without the noble gases."""
    return [
        a
        for a in crystals
        if fewest <= len(a) <= most and NOBLE_GASES.isdisjoint(a.numbers.tolist())
    ]


def _some(choices: Sequence[Atoms], n: int, rng: np.random.Generator) -> list[Atoms]:
    """Pick n of them without repetition, in their order."""
    return [choices[i] for i in np.sort(rng.permutation(len(choices))[:n])]


def _collect(
    subset: str,
    parents: Sequence[Atoms],
    make: Callable[[Atoms, np.random.Generator], Atoms | None],
    rng: np.random.Generator,
) -> list[Atoms]:
    """Go through the parents in random order, again and again, until the subset is full."""
    made: list[Atoms] = []
    while len(made) < SIZES[subset]:
        for i in rng.permutation(len(parents)):
            atoms = make(parents[i], rng)
            if atoms is not None and len(made) < SIZES[subset]:
                made.append(atoms)
    return made


def _labelled(atoms: Atoms, subset: str) -> Atoms:
    """Copy in a right-handed cell, with the set's own info."""
    copy: Atoms = atoms.copy()
    if copy.pbc.any() and np.linalg.det(copy.cell.array) < 0:
        copy.set_cell(copy.cell.array[[1, 0, 2]])
    copy.info = {"subset": subset, "parent": atoms.info["parent"]}
    return copy


def _split(structures: list[Atoms], rng: np.random.Generator) -> None:
    """Set ``part``: parents of one composition stay together, two of nine groups are for tests.

    The groups are dealt out subset by subset, so that each subset is shared in about 7 to 2. Of
    many such deals, the one counts that is kindest to the element with the fewest structures in
    either part (noble gases aside).
    """
    subset_of: dict[str, int] = {}
    for atoms in structures:
        subset_of.setdefault(_group(atoms), list(SIZES).index(atoms.info["subset"]))
    index = {group: i for i, group in enumerate(subset_of)}
    holds = _elements_of_groups(structures, index)
    deals = [_deal(np.array(list(subset_of.values())), rng) for _ in range(DEALS)]
    best = max(deals, key=lambda test: min(holds[test].sum(0).min(), holds[~test].sum(0).min()))
    for atoms in structures:
        atoms.info["part"] = "test" if best[index[_group(atoms)]] else "train"


def _elements_of_groups(structures: list[Atoms], index: dict[str, int]) -> IntArray:
    """Numbers of structures (n_groups, n_elements) that hold an element, without noble gases."""
    column = {z: i for i, z in enumerate(z for z in ELEMENTS if z not in NOBLE_GASES)}
    holds = np.zeros((len(index), len(column)), dtype=np.int64)
    for atoms in structures:
        for z in set(atoms.numbers.tolist()) & column.keys():
            holds[index[_group(atoms)], column[z]] += 1
    return holds


def _deal(subset_of: IntArray, rng: np.random.Generator) -> BoolArray:
    """Shuffle the groups (n_groups,) of each subset, and mark two of nine in a row for tests."""
    shuffled = rng.permutation(len(subset_of))
    ordered = shuffled[np.argsort(subset_of[shuffled], kind="stable")]
    test = np.zeros(len(subset_of), dtype=bool)
    test[ordered] = np.isin(np.arange(len(ordered)) % 9, TEST_GROUPS)
    return test


def _group(atoms: Atoms) -> str:
    """Composition of the parent: what must not be on both parts."""
    return str(atoms.info["parent"]).split("/")[0]


def extxyz(structures: Iterable[Atoms]) -> str:
    """Canonical extended XYZ: 6 decimals, fixed order of the keys, whatever the version of ase."""
    return "".join(line + "\n" for atoms in structures for line in _frame(atoms))


def _frame(atoms: Atoms) -> Iterable[str]:
    """Lines of one frame."""
    info = " ".join(f'{key}="{atoms.info[key]}"' for key in ("subset", "part", "parent"))
    pbc = " ".join("FT"[int(periodic)] for periodic in atoms.pbc)
    lattice = " ".join(f"{x:.6f}" for x in atoms.cell.array.flat)
    cell = f'Lattice="{lattice}" ' if atoms.pbc.any() else ""
    yield str(len(atoms))
    yield f'{cell}Properties=species:S:1:pos:R:3 {info} pbc="{pbc}"'
    for symbol, position in zip(atoms.symbols, atoms.positions, strict=True):
        yield symbol + "".join(f" {x:.6f}" for x in position)


def write(structures: Iterable[Atoms], path: Path) -> None:
    """Write a gzipped file that depends on nothing but the structures."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(extxyz(structures).encode())
    path.write_bytes(buffer.getvalue())


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Make the structure set mini-mad.")
    parser.add_argument("out", type=Path, metavar="OUT", help="file to write, such as mini.xyz.gz")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    arguments = parser.parse_args()
    structures = mini_mad(arguments.seed)
    write(structures, arguments.out)
    n_atoms = sum(len(atoms) for atoms in structures)
    print(f"{arguments.out}: {len(structures)} structures, {n_atoms} atoms")


if __name__ == "__main__":
    main()
