"""The linear regressor behind GFRE and LFRE: truncated SVD with a cross-validated cutoff.

The protocol is that of ``skmatter.linear_model.Ridge2FoldCV`` with the settings of
``skmatter.metrics``: 20 cutoffs relative to the largest singular value of both folds; the score of
a cutoff is the RMSE of each target column, averaged over the columns and the two directions; of
equal scores, the smallest cutoff wins. All is done for batches of sources and targets.
"""

from functools import cache, cached_property

import numpy as np
import torch
from sklearn.model_selection import KFold

from lumlip.metrics._protocol import SCIKIT_MATTER, Protocol
from lumlip.metrics._scaling import Targets

FOLD_SEED = 0x5F3759DF
EPS = float(np.finfo(np.float64).eps)
# A squared error is known to about eps times the squares that cancel in it, its root therefore
# to sqrt(eps) = 1.5e-8 at worst; the margin is for sums over some hundred terms.
LOSS_UNCERTAINTY = 1e-7
#: A singular value of this size, relative to the largest, comes out of squares to 1e-8 or better.
RESOLVED = 1e-4


@cache
def fold_order(n_samples: int) -> tuple[torch.Tensor, int]:
    """Order of the samples that puts fold 1 before fold 2, and the size of fold 1."""
    folds = KFold(n_splits=2, shuffle=True, random_state=FOLD_SEED)
    first, second = next(folds.split(np.empty(n_samples)))
    return torch.as_tensor(np.concatenate([first, second])), len(first)


def rounding_floor(source: torch.Tensor, protocol: Protocol = SCIKIT_MATTER) -> float:
    """Singular values below this are rounding: scipy's pinv default, taken as absolute."""
    return max(max(source.shape[-2:]) * EPS, protocol.rounding)


def thin_svd(
    x: torch.Tensor, lowest: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Factors (U, s, V) of x = U diag(s) V^T; the columns of V are the right singular vectors.

    Where singular values below ``lowest`` times the largest do not matter, and squares resolve the
    others, the factors come from an eigendecomposition of those, which is several times as fast;
    of the values below ``lowest``, no vectors are there on the longer side.
    """
    if lowest < RESOLVED:
        left, singular, right = torch.linalg.svd(x, full_matrices=False)
        return left, singular, right.mT
    if x.shape[-2] > x.shape[-1]:
        return thin_svd(x.mT, lowest)[::-1]
    values, left = torch.linalg.eigh(x @ x.mT)
    singular, left = values.clamp(min=0).sqrt().flip(-1), left.flip(-1)
    there = singular > lowest * singular[..., :1]
    return left, singular, (x.mT @ left) * torch.where(there, 1 / singular, 0.0)[..., None, :]


def largest_tie(
    loss: torch.Tensor, tie: float, uncertain: torch.Tensor | float = 0.0
) -> torch.Tensor:
    """Last of the cutoffs, by loss (batch, n_cutoffs, n_targets), about as good as the best one."""
    tied = loss <= loss.min(dim=1, keepdim=True).values * (1 + tie) + uncertain
    numbers = torch.arange(1, loss.shape[1] + 1, device=loss.device)[:, None]
    return (tied * numbers).argmax(dim=1)


class CrossValidation:
    """Both folds of a batch of sources, factorized once for any number of targets.

    Maps of every rank r are fitted on each fold: they predict design[:, :r] (left^T y)[:r] for the
    other, where left are the left singular vectors of the fold and design is the other times V / s.
    Arrays of both have shape (batch, 2, ...) and begin with what is fitted on the first fold.
    Sources (batch, n, d) and targets (batch, n, n_columns) are centered and in `fold_order`.
    """

    def __init__(self, source: torch.Tensor, protocol: Protocol = SCIKIT_MATTER) -> None:
        self._tie = protocol.tie
        n_first = fold_order(source.shape[1])[1]
        self._sizes = [n_first, source.shape[1] - n_first]
        x = self._halves(source)
        # Cutoffs are relative to the larger fold: none is lower than this for either.
        self._left, singular, right = thin_svd(x, protocol.floor)
        largest = singular[:, :, 0].amax(dim=1, keepdim=True)
        self.cutoffs = torch.as_tensor(protocol.alphas, device=source.device) * largest
        lowest = self.cutoffs.clamp(min=rounding_floor(source, protocol))
        kept = (singular[:, :, None] > lowest[:, None, :, None]).double()
        # Row 0 is the smallest cutoff: what it drops is never used.
        inverse = torch.where(kept[:, :, 0] > 0, 1 / singular, 0.0)
        self._design = (x.flip(1) @ right) * inverse[:, :, None]
        # 1 where a singular value is above the cutoff, else 0. The last row keeps nothing.
        self._kept = torch.nn.functional.pad(kept, (0, 0, 0, 1))

    def choose_cutoffs(self, y: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Choose the cutoff, absolute, with the best score for each target: (batch, n_targets)."""
        if self._tie:
            loss = self._loss(y, targets)
            # What cancels in a loss is at most the largest one at this or a lower rank.
            uncertain = loss.flip(1).cummax(dim=1).values.flip(1)[:, :-1] * LOSS_UNCERTAINTY
            return self.cutoffs.gather(1, largest_tie(loss[:, :-1], self._tie, uncertain))
        each = [self._exact_loss(own) for own in torch.split(y, list(targets.widths), dim=2)]
        return self.cutoffs.gather(1, torch.stack(each, dim=2).argmin(dim=1))

    def _halves(self, samples: torch.Tensor) -> torch.Tensor:
        """Put both folds one above the other, (batch, 2, n / 2, ...); rows of 0 change no sum."""
        first, second = torch.split(samples, self._sizes, dim=1)
        if len(first[0]) == len(second[0]):
            return samples.reshape(len(samples), 2, -1, samples.shape[2])
        return torch.stack([torch.nn.functional.pad(first, (0, 0, 0, 1)), second], dim=1)

    def _loss(self, y: torch.Tensor, targets: Targets) -> torch.Tensor:
        """RMSE by cutoff, averaged over each target's columns: (batch, n_alphas + 1, n_targets).

        With A = design and b = left^T y, component r changes the squared error by
        ``|a_r b_r|^2 + 2 a_r b_r . (sum_{q<r} a_q b_q - y)``: a few products serve all cutoffs.
        Where that cancels it is uncertain by `LOSS_UNCERTAINTY`.
        """
        y = self._halves(y)
        gram = self._design.mT @ self._design
        earlier = 2 * gram.tril(-1) + torch.diag_embed(gram.diagonal(dim1=-2, dim2=-1))
        # What acts on the rows that were fitted, and on those that are predicted.
        both = torch.stack([earlier @ self._left.mT, -2 * self._design.mT], dim=3)
        both[:, 1] = both[:, 1].flip(2)
        change = (both.flatten(3).flatten(1, 2) @ y.flatten(1, 2)).view(*both.shape[:3], -1)
        change.mul_(self._left.mT @ y)
        start = y.square().sum(dim=2, keepdim=True).flip(1)
        squares = torch.baddbmm(*(some.flatten(0, 1) for some in (start, self._kept, change)))
        means = squares.clamp_(min=0).sqrt_() @ targets.averaging
        return (means.view(len(y), 2, *means.shape[1:]) * self._root_of_size(y)).sum(dim=1)

    def _exact_loss(self, y: torch.Tensor) -> torch.Tensor:
        """`_loss` from residuals themselves, for the columns of one target: (batch, n_alphas)."""
        y = self._halves(y)
        projected = self._left.mT @ y
        loss = [
            (y.flip(1) - (self._design * kept[:, :, None]) @ projected).square().sum(dim=2).sqrt()
            for kept in self._kept[:, :, :-1].unbind(dim=2)
        ]
        return (torch.stack(loss, dim=2).mean(dim=3) * self._root_of_size(y)[..., 0]).sum(dim=1)

    def _root_of_size(self, y: torch.Tensor) -> torch.Tensor:
        """One over the root of the number of rows that are predicted: (2, 1, 1)."""
        return y.new_tensor(self._sizes[::-1])[:, None, None].rsqrt()


class TruncatedRegression:
    """A batch of linear maps without intercept, each source factorized once for all its targets.

    Sources (batch, n, d) and all targets side by side (batch, n, n_columns) are centered and in
    `fold_order`. Singular values up to ``cutoffs``, of shape
    (batch, n_targets), are dropped.
    """

    def __init__(
        self,
        source: torch.Tensor,
        y: torch.Tensor,
        targets: Targets,
        protocol: Protocol = SCIKIT_MATTER,
    ) -> None:
        self._y = y
        self._targets = targets
        self.cutoffs = CrossValidation(source, protocol).choose_cutoffs(y, targets)
        # Both halves together have at most the squares of the larger one twice.
        self._left, singular, self._right = thin_svd(source, protocol.floor / 2)
        threshold = self.cutoffs.clamp(min=rounding_floor(source, protocol))[:, :, None]
        # 1 / s where s is kept, else 0: (batch, n_targets, rank).
        self._inverse = torch.where(singular[:, None] > threshold, 1 / singular[:, None], 0.0)

    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """Predict the targets of many samples: (batch, m, d) -> (batch, m, n_columns)."""
        x = x @ self._right
        predicted = [(x * self._inverse[:, None, t]) @ y for t, y in enumerate(self._projected)]
        return torch.cat(predicted, dim=2)

    @cached_property
    def _projected(self) -> tuple[torch.Tensor, ...]:
        """Each target in the basis of the source's singular vectors: (batch, rank, width)."""
        return torch.split(self._left.mT @ self._y, list(self._targets.widths), dim=2)

    def sizes(self) -> torch.Tensor:
        """Frobenius norms of the maps: (batch, n_targets)."""
        maps = [self._inverse[:, t, :, None] * y for t, y in enumerate(self._projected)]
        return torch.stack([torch.linalg.matrix_norm(one) for one in maps], dim=1)

    def predict_one(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Predict the targets of one sample by each map: (batch, d) -> (batch, n_columns).

        A row of weights on the fitted samples for each target is cheaper than projecting all y;
        the norms of these rows, (batch, n_targets), come second.
        """
        weights = (x[:, None] @ self._right * self._inverse) @ self._left.mT
        every_target = weights @ self._y
        own = self._targets.of_column.expand(len(x), 1, -1)
        return every_target.gather(1, own)[:, 0], torch.linalg.vector_norm(weights, dim=2)
