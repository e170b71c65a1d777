"""Cross-fits with several orders of folds: numbers that hang on no split, with intervals.

The interval of one order says how much a number depends on which structures there are; how much
the orders differ is added to it in squares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.choices import check_count
from lumlip.metrics.bootstrap import Estimate, jackknife
from lumlip.metrics.cross_fit import GlobalFits, cross_fitted_errors
from lumlip.metrics.folds import Folds, folds, number_of_groups
from lumlip.metrics.group_intervals import difference_interval, group_sums, mean_rms_interval

__all__ = ["CrossFit", "Estimate", "jackknife", "orders_of", "pair_weights"]


@dataclass(frozen=True)
class CrossFit:
    """Squared errors of every pair, summed over groups (parents), for several orders of folds."""

    sources: list[str]
    targets: list[str]
    sums: FloatArray  # (n_seeds, n_sources, n_targets, n_groups)
    counts: FloatArray  # (n_groups,), atoms of each group
    n_bootstrap: int = 500  # draws of the groups for each interval

    @classmethod
    def of(
        cls,
        sources: Mapping[str, ArrayLike],
        targets: Mapping[str, ArrayLike] | None = None,
        *,
        orders: Sequence[Folds],
        tested: ArrayLike | None = None,
        n_bootstrap: int = 500,
        **options: Any,
    ) -> Self:
        """Cross-fit with each order of the folds, from `orders_of`.

        Options are those of :func:`lumlip.metrics.cross_fit.cross_fitted_errors`; global maps also
        take ``pairs``, see `lumlip.metrics.cross_fit.GlobalFits`.
        """
        measure = partial(cross_fitted_errors, sources, targets, **options)
        if options.keys() <= {"device", "pairs"}:
            measure = partial(GlobalFits(sources, targets, **options).errors)
        found = []
        for order in orders:
            errors = measure(folds=order, tested=tested)
            found.append(group_sums(errors, order.groups[errors["atom"].to_numpy()]))  # type: ignore[index]
        names = list(sources), list(sources if targets is None else targets)
        return cls(*names, np.stack([sums for sums, _ in found]), found[0][1], n_bootstrap)

    @classmethod
    def empty(cls) -> Self:
        """Return the cross-fit of no models: every number of it is missing."""
        return cls([], [], np.zeros((1, 0, 0, 1)), np.ones(1))

    @cached_property
    def table(self) -> pd.DataFrame:
        """Mean over the seeds of every pair's error: (n_sources, n_targets)."""
        errors = np.sqrt(self.sums.sum(axis=-1) / self.counts.sum()).mean(axis=0)
        return pd.DataFrame(errors, index=self.sources, columns=self.targets)

    def mean(self, weights: ArrayLike) -> Estimate:
        """Weighted mean over pairs of errors, weights as of `pair_weights`; all 0: missing."""
        chosen, w = self._chosen(weights)
        if not len(w):
            return Estimate.missing()
        measure = partial(mean_rms_interval, n_bootstrap=self.n_bootstrap, weights=w)
        return Estimate.over([measure(some[chosen], self.counts) for some in self.sums])

    def share(self, weights: ArrayLike) -> Estimate:
        """Weighted mean share of the target's variance recovered: 1 minus the mean square."""
        chosen, w = self._chosen(weights)
        if not len(w):
            return Estimate.missing()
        pooled = [np.tensordot(w, some[chosen], axes=1)[None] for some in self.sums]
        measure = partial(mean_rms_interval, n_bootstrap=self.n_bootstrap)
        rms = Estimate.over([measure(some, self.counts) for some in pooled])
        return rms.map(lambda error: 1 - error**2)

    def difference(
        self, weights: ArrayLike, other_weights: ArrayLike, *, other: "CrossFit | None" = None
    ) -> Estimate:
        """Weighted mean error of some pairs minus that of others, on the same atoms and folds."""
        second = self if other is None else other
        (chosen, w), (rest, v) = self._chosen(weights), second._chosen(other_weights)
        if not len(w) or not len(v):
            return Estimate.missing()
        options = {"n_bootstrap": self.n_bootstrap, "weights": w, "other_weights": v}
        return Estimate.over([
            difference_interval(some[chosen], others[rest], self.counts, **options)  # type: ignore[arg-type]
            for some, others in zip(self.sums, second.sums, strict=True)
        ])  # fmt: skip

    def only(self, sources: Sequence[str], targets: Sequence[str] | None = None) -> "CrossFit":
        """Return the part of some models."""
        rows = [self.sources.index(name) for name in sources]
        columns = [self.targets.index(name) for name in (sources if targets is None else targets)]
        names = [self.sources[i] for i in rows], [self.targets[j] for j in columns]
        part = self.sums[:, rows][:, :, columns]
        return CrossFit(*names, part, self.counts, self.n_bootstrap)

    def first_orders(self, n: int) -> Self:
        """Return the part of the first orders of the folds, to compare with what has no more."""
        return replace(self, sums=self.sums[:n])

    def without_groups(self, left_out: ArrayLike) -> Self:
        """Leave out groups (a mask of shape (n_groups,)), such as strongly strained structures."""
        kept = ~np.asarray(left_out, dtype=bool)
        return replace(self, sums=self.sums[..., kept], counts=self.counts[kept])

    def worst_share(self, weights: ArrayLike) -> float:
        """Share of the squared error of some pairs that its worst group carries."""
        chosen, w = self._chosen(weights)
        total = np.tensordot(w, self.sums.mean(axis=0)[chosen], axes=1)
        return float(total.max() / total.sum())

    def _chosen(self, weights: ArrayLike) -> tuple[tuple[IntArray, ...], FloatArray]:
        array = np.asarray(weights, dtype=np.float64)
        chosen: tuple[IntArray, ...] = np.nonzero(array)
        return chosen, array[chosen] / max(array.sum(), np.finfo(float).tiny)


def orders_of(
    ds: xr.Dataset, *, by: str = "parent", n_folds: int = 10, n_seeds: int = 10, seed: int = 0
) -> list[Folds]:
    """Deal atoms into folds, or groups if fewer, several times, with the seeds from ``seed``."""
    check_count("n_seeds", n_seeds, 1)
    n = min(n_folds, number_of_groups(ds, by=by))
    return [folds(ds, by=by, n_folds=n, seed=seed + number) for number in range(n_seeds)]


def pair_weights(groups: Sequence[str], *, within: bool = False) -> FloatArray:
    """Weights (n_models, n_models) of ordered pairs: every pair of groups counts once.

    Groups are the family of every model. ``within``: pairs of variants of one group instead; every
    group with variants counts once. They add up to 1, or are all 0 where there is no pair.

    Examples
    --------
    >>> pair_weights(["a", "a", "b"]).round(2).tolist()
    [[0.0, 0.0, 0.25], [0.0, 0.0, 0.25], [0.25, 0.25, 0.0]]
    >>> pair_weights(["a", "a", "b"], within=True).round(2).tolist()
    [[0.0, 0.5, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    _, code = np.unique(np.asarray(groups), return_inverse=True)
    same = code[:, None] == code[None, :]
    pairs = (same if within else ~same) & ~np.eye(len(code), dtype=bool)
    kind = np.minimum(code[:, None], code) * (code.max() + 1) + np.maximum(code[:, None], code)
    size = np.bincount(kind[pairs], minlength=kind.max() + 1)
    n_kinds = max(1, np.count_nonzero(size))
    return np.asarray(np.where(pairs, 1 / np.maximum(size[kind], 1), 0.0) / n_kinds)
