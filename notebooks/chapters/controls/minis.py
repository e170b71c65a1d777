"""The same mini trained again, not trained, of another architecture, wrongly numbered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chapters.controls.study import from_seeds, to_seeds
from chapters.shared.models import seeds_of
from chapters.shared.sources import ELEMENT, FIXED, SHUFFLED, shuffled, together, unlearned
from lumlip.array_types import FloatArray
from lumlip.extraction.panel import panel_if_any
from lumlip.metrics.reconstruction import neighborhood_size
from lumlip.metrics.repeated import CrossFit, Estimate, orders_of
from lumlip.zoo.relations import untrained_twin

#: Names of sources, as figures write them.
TWIN, OTHER, TOLD = (
    "its untrained twin",
    "another architecture",
    "another architecture, told the element",
)
SEED, ITSELF = "another training of it", "itself"
#: A DPA mini, and the same with the elements of each structure numbered by the alphabet, as the
#: script published with the paper does it.
RIGHT, WRONG = "dpa-mini@inorganic", "dpa-mini@inorganic:alphabetical"


@dataclass(frozen=True)
class MiniFits:
    """Cross-fits among minis, their other seeds, their untrained twins and fixed features.

    Attributes
    ----------
    minis : list of str
        Those that could be run.
    seeds : dict of str to list of str
        All trainings of each mini that was trained more than once, itself first.
    whole, local : CrossFit
        GFRE, and LFRE on some atoms.
    """

    minis: list[str]
    seeds: dict[str, list[str]]
    whole: CrossFit
    local: CrossFit

    @classmethod
    def of(
        cls,
        minis: Sequence[str],
        structures: Any,
        *,
        n_seeds: int,
        n_local: int,
        tested_every: int,
        n_neighbors: int,
        seed: int = 0,
        device: str = "auto",
        n_bootstrap: int = 500,
    ) -> MiniFits:
        """Fit them on the structures that all take; without minis or structures, nothing is in it.

        Parameters
        ----------
        minis : sequence of str
        structures : str, path or sequence of ase.Atoms
        n_seeds, n_local : int
            Orders of the folds, and those of the local errors.
        tested_every : int
            Every n-th atom has a local error.
        n_neighbors : int
        seed, device, n_bootstrap
            As elsewhere.
        """
        wrong = [WRONG] if RIGHT in minis else []
        others = [x for m in minis for x in (*seeds_of(m), untrained_twin(m))]
        panel = panel_if_any(
            list(dict.fromkeys([*minis, *others, *wrong])), structures, device=device
        )
        if panel is None:
            nothing = CrossFit.empty()
            return cls([], {}, nothing, nothing)
        print(panel.report())
        learned, fixed = panel.layer("last_layer"), unlearned(panel.structures, seed=seed)
        own = [m for m in minis if m in learned]
        sources = {**learned, **{name: fixed[name] for name in (ELEMENT, FIXED)}}
        sources[SHUFFLED] = shuffled(learned[own[0]], seed=seed)
        told = {f"{m} + {ELEMENT}": together(learned[m], fixed[ELEMENT]) for m in own}
        options: dict[str, Any] = {"device": device, "n_bootstrap": n_bootstrap}
        orders = orders_of(panel.atoms, n_seeds=n_seeds, seed=seed)
        whole = CrossFit.of({**sources, **told}, learned, orders=orders, **options)
        n_atoms = panel.atoms.sizes["atom"]
        local = CrossFit.of(
            sources,
            {m: learned[m] for m in learned if m.split("-seed")[0] in own},
            orders=orders[:n_local],
            metric="lfre",
            n_neighbors=neighborhood_size(n_atoms // 2, n_neighbors),
            tested=np.arange(0, n_atoms, tested_every),
            **options,
        )
        seeds = {m: [x for x in seeds_of(m) if x in learned] for m in own}
        return cls(own, {m: s for m, s in seeds.items() if len(s) > 1}, whole, local)

    def rows(self, mini: str, fit: CrossFit) -> dict[str, FloatArray]:
        """Weights of each kind of source, to all trainings of a mini, from the least to the most.

        Parameters
        ----------
        mini : str
            One of `seeds`.
        fit : CrossFit
            `whole` or `local`.
        """
        others = [m for m in self.minis if m != mini]
        named = {
            SHUFFLED: [SHUFFLED],
            ELEMENT: [ELEMENT],
            TWIN: [untrained_twin(mini)],
            FIXED: [FIXED],
            OTHER: others,
            TOLD: [f"{m} + {ELEMENT}" for m in others],
        }
        seeds = self.seeds[mini]
        found = {
            name: to_seeds(fit, some, seeds)
            for name, some in named.items()
            if set(some) <= set(fit.sources)
        }
        return {**found, SEED: from_seeds(fit, seeds)}

    def shares(self, mini: str) -> dict[str, Estimate]:
        """Share of all trainings of a mini that each kind of source recovers."""
        rows = self.rows(mini, self.whole)
        return {name: self.whole.share(w) for name, w in rows.items()} | {
            ITSELF: Estimate(1.0, 1.0, 1.0)
        }

    def worse(self, mini: str, source: str, than: str, *, local: bool = False) -> Estimate:
        """Error from one kind of source to a mini minus that from another; missing without both."""
        fit = self.local if local else self.whole
        rows = self.rows(mini, fit) if mini in self.seeds else {}
        if source not in rows or than not in rows:
            return Estimate.missing()
        return fit.difference(rows[source], rows[than])

    def misnumbered(self) -> Estimate:
        """Error from the wrongly numbered DPA mini to other minis minus that from the right one."""
        others = [m for m in self.minis if m != RIGHT]
        if not others or not {RIGHT, WRONG} <= set(self.whole.sources):
            return Estimate.missing()
        wrong, right = (to_seeds(self.whole, [source], others) for source in (WRONG, RIGHT))
        return self.whole.difference(wrong, right)
