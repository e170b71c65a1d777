"""The headline of a measure of similarity, with the atoms drawn anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chapters.similarity.calibration import calibrated
from chapters.similarity.groups import Pair
from chapters.similarity.study import study_of
from chapters.similarity.views import WITHIN, under
from lumlip.extraction.panel import Panel


def redrawn_medians(
    panel: Panel,
    groups: Mapping[str, Sequence[Pair]],
    measures: Iterable[str],
    *,
    layer: str,
    n_samples: int,
    seeds: Iterable[int],
    device: str = "auto",
) -> list[float]:
    """Return the median calibrated similarity within elements, of each draw of atoms that has one.

    Halves of one draw do not say how much another draw would change a median over measures, which
    moves between neighbors in rank.

    Parameters
    ----------
    panel : Panel
    groups : dict of str to list of pairs
        With two families, untrained twins and two seeds.
    measures : iterable of str
        Those that have a scale; the same ones in all draws.
    layer, n_samples
        As in :func:`chapters.similarity.study.study_of`.
    seeds : iterable of int
        One draw each. A draw with too few samples of common elements is left out.
    """
    wanted = list(measures)
    found = []
    for seed in seeds:
        study = study_of(panel, layer=layer, n_samples=n_samples, seed=seed)
        try:
            values = calibrated(under(study, groups, WITHIN, device=device))
        except ValueError:
            continue
        found.append(float(values.reindex(wanted).median()))
    return found
