"""What can be predicted of structures, beyond their composition, from averages and from more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chapters.cumulants.fits import block, once, stacked
from chapters.shared.structure_properties import beyond_composition, coordination
from lumlip.array_types import FloatArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.folds import Folds
from lumlip.metrics.group_intervals import group_sums
from lumlip.metrics.repeated import CrossFit, Estimate
from lumlip.zoo.relations import family_of

ENERGY, MIX = "energy", "spread of coordination"
MEAN, SQUARES, STD = "mean", "mean and its square", "mean and spread"
ALPHAS = np.logspace(-6, 6, 13)  # penalties tried


def properties(panel: Panel, model: str) -> dict[str, FloatArray]:
    """Return properties of the structures less a linear function of composition: (n_structures,).

    The energy per atom is that of a model of another family (of a sibling, if there is no other
    family): a model's own is linear in its average last layer. The spread of the coordination
    numbers over the atoms of a structure is their standard deviation.
    """
    others = [m for m, dataset in panel.datasets.items() if m != model and "energy" in dataset]
    strangers = [name for name in others if family_of(name) != family_of(model)] or others
    found = {MIX: coordination(panel)[1]}
    if strangers:
        found[ENERGY] = panel.energies(strangers[0]) / list(map(len, panel.structures))
    return beyond_composition(panel, found)


def ridge_fit(
    X: FloatArray, targets: Mapping[str, FloatArray], orders: Sequence[Folds], n_bootstrap: int
) -> CrossFit:
    """Predict numbers linearly: ridge regressions, each penalty chosen by leave-one-out errors.

    Predictions are kept within the range of the numbers that the fit has seen.

    X has shape (n, d), each target (n,); the result (1, n_targets), in units of their deviations.
    """
    Y = np.stack(list(targets.values()), axis=1)
    sums = []
    for order in orders:
        squares = np.empty_like(Y)
        for one in np.unique(np.asarray(order)):
            test = np.asarray(order) == one
            known = Y[~test]
            ridge = make_pipeline(StandardScaler(), RidgeCV(ALPHAS, alpha_per_target=True))
            guess = ridge.fit(X[~test], known).predict(X[test]).reshape(-1, Y.shape[1])
            squares[test] = (np.clip(guess, known.min(axis=0), known.max(axis=0)) - Y[test]) ** 2
        found, counts = group_sums((squares / Y.var(axis=0)).T ** 0.5, np.asarray(order.groups))
        sums.append(found)
    return CrossFit(["X"], list(targets), np.array(sums)[:, None], counts, n_bootstrap)


def predicted(
    panel: Panel, features: Mapping[str, FloatArray], orders: Sequence[Folds], *, n_bootstrap: int
) -> dict[str, CrossFit]:
    """Predict properties from cumulants (n_structures, ORDER * d) of some models of a panel.

    A CrossFit of shape (n_models, n_properties) for each of `MEAN`, `SQUARES` and `STD`; energies
    only if all of the models have some.
    """
    targets = {model: properties(panel, model) for model in features}
    shared = set[str].intersection(*map(set, targets.values()))

    def fit(model: str, way: str) -> CrossFit:
        X = block(features[model], 1, 2 if way == STD else 1)
        if way == SQUARES:
            X = np.hstack([X, (X - X.mean(axis=0)) ** 2])
        of_all = {name: Y for name, Y in targets[model].items() if name in shared}
        return ridge_fit(X, of_all, orders, n_bootstrap)

    ways = (MEAN, SQUARES, STD)
    return {way: stacked({model: fit(model, way) for model in features}) for way in ways}


def gain(probes: Mapping[str, CrossFit], models: Sequence[str], way: str, target: str) -> Estimate:
    """By how much the error of a property falls with a way in the place of the mean alone."""
    if target not in probes[way].targets:
        return Estimate.missing()
    weights = once(probes[way], target, models)
    return probes[MEAN].difference(weights, weights, other=probes[way])
