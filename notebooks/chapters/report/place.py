"""Where a model stands among others: how far from each of them, and a map of all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import lumlip
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.repeated import CrossFit, orders_of


def pairs(fit: CrossFit, *some: tuple[str, str]) -> FloatArray:
    """Weights (n_sources, n_targets) of some pairs (source, target), all alike."""
    weights = np.zeros((len(fit.sources), len(fit.targets)))
    for source, target in some:
        weights[fit.sources.index(source), fit.targets.index(target)] = 1 / len(some)
    return weights


def neighbors(fit: CrossFit, model: str) -> pd.DataFrame:
    """List all other models, from the nearest on.

    Returns
    -------
    DataFrame indexed by model
        `Estimate` each: ``source`` and ``target``, the error with the other as either; ``mean`` of
        both; ``farther``, the mean less that of the nearest.
    """
    both = {m: pairs(fit, (model, m), (m, model)) for m in fit.sources if m != model}
    order = sorted(both, key=lambda m: fit.mean(both[m]).value)
    rows = [
        {
            "source": fit.mean(pairs(fit, (m, model))),
            "target": fit.mean(pairs(fit, (model, m))),
            "mean": fit.mean(both[m]),
            "farther": fit.difference(both[m], both[order[0]]),
        }
        for m in order
    ]
    return pd.DataFrame(rows, index=order)


def level_with_nearest(table: pd.DataFrame) -> list[str]:
    """Return the nearest model, and those that may be as near, from `neighbors`."""
    return [
        str(m) for m, found in table["farther"].items() if m == table.index[0] or found.low <= 0
    ]


def in_atlas(model: str, files: Sequence[Path], **options: Any) -> pd.DataFrame:
    """List entries of the atlas from the nearest to a model on, as `neighbors`, on its atoms.

    Options are those of :meth:`lumlip.metrics.repeated.CrossFit.of`.
    """
    named = [f"features:{path}" for path in files]
    panel = lumlip.panel([model, *named], "atlas", device=options["device"])
    orders = orders_of(panel.atoms, n_seeds=2)
    return neighbors(CrossFit.of(panel.layer("last_layer"), orders=orders, **options), model)


def model_map(
    fit: CrossFit, *, n_draws: int = 200, seed: int = 0
) -> tuple[FloatArray, FloatArray, Interval]:
    """Place models in a plane, two as far apart as the mean of their errors, by classical scaling.

    Parameters
    ----------
    fit : CrossFit
        Of models to the same models.
    n_draws, seed : int
        Draws of the groups (parents); the map of each is turned onto that of all groups.

    Returns
    -------
    points : array of shape (n_models, 2)
    draws : array of shape (n_draws, n_models, 2)
    shown : Interval
        Share of the sizes of all axes that these two have.
    """
    n = len(fit.counts)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_draws)
    points, shown = _plane(fit, np.ones(n))
    maps, shares = zip(*(_plane(fit, times) for times in drawn), strict=True)
    turned = []
    for one in maps:
        left, _, right = np.linalg.svd(one.T @ points)
        turned.append(one @ left @ right)
    return points, np.array(turned), Interval.of(shown, shares)


def _plane(fit: CrossFit, times: FloatArray) -> tuple[FloatArray, float]:
    """Return the points (n_models, 2) where each group counts so often, and the share shown."""
    errors = np.sqrt(fit.sums @ times / (fit.counts @ times)).mean(axis=0)
    distance = (errors + errors.T) / 2
    np.fill_diagonal(distance, 0.0)
    center = np.eye(len(distance)) - 1 / len(distance)
    sizes, axes = np.linalg.eigh(-center @ distance**2 @ center / 2)
    points: FloatArray = axes[:, :-3:-1] * np.sqrt(sizes[:-3:-1].clip(0))
    return points, float(sizes[:-3:-1].clip(0).sum() / np.abs(sizes).sum())
