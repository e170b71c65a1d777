"""The same mini trained again, for longer, not trained, of another architecture, misnumbered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from chapters.controls.study import from_seeds, to_seeds
from chapters.shared.models import seeds_of
from chapters.shared.panels import panel_if_any
from chapters.shared.sources import ELEMENT, FIXED, SHUFFLED, shuffled, together, unlearned
from lumlip.array_types import FloatArray
from lumlip.metrics.repeated import CrossFit, Estimate, orders_of
from lumlip.zoo.relations import other_seed, untrained_twin
from lumlip.zoo.table import entries

#: Names of sources, as figures write them.
TWIN, SEED = "its untrained twin", "another training of it"
OTHER, TOLD = "another architecture", "another architecture, told the element"
#: A DPA mini, and the same with the elements of each structure numbered by the alphabet, as the
#: script published with the paper does it.
RIGHT, WRONG = "dpa-mini@inorganic", "dpa-mini@inorganic:alphabetical"
#: Endings of the names of shorter trainings, and their share of all steps.
SHARES = {"sixteenth": 1 / 16, "quarter": 1 / 4, "": 1.0}


def trainings_of(mini: str, known: Collection[str]) -> dict[float, list[str]]:
    """Return two seeds of a mini by their share of its steps, as far as both are known.

    Examples
    --------
    >>> trainings_of("mace-mini", ["mace-mini", "mace-mini-seed2", "mace-mini-quarter"])
    {1.0: ['mace-mini', 'mace-mini-seed2']}
    """
    two = mini, other_seed(mini)
    found = {share: [f"{one}-{end}".rstrip("-") for one in two] for end, share in SHARES.items()}
    return {share: names for share, names in found.items() if set(names) <= set(known)}


@dataclass(frozen=True)
class MiniFits:
    """Cross-fits among minis, their other trainings, their untrained twins and fixed features."""

    minis: list[str]  #: Those that could be run.
    seeds: dict[str, list[str]]  #: All seeds of each mini that has several, itself first.
    fit: CrossFit

    @classmethod
    def of(
        cls, minis: Sequence[str], structures: Any, *, n_seeds: int, seed: int, **options: Any
    ) -> MiniFits:
        """Fit them on the structures that all take; of nothing without minis or structures."""
        wanted = [*minis, *([WRONG] if RIGHT in minis else [])]
        for m in minis:
            wanted += [*seeds_of(m), untrained_twin(m)]
            wanted += [name for names in trainings_of(m, entries()).values() for name in names]
        panel = panel_if_any(list(dict.fromkeys(wanted)), structures, device=options["device"])
        if panel is None:
            return cls([], {}, CrossFit.empty())
        print(f"minis: {panel.report().splitlines()[0]} that all of them take")
        learned, fixed = panel.layer("last_layer"), unlearned(panel.structures, seed=seed)
        own = [m for m in minis if m in learned]
        sources = {**learned, **{name: fixed[name] for name in (ELEMENT, FIXED)}}
        sources[SHUFFLED] = shuffled(learned[own[0]], seed=seed)
        sources |= {f"{m} + {ELEMENT}": together(learned[m], fixed[ELEMENT]) for m in own}
        orders = orders_of(panel.atoms, n_seeds=n_seeds, seed=seed)
        seeds = {m: [x for x in seeds_of(m) if x in learned] for m in own}
        fit = CrossFit.of(sources, learned, orders=orders, **options)
        return cls(own, {m: s for m, s in seeds.items() if len(s) > 1}, fit)

    def rows(self, mini: str) -> dict[str, FloatArray]:
        """Weights of each kind of source to all trainings of one of `seeds`, from the least."""
        others = [m for m in self.minis if m != mini]
        named = {
            SHUFFLED: [SHUFFLED],
            ELEMENT: [ELEMENT],
            TWIN: [untrained_twin(mini)],
            FIXED: [FIXED],
            OTHER: others,
            TOLD: [f"{m} + {ELEMENT}" for m in others],
        }
        fit, seeds = self.fit, self.seeds[mini]
        known = {name: some for name, some in named.items() if set(some) <= set(fit.sources)}
        found = {name: to_seeds(fit, some, seeds) for name, some in known.items()}
        return {**found, SEED: from_seeds(fit, seeds)}

    def shares(self, mini: str) -> dict[str, Estimate]:
        """Share of all trainings of a mini that each kind of source recovers."""
        return {name: self.fit.share(w) for name, w in self.rows(mini).items()}

    def worse(self, mini: str, source: str, than: str) -> Estimate:
        """Error from one kind of source to a mini minus that from another; missing without both."""
        rows = self.rows(mini) if mini in self.seeds else {}
        if source not in rows or than not in rows:
            return Estimate.missing()
        return self.fit.difference(rows[source], rows[than])

    def apart(self, mini: str) -> dict[float, Estimate]:
        """Error between two seeds of a mini, both directions, by the share of its steps."""
        pairs = trainings_of(mini, self.fit.sources).items()
        return {share: self.fit.mean(from_seeds(self.fit, names)) for share, names in pairs}

    def farther(self, mini: str, than: str) -> Estimate:
        """Error between two seeds after all steps minus that after one of `SHARES` of them."""
        known = trainings_of(mini, self.fit.sources)
        if not {SHARES[than], 1.0} <= set(known):
            return Estimate.missing()
        last, first = (from_seeds(self.fit, known[share]) for share in (1.0, SHARES[than]))
        return self.fit.difference(last, first)
