"""A set of models under all measures, in groups of pairs, under every view, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from threadpoolctl import threadpool_limits

from chapters.similarity.groups import Pair, means, means_of_halves
from chapters.similarity.rebuilt import reconstructed
from chapters.similarity.study import LABELS, SimilarityStudy, compare
from chapters.similarity.views import AS_IS, by_view, halves_by_view
from lumlip.metrics.bootstrap import Interval


@dataclass(frozen=True)
class Measured:
    """What a chapter needs of one set of models.

    Attributes
    ----------
    study : SimilarityStudy
    groups : dict of str to list of pairs
    table : DataFrame of shape (n_pairs, n_measures)
        Similarities of the pairs of the groups, or of all pairs.
    means : DataFrame of shape (n_measures, n_groups)
    halves : list of DataFrame
        The means on random halves of the samples.
    views, view_halves : dict of str to DataFrame, or to list of DataFrame
        The same under each view; the bare element has a similarity with the features as they are
        only.
    """

    study: SimilarityStudy
    groups: Mapping[str, Sequence[Pair]]
    table: pd.DataFrame
    means: pd.DataFrame
    halves: Sequence[pd.DataFrame]
    views: Mapping[str, pd.DataFrame]
    view_halves: Mapping[str, Sequence[pd.DataFrame]]

    def mean(self, measure: str, group: str) -> Interval:
        """Return a mean similarity with its 95 % interval."""
        drawn = [_cell(half, measure, group) for half in self.halves]
        return Interval.of_halves(_cell(self.means, measure, group), drawn)

    def share_left(self, measure: str, group: str, views: tuple[str, str]) -> Interval:
        """Return the mean similarity under the second view, in units of that under the first."""
        return self._two(measure, group, views, lambda before, after: after / before)

    def gained(self, measure: str, group: str, views: tuple[str, str]) -> Interval:
        """Return the mean similarity under the second view minus that under the first."""
        return self._two(measure, group, views, lambda before, after: after - before)

    def difference(self, measure: str, groups: tuple[str, str], view: str) -> Interval:
        """Return the mean similarity of the first group minus that of the second, under a view."""

        def read(table: pd.DataFrame) -> float:
            return _cell(table, measure, groups[0]) - _cell(table, measure, groups[1])

        drawn = [read(half) for half in self.view_halves[view]]
        return Interval.of_halves(read(self.views[view]), drawn)

    def _two(
        self,
        measure: str,
        group: str,
        views: tuple[str, str],
        joined: Callable[[float, float], float],
    ) -> Interval:
        def read(before: pd.DataFrame, after: pd.DataFrame) -> float:
            return joined(_cell(before, measure, group), _cell(after, measure, group))

        value = read(*(self.views[view] for view in views))
        drawn = list(map(read, *(self.view_halves[view] for view in views)))
        return Interval.of_halves(value, drawn)


def _cell(table: pd.DataFrame, measure: str, group: str) -> float:
    return float(table[group][measure])


def measured(
    study: SimilarityStudy,
    groups: Mapping[str, Sequence[Pair]],
    *,
    n_draws: int,
    every_pair: bool = False,
    device: str = "auto",
) -> Measured:
    """Measure the pairs of some groups.

    Parameters
    ----------
    study : SimilarityStudy
    groups : dict of str to list of pairs
    n_draws : int
        Random halves of the samples for the intervals, 2 or more.
    every_pair : bool
        Put all pairs of models into the table, those of no group, too.
    """
    with threadpool_limits(1):  # small matrices keep no team of threads busy
        return _measured(study, groups, n_draws=n_draws, every_pair=every_pair, device=device)


def _measured(
    study: SimilarityStudy,
    groups: Mapping[str, Sequence[Pair]],
    *,
    n_draws: int,
    every_pair: bool,
    device: str,
) -> Measured:
    wanted = [pair for group in groups.values() for pair in group]
    wanted = list(dict.fromkeys(wanted + (study.pairs if every_pair else [])))
    table = compare(study.prepared, wanted).join(reconstructed(study, wanted, device=device))
    table = table[[name for name in LABELS if name in table]]
    halves = means_of_halves(study.prepared, groups, n_draws=n_draws, seed=study.seed)
    whole = means(table, groups)
    return Measured(
        study,
        groups,
        table,
        whole,
        halves,
        {AS_IS: whole, **by_view(study, groups, device=device)},
        {AS_IS: halves, **halves_by_view(study, groups, n_draws=n_draws)},
    )
