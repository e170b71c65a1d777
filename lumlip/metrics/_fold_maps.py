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

from dataclasses import dataclass
from typing import Self

import torch

from lumlip.metrics._crossvalidation import largest_tie, thin_svd
from lumlip.metrics._fold_sums import FoldOrder, Moments
from lumlip.metrics._protocol import Protocol
from lumlip.metrics._scaling import Targets

#: Directions of B that a part of the atoms does not have, relative to the others.
ABSENT = 1e-10
#: Least over largest singular value of X down to which its squares resolve it, to 1e-6 or better.
SQUARED = 1e-5


@dataclass(frozen=True)
class _Svd:
    """Factors of a part of X: projected = U^T y, and right = diag(s) V, acting on rows of B."""

    singular: torch.Tensor
    right: torch.Tensor
    projected: torch.Tensor

    @classmethod
    def of(cls, moments: Moments, s: torch.Tensor) -> Self:
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
    def _of_squares(cls, moments: Moments, s: torch.Tensor) -> Self:
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

    The columns are multiplied by scales, falling: singular values over the root of n_atoms.
    """

    columns: torch.Tensor  # (n_atoms, d), of mean square 1
    scales: torch.Tensor  # (d,)
    turn: torch.Tensor  # (n_features, d), gives the columns of any atom's centered features

    @classmethod
    def of(cls, x: torch.Tensor) -> Self:
        """Turn centered features of shape (n_atoms, n_features)."""
        left, singular, right = thin_svd(x)
        kept = singular > singular[0] * torch.finfo(x.dtype).eps * max(x.shape)
        scales = singular[kept] / len(x) ** 0.5
        return cls(left[:, kept] * len(x) ** 0.5, scales, right[:, kept] / scales)


@dataclass(frozen=True)
class FoldMaps:
    """Maps from rows of B to all targets, each fitted without one fold."""

    maps: torch.Tensor  # (n_folds, d, n_columns)
    constant: torch.Tensor  # (n_folds, n_columns)
    spread: torch.Tensor  # (n_folds, n_targets), total standard deviations over the train atoms
    layout: Targets

    @classmethod
    def of(cls, source: Source, order: FoldOrder, *, protocol: Protocol) -> Self:
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
        """Errors on a fold, from rows of B and centered targets, no unit: (n_targets, n_rows)."""
        left = torch.addmm(y - self.constant[fold], b, self.maps[fold], alpha=-1)
        return self.layout.norms(left) / self.spread[fold, :, None]


def fold_errors(source: Source, order: FoldOrder, *, protocol: Protocol) -> torch.Tensor:
    """`FoldMaps.errors` on every atom, each by the map of the other folds: (n_targets, n_atoms)."""
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
    chosen = largest_tie(loss, protocol.tie)
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
