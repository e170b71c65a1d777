"""Cross-fits of the chapter on averages: samples are structures, told apart by their parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import SplineTransformer

from chapters.shared.panels import as_samples
from lumlip.array_types import FloatArray
from lumlip.datasets.properties import one_hot
from lumlip.extraction.panel import Panel
from lumlip.metrics.cumulants import cumulant_features
from lumlip.metrics.folds import Folds
from lumlip.metrics.repeated import CrossFit, orders_of
from lumlip.zoo.relations import family_of

ORDER = 8  # highest cumulant, as in the paper
ELEMENT = "one-hot elements"  # their mean loses nothing


def block(features: ArrayLike, low: int, high: int) -> FloatArray:
    """Return the orders from low to high of cumulant features (n_structures, ORDER * d)."""
    array = np.asarray(features, dtype=float)
    width = array.shape[1] // ORDER
    return array[:, (low - 1) * width : high * width]


def with_published_kappa_8(features: ArrayLike) -> FloatArray:
    """Cumulant features (n_structures, ORDER * d) with the paper's formula of the last order.

    With 420 and 560 interchanged, ``140 m2 (m4 m2 - m3^2)`` is added to the eighth cumulant.
    """
    unit = block(features, 2, 2)  # the standard deviation: in its unit, kappa_2 is 1
    over = np.where(unit > 0, unit, np.inf)
    ratio = {k: block(features, k, k) / over for k in (3, 4, ORDER)}
    third, fourth, eighth = (np.sign(r) * np.abs(r) ** k for k, r in ratio.items())
    wrong = np.where(unit > 0, eighth + 140 * (fourth + 3 - third**2), 0.0)
    last = np.sign(wrong) * np.abs(wrong) ** (1 / ORDER) * unit
    return np.hstack([block(features, 1, ORDER - 1), last])


def all_cumulants(panel: Panel, layer: str) -> dict[str, FloatArray]:
    """Cumulants of every model of a panel, and of `ELEMENT`: (n_structures, ORDER * d) each."""
    structure = panel.atoms["structure"].to_numpy()
    atoms = panel.layer(layer) | {ELEMENT: one_hot(panel.atoms["atomic_number"].to_numpy())}
    return {name: cumulant_features(X, structure, order=ORDER) for name, X in atoms.items()}


def orders_by_parent(panel: Panel, *, n_seeds: int, n_folds: int = 10) -> list[Folds]:
    """Deal structures into folds several times, by parent: as many folds as parents at most."""
    return orders_of(as_samples(panel), n_folds=n_folds, n_seeds=n_seeds)


def once(fit: CrossFit, target: str, models: Sequence[str]) -> FloatArray:
    """Weights of a mean over some models in which every family counts once: (n_models, n_targets).

    All zero without models; what was not measured counts for none.
    """
    measured = fit.table[target].dropna().index
    known = [name for name in models if name in measured]
    families = [name if name == ELEMENT else family_of(name) for name in known]
    weights = np.zeros((len(fit.sources), len(fit.targets)))
    for name, family in zip(known, families, strict=True):
        weights[fit.sources.index(name), fit.targets.index(target)] = 1 / families.count(family)
    return weights


def curves(means: ArrayLike, *, n_knots: int = 7) -> FloatArray:
    """Cubic splines of every channel, beside the channel itself: maps from them may bend.

    Knots are even over the range of each: (n_structures, d * (n_knots + 2)) of (n_structures, d).
    """
    rows = np.asarray(means, dtype=float)
    made = SplineTransformer(n_knots=n_knots, include_bias=False).fit_transform(rows)
    return np.hstack([part / (np.sqrt(part.var(axis=0).sum()) or 1) for part in (rows, made)])


def stacked(fits: Mapping[str, CrossFit]) -> CrossFit:
    """Put cross-fits from one source each on top of each other: a row for each name."""
    first = next(iter(fits.values()))
    sums = np.concatenate([fit.sums for fit in fits.values()], axis=1)
    return CrossFit(list(fits), first.targets, sums, first.counts, first.n_bootstrap)


def from_mean(
    features: Mapping[str, FloatArray],
    orders: Sequence[Folds],
    *,
    highest: Sequence[int] = (2, 4, ORDER),
    bent: bool = False,
    n_bootstrap: int = 500,
) -> CrossFit:
    """From the average over atoms to the cumulants up to some orders: (n_models, n_highest).

    The features have shape (n_structures, ORDER * d); targets of each of the highest orders hold
    all lower ones. Bent: from `curves` of the average.
    """

    def fit(some: FloatArray) -> CrossFit:
        source = block(some, 1, 1)
        targets = {str(k): block(some, 1, k) for k in highest}
        if np.ptp(source, axis=0).any():
            used = {"mean": curves(source) if bent else source}
            return CrossFit.of(used, targets, orders=orders, n_bootstrap=n_bootstrap)
        # All structures have one mean, as those of a trajectory have one composition.
        counts = np.bincount(np.asarray(orders[0].groups)).astype(float)
        nothing = np.full((len(orders), 1, len(targets), len(counts)), np.nan)
        return CrossFit(["mean"], list(targets), nothing, counts, n_bootstrap)

    return stacked({model: fit(some) for model, some in features.items()})
