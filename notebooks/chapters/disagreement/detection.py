"""Whether a score tells structures of a subset that was left out from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from chapters.disagreement.energies import Structures
from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.cross_fit import cross_fitted_errors
from lumlip.metrics.folds import Folds
from lumlip.metrics.group_intervals import group_sums
from lumlip.metrics.repeated import Estimate

ERROR, DISTANCE, COMPOSITION = "error of a pair", "distance in one model", "composition alone"
#: A subset needs as many tested structures, and as many others.
FEWEST = 8
#: Folds of ten that are tested.
TESTED = 3


def auroc(scores: ArrayLike, unusual: ArrayLike, draws: ArrayLike) -> FloatArray:
    """Area under the receiver operating characteristic on every draw, mean over the scores.

    The probability that an unusual structure scores higher than a usual one, ties one half.

    Parameters
    ----------
    scores : array of shape (n_scores, n)
    unusual : bool array of shape (n,)
    draws : array of int of shape (n_draws, n)
        How often each structure is drawn.

    Returns
    -------
    array of shape (n_draws,)
        NaN where one side was not drawn.

    Examples
    --------
    >>> auroc([[1.0, 2.0, 2.0]], [False, False, True], [[1, 1, 1], [2, 0, 1]])
    array([0.75, 1.  ])
    """
    out, w = np.asarray(unusual), np.asarray(draws, dtype=float)
    higher = np.zeros(((~out).sum(), out.sum()))
    for row in np.asarray(scores):
        low, high = row[~out, None], row[None, out]
        higher += (high > low) + 0.5 * (high == low)
    usual, others = w[:, ~out], w[:, out]
    total = usual.sum(axis=1) * others.sum(axis=1)
    area: FloatArray = ((usual @ higher) * others).sum(axis=1) / np.where(total > 0, total, np.nan)
    return area / len(np.asarray(scores))


def nearest(X: FloatArray, train: IntArray, test: IntArray, label: ArrayLike) -> FloatArray:
    """Distance of test rows to the nearest train row of each label: (n_labels, n_test).

    Labels are numbers from 0; infinite where no train row has one.

    Examples
    --------
    >>> X = np.array([[0.0], [2.0], [3.0]])
    >>> nearest(X, np.array([0, 1]), np.array([2]), [0, 1, 1])
    array([[3.],
           [1.]])
    """
    labels, asked = np.asarray(label), X[test]
    found = np.full((int(labels.max()) + 1, len(test)), np.inf)
    for one in np.unique(labels[train]):
        known = X[train[labels[train] == one]]
        closest = (np.square(known).sum(axis=1) - 2 * asked @ known.T).argmin(axis=1)
        found[one] = np.linalg.norm(asked - known[closest], axis=1)
    return found


def areas(
    found: Structures, features: Mapping[str, FloatArray], pairs: BoolArray, *, device: str
) -> dict[str, dict[str, list[FloatArray]]]:
    """Leave each subset out in turn and score the tested structures, for every order of the folds.

    Maps and neighbors come from the atoms of the other folds that are not of the subset.

    Parameters
    ----------
    found : Structures
    features : dict of model to array of shape (n_atoms, n_features)
    pairs : bool array of shape (n_models, n_models)
        Whose errors are scores.
    device : str

    Returns
    -------
    dict of subset to dict of score to list of array of shape (1 + n_bootstrap,)
        An area for every order, see `auroc`; subsets that are too small are left out.
    """
    names, label = np.unique(found.panel.atoms["subset"].to_numpy(), return_inverse=True)
    draws, owner = found.draws(), found.owner
    result: dict[str, dict[str, list[FloatArray]]] = {}
    for fold in found.folds:
        asked = fold < min(TESTED, fold.max())
        train, test = (np.flatnonzero(some[owner]) for some in (~asked, asked))
        away = np.array([nearest(X, train, test, label[owner]) for X in features.values()])
        known, new = np.flatnonzero(~asked), np.flatnonzero(asked)
        unlike = nearest(found.shares, known, new, label)
        for one, name in enumerate(names):
            out = label[asked] == one
            kept = train[label[owner[train]] != one]
            if min(out.sum(), (~out).sum()) < FEWEST or len(kept) < 2 * FEWEST:
                continue
            # All that no map may see is one fold; what is then tested by that fold does not count.
            unseen = np.asarray(asked | (label == one), dtype=np.int64)[owner].view(Folds)
            unseen.groups = found.orders[0].groups
            errors = cross_fitted_errors(features, folds=unseen, tested=test, device=device)
            others = np.arange(len(names)) != one
            scores = {
                ERROR: _over_atoms(errors.to_numpy()[pairs], owner[test]),
                DISTANCE: _over_atoms(away[:, others].min(axis=1), owner[test]),
                COMPOSITION: unlike[others].min(axis=0)[None],
            }
            for score, values in scores.items():
                area = auroc(values, out, draws[:, asked])
                result.setdefault(str(name), {}).setdefault(score, []).append(area)
    return result


def _over_atoms(values: FloatArray, owner: IntArray) -> FloatArray:
    """Root mean square over the atoms of every structure."""
    sums, counts = group_sums(values, owner)
    root: FloatArray = np.sqrt(sums / counts)
    return root


def mean_area(
    found: Mapping[str, Mapping[str, Sequence[FloatArray]]], score: str, minus: str | None = None
) -> Estimate:
    """Mean over subsets of the area of a score, or of its difference to another score's."""
    if not found:
        return Estimate.missing()
    orders = []
    for seed in range(min(len(by_score[score]) for by_score in found.values())):
        every = [s[score][seed] - (s[minus][seed] if minus else 0) for s in found.values()]
        mean = np.mean(every, axis=0)
        orders.append(Interval.of(mean[0], mean[np.isfinite(mean)]))
    return Estimate.over(orders)
