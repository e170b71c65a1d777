"""Which pairs of models answer which question, and their mean similarity by every measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import pandas as pd

from chapters.similarity.all_measures import Prepared
from chapters.similarity.study import ELEMENT, as_rows, compare
from lumlip.metrics.bootstrap import interval_of_halves
from lumlip.zoo.relations import family_of, first_of_families, other_seed, untrained_twin

Pair = tuple[str, str]
SAME, APART, SEEDS, BEFORE, TWINS, BASELINE = (
    "one family",
    "two families",
    "two seeds",
    "two families, untrained",
    "before and after training",
    "element alone",
)


def published_groups(models: Sequence[str]) -> dict[str, list[Pair]]:
    """Return pairs of one family, of two (the first model of each), and with the element alone."""
    firsts = first_of_families(models)
    same = [pair for pair in combinations(models, 2) if family_of(pair[0]) == family_of(pair[1])]
    groups = {
        SAME: same,
        APART: list(combinations(firsts, 2)),
        BASELINE: [(m, ELEMENT) for m in firsts],
    }
    return {name: pairs for name, pairs in groups.items() if pairs}


def mini_groups(minis: Sequence[str], controls: Sequence[str]) -> dict[str, list[Pair]]:
    """Return pairs of minis, of their untrained twins, of seeds, and with the element alone.

    Parameters
    ----------
    minis : sequence of str
        Trained models, such as ``"mace-mini"`` and ``"dpa-mini@inorganic"``.
    controls : sequence of str
        Their twins: ``"mace-mini-untrained"``, ``"mace-mini-seed2"``.

    Examples
    --------
    >>> mini_groups(["mace-mini"], ["mace-mini-seed2"])["two seeds"]
    [('mace-mini', 'mace-mini-seed2')]
    """
    twin = {m: c for m in minis for c in controls if c == untrained_twin(m)}
    firsts = first_of_families(minis)
    paired = list(combinations(firsts, 2))
    groups = {
        SEEDS: [(m, c) for m in minis for c in controls if c == other_seed(m)],
        APART: paired,
        BEFORE: [(twin[a], twin[b]) for a, b in paired if a in twin and b in twin],
        TWINS: list(twin.items()),
        BASELINE: [(m, ELEMENT) for m in firsts],
    }
    return {name: pairs for name, pairs in groups.items() if pairs}


def means(table: pd.DataFrame, groups: Mapping[str, Sequence[Pair]]) -> pd.DataFrame:
    """Return the mean similarity of each group: (n_measures, n_groups)."""
    return pd.DataFrame({name: table.loc[list(pairs)].mean() for name, pairs in groups.items()})


def means_of_halves(
    prepared: Mapping[str, Prepared],
    groups: Mapping[str, Sequence[Pair]],
    *,
    n_draws: int,
    seed: int = 0,
) -> list[pd.DataFrame]:
    """Return the means of groups on random halves of the samples, all groups on the same halves."""
    pairs = list(dict.fromkeys(pair for group in groups.values() for pair in group))
    used = list(dict.fromkeys(name for pair in pairs for name in pair))
    n_samples = len(prepared[used[0]].X)
    found = []
    for rows in as_rows(n_draws, n_samples, seed=seed):
        half = {name: prepared[name].subset(rows) for name in used}
        found.append(means(compare(half, pairs), groups))
    return found


def with_intervals(whole: pd.DataFrame, halves: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return means of groups with their 95 % intervals.

    Parameters
    ----------
    whole : DataFrame of shape (n_measures, n_groups)
    halves : list of DataFrame
        From :func:`means_of_halves`.

    Returns
    -------
    DataFrame of shape (n_measures, 3 n_groups)
        Columns (group, "value"), (group, "low") and (group, "high"). Reconstruction errors, which
        need all samples, have no interval.
    """
    found = {}
    for name in whole:
        drawn = [half[name].reindex(whole.index) for half in halves]
        ends = interval_of_halves(whole[name], drawn)
        for end, column in zip(("value", "low", "high"), ends, strict=True):
            found[name, end] = column
    return pd.DataFrame(found, index=whole.index)
