"""Sums over every half of every fold, of which the maps of all folds are made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from lumlip.array_types import BoolArray, IntArray
from lumlip.metrics._targets import Targets


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
    ) -> FoldOrder:
        """Sort centered targets (n_atoms, n_columns) by part, 2 * fold + half of every atom."""
        atoms = torch.as_tensor(np.argsort(part, kind="stable"), device=targets.device)
        sizes = np.bincount(part, minlength=int(part.max()) // 2 * 2 + 2)
        layout = Targets(targets[:0], targets[:0], widths)
        ones = torch.ones_like(targets[:, :1]) if ones is None else ones[atoms]
        return cls(atoms, tuple(int(n) for n in sizes), targets[atoms], layout, ones)

    def only(self, chosen: BoolArray) -> FoldOrder:
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
    def of(cls, b: torch.Tensor, order: FoldOrder, half: int) -> Moments:
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

    def without_each(self) -> Moments:
        """Sum of all parts but one, for every one."""
        return Moments(*(field.sum(dim=0) - field for field in vars(self).values()))

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            *(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True))
        )

    def centered(self, m: torch.Tensor, t: torch.Tensor) -> Moments:
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
