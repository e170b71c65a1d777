"""Atoms reduced to what a global map needs of them, such that two parts of them merge (TSQR)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from lumlip.array_types import FloatArray


@dataclass(frozen=True)
class Part:
    """Some atoms: their number, mean (d,), and a factor whose square is that of deviations.

    Two parts merge by one more QR decomposition, which squares nothing: in any order but for
    rounding, and in any number of processes.
    """

    n: int
    mean: FloatArray
    factor: FloatArray

    @classmethod
    def of(cls, rows: torch.Tensor) -> Part:
        """Reduce the rows of atoms, of shape (n_atoms, d)."""
        if not len(rows):
            return cls(0, np.zeros(rows.shape[1]), np.zeros((0, rows.shape[1])))
        mean = rows.mean(dim=0)
        return cls(len(rows), mean.numpy(), _triangle(rows - mean))

    def __add__(self, other: Part) -> Part:
        n, apart = self.n + other.n, other.mean - self.mean
        share = other.n / max(n, 1)
        step = (self.n * share) ** 0.5 * apart
        rows = torch.as_tensor(np.vstack([self.factor, other.factor, step]))
        return Part(n, self.mean + share * apart, _triangle(rows))

    def rows(self, mean: FloatArray) -> torch.Tensor:
        """Rows with the atoms' squares about some mean; the last one stands for their own mean."""
        return torch.as_tensor(np.vstack([self.factor, self.n**0.5 * (self.mean - mean)]))


def merge(parts: list[Part], others: list[Part]) -> list[Part]:
    """Merge each part of some atoms with that of others."""
    return [a + b for a, b in zip(parts, others, strict=True)]


def _triangle(rows: torch.Tensor) -> FloatArray:
    few = len(rows) <= rows.shape[1]
    return (rows if few else torch.linalg.qr(rows, mode="r").R).numpy()
