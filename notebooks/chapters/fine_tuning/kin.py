"""A mini and its kin: what was fine-tuned from it, and what such a distance is held against.

The *distance* of two models is the mean of their errors in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chapters.shared.models import seeds_of
from lumlip.array_types import BoolArray, FloatArray
from lumlip.metrics.folds import Folds
from lumlip.metrics.repeated import CrossFit, Estimate
from lumlip.zoo.table import entries

#: Roles of a mini's kin, and what follows the mini's name in their ids; the other seeds are many.
ROLES = {
    "FF": "-lps-ff",
    "HF": "-lps-hf",
    "FTL": "-lps-ftl",
    "HTL": "-lps-htl",
    "FF, high rate": "-lps-ff-high-rate",
    "bespoke": "-lps-bespoke",
    "bespoke, low rate": "-lps-bespoke-low-rate",
    "other seeds": "",
    "untrained": "-untrained",
}
FINE_TUNED = ("FF", "HF", "FTL", "HTL")
#: Fine-tunings that train all weights, and those that leave the backbone as it is.
ALL_WEIGHTS, HEADS = ("FF", "FTL"), ("HF", "HTL")
#: Directions: how well the parent is rebuilt from a model, and the model from the parent.
PARENT_FROM_IT, IT_FROM_PARENT = "parent from it", "it from parent"
WAYS = (PARENT_FROM_IT, IT_FROM_PARENT)
Kin = Mapping[tuple[str, str], Sequence[str]]


def kin_of(minis: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """Return the ids of the models of `ROLES` that there are, by mini and role.

    >>> kin_of(["pet-mini"])["pet-mini", "HTL"]
    ['pet-mini-lps-htl']
    """
    found = {
        (mini, role): [mini + ending] if ending else seeds_of(mini)[1:]
        for mini in minis
        for role, ending in ROLES.items()
    }
    return {key: models for key, models in found.items() if models and models[0] in entries()}


@dataclass(frozen=True)
class Kinship:
    """Errors between every mini and its kin.

    Attributes
    ----------
    fit : CrossFit
        Sources are the kin, targets are `WAYS`.
    kin : dict of (str, str) to list of str
        Mini and role to the ids of the models that were compared.
    """

    fit: CrossFit
    kin: Kin

    @classmethod
    def of(
        cls,
        features: Mapping[str, FloatArray],
        kin: Kin,
        orders: Sequence[Folds],
        *,
        n_bootstrap: int = 500,
        device: str = "auto",
    ) -> Kinship:
        """Cross-fit every model with its mini, both ways.

        Parameters
        ----------
        features : dict of str to array of shape (n_atoms, n_channels)
            By model id; kin without features, or whose mini has none, are left out.
        kin : dict of (str, str) to list of str
            From `kin_of`.
        orders : sequence of Folds
            Of the atoms.
        """
        there = {
            key: known
            for key, models in kin.items()
            if key[0] in features and (known := [m for m in models if m in features])
        }
        parts, counts = [np.zeros((max(1, len(orders)), 0, 2, 1))], np.ones(1)
        for mini in dict.fromkeys(mini for mini, _ in there):
            own = {mini: features[mini]}
            some = {m: features[m] for (of, _), ms in there.items() if of == mini for m in ms}
            back = CrossFit.of(some, own, orders=orders, device=device)
            forth = CrossFit.of(own, some, orders=orders, device=device).sums.swapaxes(1, 2)
            parts.append(np.concatenate([back.sums, forth], axis=2))
            counts = back.counts
        sums = np.concatenate(parts[1:] or parts, axis=1)
        names = [model for models in there.values() for model in models]
        return cls(CrossFit(names, list(WAYS), sums, counts, n_bootstrap), there)

    def weights(
        self,
        roles: Sequence[str],
        minis: Sequence[str],
        ways: Sequence[str] = WAYS,
    ) -> FloatArray:
        """Weights (n_kin, 2) of a mean over some roles: every mini and role counts once.

        All zero if a mini lacks one of the roles: then there is no such mean.
        """
        found = np.zeros((len(self.fit.sources), len(WAYS)))
        for key in ((mini, role) for mini in minis for role in roles):
            if key not in self.kin:
                return np.zeros_like(found)
            for model in self.kin[key]:
                row = np.array([way in ways for way in WAYS]) / len(self.kin[key])
                found[self.fit.sources.index(model)] = row
        return found

    def distance(self, *roles: str, minis: Sequence[str]) -> Estimate:
        """Mean distance of some roles from their mini."""
        return self.fit.mean(self.weights(roles, minis))

    def share(self, *roles: str, minis: Sequence[str]) -> Estimate:
        """Share of the minis' variance that is recovered from some of their kin."""
        return self.fit.share(self.weights(roles, minis, [PARENT_FROM_IT]))

    def farther(
        self,
        roles: Sequence[str],
        than: Sequence[str],
        *,
        minis: Sequence[str],
        ways: Sequence[str] = WAYS,
    ) -> Estimate:
        """By how much some roles are farther from their mini than others."""
        first, second = (self.weights(some, minis, ways) for some in (roles, than))
        return self.fit.difference(first, second)

    def worst_share(self, *roles: str, minis: Sequence[str]) -> float:
        """Share of the squared error that the worst parent carries; NaN without such kin."""
        w = self.weights(roles, minis)
        return self.fit.worst_share(w) if w.any() else float("nan")

    def without_groups(self, left_out: BoolArray) -> Kinship:
        """Leave out groups, as `CrossFit.without_groups`; all that there are if none is left."""
        is_empty = not self.kin or np.all(left_out)
        return self if is_empty else Kinship(self.fit.without_groups(left_out), self.kin)


def seen_in_training(part: ArrayLike, structure: ArrayLike, groups: ArrayLike) -> BoolArray:
    """Tell which groups hold structures that are not of the part ``"test"``.

    Parameters
    ----------
    part : array of str of shape (n_structures,)
    structure, groups : array of int of shape (n_atoms,)
        Structure and group of every atom.

    Returns
    -------
    array of bool of shape (n_groups,)
    """
    is_seen = (np.asarray(part) != "test")[np.asarray(structure)]
    found: BoolArray = np.bincount(groups, weights=is_seen) > 0
    return found
