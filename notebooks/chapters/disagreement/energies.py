"""Energies beyond composition, and errors of every structure, for each order of the folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.datasets.properties import composition
from lumlip.extraction.panel import Panel
from lumlip.metrics.cross_fit import cross_fitted_errors
from lumlip.metrics.folds import Folds
from lumlip.metrics.group_intervals import group_sums
from lumlip.metrics.repeated import CrossFit

#: Of the ridge regression on the composition; the shares of a structure add up to one.
PENALTY = 1e-3
#: Other structures that must hold an element: of fewer, its energy alone cannot be known.
FEWEST = 2


def beyond_composition(values: ArrayLike, shares: FloatArray, fold: IntArray) -> FloatArray:
    """Subtract what the composition predicts, by ridge regression on the other folds.

    Parameters
    ----------
    values : array of shape (n, n_structures)
    shares : array of shape (n_structures, n_elements)
    fold : array of int of shape (n_structures,)

    Returns
    -------
    array of shape (n, n_structures)

    Examples
    --------
    >>> shares = np.tile(np.eye(2), (3, 1))
    >>> beyond_composition([[1, 3, 1, 3, 2, 3]], shares, np.arange(6) // 2).round(2) + 0
    array([[-0.5,  0. , -0.5,  0. ,  1. ,  0. ]])
    """
    rest = np.array(values, dtype=float)
    for one in np.unique(fold):
        rest[:, fold == one] -= composition_baseline(values, shares, fold != one)[:, fold == one]
    return rest


def composition_baseline(values: ArrayLike, shares: FloatArray, train: BoolArray) -> FloatArray:
    """Predict numbers (n, n_structures) from the composition, fitted on some structures."""
    y, C = np.asarray(values, dtype=float)[:, train].T, shares[train]
    mean = y.mean(axis=0)
    gram = C.T @ C + PENALTY * np.eye(C.shape[1])
    baseline: FloatArray = (mean + shares @ np.linalg.solve(gram, C.T @ (y - mean))).T
    return baseline


@dataclass(frozen=True)
class Structures:
    """A panel with several orders of the folds, seen structure by structure.

    Attributes
    ----------
    panel : Panel
    orders : list of Folds
        Of the atoms.
    n_bootstrap : int
        Draws of the parents for intervals.
    """

    panel: Panel
    orders: Sequence[Folds]
    n_bootstrap: int = 500

    @cached_property
    def owner(self) -> IntArray:
        """The structure of every atom."""
        owner: IntArray = self.panel.atoms["structure"].to_numpy().astype(np.int64)
        return owner

    @cached_property
    def folds(self) -> IntArray:
        """The fold of every structure: (n_seeds, n_structures)."""
        first = np.unique(self.owner, return_index=True)[1]
        return np.array([np.asarray(order)[first] for order in self.orders])

    @cached_property
    def parent(self) -> IntArray:
        """The parent of every structure, by number."""
        groups = self.orders[0].groups
        assert groups is not None
        return groups[np.unique(self.owner, return_index=True)[1]]

    @cached_property
    def shares(self) -> FloatArray:
        """Composition of every structure: (n_structures, n_elements)."""
        return composition(self.panel.structures)

    @cached_property
    def known(self) -> BoolArray:
        """The structures whose elements all occur often enough in the other folds, in any order."""
        holds = self.shares > 0
        kept = np.ones(len(holds), dtype=bool)
        for fold in self.folds:
            for one in np.unique(fold):
                rare = holds[fold != one].sum(axis=0) < FEWEST
                kept[fold == one] &= ~holds[fold == one][:, rare].any(axis=1)
        return kept

    @cached_property
    def energy(self) -> dict[str, FloatArray]:
        """Energy of every structure in eV/atom, by model."""
        size = np.bincount(self.owner)
        every = self.panel.datasets.items()
        return {m: ds["energy"].to_numpy().astype(float) / size for m, ds in every}

    @cached_property
    def beyond(self) -> FloatArray:
        """Energies beyond composition: (n_seeds, n_models, n_structures), in eV/atom."""
        every = list(self.energy.values())
        return np.array([beyond_composition(every, self.shares, fold) for fold in self.folds])

    def errors(
        self, sources: Mapping[str, FloatArray], targets: Mapping[str, FloatArray], *, device: str
    ) -> FloatArray:
        """Root mean square over the atoms of every structure of the global error.

        Returns
        -------
        array of shape (n_seeds, n_sources, n_targets, n_structures)
        """
        found = []
        for order in self.orders:
            errors = cross_fitted_errors(sources, targets, folds=order, device=device)
            sums, counts = group_sums(errors, self.owner)
            found.append(np.sqrt(sums / counts))
        return np.array(found)

    def fit(self, errors: FloatArray, sources: Sequence[str], targets: Sequence[str]) -> CrossFit:
        """Join errors (n_seeds, n_sources, n_targets, n_structures), every structure alike."""
        sums, counts = group_sums(errors[..., self.known], self.parent[self.known])
        return CrossFit(list(sources), list(targets), sums, counts, self.n_bootstrap)

    def draws(self) -> IntArray:
        """How often each structure is drawn, with its parent: (1 + n_bootstrap, n_structures).

        The first row is all ones.
        """
        n = int(self.parent.max()) + 1
        rng = np.random.default_rng(0)
        parents = rng.multinomial(n, np.full(n, 1 / n), size=self.n_bootstrap)
        return np.vstack([np.ones(n, dtype=int), parents])[:, self.parent]
