"""Checked input of every feature metric: feature matrices, the split, the scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]


@dataclass(frozen=True)
class ScaledFeatures:
    """Features of the train and the test atoms, centered and scaled with the train atoms' numbers.

    Attributes
    ----------
    train : tensor of shape (n_train, n_features)
        Column means 0; the variances of the columns add up to 1.
    test : tensor of shape (n_test, n_features)
    """

    train: torch.Tensor
    test: torch.Tensor

    @property
    def width(self) -> int:
        """Number of features per atom."""
        return self.train.shape[1]


def as_features(features: ArrayLike, name: str) -> FloatArray:
    """Return the features as a float64 array of shape (n_atoms, n_features).

    Raises
    ------
    ValueError
        If the array is not two-dimensional, is empty, or holds NaN or infinity.
    """
    array = np.asarray(features)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"{name}: got shape {array.shape}, expected (n_atoms, n_features), neither of them 0"
        )
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name}: got dtype {array.dtype}, expected real numbers")
    array = array.astype(np.float64, copy=False)
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise ValueError(
            f"{name}: got NaN or infinity in {bad.size} of {len(array)} rows "
            f"(first: row {bad[0]}), expected finite numbers"
        )
    return array


def as_split(train: ArrayLike, test: ArrayLike, n_atoms: int) -> tuple[IndexArray, IndexArray]:
    """Return the indices of train and test atoms, checked against each other.

    Each is an array of indices, or a boolean mask of shape (n_atoms,). The order is kept.

    Raises
    ------
    ValueError
        If an index is out of range, repeated or on both sides, fewer than 2 atoms are in train,
        or none in test.
    """
    train_index = _as_index(train, n_atoms, "train", at_least=2)
    test_index = _as_index(test, n_atoms, "test", at_least=1)
    shared = np.intersect1d(train_index, test_index)
    if shared.size:
        raise ValueError(
            f"train and test: got {shared.size} atoms in both (first: {shared[0]}), expected none"
        )
    return train_index, test_index


def _as_index(index: ArrayLike, n_atoms: int, name: str, *, at_least: int) -> IndexArray:
    array = np.asarray(index)
    if array.dtype == bool:
        if array.shape != (n_atoms,):
            raise ValueError(f"{name}: got a mask of shape {array.shape}, expected ({n_atoms},)")
        array = np.flatnonzero(array)
    if array.ndim != 1 or array.size < at_least:
        raise ValueError(
            f"{name}: got shape {array.shape}, expected a list of at least {at_least} atoms"
        )
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name}: got dtype {array.dtype}, expected integer indices or a mask")
    if array.min() < 0 or array.max() >= n_atoms:
        raise ValueError(
            f"{name}: got indices from {array.min()} to {array.max()}, expected 0 to {n_atoms - 1}"
        )
    if np.unique(array).size != array.size:
        raise ValueError(f"{name}: got repeated indices, expected every atom at most once")
    return array.astype(np.int64)


def scale(
    features: FloatArray, train: IndexArray, test: IndexArray, name: str, device: torch.device
) -> ScaledFeatures:
    """Center every column by its train mean, divide all by ``sqrt(sum of the train variances)``.

    So the mean squared norm of the train rows is 1: predicting nothing has an error of 1.

    Raises
    ------
    ValueError
        If the features are the same for all train atoms.
    """
    train_rows = torch.as_tensor(features[train], device=device)
    mean = train_rows.mean(dim=0)
    train_rows = train_rows - mean
    total = train_rows.square().mean(dim=0).sum().sqrt()
    # Rounding alone leaves about eps * |mean|: what is not clearly above that is constant.
    rounding = 1e-14 * float(mean.abs().max())
    if not rounding < float(total) < float("inf"):
        raise ValueError(
            f"{name}: got a total standard deviation of {float(total):.3g} over the "
            f"{len(train)} train atoms, expected features that vary and do not overflow"
        )
    return ScaledFeatures(
        train=train_rows / total,
        test=(torch.as_tensor(features[test], device=device) - mean) / total,
    )
