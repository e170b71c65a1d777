"""Errors of maps between models at the same stage of each, by cross-fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chapters.depth.elements import atoms_of_common_elements, without_strangers_mean
from chapters.depth.paths import EMBEDDING, STAGES, depth_path, stages
from chapters.shared.spectrum import narrowed, without_leading
from lumlip.array_types import FloatArray, IntArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.repeated import CrossFit, Estimate, jackknife, orders_of, pair_weights
from lumlip.zoo.relations import family_of

#: What is compared: features as they are, without the mean of each element, and of these the
#: target without its leading direction.
AS_IS, WITHIN, REST = "as they are", "within elements", "within elements, rest"
#: View -> its stages: of the embedding nothing is left within elements; the rest is for the end.
STAGES_OF = {AS_IS: STAGES, WITHIN: STAGES[1:], REST: STAGES[-2:]}
#: Only atoms whose element is in so many parents are tested: rarer ones have no mean to speak of.
LEAST = 5


def key(view: str, stage: str, model: str) -> str:
    """Name the features of a model at a stage in a view.

    >>> key(AS_IS, "first", "sevennet-0")
    'as they are: first: sevennet-0'
    """
    return f"{view}: {stage}: {model}"


def at_stages(panel: Panel) -> dict[str, dict[str, FloatArray]]:
    """Features (n_atoms, n_channels) by stage and model."""
    paths = {model: depth_path(ds) for model, ds in panel.datasets.items()}
    chosen = {model: stages(list(path)) for model, path in paths.items()}
    return {stage: {m: paths[m][chosen[m][stage]] for m in paths} for stage in STAGES}


def narrow(X: FloatArray, width: int) -> FloatArray:
    """Cut features to their principal components: (n_atoms, at most width)."""
    return narrowed(X, width) if X.shape[1] > width else X


@dataclass(frozen=True)
class StageFits:
    """Maps from every model to every other at the same stage.

    Attributes
    ----------
    fit : CrossFit
        Sources are models, at the stage and in the view of the target; targets are named by `key`.
    parents : list of str
        Names of the groups.
    """

    fit: CrossFit
    parents: list[str]

    @classmethod
    def of(
        cls, panel: Panel | None, *, n_seeds: int, width: int, least: int = LEAST, **options: object
    ) -> StageFits:
        """Fit all maps; without a panel, or without common elements, there are none.

        Parameters
        ----------
        panel : Panel or None
            Made with ``layers=True``.
        n_seeds : int
            Orders of the folds of parents.
        width : int
            Principal components that wider steps enter with.
        least : int
            Parents that the element of a tested atom must be in; the options are of `CrossFit.of`.
        """
        if panel is None:
            return cls(CrossFit.empty(), [])
        orders = orders_of(panel.atoms, n_seeds=n_seeds)
        numbers, groups = panel.atoms["atomic_number"].to_numpy(), np.asarray(orders[0].groups)
        tested = atoms_of_common_elements(numbers, groups, least=least)
        if not len(tested):
            return cls(CrossFit.empty(), [])
        fits = [
            CrossFit.of(sources, targets, orders=orders, tested=tested, **options)  # type: ignore[arg-type]
            for stage, features in at_stages(panel).items()
            for sources, targets in _views(stage, features, numbers, groups, width)
        ]
        return cls(_side_by_side(fits), _parents(panel, groups, tested))

    def between(
        self, view: str, stage: str, models: Sequence[str], *, within: bool = False
    ) -> FloatArray:
        """Weights of pairs of families, or within them: see `pair_weights`."""
        there = [m for m in models if m in self.fit.sources]
        families = [family_of(m) for m in there]
        pairs = pair_weights(families, within=within) if there else np.zeros((0, 0))
        named = pd.DataFrame(pairs, there, [key(view, stage, m) for m in there])
        grid = named.reindex(index=self.fit.sources, columns=self.fit.targets, fill_value=0.0)
        return grid.to_numpy(dtype=float)

    def by_stage(
        self, view: str, models: Sequence[str], *, within: bool = False
    ) -> dict[str, Estimate]:
        """Mean errors at all stages of the view, see `between`."""
        weights = {s: self.between(view, s, models, within=within) for s in STAGES_OF[view]}
        return {stage: self.fit.mean(w) for stage, w in weights.items()}

    def net(self, more: Sequence[FloatArray], less: Sequence[FloatArray]) -> Estimate:
        """Sum of some mean errors minus the sum of as many others; missing if one is."""
        if not all(weights.any() for weights in (*more, *less)):
            return Estimate.missing()
        n = len(more)  # each side is a mean over all of its errors
        sides = (np.sum(some, axis=0) / n for some in (more, less))
        return self.fit.difference(*sides).map(lambda mean: n * mean)

    def change(
        self, view: str, models: Sequence[str], steps: tuple[str, str],
        *, beyond: tuple[str, Sequence[str]] | None = None,
    ) -> Estimate:  # fmt: skip
        """Mean error between families at the second stage minus that at the first.

        Parameters
        ----------
        view : str
        models : sequence of str
        steps : (str, str)
            Two stages.
        beyond : (view, models), optional
            Their change is subtracted.
        """
        start, end = (self.between(view, stage, models) for stage in steps)
        if beyond is None:
            return self.net([end], [start])
        of, others = beyond
        its_start, its_end = (self.between(of, stage, others) for stage in steps)
        return self.net([end, its_start], [start, its_end])

    def over_families(self, view: str, steps: tuple[str, str]) -> Interval:
        """`change` of all models, with an interval from leaving out one family at a time."""
        models, errors = self.fit.sources, self.fit.table.to_numpy()

        def number(left: list[int]) -> float:
            start, end = (self.between(view, stage, [models[i] for i in left]) for stage in steps)
            return float(((end - start) * errors).sum())

        return jackknife([family_of(m) for m in models], number)

    def without_heavy(self, share: float) -> tuple[list[str], StageFits]:
        """Leave out, and name, the parents that carry more than this share of a squared error.

        Of the mean over pairs of families, in any view and at any stage.
        """
        heavy = np.zeros(len(self.fit.counts), dtype=bool)
        exact = 1e-10 * self.fit.counts.sum()  # of an exact map, errors are rounding
        for view, some in STAGES_OF.items():
            for weights in (self.between(view, stage, self.fit.sources) for stage in some):
                sums = np.tensordot(weights, self.fit.sums.mean(axis=0), axes=2)
                heavy |= sums > max(share * sums.sum(), exact)
        if heavy.all() or not heavy.any():
            return [], self
        names = [name for name, out in zip(self.parents, heavy, strict=True) if out]
        kept = [name for name, out in zip(self.parents, heavy, strict=True) if not out]
        return names, StageFits(self.fit.without_groups(heavy), kept)


def _views(
    stage: str, features: Mapping[str, FloatArray], numbers: IntArray, groups: IntArray, width: int
) -> list[tuple[dict[str, FloatArray], dict[str, FloatArray]]]:
    """Sources and targets of a stage: as they are, then within elements."""
    whole = {m: narrow(X, width) for m, X in features.items()}
    views = [(whole, {key(AS_IS, stage, m): X for m, X in whole.items()})]
    if stage != EMBEDDING:
        left = {
            m: narrow(without_strangers_mean(X, numbers, groups), width)
            for m, X in features.items()
        }
        targets = {key(WITHIN, stage, m): X for m, X in left.items()}
        if stage in STAGES_OF[REST]:
            targets |= {key(REST, stage, m): without_leading(X, 1) for m, X in left.items()}
        views.append((left, targets))
    return views


def _parents(panel: Panel, groups: IntArray, tested: IntArray) -> list[str]:
    structure, parent = (panel.atoms[name].to_numpy() for name in ("structure", "parent"))
    _, first = np.unique(groups[tested], return_index=True)
    return [str(parent[structure[tested[i]]]) for i in first]


def _side_by_side(parts: Sequence[CrossFit]) -> CrossFit:
    """Join fits of the same sources, atoms and folds to different targets."""
    first = parts[0]
    targets = [name for part in parts for name in part.targets]
    sums = np.concatenate([part.sums for part in parts], axis=2)
    return CrossFit(first.sources, targets, sums, first.counts, first.n_bootstrap)
