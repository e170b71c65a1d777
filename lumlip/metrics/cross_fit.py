"""Errors of all atoms, each by maps that were fitted without its fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd
import torch
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics._device import map_in_threads, resolve_device
from lumlip.metrics._fold_maps import FoldOrder, Source, fold_errors
from lumlip.metrics._input import WIDEST, as_array, as_features, copied, of_unit_size
from lumlip.metrics._pairs import Pairs
from lumlip.metrics._protocol import BROKEN, GLOBAL
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
    tested: ArrayLike | None = None,
) -> xr.DataArray:
    """Errors of every atom for every pair, by maps fitted and scaled without the atom's fold.

    Parameters
    ----------
    sources, targets, metric, n_neighbors, device, chunk_size
        As in :func:`lumlip.metrics.reconstruction.pointwise_errors`.
    folds : array of int of shape (n_atoms,)
        The fold of every atom, from :func:`lumlip.folds`.
    protocol : {"robust", "scikit-matter"}
        ``"robust"`` also chooses the cutoff of global maps between two halves of the train atoms
        that share no group of the folds, among cutoffs of at least 1e-6, ties within 1 % upward.
    tested : array of int, optional
        Measure the errors of these atoms only, in rising order; all serve the fits. Local maps,
        one for each atom, then take so much less time.

    Returns
    -------
    DataArray of shape (source, target, atom)
        The tested atoms in their order, by default all; ``attrs["n_broken"]`` is the sum over
        folds.

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
    name, first = next(iter(sources.items()), ("folds", folds))
    fold = _checked(folds, len(np.atleast_1d(as_array(first, name))))
    if metric == "gfre" and protocol == "robust":
        return GlobalFits(sources, targets, device).errors(folds, tested=tested)
    wanted = np.arange(len(fold)) if tested is None else np.unique(np.asarray(tested))
    parts = [
        pointwise_errors(
            sources,
            targets,
            metric=metric,
            train=fold != one,
            test=wanted[fold[wanted] == one],
            n_neighbors=n_neighbors,
            device=device,
            chunk_size=chunk_size,
            protocol=protocol,
        )
        for one in np.unique(fold[wanted])
    ]
    n_broken = sum(part.attrs["n_broken"] for part in parts)
    every = xr.concat(parts, dim="atom", combine_attrs="drop").sortby("atom")
    return every.assign_attrs(n_broken=n_broken)


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
    check_count("n_bootstrap", n_bootstrap, 0)
    check_count("seed", seed, 0)
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
    table.attrs["n_copied"] = int(copied(sources.values(), folds).sum())
    if n_bootstrap:
        sums, counts = group_sums(errors, drawn)
        _, *bounds = rms_interval(sums, counts, n_bootstrap=n_bootstrap, seed=seed)
        for name, bound in zip(("low", "high"), bounds, strict=True):
            table.attrs[name] = pd.DataFrame(bound, index=table.index, columns=table.columns)
    return table


@dataclass(frozen=True)
class GlobalFits:
    """Robust global maps for any number of orders of the folds; what they share is made once.

    Attributes
    ----------
    sources, targets, device
        As in `cross_fitted_errors`.
    """

    sources: Mapping[str, ArrayLike]
    targets: Mapping[str, ArrayLike] | None = None
    device: str = "auto"

    def errors(self, folds: ArrayLike, *, tested: ArrayLike | None = None) -> xr.DataArray:
        """Return the errors for one order of the folds: `cross_fitted_errors` of the GFRE."""
        fold = np.asarray(folds)
        labels, number = np.unique(fold, return_inverse=True)
        pairs = Pairs.checked(  # all input, before work starts
            self.sources, self.targets, metric="gfre", train=fold != labels[0],
            test=fold == labels[0], device=self.device,
        )  # fmt: skip
        groups = getattr(folds, "groups", None)
        half = _halves(number, np.arange(len(fold)) if groups is None else groups)
        order = FoldOrder.of(*self._wanted, fold=number, half=half)
        solve = partial(fold_errors, order=order, protocol=GLOBAL)
        errors = map_in_threads(solve, self._turned, pairs.device, large=True)
        names = {"source": pairs.source_names, "target": pairs.target_names}
        coordinates = {**names, "atom": np.arange(len(fold))}
        values = torch.stack(errors).cpu().numpy()
        if not (values < WIDEST).all():
            raise ValueError("got features that vary far more in one fold than in all others")
        attrs = {"n_broken": int((values > BROKEN).sum())}
        every = xr.DataArray(
            values, dims=list(coordinates), coords=coordinates, name="gfre", attrs=attrs
        )
        return every if tested is None else every.isel(atom=np.unique(np.asarray(tested)))

    @cached_property
    def _turned(self) -> list[Source]:
        where = resolve_device(self.device)
        turn = partial(Source.of, device=where)
        return map_in_threads(turn, list(_arrays(self.sources).values()), where, large=True)

    @cached_property
    def _wanted(self) -> tuple[torch.Tensor, tuple[int, ...]]:
        """Centered columns of all targets, side by side, and how many each has."""
        where = resolve_device(self.device)
        wanted = _arrays(self.sources if self.targets is None else self.targets)
        columns = [torch.as_tensor(array, device=where) for array in wanted.values()]
        joined = torch.cat([column - column.mean(dim=0) for column in columns], dim=1)
        return joined, tuple(column.shape[1] for column in columns)


def _arrays(features: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
    return {name: of_unit_size(as_features(x, name), name) for name, x in features.items()}


def _halves(fold: IntArray, groups: IntArray) -> IntArray:
    """Half of every atom, 0 or 1: the groups of each fold go to both in turn."""
    pairs, number = np.unique(np.stack([fold, groups]), axis=1, return_inverse=True)
    starts = np.searchsorted(pairs[0], pairs[0])
    halves: IntArray = ((np.arange(len(starts)) - starts) % 2)[number.ravel()]
    return halves


def _checked(folds: ArrayLike, n_atoms: int) -> IntArray:
    fold = as_array(folds, "folds")
    if fold.shape != (n_atoms,) or fold.dtype.kind not in "iu":
        raise ValueError(
            f"folds: got shape {fold.shape} of {fold.dtype}, expected ({n_atoms},) of int"
        )
    if len(np.unique(fold)) < 2:
        raise ValueError(f"folds: got {len(np.unique(fold))}, expected at least 2")
    return fold.astype(np.int64)
