"""Errors of test atoms by one linear map (GFRE, GFRD), or by one for each atom (LFRE)."""

import torch

from lumlip.metrics._crossvalidation import TruncatedRegression, fold_order
from lumlip.metrics._device import map_in_threads
from lumlip.metrics._neighbors import distinct_train_atoms, nearest_train_atoms
from lumlip.metrics._protocol import BROKEN, LARGEST_MAP, LARGEST_WEIGHTS, Protocol
from lumlip.metrics._scaling import ScaledFeatures, Targets

# Numbers in one chunk's block of targets: on the CPU it should fit in the cache of a core.
BLOCK = {"cpu": 2**19, "cuda": 2**26}


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


def local_errors(
    source: ScaledFeatures,
    targets: Targets,
    n_neighbors: int,
    protocol: Protocol,
) -> tuple[torch.Tensor, int]:
    """Distance of every test atom from its local prediction, without unit: (n_targets, n_test).

    Each fit has as many neighbors as asked for, or all train atoms that are distinct. The number of
    maps that broke down comes second.
    """
    device = source.test.device
    distinct = distinct_train_atoms(source, protocol.copies)
    n_neighbors = min(n_neighbors, len(distinct))
    if n_neighbors < 2:
        raise ValueError(
            f"got {len(source.train)} train atoms that are one, expected distinct ones"
        )
    among = ScaledFeatures(source.train[distinct], source.test)
    neighbors = distinct[nearest_train_atoms(among, n_neighbors)]
    neighbors = neighbors[:, fold_order(n_neighbors)[0].to(device)]
    n_test = len(source.test)
    fitting = max(1, BLOCK[device.type] // (n_neighbors * targets.train.shape[1]))
    size = min(fitting, -(-n_test // torch.get_num_threads()))
    atoms = torch.split(torch.arange(n_test, device=device), size)
    found = map_in_threads(
        lambda chunk: _chunk_errors(source, targets, chunk, neighbors[chunk], protocol),
        atoms,
        device,
    )
    errors, sizes = (torch.cat(part, dim=1) for part in zip(*found, strict=True))
    return errors, int(((errors > BROKEN) | (sizes > LARGEST_WEIGHTS)).sum())


def _chunk_errors(
    source: ScaledFeatures,
    targets: Targets,
    atoms: torch.Tensor,
    neighbors: torch.Tensor,
    protocol: Protocol,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Errors, and the norms of the weights behind them, each (n_targets, n_chunk)."""
    x, x_mean = _center(source.train[neighbors])
    y, y_mean = _center(targets.train[neighbors])
    local_map = TruncatedRegression(x, y, targets, protocol)
    moved, sizes = local_map.predict_one(source.test[atoms] - x_mean)
    return targets.norms(targets.test[atoms] - y_mean - moved), sizes.T


def _center(samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Subtract the means over samples (in place): (batch, n, d) and the means (batch, d)."""
    mean = samples.mean(dim=1)
    return samples.sub_(mean[:, None]), mean
