"""From atoms to structures by the mean; cumulants see more."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics._input import as_features, as_structure_index


def mean_over_atoms(X: ArrayLike, structure: ArrayLike) -> FloatArray:
    """Average features (n_atoms, n_channels) over atoms of structures 0 to n_structures - 1."""
    rows = as_features(X, "X")
    index = as_structure_index(structure, len(rows))
    sums = np.zeros((int(index.max()) + 1, rows.shape[1]))
    np.add.at(sums, index, rows)
    return sums / np.bincount(index)[:, None]
