"""Whether a score tells structures of a subset that was left out from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from chapters.disagreement.study import Study, groups_of, over_atoms
from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.cross_fit import cross_fitted_errors
from lumlip.metrics.folds import Folds
from lumlip.metrics.repeated import Estimate, pair_weights

ERROR, DISTANCE, COMPOSITION = "error of a pair", "distance in one model", "composition alone"
#: A subset needs as many tested structures, and as many others. Folds that are tested, of ten.
FEWEST, TESTED = 8, 3
#: Subset -> score -> for each order, areas on all structures and on draws (1 + n_bootstrap,).
Areas = Mapping[str, Mapping[str, Sequence[FloatArray]]]


def auroc(scores: ArrayLike, unusual: ArrayLike, draws: ArrayLike) -> FloatArray:
    """Probability (n_draws,) that an unusual structure scores higher than a usual one.

    The area under the receiver operating characteristic, mean over scores (n_scores, n). Draws
    (n_draws, n) are how often each structure counts; NaN where one side was not drawn.
    """
    rows, out, w = np.asarray(scores), np.asarray(unusual), np.asarray(draws, dtype=float)
    low, high = rows[:, ~out, None], rows[:, None, out]
    higher = ((high > low) + 0.5 * (high == low)).mean(axis=0)
    total = w[:, ~out].sum(axis=1) * w[:, out].sum(axis=1)
    sums: FloatArray = ((w[:, ~out] @ higher) * w[:, out]).sum(axis=1)
    return sums / np.where(total > 0, total, np.nan)


def nearest(X: FloatArray, train: IntArray, test: IntArray, label: IntArray) -> FloatArray:
    """Distance of test rows to the nearest train row of each label: (n_labels, n_test)."""
    found = np.full((int(label.max()) + 1, len(test)), np.inf)
    for one in np.unique(label[train]):
        known = X[train[label[train] == one]]
        closest = (np.square(known).sum(axis=1) - 2 * X[test] @ known.T).argmin(axis=1)
        found[one] = np.linalg.norm(X[test] - known[closest], axis=1)
    return found


def areas(study: Study, *, n_seeds: int) -> Areas:
    """Leave each large enough subset out in turn; score the tested structures, its own and others.

    Maps and neighbors come from the other folds without the subset.
    """
    names, label = np.unique(study.panel.atoms["subset"].to_numpy(), return_inverse=True)
    features, of_atom = {m: study.features[m] for m in study.models}, label[study.owner]
    pairs = pair_weights(groups_of(study.models)) > 0
    found: dict[str, dict[str, list[FloatArray]]] = {}
    for fold in study.folds[:n_seeds]:
        asked = fold < min(TESTED, fold.max())
        train, test = (np.flatnonzero(some[study.owner]) for some in (~asked, asked))
        away = np.array([nearest(X, train, test, of_atom) for X in features.values()])
        unlike = nearest(study.shares, np.flatnonzero(~asked), np.flatnonzero(asked), label)
        for one, name in enumerate(names):
            out, others = label[asked] == one, np.arange(len(names)) != one
            if min(out.sum(), (~out).sum(), (~asked & (label != one)).sum()) < FEWEST:
                continue
            # All that no map may see is one fold; what is tested by that fold does not count.
            unseen = np.asarray(asked | (label == one), dtype=np.int64)[study.owner].view(Folds)
            unseen.groups = study.orders[0].groups
            errors = cross_fitted_errors(features, folds=unseen, tested=test, device=study.device)
            scores = {
                ERROR: over_atoms(errors.to_numpy()[pairs], study.owner[test]),
                DISTANCE: over_atoms(away[:, others].min(axis=1), study.owner[test]),
                COMPOSITION: unlike[others].min(axis=0)[None],
            }
            for score, values in scores.items():
                area = auroc(values, out, study.draws[:, asked])
                found.setdefault(str(name), {}).setdefault(score, []).append(area)
    return found


def mean_area(found: Areas, score: str, minus: str | None = None) -> Estimate:
    """Mean over subsets of the area of a score, or of its difference to another score's."""
    orders = []
    for seed in range(min((len(some[score]) for some in found.values()), default=0)):
        every = [some[score][seed] - (some[minus][seed] if minus else 0) for some in found.values()]
        mean = np.mean(every, axis=0)
        orders.append(Interval.of(mean[0], mean[np.isfinite(mean)]))
    return Estimate.over(orders) if orders else Estimate.missing()
