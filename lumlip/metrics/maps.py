"""Two-dimensional maps of structures, as each model sees them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics.pcovr import Pcovr, energy_target, pcovr
from lumlip.metrics.pooling import mean_over_atoms

__all__ = ["Pcovr", "energy_target", "pcovr", "structure_maps"]


def structure_maps(
    features: Mapping[str, ArrayLike], structure: ArrayLike
) -> dict[str, FloatArray]:
    """Project each model's structures on their two leading principal components.

    Features are centered and divided by one number, as for the reconstruction errors, so that no
    channel is favored. Signs are fixed: in each map the coordinate with the largest magnitude is
    positive along each axis.

    Parameters
    ----------
    features : dict of str to array of shape (n_atoms, n_channels)
    structure : int array of shape (n_atoms,)

    Returns
    -------
    dict of str to array of shape (n_structures, 2)
    """
    from sklearn.decomposition import PCA

    maps = {}
    for model, X in features.items():
        means = mean_over_atoms(X, structure)
        points = PCA(n_components=2, svd_solver="full").fit_transform(means)
        points /= np.sqrt(means.var(axis=0).sum())
        largest = points[np.abs(points).argmax(axis=0), [0, 1]]
        maps[model] = points * np.sign(largest)
    return maps
