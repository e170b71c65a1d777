"""Errors of every test atom for all pairs of a source and a target: all is checked, then solved."""

from collections.abc import Iterable, Mapping

import torch
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.choices import METRICS, check_choice, check_count
from lumlip.metrics._device import map_in_threads, resolve_device
from lumlip.metrics._errors import distortions, global_errors, local_errors
from lumlip.metrics._input import as_split, check_same_structures, feature_arrays
from lumlip.metrics._protocol import Protocol
from lumlip.metrics._scaling import ScaledFeatures, Targets, scale

# Numbers in a feature matrix above which several threads factorize it faster than one.
LARGE = 2**20
Solved = tuple[torch.Tensor, int]


def pointwise_errors(
    sources: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike] | None = None,
    *,
    metric: str = "gfre",
    train: ArrayLike,
    test: ArrayLike,
    n_neighbors: int | None = None,
    device: str = "auto",
    protocol: str = "robust",
) -> xr.DataArray:
    """Errors of every test atom for every pair of a source and a target.

    Every source is factorized once for all targets: ask for all pairs in one call. Parameters and
    errors are those of :func:`lumlip.reconstruction_table`.

    Returns
    -------
    DataArray of shape (source, target, atom)
        Without unit. Coordinates: the names, and the indices ``test`` of the atoms;
        ``attrs["n_broken"]`` as of the table.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 4))
    >>> errors = pointwise_errors({"a": X, "b": X**2}, train=range(80), test=range(80, 100))
    >>> dict(errors.sizes)
    {'source': 2, 'target': 2, 'atom': 20}
    >>> bool(errors.sel(source="a", target="a").max() < 1e-12)
    True
    """
    check_choice("metric", metric, METRICS)
    settings = Protocol.named(protocol, local=metric == "lfre")
    scaled, others, atoms = scaled_features(sources, targets, train, test, device=device)
    if metric == "lfre":
        sizes = _neighborhoods(scaled, others, n_neighbors)
        errors, n_broken = _local(scaled, others, sizes, settings)
    elif n_neighbors is None:
        errors, n_broken = _global(scaled, others, metric, settings)
    else:
        got = f"n_neighbors: got {n_neighbors} with metric {metric!r}"
        raise ValueError(f"{got}, expected it with 'lfre' only")
    axes = {"source": list(sources), "target": list(targets or sources), "atom": atoms}
    attrs = {"n_broken": n_broken}
    return xr.DataArray(errors.cpu().numpy(), axes, list(axes), metric, attrs)


def scaled_features(
    sources: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike] | None,
    train: ArrayLike,
    test: ArrayLike,
    *,
    device: str,
) -> tuple[list[ScaledFeatures], list[ScaledFeatures], IntArray]:
    """Check and scale all sources and targets; the indices of the test atoms come last."""
    where = resolve_device(device)
    check_same_structures([*sources.items(), *(targets or {}).items()])
    arrays = feature_arrays(sources)
    others = arrays if targets is None else feature_arrays(targets)
    split = as_split(train, test, _number_of_atoms([*arrays.items(), *others.items()]))
    scaled = [scale(x, *split, name, where) for name, x in arrays.items()]
    if targets is None:
        return scaled, scaled, split[1]
    return scaled, [scale(x, *split, name, where) for name, x in others.items()], split[1]


def _number_of_atoms(arrays: Iterable[tuple[str, FloatArray]]) -> int:
    numbers = list(dict.fromkeys((name, len(array)) for name, array in arrays))
    if len({n for _, n in numbers}) > 1:
        got = ", ".join(f"{name}: {n}" for name, n in numbers)
        raise ValueError(f"features: got different numbers of atoms ({got}), expected the same")
    return numbers[0][1]


def _global(
    sources: list[ScaledFeatures], targets: list[ScaledFeatures], metric: str, protocol: Protocol
) -> Solved:
    solve = global_errors if metric == "gfre" else distortions
    joined = Targets.join(targets)
    found = map_in_threads(
        lambda source: solve(source, joined, protocol),
        sources,
        sources[0].train.device,
        large=max(source.train.numel() for source in sources) > LARGE,
    )
    return torch.stack([errors for errors, _ in found]), sum(broken for _, broken in found)


def _neighborhoods(
    sources: list[ScaledFeatures], targets: list[ScaledFeatures], given: int | None
) -> list[list[int]]:
    """Return how many neighbors each pair takes: by default the smaller width."""
    n_train, note = len(sources[0].train), " (the number of train atoms)"
    if given is not None:
        check_count("n_neighbors", given, 2, n_train, note)
        return [[given] * len(targets)] * len(sources)
    sizes = [[min(x.width, y.width) for y in targets] for x in sources]
    for k in {k for row in sizes for k in row}:
        check_count("n_neighbors (smaller width of a pair)", k, 2, n_train, note)
    return sizes


def _local(
    sources: list[ScaledFeatures],
    targets: list[ScaledFeatures],
    sizes: list[list[int]],
    protocol: Protocol,
) -> Solved:
    test = sources[0].test
    errors = test.new_empty((len(sources), len(targets), len(test)))
    n_broken = 0
    for row, source, ks in zip(errors, sources, sizes, strict=True):
        for k in sorted(set(ks)):
            members = [i for i, size in enumerate(ks) if size == k]
            joined = Targets.join([targets[i] for i in members])
            row[members], broken = local_errors(source, joined, k, protocol)
            n_broken += broken
    return errors, n_broken
