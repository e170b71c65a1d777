"""Errors of all atoms, each by maps that were fitted without its fold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import IntArray
from lumlip.metrics.bootstrap import table_of
from lumlip.metrics.group_intervals import group_sums, rms_interval
from lumlip.metrics.reconstruction import pointwise_errors, worst_of_cells


def cross_fitted_errors(
    sources: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike] | None = None,
    *,
    metric: str = "gfre",
    folds: ArrayLike,
    n_neighbors: int | None = None,
    device: str = "auto",
    chunk_size: int | None = None,
    protocol: str = "robust",
) -> xr.DataArray:
    """Errors of every atom for every pair, by maps fitted and scaled without the atom's fold.

    Parameters
    ----------
    sources, targets, metric, n_neighbors, device, chunk_size, protocol
        As in :func:`lumlip.metrics.reconstruction.pointwise_errors`.
    folds : array of int of shape (n_atoms,)
        The fold of every atom, from :func:`lumlip.folds`.

    Returns
    -------
    DataArray of shape (source, target, atom)
        All atoms in their order; ``attrs["n_broken"]`` is the sum over folds.

    Raises
    ------
    ValueError
        If there are fewer than two folds or their shape is wrong, or as `pointwise_errors`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> errors = cross_fitted_errors({"a": X, "b": X**2}, folds=np.arange(60) % 5)
    >>> dict(errors.sizes)
    {'source': 2, 'target': 2, 'atom': 60}
    """
    # Without any source, let `pointwise_errors` say so.
    fold = _checked(folds, len(np.asarray(next(iter(sources.values()), folds))))
    parts = [
        pointwise_errors(
            sources,
            targets,
            metric=metric,
            train=fold != tested,
            test=fold == tested,
            n_neighbors=n_neighbors,
            device=device,
            chunk_size=chunk_size,
            protocol=protocol,
        )
        for tested in np.unique(fold)
    ]
    values = np.empty((*parts[0].shape[:2], len(fold)))
    for part in parts:
        values[..., part["atom"].to_numpy()] = part.to_numpy()
    names = {name: parts[0][name].to_numpy() for name in ("source", "target")}
    coordinates = {**names, "atom": np.arange(len(fold))}
    attrs = {"n_broken": sum(part.attrs["n_broken"] for part in parts)}
    return xr.DataArray(
        values, dims=list(coordinates), coords=coordinates, name=metric, attrs=attrs
    )


def cross_fitted_table(
    sources: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike] | None = None,
    *,
    metric: str = "gfre",
    folds: ArrayLike,
    groups: ArrayLike | None = None,
    n_bootstrap: int = 0,
    seed: int = 0,
    n_neighbors: int | None = None,
    device: str = "auto",
    chunk_size: int | None = None,
    protocol: str = "robust",
) -> pd.DataFrame:
    """Table of errors over all atoms: :func:`lumlip.reconstruction_table` with folds.

    Parameters
    ----------
    sources, targets, metric, folds, n_neighbors, device, chunk_size, protocol
        As in `cross_fitted_errors`.
    groups : array of shape (n_atoms,), optional
        What the bootstrap draws. By default what :func:`lumlip.folds` kept whole; single atoms for
        any other array of folds.
    n_bootstrap, seed : int
        Draws for the 95 % intervals of :func:`lumlip.metrics.group_intervals.rms_interval`; 0 for
        none.

    Returns
    -------
    DataFrame of shape (n_sources, n_targets)
        With ``attrs`` as of :func:`lumlip.reconstruction_table`.

    Raises
    ------
    ValueError
        Before any work starts, as `cross_fitted_errors`; or if ``groups`` has another length.
    """
    if n_bootstrap < 0:
        raise ValueError(f"n_bootstrap: got {n_bootstrap}, expected 0 or more")
    n_atoms = len(np.asarray(folds))
    kept = getattr(folds, "groups", None) if groups is None else groups
    drawn = np.arange(n_atoms) if kept is None else np.asarray(kept)
    if drawn.shape != (n_atoms,):
        raise ValueError(f"groups: got shape {drawn.shape}, expected ({n_atoms},)")
    errors = cross_fitted_errors(
        sources,
        targets,
        metric=metric,
        folds=folds,
        n_neighbors=n_neighbors,
        device=device,
        chunk_size=chunk_size,
        protocol=protocol,
    )
    table = table_of(errors)
    table.attrs |= {**errors.attrs, **worst_of_cells(table, errors, drawn)}
    if n_bootstrap:
        sums, counts = group_sums(errors, drawn)
        _, *bounds = rms_interval(sums, counts, n_bootstrap=n_bootstrap, seed=seed)
        for name, bound in zip(("low", "high"), bounds, strict=True):
            table.attrs[name] = pd.DataFrame(bound, index=table.index, columns=table.columns)
    return table


def _checked(folds: ArrayLike, n_atoms: int) -> IntArray:
    fold = np.asarray(folds)
    if fold.shape != (n_atoms,) or fold.dtype.kind not in "iu":
        raise ValueError(
            f"folds: got shape {fold.shape} of {fold.dtype}, expected ({n_atoms},) of int"
        )
    if len(np.unique(fold)) < 2:
        raise ValueError(f"folds: got {len(np.unique(fold))}, expected at least 2")
    return fold.astype(np.int64)
