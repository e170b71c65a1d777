"""Errors of the test atoms from one linear map fitted on all train atoms: GFRE and GFRD."""

from __future__ import annotations

import torch

from lumlip.metrics._crossvalidation import fold_order
from lumlip.metrics._protocol import BROKEN, LARGEST_MAP, Protocol
from lumlip.metrics._ridge import TruncatedRegression
from lumlip.metrics._scaling import ScaledFeatures
from lumlip.metrics._targets import Targets


def global_errors(
    source: ScaledFeatures, targets: Targets, protocol: Protocol
) -> tuple[torch.Tensor, int]:
    """Distance of every test atom from its prediction, without unit: (n_targets, n_test).

    The number of predictions and maps that broke down comes second.
    """
    linear_map = _fit(source, targets, protocol)
    predicted = linear_map.predict(source.test[None])[0]
    return _counted(targets.norms(targets.test - predicted), linear_map)


def distortions(
    source: ScaledFeatures, targets: Targets, protocol: Protocol
) -> tuple[torch.Tensor, int]:
    """Distance of every prediction from a rotation's, and a count, as `global_errors`."""
    linear_map = _fit(source, targets, protocol)
    widths = list(targets.widths)
    train = torch.split(linear_map.predict(source.train[None])[0], widths, dim=1)
    test = torch.split(linear_map.predict(source.test[None])[0], widths, dim=1)
    found = torch.stack([_distortion(source, *pair) for pair in zip(train, test, strict=True)])
    return _counted(found, linear_map)


def _counted(errors: torch.Tensor, linear_map: TruncatedRegression) -> tuple[torch.Tensor, int]:
    n_large = (linear_map.sizes() > LARGEST_MAP).sum()
    return errors, int((errors > BROKEN).sum() + n_large)


def _fit(source: ScaledFeatures, targets: Targets, protocol: Protocol) -> TruncatedRegression:
    order = fold_order(len(source.train))[0].to(source.train.device)
    x, y = source.train[order][None], targets.train[order][None]
    return TruncatedRegression(x, y, targets, protocol)


def _distortion(source: ScaledFeatures, train: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
    """Rotate the source onto the prediction on train, padded to one width; compare on test."""
    width = max(source.width, train.shape[1])
    left, _, right = torch.linalg.svd(_pad(source.train, width).mT @ _pad(train, width))
    rotated = _pad(source.test, width) @ (left @ right)
    distance: torch.Tensor = torch.linalg.vector_norm(_pad(test, width) - rotated, dim=1)
    return distance


def _pad(rows: torch.Tensor, width: int) -> torch.Tensor:
    return torch.nn.functional.pad(rows, (0, width - rows.shape[1]))
