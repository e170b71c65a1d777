"""All measures of similarity for all pairs of a panel, in both directions where they have one."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from chapters.similarity.all_measures import DIRECTED, MEASURES, Prepared
from chapters.similarity.draws import Pair, parents_of, sample
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.repeated import Estimate


def both_ways(
    panel: Panel, *, layer: str, n_draws: int, n_halves: int
) -> dict[str, dict[Pair, Estimate]]:
    """Measure pairs of models on draws of one atom of each structure.

    Intervals come from random halves of the parents of each draw, as in chapter 08.

    Returns
    -------
    dict of measure to dict of pair to Estimate
        Of symmetric measures only the pairs in the order of the panel.
    """
    names = list(panel.datasets)
    forth = list(combinations(names, 2))
    wanted = {m: forth + [pair[::-1] for pair in forth] * (m in DIRECTED) for m in MEASURES}
    found = []
    for seed in range(n_draws):
        rows = sample(panel, layer=layer, n_samples=len(panel.structures), seed=seed)
        _, parent = np.unique(parents_of(panel, rows), return_inverse=True)
        whole = {m: Prepared(X[rows]) for m, X in panel.layer(layer).items()}
        rng, n, parts = np.random.default_rng(seed), parent.max() + 1, [whole]
        for _ in range(n_halves):
            half = np.flatnonzero((rng.permutation(n) < n // 2)[parent])
            parts.append({m: one.subset(half) for m, one in whole.items()})
        found.append([_measured(part, wanted) for part in parts])
    return {
        m: {
            pair: _estimate([[t[m][i] for t in draw] for draw in found])
            for i, pair in enumerate(ps)
        }
        for m, ps in wanted.items()
    }


def _measured(
    prepared: dict[str, Prepared], wanted: dict[str, list[Pair]]
) -> dict[str, list[float]]:
    return {m: [MEASURES[m](prepared[a], prepared[b]) for a, b in ps] for m, ps in wanted.items()}


def _estimate(draws: list[list[float]]) -> Estimate:
    return Estimate.over([Interval.of_halves(whole, halves) for whole, *halves in draws])
