"""Models on the same structures: errors of their features, energies beyond composition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import Ridge

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.datasets.properties import composition
from lumlip.extraction.panel import Panel
from lumlip.metrics.cross_fit import GlobalFits
from lumlip.metrics.folds import Folds
from lumlip.metrics.group_intervals import group_sums
from lumlip.metrics.repeated import CrossFit, orders_of, pair_weights
from lumlip.zoo.relations import family_of, untrained_twin

#: Of the ridge regression on the composition. Parents that must hold an element: of fewer, its
#: energy alone cannot be known.
PENALTY, FEWEST = 1e-3, 3


def composition_baseline(energy: FloatArray, shares: FloatArray, train: BoolArray) -> FloatArray:
    """Predict energies (n_structures, n_models) from the composition, fitted on some structures."""
    fitted = Ridge(alpha=PENALTY).fit(shares[train], energy[train])
    return np.asarray(fitted.predict(shares)).reshape(energy.shape)


def over_atoms(errors: ArrayLike, structure: IntArray) -> FloatArray:
    """Root mean square over the atoms of every structure: (..., n_structures)."""
    sums, counts = group_sums(errors, structure)
    return np.asarray(np.sqrt(sums / counts))


def groups_of(models: Sequence[str]) -> list[str]:
    """Return the family of every model; of one family alone, each is its own."""
    families = [family_of(m) for m in models]
    return families if len(set(families)) > 1 else list(models)


@dataclass(frozen=True)
class Study:
    """Some models on the same structures.

    Attributes
    ----------
    panel : Panel
    models : list of str
        The trained ones; others of the panel are sources only.
    n_seeds, n_bootstrap : int
        Orders of the folds of parents; draws of the parents for intervals.
    device : str
    """

    panel: Panel
    models: list[str]
    n_seeds: int = 10
    n_bootstrap: int = 500
    device: str = "auto"

    @cached_property
    def orders(self) -> list[Folds]:
        """Folds of the atoms."""
        return orders_of(self.panel.atoms, n_seeds=self.n_seeds)

    @cached_property
    def features(self) -> dict[str, FloatArray]:
        """Last layers of all models of the panel."""
        return self.panel.layer("last_layer")

    @cached_property
    def owner(self) -> IntArray:
        """The structure of every atom."""
        return np.asarray(self.panel.atoms["structure"].to_numpy(), dtype=np.int64)

    @cached_property
    def folds(self) -> IntArray:
        """The fold of every structure: (n_seeds, n_structures)."""
        first = np.unique(self.owner, return_index=True)[1]
        return np.array([np.asarray(order)[first] for order in self.orders])

    @cached_property
    def parent(self) -> IntArray:
        """The parent of every structure, by number."""
        first = np.unique(self.owner, return_index=True)[1]
        return np.asarray(self.orders[0].groups)[first]

    @cached_property
    def shares(self) -> FloatArray:
        """Composition of every structure: (n_structures, n_elements)."""
        return composition(self.panel.structures)

    @cached_property
    def known(self) -> BoolArray:
        """The structures whose elements all occur in enough parents; no others count."""
        holds = self.shares > 0
        rare = [len(np.unique(self.parent[some])) < FEWEST for some in holds.T]
        return np.asarray(~holds[:, rare].any(axis=1))

    @cached_property
    def energy(self) -> FloatArray:
        """Energy of every structure (n_structures, n_models) in eV/atom."""
        size = np.bincount(self.owner)
        return np.array([self.panel.energies(m) / size for m in self.models]).T

    @cached_property
    def beyond(self) -> FloatArray:
        """Energies beyond composition, fitted on other folds: (n_seeds, n_structures, n_models)."""
        found = np.repeat(self.energy[None], self.n_seeds, axis=0)
        for rest, fold in zip(found, self.folds, strict=True):
            for here in (fold == one for one in np.unique(fold)):
                rest[here] -= composition_baseline(self.energy, self.shares, ~here)[here]
        return found

    @cached_property
    def errors(self) -> FloatArray:
        """Error of every structure: (n_seeds, n_sources, n_models, n_structures)."""
        targets = {m: self.features[m] for m in self.models}
        fits = GlobalFits(self.features, targets, self.device)
        return np.array([over_atoms(fits.errors(order), self.owner) for order in self.orders])

    def fit(self, errors: FloatArray, sources: Mapping[str, object]) -> CrossFit:
        """Join errors of the structures, all of which count alike."""
        sums, counts = group_sums(errors[..., self.known], self.parent[self.known])
        return CrossFit(list(sources), self.models, sums, counts, self.n_bootstrap)

    @cached_property
    def draws(self) -> IntArray:
        """How often each structure is drawn, with its parent; first all of them, once."""
        n = int(self.parent.max()) + 1
        drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=self.n_bootstrap)
        return np.vstack([np.ones(n, dtype=int), drawn])[:, self.parent]

    def weights(self, *, trained: bool = True) -> FloatArray:
        """Weights (n_sources, n_models) of pairs of families: from models, or from their twins."""
        names = list(self.features)
        sources = self.models if trained else [untrained_twin(m) for m in self.models]
        found = np.zeros((len(names), len(self.models)))
        if set(sources) <= set(names):
            found[[names.index(m) for m in sources]] = pair_weights(groups_of(self.models))
        return found
