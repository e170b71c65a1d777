"""Global maps of all folds at once, from sums of products instead of the atoms themselves.

Every fold's map is fitted on all others, so nearly the same atoms enter ten times, and in ten
orders of the folds a hundred times. What a fit needs of them are products of features summed over
atoms, and these add up: summed once over every half of a fold, they serve all maps.

Squaring a matrix squares its condition. Sources are therefore turned into orthonormal columns
first, ``X = B diag(s) V^T`` over all atoms: the products of B over a part of the atoms are well
conditioned, and with ``B_part^T B_part = Q diag(l) Q^T`` the matrix ``diag(sqrt(l)) Q^T diag(s)``
has the singular values and right singular vectors of that part of X to full precision. Where X is
well conditioned, the squares resolve it, and one decomposition, of ``diag(s) B_part^T B_part
diag(s)``, serves instead of two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from lumlip.array_types import BoolArray, IntArray
from lumlip.metrics._crossvalidation import thin_svd
from lumlip.metrics._protocol import Protocol
from lumlip.metrics._targets import Targets

#: Directions of B that a part of the atoms does not have, relative to the others.
ABSENT = 1e-10
#: Least over largest singular value of X down to which its squares resolve it, to 1e-6 or better.
SQUARED = 1e-5


@dataclass(frozen=True)
class FoldOrder:
    """One order of the folds: the targets sorted by fold and half, made once for all sources.

    Attributes
    ----------
    atoms : tensor of int of shape (n_atoms,)
        Sorted by fold, and within a fold by half.
    sizes : tuple of int, of length 2 * n_folds
        Atoms in each half of each fold, in that order.
    y : tensor of shape (n_atoms, n_columns)
        Targets of the sorted atoms, centered over all atoms.
    layout : Targets
        Which column belongs to which target.
    ones : tensor of shape (n_atoms, 1)
        1; rows that stand for many atoms have other numbers, with the same sums of squares, and of
        products with the other columns.
    """

    atoms: torch.Tensor
    sizes: tuple[int, ...]
    y: torch.Tensor
    layout: Targets
    ones: torch.Tensor

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
    """Sums over the atoms of a part: of products, of squares, of the features, and of ones.

    Attributes
    ----------
    gram : tensor of shape (..., d, d)
    cross : tensor of shape (..., d, n_columns)
        Source times targets.
    squares : tensor of shape (..., n_columns)
    source, target : tensors of shape (..., d) and (..., n_columns)
    n : tensor of shape (...)
    """

    gram: torch.Tensor
    cross: torch.Tensor
    squares: torch.Tensor
    source: torch.Tensor
    target: torch.Tensor
    n: torch.Tensor

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


@dataclass(frozen=True)
class _Svd:
    """Factors of a part of X: projected = U^T y, and right = diag(s) V, acting on rows of B."""

    singular: torch.Tensor
    right: torch.Tensor
    projected: torch.Tensor

    @classmethod
    def of(cls, moments: Moments, s: torch.Tensor) -> _Svd:
        if s[-1] > SQUARED * s[0]:
            return cls._of_squares(moments, s)
        values, vectors = torch.linalg.eigh(moments.gram)
        there = values > ABSENT * values[..., -1:]
        root = torch.where(there, values, 0.0).sqrt()
        inverse = torch.where(there, 1 / root, 0.0)
        left, singular, right = torch.linalg.svd((root[..., None] * vectors.mT) * s)
        projected = left.mT @ ((vectors * inverse[..., None, :]).mT @ moments.cross)
        return cls(singular, s[:, None] * right.mT, projected)

    @classmethod
    def _of_squares(cls, moments: Moments, s: torch.Tensor) -> _Svd:
        values, vectors = torch.linalg.eigh(s[:, None] * moments.gram * s)
        # Directions that the part does not have are rounding, of either sign.
        there = values > SQUARED**2 / 1000 * values[..., -1:]
        root = torch.where(there, values, 0.0).sqrt().flip(-1)
        inverse = torch.where(root > 0, 1 / root, 0.0)
        right = s[:, None] * vectors.flip(-1)
        return cls(root, right, (right * inverse[..., None, :]).mT @ moments.cross)


@dataclass(frozen=True)
class Source:
    """Features as orthonormal columns, made once and used for every order of the folds.

    Attributes
    ----------
    columns : tensor of shape (n_atoms, d)
        Of mean square 1.
    scales : tensor of shape (d,)
        Falling; what each column is multiplied by, singular values over the root of n_atoms.
    turn : tensor of shape (n_features, d)
        Gives the columns of any atom's centered features.
    """

    columns: torch.Tensor
    scales: torch.Tensor
    turn: torch.Tensor

    @classmethod
    def of(cls, x: torch.Tensor) -> Source:
        """Turn centered features of shape (n_atoms, n_features)."""
        left, singular, right = thin_svd(x)
        kept = singular > singular[0] * torch.finfo(x.dtype).eps * max(x.shape)
        scales = singular[kept] / len(x) ** 0.5
        return cls(left[:, kept] * len(x) ** 0.5, scales, right[:, kept] / scales)


@dataclass(frozen=True)
class FoldMaps:
    """Maps from rows of B to all targets, each fitted without one fold.

    Attributes
    ----------
    maps : tensor of shape (n_folds, d, n_columns)
    constant : tensor of shape (n_folds, n_columns)
    spread : tensor of shape (n_folds, n_targets)
        Total standard deviations of the targets over the train atoms.
    layout : Targets
    """

    maps: torch.Tensor
    constant: torch.Tensor
    spread: torch.Tensor
    layout: Targets

    @classmethod
    def of(cls, source: Source, order: FoldOrder, *, protocol: Protocol) -> FoldMaps:
        """Fit the maps; the cutoff is cross-validated between both halves of the other folds."""
        b, layout = source.columns[order.atoms], order.layout
        sums = [Moments.of(b, order, half).without_each() for half in (0, 1)]
        n = (sums[0].n + sums[1].n)[:, None]
        m, t = (sums[0].source + sums[1].source) / n, (sums[0].target + sums[1].target) / n
        first, second = (some.centered(m, t) for some in sums)
        maps = _maps(first, second, source.scales, layout, protocol)
        total = (first.squares + second.squares) / n
        spread = (total @ torch.nn.functional.one_hot(layout.of_column).double()).sqrt()
        return cls(maps, (t[:, None] - m[:, None] @ maps)[:, 0], spread, layout)

    def errors(self, fold: int, b: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Errors on atoms of one fold, from rows of B and centered targets: (n_targets, n_rows).

        No unit: distances in target space over the total spread of the train atoms.
        """
        left = torch.addmm(y - self.constant[fold], b, self.maps[fold], alpha=-1)
        return self.layout.norms(left) / self.spread[fold, :, None]


def fold_errors(source: Source, order: FoldOrder, *, protocol: Protocol) -> torch.Tensor:
    """Errors of one source's maps on every atom, each by the map of the other folds.

    Returns
    -------
    tensor of shape (n_targets, n_atoms)
        As `FoldMaps.errors`.
    """
    fitted = FoldMaps.of(source, order, protocol=protocol)
    rows = zip(order.tested(source.columns[order.atoms]), order.tested(order.y), strict=True)
    errors = torch.cat([fitted.errors(f, b, y) for f, (b, y) in enumerate(rows)], dim=1)
    return torch.empty_like(errors).index_copy_(1, order.atoms, errors)


def _maps(
    first: Moments, second: Moments, s: torch.Tensor, layout: Targets, protocol: Protocol
) -> torch.Tensor:
    """Maps from rows of B to all targets: (n_folds, d, n_columns)."""
    halves = [_Svd.of(some, s) for some in (first, second)]
    largest = torch.maximum(halves[0].singular[:, :1], halves[1].singular[:, :1])
    cutoffs = torch.as_tensor(protocol.alphas, device=s.device) * largest
    loss = _loss(halves[0], second, cutoffs, layout) + _loss(halves[1], first, cutoffs, layout)
    best = loss.min(dim=1, keepdim=True).values
    numbers = torch.arange(1, loss.shape[1] + 1, device=s.device)[:, None]
    chosen = ((loss <= best * (1 + protocol.tie)) * numbers).argmax(dim=1)
    whole = _Svd.of(first + second, s)
    # Both halves hold about half of the squares that all train atoms have.
    kept = whole.singular[:, None] > cutoffs.gather(1, chosen)[..., None]
    inverse = torch.where(kept, 1 / whole.singular[:, None], 0.0)
    parts = torch.split(whole.projected, list(layout.widths), dim=2)
    return torch.cat(
        [(whole.right * inverse[:, None, i]) @ part for i, part in enumerate(parts)], dim=2
    )


def _loss(svd: _Svd, other: Moments, cutoffs: torch.Tensor, layout: Targets) -> torch.Tensor:
    """RMSE on the other half by cutoff: (n_folds, n_alphas, n_targets).

    As in `lumlip.metrics._crossvalidation`: a component changes the squared error by what it adds
    and by its products with those before it.
    """
    kept = (svd.singular[:, None] > cutoffs[..., None]).double()
    design = svd.right * torch.where(kept[:, 0] > 0, 1 / svd.singular, 0.0)[:, None]
    gram = design.mT @ other.gram @ design
    earlier = 2 * gram.tril(-1) + torch.diag_embed(gram.diagonal(dim1=-2, dim2=-1))
    change = torch.baddbmm(design.mT @ other.cross, earlier, svd.projected, beta=-2)
    change.mul_(svd.projected)
    squares = torch.baddbmm(other.squares[:, None], kept, change)
    rmse = (squares / other.n[:, None, None]).clamp_(min=0).sqrt_()
    return rmse @ layout.averaging


def _less(
    x: torch.Tensor, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, d: torch.Tensor
) -> torch.Tensor:
    """Return x - a b^T - c d^T in one pass, which is what this costs: x is large."""
    return torch.baddbmm(x, torch.stack([a, c], -1), torch.stack([b, d], -2), alpha=-1)
