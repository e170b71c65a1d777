"""What all measures of similarity start from: rows that belong together, and distances."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist, squareform

from lumlip.array_types import FloatArray
from lumlip.metrics._input import as_features, check_same_structures, of_unit_size, rounding_spread


def samples(X: ArrayLike, name: str = "X", *, at_least: int = 2) -> FloatArray:
    """Return features (n_samples, n_features) as float64, huge or tiny ones in another unit."""
    array = of_unit_size(as_features(X, name), name)
    if len(array) < at_least:
        raise ValueError(f"{name}: got {len(array)} samples, expected {at_least} or more")
    return array


def both(X: ArrayLike, Y: ArrayLike, *, at_least: int = 2) -> tuple[FloatArray, FloatArray]:
    """Return `samples` of both, the same number, and of the same structures as far as they tell."""
    check_same_structures([("X", X), ("Y", Y)])
    first, second = samples(X, "X", at_least=at_least), samples(Y, "Y", at_least=at_least)
    if len(first) != len(second):
        raise ValueError(f"got {len(first)} and {len(second)} samples, expected the same ones")
    return first, second


def centered(X: FloatArray) -> FloatArray:
    """Subtract the mean of each column (n_samples, n_features); refuse what is but rounding."""
    moved: FloatArray = X - X.mean(axis=0)
    if np.linalg.norm(moved) <= rounding_spread(X) * np.sqrt(len(X)):
        raise ValueError("got features that are the same for all samples")
    return moved


def unit_rows(X: FloatArray) -> FloatArray:
    """Bring every row (n_samples, n_features) to unit length; rows of zeros stay."""
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    return np.asarray(X / np.where(lengths > 0, lengths, 1.0))


def distances(X: FloatArray) -> FloatArray:
    """Euclidean distances (n_samples, n_samples) of rows (n_samples, n_features)."""
    return np.asarray(squareform(pdist(X)))


#: Below this share of the terms that cancel, what is left of them is rounding.
ROUNDING = 1e-12


def defined(value: float) -> float:
    """Return a number, or refuse NaN and what rounding makes of a division by 0."""
    if not abs(value) < 1e-3 / ROUNDING:
        raise ValueError(
            "got samples for which this is not defined: too few, or all of them equally far apart"
        )
    return float(value)
