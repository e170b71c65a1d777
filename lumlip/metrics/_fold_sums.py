"""Sums over every half of every fold, of which the maps of all folds are made; of blocks, TSQR."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import torch

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.metrics._scaling import Targets


@dataclass(frozen=True)
class FoldOrder:
    """One order of the folds: the targets sorted by fold and half, made once for all sources.

    Rows may stand for many atoms: their ``ones`` are other numbers then, with the same sums of
    squares, and of products with the other columns.
    """

    atoms: torch.Tensor  # (n_atoms,), sorted by fold, and within a fold by half
    sizes: tuple[int, ...]  # atoms in each half of each fold, in that order
    y: torch.Tensor  # (n_atoms, n_columns), targets of the sorted atoms, centered over all atoms
    layout: Targets  # which column belongs to which target
    ones: torch.Tensor  # (n_atoms, 1)

    @classmethod
    def of(
        cls,
        targets: torch.Tensor,
        widths: tuple[int, ...],
        *,
        part: IntArray,
        ones: torch.Tensor | None = None,
    ) -> Self:
        """Sort centered targets (n_atoms, n_columns) by part, 2 * fold + half of every atom."""
        atoms = torch.as_tensor(np.argsort(part, kind="stable"), device=targets.device)
        sizes = np.bincount(part, minlength=int(part.max()) // 2 * 2 + 2)
        layout = Targets(targets[:0], targets[:0], widths)
        ones = torch.ones_like(targets[:, :1]) if ones is None else ones[atoms]
        return cls(atoms, tuple(int(n) for n in sizes), targets[atoms], layout, ones)

    def only(self, chosen: BoolArray) -> Self:
        """Keep some targets, a mask of shape (n_targets,)."""
        if chosen.all():
            return self
        parts = torch.split(self.y, list(self.layout.widths), dim=1)
        kept = [part for part, is_chosen in zip(parts, chosen, strict=True) if is_chosen]
        y, widths = torch.cat(kept, dim=1), tuple(part.shape[1] for part in kept)
        return replace(self, y=y, layout=Targets(y[:0], y[:0], widths))

    def parts(self, rows: torch.Tensor, half: int) -> tuple[torch.Tensor, ...]:
        """Rows of one half of each fold."""
        return torch.split(rows, list(self.sizes))[half::2]

    def tested(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Rows of each fold, both halves."""
        sizes = np.add(self.sizes[::2], self.sizes[1::2])
        return torch.split(rows, [int(n) for n in sizes])

    def sums(self, rows: torch.Tensor, half: int) -> torch.Tensor:
        """Sums over one half of each fold: (n_folds, n_columns)."""
        pairs = zip(self.parts(self.ones, half), self.parts(rows, half), strict=True)
        return torch.stack([(ones.mT @ some)[0] for ones, some in pairs])

    @cached_property
    def of_targets(self) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
        """Of both halves: sums and sums of squares over each fold, (n_folds, n_columns) each."""
        squares = [[y.square().sum(dim=0) for y in self.parts(self.y, half)] for half in (0, 1)]
        return tuple((self.sums(self.y, half), torch.stack(squares[half])) for half in (0, 1))


@dataclass(frozen=True)
class Moments:
    """Sums over the atoms of a part: of products, of squares, of the features, and of ones."""

    gram: torch.Tensor  # (..., d, d)
    cross: torch.Tensor  # (..., d, n_columns), source times targets
    squares: torch.Tensor  # (..., n_columns), of targets
    source: torch.Tensor  # (..., d)
    target: torch.Tensor  # (..., n_columns)
    n: torch.Tensor  # (...)

    @classmethod
    def of(cls, b: torch.Tensor, order: FoldOrder, half: int) -> Self:
        """Sum over one half of each fold, b of shape (n_atoms, d) sorted: fields (n_folds, ...)."""
        parts = order.parts(b, half)
        targets = order.parts(order.y, half)
        target, squares = order.of_targets[half]
        return cls(
            gram=torch.stack([some.mT @ some for some in parts]),
            cross=torch.stack([some.mT @ y for some, y in zip(parts, targets, strict=True)]),
            squares=squares,
            source=order.sums(b, half),
            target=target,
            n=order.sums(order.ones, half)[:, 0],
        )

    def without_each(self) -> "Moments":
        """Sum of all parts but one, for every one."""
        return Moments(*(field.sum(dim=0) - field for field in vars(self).values()))

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            *(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True))
        )

    def centered(self, m: torch.Tensor, t: torch.Tensor) -> "Moments":
        """Sums of products about other means, source m (..., d) and target t (..., n_columns)."""
        n = self.n[..., None]
        left = self.source - n * m
        gram = _less(self.gram, left, m, m, self.source)
        cross = _less(self.cross, left, t, m, self.target)
        squares = self.squares - 2 * t * self.target + n * t.square()
        return Moments(gram, cross, squares, left, self.target - n * t, self.n)


def _less(
    x: torch.Tensor, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, d: torch.Tensor
) -> torch.Tensor:
    """Return x - a b^T - c d^T in one pass, which is what this costs: x is large."""
    return torch.baddbmm(x, torch.stack([a, c], -1), torch.stack([b, d], -2), alpha=-1)


@dataclass(frozen=True)
class Part:
    """Some atoms: their number, mean (d,), and a factor whose square is that of deviations.

    Two parts merge by one more QR decomposition (TSQR), which squares nothing: in any order but
    for rounding, and in any number of processes.
    """

    n: int
    mean: FloatArray
    factor: FloatArray

    @classmethod
    def of(cls, rows: torch.Tensor) -> Self:
        """Reduce the rows of atoms, of shape (n_atoms, d)."""
        if not len(rows):
            return cls(0, np.zeros(rows.shape[1]), np.zeros((0, rows.shape[1])))
        mean = rows.mean(dim=0)
        return cls(len(rows), mean.numpy(), _triangle(rows - mean))

    def __add__(self, other: "Part") -> "Part":
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
