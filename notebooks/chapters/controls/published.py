"""Published models, rebuilt from each other and from what learned nothing, one beside the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chapters.controls.study import families_once, from_families, from_one, n_folds_of, placed
from chapters.shared.sources import (
    ELEMENT,
    FIXED,
    FORMULA,
    NET,
    SHUFFLED,
    SHUFFLED_ELEMENT,
    shuffled,
    together,
    unlearned,
)
from lumlip.array_types import FloatArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.folds import Folds
from lumlip.metrics.repeated import CrossFit, Estimate, jackknife, orders_of
from lumlip.zoo.relations import family_of, first_of_families

#: Names of sources, as figures write them.
FAMILY, TOLD = "another family", "another family, told the element"
VARIANT, VARIANT_TOLD = "a variant", "a variant, told the element"
ITSELF, WITH_NET = "itself", f"{FIXED} + {NET}"


@dataclass(frozen=True)
class PublishedFits:
    """Cross-fits to the last layers of published models.

    Attributes
    ----------
    models, firsts : list of str
        All models, and one of each family.
    alone : CrossFit
        From all models, and from what learned nothing, to all models; many orders of the folds.
    told : CrossFit
        From all models with the element beside, to all models; few orders.
    joint : CrossFit
        One model of each family, with each kind of source beside it; few orders.
    orders : list of Folds
        The few.
    features : dict of str to array of shape (n_atoms, n_features)
        Sources of ``joint``.
    """

    models: list[str]
    firsts: list[str]
    alone: CrossFit
    told: CrossFit
    joint: CrossFit
    orders: list[Folds]
    features: dict[str, FloatArray]

    @classmethod
    def of(
        cls,
        panel: Panel,
        *,
        n_seeds: int,
        n_few: int,
        seed: int = 0,
        device: str = "auto",
        n_bootstrap: int = 500,
    ) -> PublishedFits:
        """Fit all of a panel; options are those of the page."""
        learned, fixed = panel.layer("last_layer"), unlearned(panel.structures, seed=seed)
        models = list(learned)
        firsts = first_of_families(models)
        options: dict[str, Any] = {"device": device, "n_bootstrap": n_bootstrap}
        n_folds = n_folds_of(panel.atoms)
        orders = orders_of(panel.atoms, n_folds=n_folds, n_seeds=n_seeds, seed=seed)
        blind = {name: fixed[name] for name in (ELEMENT, FORMULA, FIXED)}
        blind[SHUFFLED] = shuffled(learned[models[0]], seed=seed)
        one_each = {m: learned[m] for m in firsts}
        features = {**one_each, FIXED: fixed[FIXED], WITH_NET: together(fixed[FIXED], fixed[NET])}
        for kind in (ELEMENT, SHUFFLED_ELEMENT, FIXED):
            features |= _beside(one_each, kind, fixed[kind])
        told = _beside(learned, ELEMENT, fixed[ELEMENT])
        few = orders[:n_few]
        return cls(
            models,
            firsts,
            CrossFit.of({**learned, **blind}, learned, orders=orders, **options),
            CrossFit.of(told, learned, orders=few, **options),
            CrossFit.of(features, one_each, orders=few, **options),
            few,
            features,
        )

    def rows(self) -> dict[str, FloatArray]:
        """Weights in `alone` of each kind of source, from the least to the most."""
        fit, models = self.alone, self.models
        blind = (SHUFFLED, ELEMENT, FORMULA, FIXED)
        return {
            **{name: from_one(fit, name, models) for name in blind},
            FAMILY: from_families(fit, models),
            VARIANT: placed(fit, families_once(models, within=True), models, models),
        }

    def worse(self, source: str, than: str) -> Estimate:
        """Error from one kind of source minus that from another."""
        rows = self.rows()
        return self.alone.difference(rows[source], rows[than])

    def shares(self) -> dict[str, Estimate]:
        """Share of published models that each kind of source recovers, from the least."""
        found = {name: self.alone.share(w) for name, w in self.rows().items()}
        variant = found.pop(VARIANT)
        within = families_once(self.models, within=True)
        variant_told = placed(self.told, within, self.told.sources, self.models)
        return {
            **found,
            TOLD: self.told.share(self.told_weights),
            VARIANT: variant,
            VARIANT_TOLD: self.told.share(variant_told),
            ITSELF: Estimate(1.0, 1.0, 1.0),
        }

    @property
    def told_weights(self) -> FloatArray:
        """Weights of the pairs of families in `told`."""
        return from_families(self.told, self.models, ELEMENT)

    def gain_of_telling(self) -> Estimate:
        """Error between families minus that of the same, told the element, on the same orders."""
        first = replace(self.alone, sums=self.alone.sums[: len(self.orders)])
        weights = from_families(first, self.models)
        return first.difference(weights, self.told_weights, other=self.told)

    def beside(self, kind: str) -> FloatArray:
        """Weights in `joint` between families, with something beside every source."""
        return from_families(self.joint, self.firsts, kind)

    def gain_beside(self, kind: str) -> Estimate:
        """Error between families minus that with something beside the source: one of each."""
        return self.joint.difference(self.beside(""), self.beside(kind))

    def gain_of_model(self) -> Estimate:
        """Error from fixed features with a random network minus that with another model."""
        blind = from_one(self.joint, WITH_NET, self.firsts)
        return self.joint.difference(blind, self.beside(FIXED))

    def by_target(self) -> dict[str, dict[str, Estimate]]:
        """Share that sources recover of one model of each family, by that model."""
        weights = {
            FIXED: from_one(self.joint, FIXED, self.firsts),
            FAMILY: self.beside(""),
            TOLD: self.beside(ELEMENT),
            f"{FAMILY}, told all that learned nothing": self.beside(FIXED),
        }
        targets = np.array(self.joint.targets)
        return {
            target: {name: self.joint.share(w * (targets == target)) for name, w in weights.items()}
            for target in self.firsts
        }

    def worse_for(self, targets: Sequence[str], source: str, than: str) -> Estimate:
        """Error to some of `firsts` from one of `TOLD`, `FAMILY`, `FIXED` minus another."""
        rows = {FAMILY: self.beside(""), TOLD: self.beside(ELEMENT)}
        rows[FIXED] = from_one(self.joint, FIXED, self.firsts)
        kept = np.isin(self.joint.targets, targets)
        return self.joint.difference(rows[source] * kept, rows[than] * kept)

    def over_models(self) -> Interval:
        """Share recovered when told the element, with the interval over families of models."""
        models = self.models

        def share(places: list[int]) -> float:
            some = [models[i] for i in places]
            return self.told.share(from_families(self.told, some, ELEMENT)).value

        return jackknife([family_of(m) for m in models], share)


def _beside(some: dict[str, FloatArray], kind: str, block: FloatArray) -> dict[str, FloatArray]:
    return {f"{name} + {kind}": together(X, block) for name, X in some.items()}
