"""Two-fold cross-validation of the cutoff of a truncated SVD, for batches of sources and targets.

The protocol is that of ``skmatter.linear_model.Ridge2FoldCV`` with the settings of
``skmatter.metrics``: 20 cutoffs relative to the largest singular value of both folds; the score of
a cutoff is the RMSE of each target column, averaged over the columns and the two directions; of
equal scores, the smallest cutoff wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from sklearn.model_selection import KFold

from lumlip.metrics._protocol import SCIKIT_MATTER, Protocol
from lumlip.metrics._targets import Targets

FOLD_SEED = 0x5F3759DF
EPS = float(np.finfo(np.float64).eps)
# A squared error is known to about eps times the squares that cancel in it, its root therefore
# to sqrt(eps) = 1.5e-8 at worst; the margin is for sums over some hundred terms.
LOSS_UNCERTAINTY = 1e-7


@cache
def fold_order(n_samples: int) -> tuple[torch.Tensor, int]:
    """Order of the samples that puts fold 1 before fold 2, and the size of fold 1."""
    folds = KFold(n_splits=2, shuffle=True, random_state=FOLD_SEED)
    first, second = next(folds.split(np.empty(n_samples)))
    return torch.as_tensor(np.concatenate([first, second])), len(first)


def rounding_floor(source: torch.Tensor, protocol: Protocol = SCIKIT_MATTER) -> float:
    """Singular values below this are rounding: scipy's pinv default, taken as absolute."""
    return max(max(source.shape[-2:]) * EPS, protocol.rounding)


def thin_svd(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Factors (U, s, V) of x = U diag(s) V^T; the columns of V are the right singular vectors."""
    left, singular, right = torch.linalg.svd(x, full_matrices=False)
    return left, singular, right.mT


@dataclass(frozen=True)
class _Fold:
    """Maps of every rank r fitted on one fold, to predict the other: design[:, :r] (left^T y)[:r].

    Attributes
    ----------
    left : tensor of shape (batch, n_fitted, rank)
        Left singular vectors of the fold.
    design : tensor of shape (batch, n_predicted, rank)
        The other fold times V / s.
    kept : tensor of shape (batch, n_alphas + 1, rank)
        1 where a singular value is above the cutoff, else 0. The last row keeps nothing.
    """

    left: torch.Tensor
    design: torch.Tensor
    kept: torch.Tensor

    def loss(self, fitted: torch.Tensor, predicted: torch.Tensor, targets: Targets) -> torch.Tensor:
        """RMSE by cutoff, averaged over each target's columns: (batch, n_alphas + 1, n_targets).

        With A = design and b = left^T y, component r changes the squared error by
        ``|a_r b_r|^2 + 2 a_r b_r . (sum_{q<r} a_q b_q - y)``: a few products serve all cutoffs.
        Where that cancels, `CrossValidation` falls back on `exact_loss`.
        """
        projected = self.left.mT @ fitted
        gram = self.design.mT @ self.design
        earlier = 2 * gram.tril(-1) + torch.diag_embed(gram.diagonal(dim1=-2, dim2=-1))
        change = torch.baddbmm(earlier @ projected, self.design.mT, predicted, alpha=-2)
        start = predicted.square().sum(dim=1, keepdim=True)
        squares = torch.baddbmm(start, self.kept, change.mul_(projected))
        rmse = squares.div_(predicted.shape[1]).clamp_(min=0).sqrt_()
        return rmse @ targets.averaging

    def exact_loss(
        self, problem: torch.Tensor, fitted: torch.Tensor, predicted: torch.Tensor
    ) -> torch.Tensor:
        """`loss` from the residuals themselves, for some problems and the columns of one target."""
        projected = self.left[problem].mT @ fitted
        design, kept = self.design[problem], self.kept[problem]
        loss = [
            (predicted - (design * kept[:, a, None]) @ projected).square().mean(dim=1).sqrt()
            for a in range(kept.shape[1])
        ]
        return torch.stack(loss, dim=1).mean(dim=2)


class CrossValidation:
    """Both folds of a batch of sources, factorized once for any number of targets.

    Parameters
    ----------
    source : tensor of shape (batch, n, d)
        Centered samples in the order of `fold_order`.
    """

    def __init__(self, source: torch.Tensor, protocol: Protocol = SCIKIT_MATTER) -> None:
        self._tie = protocol.tie
        self._n_first = fold_order(source.shape[1])[1]
        first, second = self._halves(source)
        svd_first, svd_second = thin_svd(first), thin_svd(second)
        largest = torch.maximum(svd_first[1][:, :1], svd_second[1][:, :1])
        self.cutoffs = torch.as_tensor(protocol.alphas, device=source.device) * largest
        floor = rounding_floor(source, protocol)
        self._folds = (self._fold(svd_first, second, floor), self._fold(svd_second, first, floor))

    def choose_cutoffs(self, y: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Choose the cutoff with the best score for every source of the batch and every target.

        Parameters
        ----------
        y : tensor of shape (batch, n, n_columns)
            Centered targets, samples in the order of `fold_order`.
        targets : Targets

        Returns
        -------
        tensor of shape (batch, n_targets)
            Absolute cutoffs of the singular values.
        """
        first, second = self._halves(y)
        loss = self._folds[0].loss(first, second, targets)
        loss += self._folds[1].loss(second, first, targets)
        if self._tie:
            return self.cutoffs.gather(1, self._largest_tie(loss))
        for problem, target in self._undecided(loss):
            columns = y[..., targets.columns(target)]
            loss[problem, :, target] = self._exact_loss(problem, columns[problem])
        return self.cutoffs.gather(1, self._best(loss))

    def _halves(self, samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return samples[:, : self._n_first], samples[:, self._n_first :]

    def _fold(self, svd: tuple[torch.Tensor, ...], other: torch.Tensor, floor: float) -> _Fold:
        left, singular, right = svd
        kept = (singular[:, None] > self.cutoffs.clamp(min=floor)[:, :, None]).double()
        # Row 0 is the smallest cutoff: what it drops is never used.
        inverse = torch.where(kept[:, 0] > 0, 1 / singular, 0.0)
        kept = torch.nn.functional.pad(kept, (0, 0, 0, 1))
        return _Fold(left, (other @ right) * inverse[:, None], kept)

    def _exact_loss(self, problem: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        first, second = self._halves(y)
        return self._folds[0].exact_loss(problem, first, second) + self._folds[1].exact_loss(
            problem, second, first
        )

    def _same_maps(self, chosen: torch.Tensor) -> torch.Tensor:
        """Which cutoffs leave the ranks of the chosen ones: (batch, n_alphas, n_targets)."""
        ranks = torch.stack([fold.kept[:, :-1].sum(dim=2) for fold in self._folds], dim=2)
        of_chosen = ranks.gather(1, chosen[:, :, None].expand(-1, -1, 2))
        return (ranks[:, :, None] == of_chosen[:, None]).all(dim=3)

    def _best(self, loss: torch.Tensor) -> torch.Tensor:
        """First of the cutoffs that leave the same maps as the best one: (batch, n_targets)."""
        return self._same_maps(loss[:, :-1].argmin(dim=1)).int().argmax(dim=1)

    def _largest_tie(self, loss: torch.Tensor) -> torch.Tensor:
        """Last of the cutoffs that are about as good as the best one: (batch, n_targets)."""
        uncertain = _largest_before(loss) * LOSS_UNCERTAINTY
        loss = loss[:, :-1]
        best = loss.min(dim=1, keepdim=True).values
        tied = loss <= best * (1 + self._tie) + uncertain
        return (tied * torch.arange(1, loss.shape[1] + 1, device=loss.device)[:, None]).argmax(
            dim=1
        )

    def _undecided(self, loss: torch.Tensor) -> list[tuple[torch.Tensor, int]]:
        """Problems, by target, in which rounding may have swapped the best cutoff with another."""
        largest_before = _largest_before(loss)
        loss = loss[:, :-1]
        best, chosen = loss.min(dim=1, keepdim=True)
        close = loss - best < 2 * LOSS_UNCERTAINTY * largest_before
        rivals = close & ~self._same_maps(chosen[:, 0])
        problem, target = torch.nonzero(rivals.any(dim=1), as_tuple=True)
        return [(problem[target == t], t) for t in sorted(set(target.tolist()))]


def _largest_before(loss: torch.Tensor) -> torch.Tensor:
    """Largest loss at this or a lower rank, which bounds what cancels in a loss."""
    return loss.flip(1).cummax(dim=1).values.flip(1)[:, :-1]
