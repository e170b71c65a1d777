"""The second finding in numbers: the paper's tables of variants, and the claims."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chapters.shared.breakdown import across
from chapters.shared.headlines import seed_floor
from chapters.variants.study import COLUMNS
from lumlip.array_types import BoolArray, FloatArray
from lumlip.book.findings import Claim
from lumlip.datasets.paper import paper_table
from lumlip.metrics.bootstrap import Distances, interval, mean_over
from lumlip.zoo.relations import family_of, variant_pairs, whole_models

#: Family of the mixtures of experts.
MIXTURE = "uma"
#: The furthest pair of variants is to be so many times as far apart as the closest.
RATIO = 3.0
#: The paper's tables of variants: kind of difference, what is varied, table.
PAPER = (
    ("data", "MACE", "variants/MACE-datasets/last_layer/MAD-test"),
    ("data", "MACE, organic", "variants/MACE-MP-vs-OFF23/last_layer/MAD-test-organics"),
    ("data", "PET", "variants/PET-datasets/last_layer/MAD-test"),
    ("size", "MACE-MP", "variants/MACE-MP-0a-sizes/last_layer/MAD-test"),
    ("size", "MACE-OFF23, organic", "variants/MACE-OFF23-sizes/last_layer/MAD-test-organics"),
    ("size", "PET-OMAT", "variants/PET-OMAT-sizes/last_layer/MAD-test"),
    ("multi-task", "MACE-OMAT, MACE-MH", "variants/MACE-OMAT-vs-MH/last_layer/MAD-test"),
    ("task", "DPA", "variants/DPA-branches/last_layer/MAD-test"),
    ("task", "UMA", "variants/UMA-tasks/last_layer/MAD-test"),
    ("target", "PET-MAD, energy or DOS", "variants/PET-target/last_layer/MAD-test"),
    ("architecture", "all four", "cross_model/last_layer/MAD-test"),
)


def paper_rows(metric: str = "gfre") -> pd.DataFrame:
    """Return the paper's tables of variants in the form of `kind_rows`, from lowest to highest."""
    rows = []
    for kind, name, table in PAPER:
        values = paper_table(table, metric).to_numpy()
        pairs = values[~np.eye(len(values), dtype=bool)]
        pairs = pairs[np.isfinite(pairs)]
        if len(pairs):
            found = (kind, name, "paper", len(pairs), pairs.mean(), pairs.min(), pairs.max(), pairs)
            rows.append(dict(zip(COLUMNS, found, strict=True)))
    return pd.DataFrame(rows, columns=COLUMNS)


def paper_mean(metric: str = "gfre") -> float:
    """Mean over all pairs of variants that the paper publishes, each direction counted."""
    rows = paper_rows(metric)
    pairs = rows[rows["kind"] != "architecture"]["pairs"]
    return float(np.concatenate(list(pairs)).mean())


def closest_and_furthest(distances: Distances) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest mean of both directions over pairs of variants, draw by draw."""
    pairs = variant_pairs(list(distances.table.index))
    both_ways = (distances.draws + distances.draws.swapaxes(0, 1))[pairs] / 2
    return both_ways.min(axis=0), both_ways.max(axis=0)


def ends(distances: Distances) -> dict[str, tuple[str, str, float]]:
    """Return the closest and the furthest pair of variants, by the mean of both directions."""
    models = list(distances.table.index)
    table = distances.table.to_numpy()
    values = np.where(np.triu(variant_pairs(models)), (table + table.T) / 2, np.nan)
    if not np.isfinite(values).any():
        return {}
    found = {}
    for name, place in (("closest", np.nanargmin(values)), ("furthest", np.nanargmax(values))):
        i, j = divmod(int(place), len(models))
        found[name] = (models[i], models[j], float(values[i, j]))
    return found


def claims(distances: Distances, *, floor: float, mixture: bool = False) -> list[Claim]:
    """Return the claims of the second finding with their numbers; none without variants.

    Parameters
    ----------
    distances : Distances
        GFRE among published models, or among minis.
    floor : float
        Distance that counts as noise: the upper end of the interval of the mean between two seeds.
        NaN if it is not known; the bound is then 0.
    mixture : bool
        Claim also that the tasks of a mixture of experts are furthest apart.
    """
    models = list(distances.table.index)
    pairs = variant_pairs(models)
    if not pairs.any():
        return []
    within = mean_over(distances, pairs)
    whole = np.isin(models, whole_models(models))
    between = mean_over(distances, across(models, family_of) & np.outer(whole, whole))
    known = np.isfinite(floor)
    noise = f"{floor:.2f}, the upper end of the interval between two seeds of a mini"
    what = noise if known else "0 (this run has no two seeds)"
    bound = floor if known else 0.0
    found = [Claim(f"the mean GFRE between variants is above {what}", *interval(within), bound)]
    text = "the mean GFRE between families is larger than that between variants, by more than 0"
    found.append(Claim(text, *interval(between - within), 0.0))
    if np.triu(pairs).sum() > 1:
        low, high = closest_and_furthest(distances)
        text = (
            f"the furthest pair of variants is more than {RATIO:g} times as far apart "
            "as the closest"
        )
        found.append(Claim(text, *interval(high / low), RATIO))
    found += _of_mixture(distances, models, pairs) if mixture else []
    return [claim for claim in found if np.isfinite(claim.value)]


def _of_mixture(distances: Distances, models: list[str], pairs: BoolArray) -> list[Claim]:
    """Claims on the tasks of a mixture of experts: against other variants, and against seeds."""
    own = np.array([family_of(model) == MIXTURE for model in models])
    tasks = pairs & own[:, None] & own
    others = pairs & ~tasks
    far = mean_over(distances, tasks)
    return [
        Claim(
            "tasks of the mixture of experts are further apart than all other variants on average, "
            "by more than 0",
            *interval(far - mean_over(distances, others)),
            0.0,
        ),
        Claim(
            "tasks of the mixture of experts are further apart than two seeds, by more than 0",
            *interval(far - seed_floor(distances)),
            0.0,
        ),
    ]
