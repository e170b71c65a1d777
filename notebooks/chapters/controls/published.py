"""Published models, rebuilt from each other and from what learned nothing, one beside the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chapters.controls.study import families_once, from_families, from_one, placed
from chapters.shared import sources as known
from chapters.shared.sources import ELEMENT, FIXED, SHUFFLED, together
from lumlip.array_types import FloatArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.repeated import CrossFit, Estimate, jackknife, orders_of
from lumlip.zoo.relations import family_of, first_of_families

#: Names of sources, as figures write them.
FAMILY, TOLD, VARIANT = "another family", "another family, told the element", "a variant"
WITH_NET = f"{FIXED} + {known.NET}"


@dataclass(frozen=True)
class PublishedFits:
    """Cross-fits to the last layers of published models."""

    models: list[str]
    firsts: list[str]  #: One of each family.
    alone: CrossFit  #: From all models, and what learned nothing, to all; many orders of the folds.
    told: CrossFit  #: From all models with the element beside, to all; few orders.
    joint: CrossFit  #: One model of each family, with each kind of source beside it; few orders.

    @classmethod
    def of(
        cls, panel: Panel, *, n_seeds: int, n_few: int, seed: int, **options: Any
    ) -> PublishedFits:
        """Fit all of a panel; ``device`` and ``n_bootstrap`` are options of the fits."""
        learned, fixed = panel.layer("last_layer"), known.unlearned(panel.structures, seed=seed)
        models = list(learned)
        firsts = first_of_families(models)
        orders = orders_of(panel.atoms, n_seeds=n_seeds, seed=seed)
        blind = {name: fixed[name] for name in (ELEMENT, known.FORMULA, FIXED)}
        blind[SHUFFLED] = known.shuffled(learned[models[0]], seed=seed)
        one_each = {m: learned[m] for m in firsts}
        joint = {**one_each, FIXED: fixed[FIXED]}
        joint[WITH_NET] = together(fixed[FIXED], fixed[known.NET])
        for kind in (ELEMENT, known.SHUFFLED_ELEMENT, FIXED):
            joint |= _beside(one_each, kind, fixed[kind])
        told = _beside(learned, ELEMENT, fixed[ELEMENT])
        return cls(
            models,
            firsts,
            CrossFit.of({**learned, **blind}, learned, orders=orders, **options),
            CrossFit.of(told, learned, orders=orders[:n_few], **options),
            CrossFit.of(joint, one_each, orders=orders[:n_few], **options),
        )

    def rows(self) -> dict[str, FloatArray]:
        """Weights in `alone` of each kind of source, from the least to the most."""
        fit, models = self.alone, self.models
        blind = (SHUFFLED, ELEMENT, known.FORMULA, FIXED)
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
        return {**found, TOLD: self.told.share(self.told_weights), VARIANT: variant}

    @property
    def told_weights(self) -> FloatArray:
        """Weights of the pairs of families in `told`."""
        return from_families(self.told, self.models, ELEMENT)

    def gain_of_telling(self) -> Estimate:
        """Error between families minus that of the same, told the element, on the same orders."""
        first = self.alone.first_orders(len(self.told.sums))
        weights = from_families(first, self.models)
        return first.difference(weights, self.told_weights, other=self.told)

    def beside(self, kind: str) -> FloatArray:
        """Weights in `joint` between families, with something beside every source."""
        return from_families(self.joint, self.firsts, kind)

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
