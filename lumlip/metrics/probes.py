"""Linear probes: what can be read off features by a weighted sum, on structures never seen.

A probe is a ridge regression, or a ridge classifier, from standardized features to one property.
Whole groups are left out in turn (`sklearn.model_selection.GroupKFold`); standardization and
penalty are chosen anew on the rest. Scores: for a number the share of its variance that is
predicted, ``R^2 = 1 - sum_i (y_i - p_i)^2 / sum_i (y_i - m_i)^2`` with the mean m of the training
rows, so that predicting the mean has exactly 0; for a class the balanced accuracy, the share of
right answers averaged over classes, so that a common class does not count more than a rare one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Required, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.bootstrap import Resampling, interval_95

#: Penalties tried; leave-one-out errors of the training rows choose one.
ALPHAS = np.logspace(-6, 6, 13)


class Probing(Resampling, total=False):
    """Options of a probe, see :func:`probe_number`."""

    groups: Required[ArrayLike]
    n_splits: int


@dataclass(frozen=True)
class ProbeScore:
    """How well a probe does on groups that it has not seen.

    Attributes
    ----------
    value : float
        Over all rows, each predicted when its group was left out.
    low, high : float
        95 % interval when the groups are drawn anew, with replacement.
    folds : tuple of float
        The same in each fold for itself.
    draws : array of shape (n_bootstrap,)
        Scores of the draws. Probes of the same rows, groups and seed share them, so that
        differences of two scores have an interval, too.
    """

    value: float
    low: float
    high: float
    folds: tuple[float, ...]
    draws: FloatArray


def probe_number(X: ArrayLike | None, y: ArrayLike, **options: Unpack[Probing]) -> ProbeScore:
    """Predict a number linearly: R^2 of a ridge regression.

    Predictions are kept within the range of the training values: a linear map that extrapolates
    far beyond them would decide the score with a single row.

    Parameters
    ----------
    X : array of shape (n_rows, n_features), or None
        None: predict the mean of the training rows.
    y : array of shape (n_rows,)
    options
        ``groups`` (n_rows,), needed: rows that are never parted. ``n_splits`` (5), at most as many
        as there are groups; ``n_bootstrap`` (500); ``seed`` (0) of the bootstrap.

    Raises
    ------
    ValueError
        Lengths that differ, fewer than two groups, or NaN and infinity.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> groups = np.arange(60) // 3
    >>> probe_number(X, X @ [1, 2, 3], groups=groups).value > 0.95
    True
    >>> probe_number(None, X @ [1, 2, 3], groups=groups).value
    0.0
    """
    values = np.asarray(y, dtype=float)
    task = _Task.checked(X, values, **options)

    def fit(train: NDArray[Any], test: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
        model = DummyRegressor() if X is None else make_pipeline(StandardScaler(), RidgeCV(ALPHAS))
        known = values[train]
        guess = model.fit(task.X[train], known).predict(task.X[test])
        return np.clip(guess, known.min(), known.max()), np.full(len(test), known.mean())

    guesses, means = np.empty((2, len(values)))
    for train, test in task.folds():
        guesses[test], means[test] = fit(train, test)
    return task.score(np.square(values - guesses), np.square(values - means), _explained)


def probe_class(X: ArrayLike | None, labels: ArrayLike, **options: Unpack[Probing]) -> ProbeScore:
    """Predict a class linearly: balanced accuracy of a ridge classifier.

    Parameters
    ----------
    X : array of shape (n_rows, n_features), or None
        None: predict the most frequent class of the training rows.
    labels : array of shape (n_rows,)
    options
        As for :func:`probe_number`.

    Raises
    ------
    ValueError
        As :func:`probe_number`.

    Examples
    --------
    >>> X = np.repeat(np.eye(3), 20, axis=0)
    >>> groups = np.tile(np.arange(10), 6)
    >>> labels = np.repeat(["a", "b", "c"], 20)
    >>> probe_class(X, labels, groups=groups).value
    1.0
    """
    kinds, values = np.unique(np.asarray(labels), return_inverse=True)
    task = _Task.checked(X, values, **options)
    right = np.zeros(len(values), dtype=bool)
    for train, test in task.folds():
        only_one = len(np.unique(values[train])) < 2
        ridge = RidgeClassifierCV(ALPHAS, class_weight="balanced")
        model = (
            DummyClassifier() if X is None or only_one else make_pipeline(StandardScaler(), ridge)
        )
        right[test] = model.fit(task.X[train], values[train]).predict(task.X[test]) == values[test]
    present = np.eye(len(kinds))[values]
    return task.score(present * right[:, None], present, _balanced)


@dataclass(frozen=True)
class _Task:
    """The rows of a probe, and how they are parted and drawn."""

    X: FloatArray
    groups: IntArray
    n_splits: int
    n_bootstrap: int
    seed: int

    @classmethod
    def checked(
        cls,
        X: ArrayLike | None,
        y: NDArray[Any],
        *,
        groups: ArrayLike,
        n_splits: int = 5,
        n_bootstrap: int = 500,
        seed: int = 0,
    ) -> _Task:
        rows = np.zeros((len(y), 1)) if X is None else np.asarray(X, dtype=float)
        group = np.unique(np.asarray(groups), return_inverse=True)[1]
        if rows.ndim != 2 or not len(rows) == len(y) == len(group):
            raise ValueError(
                f"got features of shape {rows.shape}, {len(y)} values and {len(group)} groups; "
                "expected (n_rows, n_features), n_rows and n_rows"
            )
        if not (np.isfinite(rows).all() and np.isfinite(y).all()):
            raise ValueError("got NaN or infinity in the features or values, expected numbers")
        n_groups = int(group.max()) + 1
        if n_groups < 2:
            raise ValueError(f"groups: got {n_groups}, expected 2 or more to leave one out")
        return cls(rows, group, min(n_splits, n_groups), n_bootstrap, seed)

    def folds(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        yield from GroupKFold(self.n_splits).split(self.X, groups=self.groups)

    def score(self, part: FloatArray, whole: FloatArray, rule: Any) -> ProbeScore:
        """Score by a rule on sums over rows of what was reached and of what there was."""
        sums = [_by_group(x.reshape(len(x), -1), self.groups) for x in (part, whole)]
        n_groups = len(sums[0])
        rng = np.random.default_rng(self.seed)
        draws = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=self.n_bootstrap)
        found = rule(draws @ sums[0], draws @ sums[1])
        low, high = interval_95(found)
        folds = [self.groups[test] for _, test in self.folds()]
        each = [rule(*(s[np.unique(g)].sum(axis=0, keepdims=True) for s in sums)) for g in folds]
        value = rule(*(s.sum(axis=0, keepdims=True) for s in sums))
        return ProbeScore(
            float(value[0]), float(low), float(high), tuple(float(v[0]) for v in each), found
        )


def _by_group(rows: FloatArray, group: IntArray) -> FloatArray:
    """Sums over the rows of each group: (n_groups, n_columns)."""
    sums = np.zeros((int(group.max()) + 1, rows.shape[1]))
    np.add.at(sums, group, rows)
    return sums


def _explained(missed: FloatArray, spread: FloatArray) -> FloatArray:
    """R^2 from sums of squares (n_draws, 1); 0 where the values do not vary."""
    share = np.divide(missed, spread, out=np.ones_like(missed), where=spread > 0)
    return 1 - share[:, 0]


def _balanced(right: FloatArray, there: FloatArray) -> FloatArray:
    """Mean recall (n_draws,) over the classes that a draw holds: counts (n_draws, n_classes)."""
    recall = np.divide(right, there, out=np.zeros_like(right), where=there > 0)
    n_present: FloatArray = (there > 0).sum(axis=1)
    found: FloatArray = recall.sum(axis=1) / n_present
    return found
