"""What errors of features say of energies: rank correlations, and energies through linear maps."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from chapters.disagreement.study import Study, composition_baseline, groups_of
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.cumulants import mean_over_atoms
from lumlip.metrics.repeated import CrossFit, Estimate
from lumlip.zoo.relations import family_name

#: Penalties tried on standardized columns; leave-one-out errors choose one for each target.
ALPHAS = np.logspace(-6, 4, 6)


def pairs_of(groups: Sequence[str]) -> list[tuple[int, int]]:
    """Return the unordered pairs of models of two families, by their places."""
    pairs = itertools.combinations(range(len(groups)), 2)
    return [(a, b) for a, b in pairs if groups[a] != groups[b]]


def own_and_foreign(groups: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Weights (n_pairs, n_pairs) of a pair's disagreement with its own error, and with strangers'.

    Row: whose error; column: whose disagreement. Strangers share no family; every pair that has
    some counts once. All 0 if there are none.
    """
    kinds = [{groups[a], groups[b]} for a, b in pairs_of(groups)]
    apart = np.array([[not one & other for other in kinds] for one in kinds], dtype=float)
    apart = apart.reshape(len(kinds), len(kinds))
    some = apart.any(axis=0) / max(1, apart.any(axis=0).sum())
    return np.diag(some), apart / np.maximum(apart.sum(axis=0), 1) * some


def spearman(predictors: ArrayLike, outcomes: ArrayLike) -> FloatArray:
    """Rank correlation of each row with each: (n_predictors, n_outcomes)."""
    x, y = (rankdata(np.asarray(side), axis=1) for side in (predictors, outcomes))
    return np.asarray(np.corrcoef(x, y)[: len(x), len(x) :])


def rank_tables(study: Study) -> list[FloatArray]:
    """Rank correlations of errors, both directions joined, with disagreements in energy.

    For each order of the folds an array (1 + n_bootstrap, n_pairs, n_pairs): on all structures,
    then on draws of the parents.
    """
    pairs, kept = pairs_of(groups_of(study.models)), study.known
    rows = [list(study.features).index(m) for m in study.models]
    drawn = [np.repeat(np.arange(kept.sum()), counts) for counts in study.draws[:, kept]]
    tables = []
    for beyond, error in zip(study.beyond[:, kept], study.errors[:, rows][..., kept], strict=True):
        apart = np.array([np.abs(beyond[:, a] - beyond[:, b]) for a, b in pairs])
        both = np.array([np.hypot(error[a, b], error[b, a]) for a, b in pairs])
        tables.append(np.array([spearman(both[:, i], apart[:, i]) for i in drawn]))
    return tables


def weighted(tables: Sequence[FloatArray], weights: FloatArray) -> Estimate:
    """Weighted sum over `rank_tables`; missing if all weights are 0."""
    if not weights.any():
        return Estimate.missing()
    series = [np.tensordot(table, weights, axes=2) for table in tables]
    return Estimate.over([Interval.of(draws[0], draws[1:]) for draws in series])


def by_pair(study: Study, tables: Sequence[FloatArray]) -> dict[str, tuple[Estimate, Estimate]]:
    """Rank correlation with the disagreement of each pair of its own error, and of strangers'."""
    groups, found = groups_of(study.models), {}
    foreign = own_and_foreign(groups)[1]
    for i, pair in enumerate(pairs_of(groups)):
        here, strangers = np.eye(len(foreign))[i], foreign[:, i] / (foreign[:, i].sum() or 1)
        own, other = (weighted(tables, np.outer(row, here)) for row in (here, strangers))
        found[" and ".join(family_name(groups[m]) for m in pair)] = own, other
    return found


def stitched(study: Study) -> tuple[CrossFit, CrossFit]:
    """Energies from averaged last layers of all sources, and from the models' energies, see `lost`.

    The energy of a head that is linear is a sum over atoms, and linear in that average.
    """
    layers = {m: mean_over_atoms(X, study.owner) for m, X in study.features.items()}
    single = {m: study.energy[:, [i]] for i, m in enumerate(study.models)}
    with threadpool_limits(1):  # small matrices keep no team of threads busy
        return lost(study, layers), lost(study, single)


def lost(study: Study, sources: Mapping[str, FloatArray]) -> CrossFit:
    """What linear maps from sources (n_structures, n_features) and composition miss of energies.

    On the scale of the GFRE: 0 if nothing is missed, 1 if as much as from the composition alone.
    """
    # All means are 0, and RidgeCV would mix its intercept with a lone standardized column.
    solver = RidgeCV(ALPHAS, alpha_per_target=True, fit_intercept=False)
    model = make_pipeline(StandardScaler(), solver)
    missed = np.empty((study.n_seeds, len(sources), len(study.models), len(study.shares)))
    for seed, fold in enumerate(study.folds):
        for test in (fold == one for one in np.unique(fold)):
            rest = study.energy - composition_baseline(study.energy, study.shares, ~test)
            for i, X in enumerate(sources.values()):
                columns = np.hstack([X, study.shares])
                guess = model.fit(columns[~test], rest[~test]).predict(columns[test])
                missed[seed, i][:, test] = (rest[test] - guess.reshape(-1, rest.shape[1])).T
        spread = np.sqrt(np.square(study.beyond[seed, study.known]).mean(axis=0))
        missed[seed] /= spread[:, None]
    return study.fit(missed, sources)
