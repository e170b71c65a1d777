"""The structures of the atlas are those that the recipe chooses, and they stand for mini-mad."""

from collections import Counter

import numpy as np
import pytest

import lumlip
from lumlip.datasets.sets import SETS, structures_sha256
from recipes.mini_mad.atlas import chosen

SHA256 = "cba4673d4a6f254c97fd89f31fd42152e660a0e70e67fc2b933c02c78a911841"
WHOLE = lumlip.structures("mini-mad")
ATLAS = lumlip.structures("atlas")
NUMBERS = np.loadtxt(SETS["atlas"].chosen, dtype=int).tolist()


def shares(frames):
    n = Counter()
    for atoms in frames:
        n[atoms.info["subset"]] += len(atoms)
    return {subset: count / n.total() for subset, count in n.items()}


def test_the_recipe_chooses_them_again():
    assert chosen(WHOLE) == NUMBERS


def test_they_never_change():
    """Entries that were sent are of these structures."""
    assert structures_sha256(ATLAS) == SHA256


def test_all_subsets_have_their_shares_and_all_elements_are_there():
    assert 2000 <= sum(map(len, ATLAS)) < 2100
    assert shares(ATLAS) == pytest.approx(shares(WHOLE), abs=0.05)
    parents = Counter(z for p in parents_of(ATLAS).values() for z in p)
    every = Counter(z for p in parents_of(WHOLE).values() for z in p)
    assert all(parents[z] >= min(2, n) for z, n in every.items())


def test_parents_are_whole():
    names = {atoms.info["parent"] for atoms in ATLAS}
    assert [i for i, a in enumerate(WHOLE) if a.info["parent"] in names] == NUMBERS


def parents_of(frames):
    found = {}
    for atoms in frames:
        found.setdefault(atoms.info["parent"], set()).update(atoms.numbers.tolist())
    return found
