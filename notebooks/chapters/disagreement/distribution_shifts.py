"""Structures unlike those that the maps were fitted on: by subset, by element, by compression."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import IntArray

#: A shift needs as many structures on both sides.
FEWEST = 8


@dataclass(frozen=True)
class Shift:
    """Which structures are unusual, which are usual, and which atoms the maps are fitted on.

    Attributes
    ----------
    name : str
    train : int array
        Atoms.
    usual, unusual : int arrays
        Structures.
    paired : bool
        Unusual structure j is usual structure j, changed.
    kind : str
        "subset", "elements" or "changed".
    """

    name: str
    train: IntArray
    usual: IntArray
    unusual: IntArray
    paired: bool = False
    kind: str = "subset"

    def fewer(self, at_most: int, *, seed: int = 0) -> Shift:
        """Draw some of the usual structures: the areas need not more."""
        order = np.random.default_rng(seed).permutation(self.usual)
        return self if self.paired else replace(self, usual=np.sort(order[:at_most]))


def held_out_subsets(atoms: xr.Dataset, *, train: IntArray, test: IntArray) -> list[Shift]:
    """Leave each subset out of the train atoms in turn; its test structures are the unusual ones.

    Parameters
    ----------
    atoms : Dataset
        With ``structure`` (atom) and ``subset`` (structure).
    train, test : int arrays
        Atoms, split by structure.
    """
    owner, subset = atoms["structure"].to_numpy(), np.asarray(atoms["subset"].to_numpy())
    tested = np.unique(owner[test])
    found = []
    for name in dict.fromkeys(subset.tolist()):
        out = np.asarray(subset == name)
        shift = Shift(
            str(name), train[~out[owner[train]]], tested[~out[tested]], tested[out[tested]]
        )
        found.append(shift)
    return [shift for shift in found if _is_large_enough(shift)]


def held_out_elements(
    atoms: xr.Dataset,
    *,
    train: IntArray,
    test: IntArray,
    n_elements: int = 8,
    fewest: int = 4,
    seed: int = 0,
) -> list[Shift]:
    """Leave out of the train atoms all structures with one of some elements; test those with one.

    Parameters
    ----------
    atoms : Dataset
        With ``structure`` and ``atomic_number`` (atom).
    train, test : int arrays
    n_elements : int
        How many elements to draw.
    fewest : int
        Test structures that an element has to be in.
    seed : int

    Returns
    -------
    list of Shift
        One, or none if there are too few structures.
    """
    owner, number = atoms["structure"].to_numpy(), atoms["atomic_number"].to_numpy()
    holds = np.zeros((int(owner.max()) + 1, int(number.max()) + 1), dtype=bool)
    holds[owner, number] = True
    tested = np.unique(owner[test])
    counts = holds[tested].sum(axis=0)
    # an element of most structures would leave nothing to train on
    able = np.flatnonzero((counts >= fewest) & (counts <= len(tested) / 10))
    drawn = np.sort(np.random.default_rng(seed).permutation(able)[:n_elements])
    out = np.asarray(holds[:, drawn].any(axis=1))
    kept = train[~out[owner[train]]]
    shift = Shift("new elements", kept, tested[~out[tested]], tested[out[tested]], kind="elements")
    return [shift] if _is_large_enough(shift) else []


def changed(name: str, *, train: IntArray, originals: ArrayLike, copies: ArrayLike) -> list[Shift]:
    """Tell changed copies of structures from the structures themselves.

    Parameters
    ----------
    name : str
    train : int array
    originals, copies : int arrays of equal length
        Structures.
    """
    before, after = (np.asarray(side, dtype=np.int64) for side in (originals, copies))
    shift = Shift(name, train, before, after, paired=True, kind="changed")
    return [shift] if _is_large_enough(shift) else []


def _is_large_enough(shift: Shift) -> bool:
    return min(len(shift.usual), len(shift.unusual)) >= FEWEST and len(shift.train) >= 2 * FEWEST
