"""A pre-trained model and its kin: what was fine-tuned from it, and what a distance is held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lumlip.array_types import FloatArray
from lumlip.metrics.folds import Folds
from lumlip.metrics.repeated import CrossFit
from lumlip.zoo.relations import family_of, lineage
from lumlip.zoo.table import resolve

#: Roles of a mini's kin, and what follows the mini's name in their ids.
ROLES = {
    "FF": "-lps-ff",
    "HF": "-lps-hf",
    "FTL": "-lps-ftl",
    "HTL": "-lps-htl",
    "FF, rate of bespoke": "-lps-ff-high-rate",
    "bespoke": "-lps-bespoke",
    "bespoke, rate of FF": "-lps-bespoke-low-rate",
    "other seed": "-seed2",
    "untrained": "-untrained",
}
#: Fine-tunings that train all weights; the others leave the backbone as it is.
ALL_WEIGHTS = ("FF", "FTL")
WAYS = ["parent from it", "it from parent"]


def kin_of(minis: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return the model ids of the kin that there are, by mini and role."""
    found = {(mini, role): mini + ending for mini in minis for role, ending in ROLES.items()}
    return {key: model for key, model in found.items() if is_known(model)}


def is_known(model: str) -> bool:
    """Tell whether there is a model of this id."""
    try:
        resolve(model)
    except ValueError:
        return False
    return True


def both_ways(
    features: Mapping[str, FloatArray],
    kin: Mapping[tuple[str, str], str],
    orders: Sequence[Folds],
    **options: object,
) -> CrossFit | None:
    """Cross-fit every model with its parent: sources are the kin, targets are `WAYS`.

    Parameters
    ----------
    features : dict of str to array of shape (n_atoms, n_channels)
        By model id; kin without features, or whose parent has none, are left out.
    kin : dict of (str, str) to str
        Parent and role to model id.
    orders : sequence of Folds
    options
        As in :meth:`CrossFit.of`.

    Returns
    -------
    CrossFit or None
        None if there is nothing to compare.
    """
    names, parts = [], []
    counts = np.array([])
    for parent in dict.fromkeys(parent for parent, _ in kin):
        some = {m: features[m] for (p, _), m in kin.items() if p == parent and m in features}
        if parent not in features or not some:
            continue
        one = {parent: features[parent]}
        back = CrossFit.of(some, one, orders=orders, **options)
        there = CrossFit.of(one, some, orders=orders, **options)
        names += list(some)
        counts = back.counts
        parts.append(np.concatenate([back.sums, there.sums.swapaxes(1, 2)], axis=2))
    return CrossFit(names, WAYS, np.concatenate(parts, axis=1), counts) if parts else None
