"""One set of models on one set of structures: distances and disagreements of all its pairs."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chapters.disagreement.across import Mantel, as_table, mantel
from chapters.disagreement.crossfit import crossfitted, folds, of_pairs, some_atoms
from chapters.disagreement.energies import disagreements, model_pairs
from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.datasets.properties import composition
from lumlip.extraction.panel import Panel
from lumlip.metrics.reconstruction import neighborhood_size
from lumlip.zoo.relations import is_untrained, kind_of
from lumlip.zoo.table import resolve


def functional_of(model: str) -> str:
    """Return the functional of the energies that a model was trained on."""
    return resolve(model).functional or "not known"


@dataclass(frozen=True)
class PairStudy:
    """A panel of models, its structures dealt out to folds.

    Attributes
    ----------
    panel : Panel
    fold : int array of shape (n_structures,)
        Every structure is tested by maps fitted on the other folds.
    layer : str
        "backbone" or "last_layer".
    device : str
    """

    panel: Panel
    fold: IntArray
    layer: str = "last_layer"
    device: str = "auto"

    @classmethod
    def of(
        cls,
        panel: Panel,
        *,
        by: str = "structure",
        n_folds: int = 3,
        seed: int = 0,
        layer: str = "last_layer",
        device: str = "auto",
    ) -> PairStudy:
        """Deal out the structures of a panel, see :func:`chapters.disagreement.crossfit.folds`."""
        shares = composition(panel.structures)
        fold = folds(panel.atoms, shares, by=by, n_folds=n_folds, seed=seed)
        return cls(panel, fold, layer, device)

    @cached_property
    def models(self) -> list[str]:
        """The trained models: those that have an opinion about energies."""
        return [model for model in self.panel.datasets if not is_untrained(model)]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Unordered pairs of the trained models."""
        return model_pairs(self.models)

    @cached_property
    def owner(self) -> IntArray:
        """The structure of every atom."""
        owner: IntArray = self.panel.atoms["structure"].to_numpy().astype(np.int64)
        return owner

    @cached_property
    def shares(self) -> FloatArray:
        """Composition of every structure."""
        return composition(self.panel.structures)

    @cached_property
    def subset(self) -> NDArray[np.str_]:
        """Subset of every structure."""
        return np.asarray(self.panel.atoms["subset"].to_numpy()).astype(str)

    def energy(self, model: str) -> FloatArray:
        """Energy of every structure in eV/atom."""
        total = self.panel.datasets[model]["energy"].to_numpy().astype(float)
        per_atom: FloatArray = total / np.bincount(self.owner)
        return per_atom

    @cached_property
    def disagreement(self) -> FloatArray:
        """Disagreement (n_pairs, n_structures) in meV/atom; NaN where it cannot be known."""
        energies = {model: self.energy(model) for model in self.models}
        return disagreements(energies, self.shares, fold=self.fold)

    @cached_property
    def kept(self) -> BoolArray:
        """The structures whose disagreement is known."""
        return np.asarray(np.isfinite(self.disagreement).all(axis=0))

    @cached_property
    def errors(self) -> FloatArray:
        """Global errors (n_models, n_models, n_structures), row = source."""
        every = self.panel.layer(self.layer)
        features = {model: every[model] for model in self.models}
        return crossfitted(features, self.owner, fold=self.fold, device=self.device)

    @cached_property
    def distance(self) -> FloatArray:
        """Errors of both directions, joined: (n_pairs, n_structures)."""
        return of_pairs(self.errors)

    def local(
        self, models: Sequence[str], *, n_neighbors: int, at_most: int, seed: int = 0
    ) -> dict[str, FloatArray]:
        """Local errors of the pairs of some models, on few atoms of the structures of one fold.

        And the global errors of the same atoms, so that both can be compared.

        Parameters
        ----------
        models : sequence of str
        n_neighbors : int
            At most a quarter of the atoms that are fitted on.
        at_most : int
            Atoms of each structure.
        seed : int

        Returns
        -------
        dict of {"lfre", "gfre"} to array of shape (n_pairs, n_structures)
            NaN for the structures of other folds.
        """
        every = self.panel.layer(self.layer)
        chosen = some_atoms(self.owner, at_most=at_most, seed=seed)
        chosen = chosen[self.fold[self.owner[chosen]] == 0]
        n_train = int((self.fold[self.owner] != 0).sum())
        k = neighborhood_size(n_train, n_neighbors)
        features = {model: every[model] for model in models}
        found = {}
        for metric, neighbors in {"lfre": k, "gfre": None}.items():
            errors = crossfitted(
                features,
                self.owner,
                fold=self.fold,
                only=chosen,
                metric=metric,
                n_neighbors=neighbors,
                device=self.device,
            )
            found[metric] = of_pairs(errors)
        return found

    def rows(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """Return where some pairs stand among all."""
        return [self.pairs.index(pair) for pair in pairs]

    @cached_property
    def by_pair(self) -> pd.DataFrame:
        """Mean distance and median disagreement of each pair, and whether the labels are alike.

        Columns ``gfre`` (no unit), ``disagreement`` (meV/atom), ``kind`` and ``functional``.
        """
        rows = [
            {
                "pair": f"{a} and {b}",
                "gfre": np.sqrt((self.distance[i][self.kept] ** 2).mean()),
                "disagreement": np.median(self.disagreement[i][self.kept]),
                "kind": kind_of(a, b),
                "functional": "same" if functional_of(a) == functional_of(b) else "other",
            }
            for i, (a, b) in enumerate(self.pairs)
        ]
        columns = ["pair", "gfre", "disagreement", "kind", "functional"]
        return pd.DataFrame(rows, columns=columns).set_index("pair")

    def mantel(self, *, same_functional: bool = False, seed: int = 0) -> Mantel | None:
        """Rank correlation of mean distance and median disagreement over pairs of models."""
        groups: list[Hashable] | None = None
        if same_functional:
            groups = [functional_of(model) for model in self.models]
        n = len(self.models)
        tables = (as_table(self.by_pair[name], n) for name in ("gfre", "disagreement"))
        return mantel(*tables, groups=groups, seed=seed)

    def holders(self) -> dict[Hashable, BoolArray]:
        """Tell which kept structures hold an element: by atomic number."""
        numbers = self.panel.atoms["atomic_number"].to_numpy()
        kinds = np.unique(numbers)
        inside = self.shares[self.kept] > 0
        return {int(z): inside[:, i] for i, z in enumerate(kinds)}

    def subsets(self) -> dict[Hashable, BoolArray]:
        """Tell which kept structures are of a subset: by its name."""
        own = self.subset[self.kept]
        return {str(name): own == name for name in dict.fromkeys(own.tolist())}
