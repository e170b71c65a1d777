"""How far apart models are that share more or less: the floor that a distance stands on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from chapters.shared.breakdown import across
from lumlip.array_types import BoolArray, FloatArray
from lumlip.metrics.bootstrap import NOTHING, Distances, interval, mean_over, subset_of
from lumlip.plotting.style import MINI_COLOR
from lumlip.zoo.relations import (
    family_name,
    family_of,
    is_untrained,
    pairs_by_kind,
    untrained_twin,
    variant_pairs,
)

#: Colors of published models, of minis and of controls.
COLORS = {"published": "#0072B2", "mini": MINI_COLOR, "control": "#777777"}
SEED_OF = "two seeds, {}"


def floor_rows(
    found: Distances, models: Sequence[str], minis: Sequence[str], controls: Sequence[str]
) -> pd.DataFrame:
    """Mean errors between models by what they share, from the least to the most.

    Parameters
    ----------
    found : Distances
        Among all of the models.
    models, minis, controls : sequence of str
        Published models; minis; their untrained twins and other seeds. Others do not count.

    Returns
    -------
    DataFrame
        Columns ``name``, ``value``, ``low``, ``high`` and ``color``; kinds without a pair are left
        out.
    """
    here = [[m for m in some if m in found.table.index] for some in (models, minis, controls)]
    published, own, others = here
    untrained = [m for m in others if is_untrained(m)]
    rows: dict[str, tuple[FloatArray, str]] = {
        "published models, other families": (_between(found, published), "published"),
        "published models, variants": (_variants(found, published), "published"),
        "minis, other families": (_between(found, own), "mini"),
        "untrained, other families": (_between(found, untrained), "control"),
    }
    twins = [found.between(m, untrained_twin(m)) for m in own]
    twins = [x for x in twins if np.isfinite(x[0])]
    rows["trained and untrained twin"] = (np.mean(twins, axis=0) if twins else NOTHING, "control")
    rows |= {
        SEED_OF.format(family_name(f)): (x, "mini")
        for f, x in seeds(found, [*own, *others]).items()
    }
    return pd.DataFrame(
        [
            {"name": name, **interval(x)._asdict()} | {"color": COLORS[color]}
            for name, (x, color) in rows.items()
            if np.isfinite(x[0])
        ],
        columns=["name", "value", "low", "high", "color"],
    )


def seeds(found: Distances, models: Sequence[str]) -> dict[str, FloatArray]:
    """Mean error between models that differ in the seed alone, by family."""
    few = subset_of(found, list(models))
    pairs = pairs_by_kind(list(models)).get("seed", _none(models))
    families = [family_of(model) for model in models]
    own = {f: pairs & (np.array(families) == f)[:, None] for f in dict.fromkeys(families)}
    return {family: mean_over(few, mask) for family, mask in own.items() if mask.any()}


def share_of_seeds(found: Distances, minis: Sequence[str], controls: Sequence[str]) -> FloatArray:
    """Squared error between two seeds, as a share of that between families of minis."""
    own = [m for m in minis if m in found.table.index]
    others = [m for m in controls if m in found.table.index]
    of_seed = list(seeds(found, [*own, *others]).values())
    if not of_seed:
        return NOTHING
    share: FloatArray = np.mean(of_seed, axis=0) ** 2 / _between(found, own) ** 2
    return share


def _between(found: Distances, models: Sequence[str]) -> FloatArray:
    few = subset_of(found, list(models))
    return mean_over(few, across(list(models), family_of) if models else _none(models))


def _variants(found: Distances, models: Sequence[str]) -> FloatArray:
    few = subset_of(found, list(models))
    return mean_over(few, variant_pairs(list(models)) if models else _none(models))


def _none(models: Sequence[str]) -> BoolArray:
    return np.zeros((len(models), len(models)), dtype=bool)
