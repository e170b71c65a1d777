"""Features of train and test atoms on one scale, and several targets side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics._input import WIDEST, check_spread, of_unit_size


@dataclass(frozen=True)
class ScaledFeatures:
    """Features of train and test atoms; over train columns have mean 0, and variance 1 in all."""

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
        got = f"{name}: got a test atom {farthest:.2g} standard deviations of train atoms away"
        raise ValueError(f"{got}, expected at most {WIDEST}")
    return ScaledFeatures(train=train_rows / total, test=test_rows)


@dataclass(frozen=True)
class Targets:
    """The columns of several targets: one factorization of a source serves all of them."""

    train: torch.Tensor  # (n_train, n_columns)
    test: torch.Tensor  # (n_test, n_columns)
    widths: tuple[int, ...]  # columns of each target

    @classmethod
    def join(cls, targets: Sequence[ScaledFeatures]) -> Self:
        """Put the scaled features of several targets, of the same atoms, side by side."""
        return cls(
            train=torch.cat([target.train for target in targets], dim=1),
            test=torch.cat([target.test for target in targets], dim=1),
            widths=tuple(target.width for target in targets),
        )

    @cached_property
    def of_column(self) -> torch.Tensor:
        """Number of the target that each column belongs to: (n_columns,)."""
        widths = torch.tensor(self.widths, device=self.train.device)
        return torch.repeat_interleave(torch.arange(len(widths), device=widths.device), widths)

    @cached_property
    def averaging(self) -> torch.Tensor:
        """Matrix (n_columns, n_targets) that averages over the columns of each target."""
        belongs = torch.nn.functional.one_hot(self.of_column, len(self.widths)).double()
        return belongs / belongs.sum(dim=0)

    def norms(self, rows: torch.Tensor) -> torch.Tensor:
        """Norm of each row (n_rows, n_columns) over a target's columns: (n_targets, n_rows)."""
        parts = torch.split(rows, list(self.widths), dim=1)
        return torch.stack([torch.linalg.vector_norm(part, dim=1) for part in parts])
