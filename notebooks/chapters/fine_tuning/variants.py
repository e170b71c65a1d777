"""Published variants of one architecture, by how they are related."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chapters.shared.paper_pairs import FAR, SCRATCH, relation_of
from lumlip.array_types import FloatArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.folds import Folds
from lumlip.metrics.repeated import CrossFit, Estimate
from lumlip.zoo.relations import family_of, lineage, origin
from lumlip.zoo.table import resolve

Pair = tuple[str, str]


def related(models: Sequence[str]) -> dict[Pair, str]:
    """Return the relation of every two models of one family that have weights of their own.

    >>> related(["chgnet-0.3.0", "sevennet-0", "chgnet-r2scan"])
    {('chgnet-0.3.0', 'chgnet-r2scan'): 'far fine-tuning'}
    """
    found = {}
    for i, one in enumerate(models):
        for other in models[i + 1 :]:
            is_variant = family_of(one) == family_of(other)
            if is_variant and resolve(one).checkpoint != resolve(other).checkpoint:
                found[one, other] = relation_of(lineage(one), lineage(other), near=False)
    return found


@dataclass(frozen=True)
class Variants:
    """Errors among published variants of one architecture.

    Attributes
    ----------
    relations : dict of (str, str) to str
        From `related`.
    fits : dict of str to CrossFit
        By family, of those with variants.
    """

    relations: dict[Pair, str]
    fits: dict[str, CrossFit] = field(default_factory=dict)

    @classmethod
    def of(cls, panel: Panel, layer: str, orders: Sequence[Folds], **options: Any) -> Variants:
        """Cross-fit the variants of each family; the options are those of :meth:`CrossFit.of`."""
        relations = related(list(panel.datasets))
        features, fits = panel.layer(layer), {}
        for family in dict.fromkeys(family_of(one) for one, _ in relations):
            names = dict.fromkeys(m for pair in relations for m in pair if family_of(m) == family)
            fits[family] = CrossFit.of({m: features[m] for m in names}, orders=orders, **options)
        return cls(relations, fits)

    def pairs(self, relation: str, family: str = "") -> list[Pair]:
        """Return the pairs of one relation, of all families or of one."""
        return [
            pair
            for pair, found in self.relations.items()
            if found == relation and family in ("", family_of(pair[0]))
        ]

    def distance(self, pairs: Sequence[Pair]) -> Estimate:
        """Mean distance of some pairs of one family, both ways."""
        if not pairs:
            return Estimate.missing()
        fit = self.fits[family_of(pairs[0][0])]
        return fit.mean(_weights(fit, pairs))

    def farther(self, pairs: Sequence[Pair], than: Sequence[Pair]) -> Estimate:
        """By how much some pairs of one family are farther apart than some of another."""
        if not pairs or not than:
            return Estimate.missing()
        first, second = (self.fits[family_of(some[0][0])] for some in (pairs, than))
        return first.difference(_weights(first, pairs), _weights(second, than), other=second)

    def worst_share(self, pairs: Sequence[Pair]) -> float:
        """Share of the squared error that the worst parent carries; NaN without pairs."""
        if not pairs:
            return float("nan")
        fit = self.fits[family_of(pairs[0][0])]
        return fit.worst_share(_weights(fit, pairs))

    def without_worst(self, pairs: Sequence[Pair]) -> Variants:
        """Leave out the parent that carries most of the squared error of some pairs."""
        if not pairs:
            return self
        fit = self.fits[family_of(pairs[0][0])]
        carried = np.tensordot(_weights(fit, pairs), fit.sums.mean(axis=0), axes=2)
        left_out = np.arange(len(carried)) == carried.argmax()
        fits = {family: some.without_groups(left_out) for family, some in self.fits.items()}
        return Variants(self.relations, fits if len(carried) > 1 else self.fits)

    def of_the_parent(self) -> list[Pair]:
        """Return the pairs of the first fine-tuned model's parent with what is unrelated to it."""
        for one, other in self.pairs(FAR):
            parent = other if origin(other) in lineage(one) else one
            return [pair for pair in self.pairs(SCRATCH) if parent in pair]
        return []


def _weights(fit: CrossFit, pairs: Sequence[Pair]) -> FloatArray:
    """Weights (n_models, n_models) of both directions of some pairs."""
    found = np.zeros((len(fit.sources),) * 2)
    for one, other in pairs:
        i, j = fit.sources.index(one), fit.sources.index(other)
        found[i, j] = found[j, i] = 1.0
    return found
