"""Features of train and test atoms on one scale: what every reconstruction starts from."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics._input import WIDEST, check_spread, of_unit_size


@dataclass(frozen=True)
class ScaledFeatures:
    """Features of the train and the test atoms, centered and scaled with the train atoms' numbers.

    Column means over the train atoms are 0, and the variances of the columns add up to 1.
    """

    train: torch.Tensor  # (n_train, n_features)
    test: torch.Tensor  # (n_test, n_features)

    @property
    def width(self) -> int:
        """Number of features per atom."""
        return self.train.shape[1]


def scale(
    features: FloatArray, train: IntArray, test: IntArray, name: str, device: torch.device
) -> ScaledFeatures:
    """Center every column by its train mean, divide all by ``sqrt(sum of the train variances)``.

    So the mean squared norm of the train rows is 1: predicting nothing has an error of 1. Refused
    are features that are the same for all train atoms, but for rounding, and a test atom so far
    away that its square overflows.
    """
    features = of_unit_size(features, name)
    train_rows = torch.as_tensor(features[train], device=device)
    mean = train_rows.mean(dim=0)
    train_rows = train_rows - mean
    total = train_rows.square().mean(dim=0).sum().sqrt()
    check_spread(name, float(total), features[train], len(train))
    test_rows = (torch.as_tensor(features[test], device=device) - mean) / total
    if (farthest := float(test_rows.abs().max())) > WIDEST:
        raise ValueError(
            f"{name}: got a test atom {farthest:.2g} standard deviations of the train atoms away, "
            f"expected at most {WIDEST}"
        )
    return ScaledFeatures(train=train_rows / total, test=test_rows)
