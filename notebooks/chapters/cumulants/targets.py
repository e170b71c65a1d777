"""What descriptions of whole structures are good for: properties, read off by linear probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from ase import Atoms
from numpy.typing import ArrayLike

from lumlip.array_types import IntArray
from lumlip.datasets.properties import coordination_numbers
from lumlip.metrics.probe_targets import Key, ProbeTarget, allowed, volume
from lumlip.metrics.probes import ProbeScore

SUBSET, MIX = "subset", "spread of coordination numbers"


def targets_of(structures: Sequence[Atoms], groups: IntArray) -> list[ProbeTarget]:
    """Return the targets that need no model: the subset, the volume, the spread of neighbors.

    The volume per atom (Å^3, as a logarithm) of bulk crystals; the standard deviation of the
    coordination number over the atoms of a structure, which says how unlike its atoms are.

    Parameters
    ----------
    structures : sequence of ase.Atoms
    groups : int array of shape (n_structures,)
        Structures with one number are left out together.
    """
    subset = np.array([str(atoms.info.get("subset", "user")) for atoms in structures])
    sizes = np.array([len(atoms) for atoms in structures])
    neighbors = np.split(coordination_numbers(structures), np.cumsum(sizes)[:-1])
    mix = np.array([own.std() for own in neighbors])
    return [
        ProbeTarget(SUBSET, subset, groups, is_class=True, of_structures=True),
        volume(structures, groups),
        ProbeTarget(MIX, mix, groups, of_structures=True),
    ]


def probe_all(
    targets: Sequence[ProbeTarget],
    described: Mapping[str, ArrayLike],
    *,
    model: str,
    n_bootstrap: int = 500,
    seed: int = 0,
) -> dict[Key, ProbeScore]:
    """Probe every way of pooling for every target: (model, way, target) -> score.

    Parameters
    ----------
    targets : sequence of ProbeTarget
        Those that the structures do not allow are left out.
    described : mapping of str to array of shape (n_structures, n_columns)
        By way of pooling.
    model : str
        Of the keys; ``"baseline"`` if there is none.
    n_bootstrap, seed : int
    """
    return {
        (model, way, target.name): target.probe(X, n_bootstrap=n_bootstrap, seed=seed)
        for target in allowed(targets)
        for way, X in described.items()
    }


def score_table(scores: Mapping[Key, ProbeScore], target: str) -> pd.DataFrame:
    """Scores of one target: a row for each way of pooling, a column for each model."""
    chosen = {key[:2]: score.value for key, score in scores.items() if key[2] == target}
    ways, models = (list(dict.fromkeys(key[i] for key in chosen)) for i in (1, 0))
    rows = [[chosen.get((model, way), np.nan) for model in models] for way in ways]
    return pd.DataFrame(rows, index=ways, columns=models, dtype=float)
