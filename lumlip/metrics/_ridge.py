"""The linear regressor behind GFRE and LFRE: truncated SVD with a cross-validated cutoff."""

from __future__ import annotations

from functools import cached_property

import torch

from lumlip.metrics._crossvalidation import CrossValidation, rounding_floor, thin_svd
from lumlip.metrics._protocol import SCIKIT_MATTER, Protocol
from lumlip.metrics._targets import Targets


class TruncatedRegression:
    """A batch of linear maps without intercept, each source factorized once for all its targets.

    Sources (batch, n, d) and all targets side by side (batch, n, n_columns) are centered and in
    `lumlip.metrics._crossvalidation.fold_order`. Singular values up to ``cutoffs``, of shape
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
