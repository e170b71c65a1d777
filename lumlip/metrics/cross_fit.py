"""Errors of all atoms, each by maps that were fitted without its fold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics._device import map_in_threads, resolve_device
from lumlip.metrics._fold_maps import FoldOrder, Source, fold_errors
from lumlip.metrics._input import WIDEST, as_array, as_features, copied, of_unit_size
from lumlip.metrics._pairs import Pairs
from lumlip.metrics._protocol import BROKEN, GLOBAL
from lumlip.metrics.folds import kept_whole
from lumlip.metrics.group_intervals import group_sums, rms_interval
from lumlip.metrics.outliers import worst_of_sums
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
    fold = checked_folds(folds, len(np.atleast_1d(as_array(first, name))))
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
    drawn = kept_whole(folds, n_atoms) if groups is None else np.asarray(groups)
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
    names = list(sources), list(sources if targets is None else targets)
    table = table_of_sums(names, *group_sums(errors, drawn), np.unique(drawn), n_bootstrap, seed)
    table.attrs |= {**errors.attrs, "n_copied": int(copied(sources.values(), folds).sum())}
    return table


def table_of_sums(
    names: tuple[list[str], list[str]],
    sums: FloatArray,
    counts: FloatArray,
    labels: NDArray[np.generic],
    n_bootstrap: int,
    seed: int,
) -> pd.DataFrame:
    """Table from squared errors (n_sources, n_targets, n_groups), summed over groups of atoms."""
    table = pd.DataFrame(np.sqrt(sums.sum(axis=-1) / counts.sum()), *names)
    share, worst = worst_of_sums(sums)
    table.attrs |= worst_of_cells(table, share, labels[worst])
    if n_bootstrap:
        _, *bounds = rms_interval(sums, counts, n_bootstrap=n_bootstrap, seed=seed)
        for name, bound in zip(("low", "high"), bounds, strict=True):
            table.attrs[name] = pd.DataFrame(bound, *names)
    return table


@dataclass(frozen=True)
class GlobalFits:
    """Robust global maps for any number of orders of the folds; what they share is made once.

    Attributes
    ----------
    sources, targets, device
        As in `cross_fitted_errors`.
    pairs : dict of source to names of its targets, optional
        Fit only these; all other errors are NaN.
    """

    sources: Mapping[str, ArrayLike]
    targets: Mapping[str, ArrayLike] | None = None
    device: str = "auto"
    pairs: Mapping[str, Collection[str]] | None = None

    def errors(self, folds: ArrayLike, *, tested: ArrayLike | None = None) -> xr.DataArray:
        """Return the errors for one order of the folds: `cross_fitted_errors` of the GFRE."""
        fold, where = np.asarray(folds), resolve_device(self.device)
        labels, number = np.unique(fold, return_inverse=True)
        if "_turned" not in vars(self):  # all input, before work starts
            split = {"train": fold != labels[0], "test": fold == labels[0]}
            Pairs.checked(self.sources, self.targets, metric="gfre", device=self.device, **split)
        half = halves(number, kept_whole(folds, len(fold)))
        order = FoldOrder.of(*self._wanted, part=2 * number + half)

        def solve(item: tuple[Source, BoolArray]) -> torch.Tensor:
            return fold_errors(item[0], order.only(item[1]), protocol=GLOBAL).cpu()

        items = list(zip(self._turned, self._chosen, strict=True))
        found = map_in_threads(solve, items, where, large=True)
        if not all((errors < WIDEST).all() for errors in found):
            raise ValueError("got features that vary far more in one fold than in all others")
        values = np.full((*self._chosen.shape, len(fold)), np.nan)
        for row, chosen, errors in zip(values, self._chosen, found, strict=True):
            row[chosen] = errors
        names = {"source": list(self.sources), "target": list(self.targets or self.sources)}
        axes = [*names.items(), ("atom", np.arange(len(fold)))]
        attrs = {"n_broken": int((values > BROKEN).sum())}
        every = xr.DataArray(values, axes, name="gfre", attrs=attrs)
        return every if tested is None else every.isel(atom=np.unique(np.asarray(tested)))

    @cached_property
    def _chosen(self) -> BoolArray:
        """Which pairs are fitted: (n_sources, n_targets)."""
        names, pairs = list(self.targets or self.sources), self.pairs
        return np.array([[not pairs or y in pairs[x] for y in names] for x in self.sources])

    @cached_property
    def _turned(self) -> list[Source]:
        where = resolve_device(self.device)
        return map_in_threads(Source.of, self._centered(self.sources), where, large=True)

    @cached_property
    def _wanted(self) -> tuple[torch.Tensor, tuple[int, ...]]:
        """Centered columns of all targets, side by side, and how many each has."""
        columns = self._centered(self.sources if self.targets is None else self.targets)
        return torch.cat(columns, dim=1), tuple(column.shape[1] for column in columns)

    def _centered(self, features: Mapping[str, ArrayLike]) -> list[torch.Tensor]:
        arrays = (of_unit_size(as_features(x, name), name) for name, x in features.items())
        tensors = [torch.as_tensor(array, device=resolve_device(self.device)) for array in arrays]
        return [x - x.mean(dim=0) for x in tensors]


def halves(fold: IntArray, groups: IntArray) -> IntArray:
    """Half of every atom, 0 or 1: the groups of each fold go to both in turn."""
    pairs, number = np.unique(np.stack([fold, groups]), axis=1, return_inverse=True)
    starts = np.searchsorted(pairs[0], pairs[0])
    half: IntArray = ((np.arange(len(starts)) - starts) % 2)[number.ravel()]
    return half


def checked_folds(folds: ArrayLike, n_atoms: int) -> IntArray:
    """Return the folds (n_atoms,) as integers, or say why they are none."""
    fold = as_array(folds, "folds")
    if fold.shape != (n_atoms,) or fold.dtype.kind not in "iu":
        raise ValueError(
            f"folds: got shape {fold.shape} of {fold.dtype}, expected ({n_atoms},) of int"
        )
    if len(np.unique(fold)) < 2:
        raise ValueError(f"folds: got {len(np.unique(fold))}, expected at least 2")
    return fold.astype(np.int64)
