"""Two other ways to fit the linear map of GFRE, beside scikit-matter's truncated SVD.

*Ridge* shrinks every singular direction by ``s^2 / (s^2 + a^2)`` (Tikhonov), with a chosen as in
scikit-matter among the same cutoffs, by the same two folds. *No penalty* keeps all directions.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.choices import check_choice
from lumlip.metrics._crossvalidation import fold_order, rounding_floor, thin_svd
from lumlip.metrics._device import map_in_threads
from lumlip.metrics._pairs import Pairs
from lumlip.metrics._protocol import ALPHAS
from lumlip.metrics._scaling import ScaledFeatures
from lumlip.metrics._targets import Targets
from lumlip.metrics.reconstruction import pointwise_errors

#: Ways to fit the map: scikit-matter's, Tikhonov's, least squares.
REGRESSORS = ("truncated", "ridge", "none")


def global_errors_by(
    sources: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike] | None = None,
    *,
    regressor: str,
    train: ArrayLike,
    test: ArrayLike,
    device: str = "auto",
) -> xr.DataArray:
    """Global errors of every test atom for all pairs, with the linear map fitted in another way.

    Parameters
    ----------
    sources : mapping of name to array of shape (n_atoms, n_features)
    targets : mapping of name to array of shape (n_atoms, n_other_features), optional
        By default the sources.
    regressor : {"truncated", "ridge", "none"}
        The first is that of :func:`lumlip.metrics.reconstruction.pointwise_errors`.
    train, test : int arrays of shape (n_train,), (n_test,)
    device : {"auto", "cpu", "cuda", "cuda:N"}

    Returns
    -------
    DataArray of shape (source, target, atom)

    Raises
    ------
    ValueError
        An unknown regressor, or shapes that do not fit.
    """
    check_choice("regressor", regressor, REGRESSORS)
    if regressor == "truncated":
        return pointwise_errors(sources, targets, train=train, test=test, device=device)
    pairs = Pairs.checked(sources, targets, metric="gfre", train=train, test=test, device=device)
    joined = Targets.join(pairs.targets)
    solve = _ridge if regressor == "ridge" else _unregularized
    found = map_in_threads(lambda source: solve(source, joined), pairs.sources, pairs.device)
    names = {"source": pairs.source_names, "target": pairs.target_names, "atom": pairs.test}
    values = torch.stack(found).cpu().numpy()
    return xr.DataArray(values, dims=list(names), coords=names, name="gfre")


def _unregularized(source: ScaledFeatures, targets: Targets) -> torch.Tensor:
    """Errors (n_targets, n_test) of least squares, singular values above rounding kept."""
    left, singular, right = thin_svd(source.train)
    kept = singular > rounding_floor(source.train)
    inverse = torch.where(kept, 1 / singular, 0.0)
    predicted = (source.test @ right * inverse) @ (left.mT @ targets.train)
    return targets.norms(targets.test - predicted)


def _ridge(source: ScaledFeatures, targets: Targets) -> torch.Tensor:
    """Errors (n_targets, n_test) of ridge regression, a penalty of its own for each target."""
    penalties = _penalties(source, targets)
    left, singular, right = thin_svd(source.train)
    projected, x = left.mT @ targets.train, source.test @ right
    # one penalty per column: that of the column's target
    filters = _filters(singular, penalties[targets.of_column])
    return targets.norms(targets.test - x @ (filters.mT * projected))


def _filters(singular: torch.Tensor, penalties: torch.Tensor) -> torch.Tensor:
    """``s / (s^2 + a^2)`` for every penalty a and singular value s: (n_penalties, rank)."""
    return singular / (singular**2 + penalties[:, None] ** 2)


def _penalties(source: ScaledFeatures, targets: Targets) -> torch.Tensor:
    """Penalty of each target (n_targets,) with the best score in two folds."""
    order, n_first = fold_order(len(source.train))
    x, y = source.train[order.to(source.train.device)], targets.train[order.to(source.train.device)]
    halves = (x[:n_first], y[:n_first]), (x[n_first:], y[n_first:])
    factors = [thin_svd(half[0]) for half in halves]
    largest = max(singular[0] for _, singular, _ in factors)
    grid = torch.as_tensor(ALPHAS, device=x.device) * largest
    loss = _loss(factors[0], halves[0][1], halves[1], grid, targets)
    loss = loss + _loss(factors[1], halves[1][1], halves[0], grid, targets)
    return grid[loss.argmin(dim=0)]


def _loss(
    factors: tuple[torch.Tensor, ...],
    fitted: torch.Tensor,
    other: tuple[torch.Tensor, torch.Tensor],
    grid: torch.Tensor,
    targets: Targets,
) -> torch.Tensor:
    """RMSE on the other fold, averaged over each target's columns: (n_penalties, n_targets).

    ``|y - A c|^2 = |y|^2 - 2 c . A^T y + c . A^T A c`` needs no prediction for every penalty.
    """
    left, singular, right = factors
    design, y = other[0] @ right, other[1]
    projected = left.mT @ fitted
    gram, cross, size = design.mT @ design, design.mT @ y, y.square().sum(dim=0)
    rows = []
    for shrunk in _filters(singular, grid):
        c = shrunk[:, None] * projected
        squares = size + (c * (gram @ c - 2 * cross)).sum(dim=0)
        rows.append((squares / len(y)).clamp(min=0).sqrt() @ targets.averaging)
    return torch.stack(rows)
