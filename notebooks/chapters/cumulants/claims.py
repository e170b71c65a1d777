"""The claims of the fifth finding: averages over atoms lose most of a structure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import numpy as np
import xarray as xr

from chapters.cumulants.pooling import up_to
from chapters.cumulants.probing import mean_gain
from chapters.cumulants.study import OrderStudy, curves
from chapters.cumulants.targets import SUBSET
from lumlip.book.findings import Claim
from lumlip.metrics.bootstrap import Interval, Resampling
from lumlip.metrics.probe_targets import Key
from lumlip.metrics.probes import ProbeScore

LOST, ADDED = 0.5, 0.05


def mean_curve(
    errors: xr.DataArray, study: OrderStudy, **options: Unpack[Resampling]
) -> dict[int, Interval]:
    """Mean over models of the error at each order, with its 95 % interval.

    Parameters
    ----------
    errors : DataArray of shape (model, order, structure)
    study : OrderStudy
    options
        ``n_bootstrap`` and ``seed``.
    """
    values, draws = (part.mean("model") for part in curves(errors, study.groups, **options))
    found = zip(errors["order"].to_numpy(), values.to_numpy(), draws.to_numpy(), strict=True)
    return {int(order): Interval.of(value, own) for order, value, own in found}


def smallest_step(
    errors: xr.DataArray, study: OrderStudy, **options: Unpack[Resampling]
) -> Interval:
    """Mean over models of the error from order K to K + 1, the smallest over K.

    Parameters as in `mean_curve`. In each draw the smallest is looked for anew.
    """
    values, draws = (part.mean("model") for part in curves(errors, study.groups, **options))
    return Interval.of(float(values.min()), draws.min("order").to_numpy())


def claims(
    study: OrderStudy | None,
    from_mean: xr.DataArray | None,
    steps: xr.DataArray | None,
    scores: Mapping[Key, ProbeScore],
    **options: Unpack[Resampling],
) -> list[Claim]:
    """Return the claims with their numbers; none without models.

    Parameters
    ----------
    study : OrderStudy or None
    from_mean, steps : DataArray of shape (model, order, structure)
        From `OrderStudy.from_mean` and `OrderStudy.steps`.
    scores : mapping
        Of the subset, from `chapters.cumulants.probing.probe_scores`; without them there is no
        third claim.
    options
        ``n_bootstrap`` and ``seed``.
    """
    if study is None or from_mean is None or steps is None:
        return []
    lost = mean_curve(from_mean, study, **options)[study.order]
    added = smallest_step(steps, study, **options)
    gained = mean_gain(scores, SUBSET, up_to(study.order))
    useful = Claim(
        f"the subset is told better with cumulants up to {study.order} than with the mean",
        *gained,
        bound=0.0,
    )
    return [
        Claim(f"GFRE from the mean to order {study.order} is above {LOST:g}", *lost, bound=LOST),
        Claim(
            f"GFRE from each order to the next is above {ADDED:g} (the smallest counts)",
            *added,
            bound=ADDED,
        ),
        *([useful] if np.isfinite(gained[0]) else []),
    ]
