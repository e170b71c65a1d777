"""Errors of the test atoms from linear maps fitted on each one's nearest train atoms: LFRE."""

from __future__ import annotations

import torch

from lumlip.metrics._crossvalidation import fold_order
from lumlip.metrics._device import map_in_threads
from lumlip.metrics._neighbors import distinct_train_atoms, nearest_train_atoms
from lumlip.metrics._protocol import BROKEN, LARGEST_WEIGHTS, Protocol
from lumlip.metrics._ridge import TruncatedRegression
from lumlip.metrics._scaling import ScaledFeatures
from lumlip.metrics._targets import Targets

# Numbers in one chunk's block of targets: on the CPU it should fit in the cache of a core.
BLOCK = {"cpu": 2**19, "cuda": 2**26}


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
