"""One language for all measures: 0 as untrained networks, 1 as two seeds of one model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from chapters.similarity.groups import APART, BEFORE, SEEDS
from lumlip.metrics.bootstrap import interval_of_halves

#: Least difference between seeds and untrained twins, for measures that have no interval.
ROOM = 0.05


def calibrated(means: pd.DataFrame) -> pd.Series[float]:
    """Return how far training brings two families from untrained networks towards two seeds.

    ``(families - untrained) / (seeds - untrained)`` of mean similarities. 0: trained models of two
    families are as alike as their untrained twins; 1: as alike as one model trained twice.

    Parameters
    ----------
    means : DataFrame of shape (n_measures, n_groups)
        From :func:`chapters.similarity.groups.means`.

    Examples
    --------
    >>> row = {"two families": 0.5, "two families, untrained": 0.2, "two seeds": 0.8}
    >>> calibrated(pd.DataFrame([row], index=["cka"])).round(3).to_dict()
    {'cka': 0.5}
    """
    low = means[BEFORE]
    room = means[SEEDS] - low
    found: pd.Series[float] = (means[APART] - low) / room.where(room != 0)
    return found


def calibrated_with_intervals(whole: pd.DataFrame, halves: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return calibrated similarities with their 95 % intervals.

    A measure that does not tell two seeds from untrained networks of two families, the whole
    interval of the difference above zero (without draws: `ROOM`), has no scale: NaN.

    Returns
    -------
    DataFrame of shape (n_measures, 3)
        Columns ``value``, ``low`` and ``high``; the last two are NaN for measures without draws.
    """
    room = [half.reindex(whole.index)[SEEDS] - half.reindex(whole.index)[BEFORE] for half in halves]
    difference, low, _ = interval_of_halves(whole[SEEDS] - whole[BEFORE], room)
    has_scale = np.where(np.isnan(low), difference > ROOM, low > 0)
    drawn = [calibrated(half).reindex(whole.index) for half in halves]
    ends = interval_of_halves(calibrated(whole), drawn)
    table = pd.DataFrame(dict(zip(("value", "low", "high"), ends, strict=True)), index=whole.index)
    return table.where(pd.Series(has_scale, index=whole.index), np.nan)


def can_be_calibrated(means: pd.DataFrame) -> bool:
    """Tell whether there are seeds, untrained twins and families to compare."""
    return {APART, BEFORE, SEEDS} <= set(means.columns)
