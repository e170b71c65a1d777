"""How far models are from each other, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import numpy as np
import pandas as pd
import xarray as xr

from chapters.depth.paths import STAGES
from chapters.depth.study import DepthStudy, name
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval, Resampling, interval, mean_rms
from lumlip.zoo.relations import family_of, is_untrained

Pairs = Sequence[tuple[str, str]]

FAMILIES = "different families"
VARIANTS = "variants of a family"
SEEDS = "another seed"
UNTRAINED = "before and\nafter training"
BOTH_UNTRAINED = "two untrained\nfamilies"
BOTH_TRAINED = "the same two,\ntrained"


def pairs_by_kind(study: DepthStudy) -> dict[str, list[tuple[str, str]]]:
    """Sort the ordered pairs of models by what tells the two apart; kinds without a pair are left.

    Controls make pairs with the models that count: the same family trained from another seed, or
    not at all. Two untrained models of different families stand beside the trained models of the
    same two families.
    """
    models = study.models
    controls = [m for m in study.paths if m not in models]
    blank = [m for m in controls if is_untrained(m)]
    of_blank = [m for m in models if family_of(m) in map(family_of, blank)]
    kinds = {
        FAMILIES: _ordered(models, models, same=False),
        VARIANTS: _ordered(models, models, same=True),
        SEEDS: _both_ways(models, [m for m in controls if m not in blank]),
        UNTRAINED: _both_ways(models, blank),
        BOTH_UNTRAINED: _ordered(blank, blank, same=False),
        BOTH_TRAINED: _ordered(of_blank, of_blank, same=False) if blank else [],
    }
    if not kinds[BOTH_UNTRAINED]:
        kinds.pop(BOTH_TRAINED)
    return {kind: pairs for kind, pairs in kinds.items() if pairs}


def _ordered(left: Sequence[str], right: Sequence[str], *, same: bool) -> list[tuple[str, str]]:
    return [
        (a, b) for a in left for b in right if a != b and (family_of(a) == family_of(b)) == same
    ]


def _both_ways(models: Sequence[str], controls: Sequence[str]) -> list[tuple[str, str]]:
    one_way = _ordered(models, controls, same=True)
    return one_way + [(b, a) for a, b in one_way]


def at_stages(
    study: DepthStudy, errors: xr.DataArray, pairs: Pairs, source: str, target: str
) -> FloatArray:
    """Errors (n_pairs, n_test) from each pair's first model at one stage to its second at another.

    Parameters
    ----------
    study : DepthStudy
    errors : DataArray of shape (source, target, atom)
        ``study.errors`` or ``study.within_elements``.
    pairs : sequence of (source model, target model)
    source, target : str
        Stages.
    """
    rows = [name(a, study.stages(a)[source]) for a, _ in pairs]
    columns = [name(b, study.stages(b)[target]) for _, b in pairs]
    places = [
        pd.Index(errors[side].to_numpy()).get_indexer(names)
        for side, names in (("source", rows), ("target", columns))
    ]
    chosen: FloatArray = errors.to_numpy()[places[0], places[1]]
    return chosen


def by_stage(
    study: DepthStudy, errors: xr.DataArray, pairs: Pairs, **options: Unpack[Resampling]
) -> pd.DataFrame:
    """Mean GFRE over pairs at each stage, both models at the same, with 95 % intervals.

    Parameters
    ----------
    study, errors, pairs
        As for :func:`at_stages`.
    options
        ``n_bootstrap`` and ``seed``: structures of the test are drawn anew, whole.

    Returns
    -------
    DataFrame indexed by stage
        Columns ``value``, ``low``, ``high``; stages that the errors lack are left out.
    """
    groups, rows = study.groups(errors), {}
    for stage in stages_in(study, errors):
        chosen = at_stages(study, errors, pairs, stage, stage)
        rows[stage] = interval(mean_rms(chosen, groups=groups, **options))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


def change(
    study: DepthStudy,
    errors: xr.DataArray,
    pairs: Pairs,
    stages: tuple[str, str],
    **options: Unpack[Resampling],
) -> Interval:
    """Mean GFRE over pairs at the second stage minus the first, with its 95 % interval."""
    first, second = (
        mean_rms(
            at_stages(study, errors, pairs, stage, stage), groups=study.groups(errors), **options
        )
        for stage in stages
    )
    return interval(second - first)


def stage_table(study: DepthStudy, errors: xr.DataArray, pairs: Pairs) -> pd.DataFrame:
    """Mean GFRE over pairs from every stage of the source (rows) to every stage of the target."""
    shown = stages_in(study, errors)
    values = [
        [
            np.sqrt(np.square(at_stages(study, errors, pairs, a, b)).mean(axis=1)).mean()
            for b in shown
        ]
        for a in shown
    ]
    return pd.DataFrame(values, index=shown, columns=shown)


def stages_in(study: DepthStudy, errors: xr.DataArray) -> list[str]:
    """Return the stages whose steps some errors have, for all models of a study."""
    known = set(errors["source"].to_numpy().tolist())
    return [
        stage
        for stage in STAGES
        if all(name(m, study.stages(m)[stage]) in known for m in study.paths)
    ]
