"""Errors of all atoms, each by maps that were fitted without its fold."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import BoolArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics._device import map_in_threads, resolve_device
from lumlip.metrics._fold_maps import Source, fold_errors
from lumlip.metrics._fold_sums import FoldOrder
from lumlip.metrics._input import WIDEST, as_array, as_features, as_integers, of_unit_size
from lumlip.metrics._protocol import BROKEN, GLOBAL
from lumlip.metrics.folds import kept_whole
from lumlip.metrics.pointwise import pointwise_errors, scaled_features


def cross_fitted_errors(
    sources: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike] | None = None,
    *,
    folds: ArrayLike,
    metric: str = "gfre",
    n_neighbors: int | None = None,
    device: str = "auto",
    protocol: str = "robust",
    tested: ArrayLike | None = None,
) -> xr.DataArray:
    """Errors of every atom for every pair, by maps fitted and scaled without the atom's fold.

    Parameters
    ----------
    sources, targets, folds, metric, n_neighbors, device, protocol
        As of :func:`lumlip.reconstruction_table`.
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
        If there are fewer than two folds or their shape is wrong, or as of the table.

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
    options: Any = {"metric": metric, "n_neighbors": n_neighbors}
    options |= {"device": device, "protocol": protocol}
    parts = [
        pointwise_errors(
            sources, targets, train=fold != one, test=wanted[fold[wanted] == one], **options
        )
        for one in np.unique(fold[wanted])
    ]
    n_broken = sum(part.attrs["n_broken"] for part in parts)
    every = xr.concat(parts, dim="atom", combine_attrs="drop").sortby("atom")
    return every.assign_attrs(n_broken=n_broken)


@dataclass(frozen=True)
class GlobalFits:
    """Robust global maps for any number of orders of the folds; what they share is made once.

    With ``pairs``, the names of the targets of each source, all other errors are NaN.
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
            split = fold != labels[0], fold == labels[0]
            scaled_features(self.sources, self.targets, *split, device=self.device)
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
    return np.asarray(((np.arange(len(starts)) - starts) % 2)[number.ravel()])


def checked_folds(folds: ArrayLike, n_atoms: int) -> IntArray:
    """Return the folds (n_atoms,) as integers, or say why they are none."""
    fold = as_integers(folds, "folds", n_atoms)
    check_count("folds", len(np.unique(fold)), 2)
    return fold
