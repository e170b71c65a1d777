"""Numbers from draws: levels of groups of pairs, places on a scale, orders of pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from chapters.similarity.all_measures import LABELS
from chapters.similarity.draws import AS_IS, BEFORE, MINIS, PERMUTED, SAME, SEEDS, Draw, Pair
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.repeated import Estimate, jackknife
from lumlip.zoo.relations import family_of

Groups = Mapping[str, Sequence[Pair]]
_FULL = 0.99  # chance level that leaves a measure no room
_FEWEST = 6  # pairs, below which an order says nothing


def level(
    table: pd.DataFrame, groups: Groups, name: str, view: str, atoms: str = SAME
) -> pd.Series:
    """Return the mean similarity of a group by each measure; NaN where a pair is missing."""
    wanted = [(view, atoms, *pair) for pair in groups[name]]
    return table.reindex(pd.MultiIndex.from_tuples(wanted or [("",) * 4])).mean(skipna=False)


def scaled(table: pd.DataFrame, groups: Groups, name: str, view: str) -> pd.Series:
    """Return where pairs lie between permuted atoms and two seeds of a mini, by each measure.

    ``k / k_seeds`` with ``k = (s - s_0) / (1 - s_0)`` and ``s_0`` with atoms permuted: chance
    levels grow with the width of the features, so that each group has its own.
    """

    def above(some: str) -> pd.Series:
        low = level(table, groups, some, view, PERMUTED)
        # With few atoms PWCCA is 1 by chance: nothing is above that.
        return (level(table, groups, some, view) - low) / (1 - low).where(low < _FULL)

    return above(name) / above(SEEDS)


def closer(table: pd.DataFrame, groups: Groups, view: str) -> pd.Series:
    """Return how much closer minis are than their untrained twins, on the scale."""
    return scaled(table, groups, MINIS, view) - scaled(table, groups, BEFORE, view)


def by_chance(table: pd.DataFrame, groups: Groups, view: str) -> pd.Series:
    """Return the same with the atoms permuted: what chance levels alone would make of it."""
    low, before = (level(table, groups, name, view, PERMUTED) for name in (MINIS, BEFORE))
    return (low - before) / (level(table, groups, SEEDS, view) - before)


def estimate(draws: Sequence[Any], number: Callable[..., float], *args: Any) -> Estimate:
    """Return a number of a table, and of further arguments, as its mean over draws.

    Its reach within a draw comes from halves of the parents; that of the draws is added in squares.
    """
    found = [[number(table, *args) for table in tables] for tables in draws if tables]
    ends = [Interval.of_halves(whole, halves) for whole, *halves in found]
    return Estimate.over(ends) if ends else Estimate.missing()


def average(draws: Sequence[Draw], number: Callable[..., pd.Series], *args: Any) -> Estimate:
    """Return the mean over all measures."""
    return estimate(draws, lambda table: float(number(table, *args).mean()))


def by_measure(
    draws: Sequence[Draw], number: Callable[..., pd.Series], *args: Any
) -> dict[str, Estimate]:
    """Return a number that every measure has: measure -> Estimate."""
    known = [[number(table, *args) for table in tables] for tables in draws]
    return {name: estimate(known, pd.Series.get, name) for name in LABELS}


def order(table: pd.DataFrame, pairs: Sequence[Pair], a: str, b: str) -> float:
    """Spearman's coefficient of two measures over pairs of models; NaN with fewer than six."""
    if len(pairs) < _FEWEST:
        return float("nan")
    as_is = table.reindex(pd.MultiIndex.from_tuples([(AS_IS, SAME, *pair) for pair in pairs]))
    return float(as_is[a].corr(as_is[b], method="spearman"))


def order_by_chance(
    draws: Sequence[Draw], pairs: Sequence[Pair], a: str, b: str, *, n_permuted: int = 500
) -> float:
    """Spearman's coefficient that two measures reach by chance (97.5 % quantile), on one draw.

    The models of ``b`` change places (Mantel 1967), for pairs of one model are not independent.
    """
    if len(pairs) < _FEWEST or not draws[0]:
        return float("nan")
    known = draws[0][0].reindex(pd.MultiIndex.from_tuples([(AS_IS, SAME, *pair) for pair in pairs]))
    values = dict(zip(map(frozenset, pairs), known[b], strict=True))
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    rng, found = np.random.default_rng(0), []
    for _ in range(n_permuted):
        other = dict(zip(names, rng.permutation(names).tolist(), strict=True))
        moved = [values[frozenset((other[i], other[j]))] for i, j in pairs]
        found.append(spearmanr(known[a], moved).statistic)
    return float(np.quantile(found, 0.975))


def over_families(draws: Sequence[Draw], groups: Groups, view: str) -> Interval:
    """Return how much closer minis are than their twins, with an interval over families."""
    names = list(dict.fromkeys(name for pair in groups[MINIS] for name in pair))
    whole = [tables[0] for tables in draws if tables]

    def mean(kept: list[int]) -> float:
        families = {family_of(names[i]) for i in kept}
        left = {
            name: [pair for pair in groups[name] if {family_of(m) for m in pair} <= families]
            for name in (MINIS, BEFORE)
        }
        means = [closer(table, {**groups, **left}, view).mean() for table in whole]
        return float(pd.Series(means, dtype=float).mean())

    return jackknife(names, mean)
