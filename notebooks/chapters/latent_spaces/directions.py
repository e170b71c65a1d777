"""Features split into their leading direction and the rest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from chapters.shared.spectrum import narrowed, without_leading
from lumlip.array_types import FloatArray
from lumlip.metrics.repeated import CrossFit


def split_targets(features: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
    """Return ``MODEL: first`` (n_atoms, 1) and ``MODEL: rest`` (n_atoms, n_features) of each."""
    parts = {}
    for model, X in features.items():
        parts[f"{model}: first"] = narrowed(X, 1)
        parts[f"{model}: rest"] = without_leading(X, 1)
    return parts


def share_along(
    along: CrossFit, beside: CrossFit, weights: FloatArray, leading_shares: ArrayLike
) -> float:
    """Which part of the recovered variance lies along the targets' leading directions.

    Parameters
    ----------
    along, beside : CrossFit
        With the first direction of every model, and with the rest, as the target.
    weights : array of shape (n_models, n_models)
    leading_shares : array of shape (n_models,)
        Share of each target's variance along its first direction.
    """
    size = np.asarray(leading_shares, dtype=float)
    first, rest = (1 - fit.table.to_numpy() ** 2 for fit in (along, beside))
    on_first, on_rest = (weights * first * size).sum(), (weights * rest * (1 - size)).sum()
    return float(on_first / (on_first + on_rest))
