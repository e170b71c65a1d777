"""What descriptions of whole structures are good for: properties, read off by linear probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.datasets.properties import coordination_numbers, volume_per_atom
from lumlip.metrics.probes import ProbeScore, probe_class, probe_number

#: (model or "baseline", way of pooling, task)
Key = tuple[str, str, str]
SUBSET, VOLUME, ENERGY, MIX = (
    "subset",
    "log volume per atom",
    "energy beyond composition",
    "spread of coordination numbers",
)
#: Fewer structures than this are not asked.
FEWEST = 10


@dataclass(frozen=True)
class StructureTask:
    """A property of structures to be read off their features.

    Attributes
    ----------
    name : str
    score : str
        Balanced accuracy, or the share of the variance that is predicted.
    values : array of shape (n_structures,)
        Numbers, NaN where the property has no meaning; or names of classes.
    given : array of shape (n_structures, n_given), optional
        Columns that every probe of this task gets for free.
    """

    name: str
    score: str
    values: NDArray[Any]
    given: FloatArray | None = None

    @property
    def known(self) -> BoolArray:
        """Where the property has a meaning."""
        if self.values.dtype.kind != "f":
            return np.ones(len(self.values), dtype=bool)
        return np.asarray(np.isfinite(self.values))

    def can_be_asked(self, groups: IntArray) -> bool:
        """Tell whether there are enough structures in two or more groups, and the values vary."""
        values, known_groups = self.values[self.known], groups[self.known]
        return (
            len(values) >= FEWEST
            and len(np.unique(values)) > 1
            and len(np.unique(known_groups)) > 1
        )

    def ask(self, X: ArrayLike | None, groups: IntArray, **options: Any) -> ProbeScore:
        """Probe features (n_structures, n_columns), or without any what is given.

        Parameters
        ----------
        X : array or None
        groups : int array of shape (n_structures,)
            Structures with one number are left out together.
        options
            ``n_bootstrap`` and ``seed``.
        """
        parts = [rows for rows in (X, self.given) if rows is not None]
        columns = np.hstack(parts)[self.known] if parts else None
        probe = probe_class if self.values.dtype.kind != "f" else probe_number
        values = self.values[self.known]
        return probe(columns, values, groups=groups[self.known], **options)


def tasks_of_structures(structures: Sequence[Atoms]) -> list[StructureTask]:
    """Return the tasks that need no model: the subset, the volume, the spread of neighbors.

    The volume per atom (Å^3, as a logarithm) of bulk crystals; the standard deviation of the
    coordination number over the atoms of a structure, which says how unlike its atoms are.
    """
    subset = np.array([str(atoms.info.get("subset", "user")) for atoms in structures])
    sizes = np.array([len(atoms) for atoms in structures])
    neighbors = np.split(coordination_numbers(structures), np.cumsum(sizes)[:-1])
    return [
        StructureTask(SUBSET, "balanced accuracy", subset),
        StructureTask(VOLUME, "R²", np.log10(volume_per_atom(structures))),
        StructureTask(MIX, "R²", np.array([own.std() for own in neighbors])),
    ]


def ask_all(
    tasks: Sequence[StructureTask],
    described: Mapping[str, ArrayLike],
    groups: IntArray,
    *,
    model: str,
    **options: Any,
) -> dict[Key, ProbeScore]:
    """Ask every way of pooling everything: (model, way, task) -> score.

    Parameters
    ----------
    tasks : sequence of StructureTask
        Those that the structures do not allow are left out.
    described : mapping of str to array of shape (n_structures, n_columns)
        By way of pooling.
    groups : int array of shape (n_structures,)
    model : str
        Of the keys.
    options
        ``n_bootstrap`` and ``seed``.
    """
    asked = [task for task in tasks if task.can_be_asked(groups)]
    return {
        (model, way, task.name): task.ask(X, groups, **options)
        for task in asked
        for way, X in described.items()
    }


def score_table(scores: Mapping[Key, ProbeScore], task: str) -> pd.DataFrame:
    """Scores of one task: a row for each way of pooling, a column for each model."""
    chosen = {key[:2]: score.value for key, score in scores.items() if key[2] == task}
    ways, models = (list(dict.fromkeys(key[i] for key in chosen)) for i in (1, 0))
    rows = [[chosen.get((model, way), np.nan) for model in models] for way in ways]
    return pd.DataFrame(rows, index=ways, columns=models, dtype=float)
