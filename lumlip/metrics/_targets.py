"""Several targets side by side, so that one factorization of a source serves all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from lumlip.metrics._scaling import ScaledFeatures


@dataclass(frozen=True)
class Targets:
    """The columns of several targets, one after the other."""

    train: torch.Tensor  # (n_train, n_columns)
    test: torch.Tensor  # (n_test, n_columns)
    widths: tuple[int, ...]  # columns of each target

    @classmethod
    def join(cls, targets: Sequence[ScaledFeatures]) -> Targets:
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
