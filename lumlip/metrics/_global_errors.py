"""Errors of the test atoms from one linear map fitted on all train atoms: GFRE and GFRD."""

from __future__ import annotations

import torch

from lumlip.metrics._crossvalidation import fold_order
from lumlip.metrics._ridge import TruncatedRegression
from lumlip.metrics._scaling import ScaledFeatures
from lumlip.metrics._targets import Targets


def global_errors(source: ScaledFeatures, targets: Targets) -> torch.Tensor:
    """Distance of every test atom from its prediction, without unit: (n_targets, n_test)."""
    predicted = _fit(source, targets).predict(source.test[None])[0]
    return targets.norms(targets.test - predicted)


def distortions(source: ScaledFeatures, targets: Targets) -> torch.Tensor:
    """Distance of every prediction from a rotation's, without unit: (n_targets, n_test)."""
    linear_map = _fit(source, targets)
    widths = list(targets.widths)
    train = torch.split(linear_map.predict(source.train[None])[0], widths, dim=1)
    test = torch.split(linear_map.predict(source.test[None])[0], widths, dim=1)
    return torch.stack([_distortion(source, *pair) for pair in zip(train, test, strict=True)])


def _fit(source: ScaledFeatures, targets: Targets) -> TruncatedRegression:
    order = fold_order(len(source.train))[0].to(source.train.device)
    return TruncatedRegression(source.train[order][None], targets.train[order][None], targets)


def _distortion(source: ScaledFeatures, train: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
    """Rotate the source onto the prediction on train, padded to one width; compare on test."""
    width = max(source.width, train.shape[1])
    left, _, right = torch.linalg.svd(_pad(source.train, width).mT @ _pad(train, width))
    rotated = _pad(source.test, width) @ (left @ right)
    distance: torch.Tensor = torch.linalg.vector_norm(_pad(test, width) - rotated, dim=1)
    return distance


def _pad(rows: torch.Tensor, width: int) -> torch.Tensor:
    return torch.nn.functional.pad(rows, (0, width - rows.shape[1]))
