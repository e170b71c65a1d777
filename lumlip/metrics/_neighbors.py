"""Nearest neighbors in feature space, in chunks, with ties in a fixed order."""

import numpy as np
import torch

from lumlip.metrics._scaling import ScaledFeatures


def distinct_train_atoms(features: ScaledFeatures, closest: float) -> torch.Tensor:
    """Find the train atoms that are no near-copies of an earlier one: their rows (n_distinct,).

    Those nearer than ``closest``, in scaled units, are copies; 0: none are. They are near each
    other along any direction: only atoms that are near along a few random ones are compared.
    """
    train = features.train
    numbers = torch.arange(len(train), device=train.device)
    if not closest:
        return numbers
    directions = np.random.default_rng(0).normal(size=(train.shape[1], 4))
    directions /= np.linalg.norm(directions, axis=0)
    along = train @ torch.as_tensor(directions, device=train.device)
    order = along[:, 0].argsort(stable=True)
    along = along[order]
    is_copy = torch.zeros_like(numbers, dtype=torch.bool)
    first, step = numbers, 0
    while len(first):  # atoms that have another one near them, this many places on
        step += 1
        first = first[first + step < len(train)]
        first = first[along[first + step, 0] - along[first, 0] < closest]
        near = first[((along[first + step] - along[first]).abs() < closest).all(dim=1)]
        one, other = order[near], order[near + step]
        near = (train[one] - train[other]).square().sum(dim=1) < closest**2
        is_copy[torch.maximum(one, other)[near]] = True
    return numbers[~is_copy]


def nearest_train_atoms(
    features: ScaledFeatures, n_neighbors: int, *, block: int = 2**24
) -> torch.Tensor:
    """Find the nearest train atoms of every test atom: rows of ``features.train``, (n_test, k).

    Sorted by squared distance, computed as in scikit-matter; equally far atoms come in the order
    of the train atoms. A block of distances is in memory at a time.
    """
    squared = features.train.square().sum(dim=1)
    chunks = []
    for rows in torch.split(features.test, max(1, block // len(features.train))):
        distance = squared + rows.square().sum(dim=1)[:, None] - 2 * rows @ features.train.mT
        chunks.append(_smallest(distance, n_neighbors))
    return torch.cat(chunks)


def _smallest(distance: torch.Tensor, n: int) -> torch.Tensor:
    """Columns of the n smallest entries of each row, as a stable sort of the row puts them."""
    value, column = distance.topk(n, dim=1, largest=False, sorted=False)
    column, order = column.sort(dim=1)
    by_value = value.gather(1, order).sort(dim=1, stable=True).indices
    column = column.gather(1, by_value)
    # topk takes any of the entries that tie with the last one: redo those rows in full.
    last = value.max(dim=1, keepdim=True).values
    tied = torch.nonzero((distance <= last).sum(dim=1) > n)[:, 0]
    if len(tied):
        column[tied] = distance[tied].sort(dim=1, stable=True).indices[:, :n]
    return column
