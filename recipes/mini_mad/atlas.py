"""Choose the structures of the atlas: ``python -m recipes.mini_mad.atlas OUT``.

Whole parents of mini-mad in a seeded order: first those that bring elements that are not there
twice, then those of the subset that is farthest behind its share. ``OUT`` of the committed numbers
is ``lumlip/datasets/data/atlas.txt``; seconds.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

import lumlip

N_ATOMS = 2000
#: Parents that hold an element, at least: folds by parent then test it by maps that have seen it.
TWICE = 2


def chosen(structures: Sequence[Atoms], *, n_atoms: int = N_ATOMS, seed: int = 0) -> list[int]:
    """Numbers of structures, rising, that have n_atoms or, with the last parent, a few more."""
    members: dict[str, list[int]] = {}
    for i, atoms in enumerate(structures):
        members.setdefault(atoms.info["parent"], []).append(i)
    names = sorted(members)
    left = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    sizes = {p: _by_subset([structures[i] for i in own]) for p, own in members.items()}
    elements = {p: {z for i in own for z in structures[i].numbers} for p, own in members.items()}
    whole: Counter[str] = sum(sizes.values(), Counter())
    known, taken, kept = Counter[int](), Counter[str](), list[str]()
    while left and taken.total() < n_atoms:
        new = {p: sum(known[z] < TWICE for z in elements[p]) for p in left}
        behind = min(whole, key=lambda subset: taken[subset] / whole[subset])
        # per atom, so that large parents do not fill the set
        best = max(left, key=lambda p: (new[p] / sizes[p].total(), sizes[p][behind] > 0))
        left.remove(best)
        kept.append(best)
        known.update(elements[best])
        taken += sizes[best]
    return sorted(i for p in kept for i in members[p])


def _by_subset(structures: Sequence[Atoms]) -> Counter[str]:
    found = Counter[str]()
    for atoms in structures:
        found[atoms.info["subset"]] += len(atoms)
    return found


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    out = parser.parse_args().out
    np.savetxt(out, chosen(lumlip.structures("mini-mad")), fmt="%d")


if __name__ == "__main__":
    main()
