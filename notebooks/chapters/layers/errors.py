"""Backbone against last layer: back and forth within a model, and between models.

*Forth* is the way that a model goes, from its backbone to its last layer; *back* is the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from chapters.shared.spectrum import narrowed
from lumlip.array_types import FloatArray
from lumlip.choices import LAYERS
from lumlip.extraction.panel import Panel
from lumlip.metrics.reconstruction import pointwise_errors

Features = Mapping[str, ArrayLike]
#: Direction -> (source layer, target layer).
DIRECTIONS = {"forth": ("backbone", "last_layer"), "back": ("last_layer", "backbone")}


def layer_tables(
    panel: Panel, *, train: ArrayLike, test: ArrayLike, device: str = "auto"
) -> dict[tuple[str, str], xr.DataArray]:
    """Global errors from every layer of every model to every other.

    Parameters
    ----------
    panel : Panel
    train, test, device
        As for :func:`lumlip.metrics.reconstruction.pointwise_errors`.

    Returns
    -------
    dict of (source layer, target layer) to DataArray of shape (source, target, atom)
        Named by the models. Every source is factorized once.
    """
    names = list(panel.datasets)
    features = {(n, layer): X for layer in LAYERS for n, X in panel.layer(layer).items()}
    joined = {f"{layer}:{name}": X for (name, layer), X in features.items()}
    errors = pointwise_errors(joined, train=train, test=test, device=device).to_numpy()
    blocks = errors.reshape(len(LAYERS), len(names), len(LAYERS), len(names), -1)
    return {
        (source, target): xr.DataArray(
            blocks[i, :, j], dims=("source", "target", "atom"), coords=dict.fromkeys(_PAIR, names)
        )
        for i, source in enumerate(LAYERS)
        for j, target in enumerate(LAYERS)
    }


_PAIR = ("source", "target")


def back_and_forth(sources: Features, targets: Features, **options: Any) -> xr.DataArray:
    """Errors within each model, both ways.

    Parameters
    ----------
    sources, targets : dict of model to array of shape (n_atoms, n_features)
        Backbones and last layers, the same models in both.
    options
        As for :func:`lumlip.metrics.reconstruction.pointwise_errors`.

    Returns
    -------
    DataArray of shape (direction, model, atom)
        Directions ``"forth"``, source to target, and ``"back"``.
    """
    ways = {"forth": (sources, targets), "back": (targets, sources)}
    errors = [
        [
            pointwise_errors({"x": start[m]}, {"y": end[m]}, **options).to_numpy()[0, 0]
            for m in sources
        ]
        for start, end in ways.values()
    ]
    return _by_direction(np.array(errors), list(sources))


def within_models(tables: Mapping[tuple[str, str], xr.DataArray]) -> xr.DataArray:
    """Pick out of :func:`layer_tables` the errors within each model: (direction, model, atom)."""
    names = list(tables["backbone", "backbone"]["source"].to_numpy())
    errors = [
        np.array([tables[way].sel(source=m, target=m).to_numpy() for m in names])
        for way in DIRECTIONS.values()
    ]
    return _by_direction(np.array(errors), names)


def _by_direction(errors: FloatArray, models: list[str]) -> xr.DataArray:
    coords = {"direction": list(DIRECTIONS), "model": models}
    return xr.DataArray(errors, dims=("direction", "model", "atom"), coords=coords)


def cut_to_one_width(
    backbone: Features,
    last_layer: Features,
    *,
    how: str,
    train: ArrayLike,
    test: ArrayLike,
    n_draws: int = 3,
    device: str = "auto",
) -> xr.DataArray | None:
    """Errors within models after the wider layer was cut to the width of the narrower one.

    Parameters
    ----------
    backbone, last_layer : dict of model to array of shape (n_atoms, n_features)
    how : {"pca", "random"}
        See :func:`chapters.shared.spectrum.narrowed`; errors of random cuts are root mean squares
        over
        ``n_draws`` of them.
    train, test : arrays of int

    Returns
    -------
    DataArray of shape (direction, model, atom), or None
        For the models whose layers differ in width; None if there is none.
    """
    sides = {m: (np.asarray(backbone[m]), np.asarray(last_layer[m])) for m in backbone}
    uneven = {m: pair for m, pair in sides.items() if pair[0].shape[1] != pair[1].shape[1]}
    if not uneven:
        return None
    squares = []
    for seed in range(n_draws if how == "random" else 1):
        cut = {m: _to_narrower(*p, how=how, train=train, seed=seed) for m, p in uneven.items()}
        sources, targets = ({m: pair[i] for m, pair in cut.items()} for i in (0, 1))
        errors = back_and_forth(sources, targets, train=train, test=test, device=device)
        squares.append(errors**2)
    mean: xr.DataArray = sum(squares[1:], squares[0]) / len(squares)
    return mean**0.5


def _to_narrower(
    backbone: FloatArray, last_layer: FloatArray, *, how: Any, train: ArrayLike, seed: int
) -> tuple[FloatArray, FloatArray]:
    # no more principal components than train atoms allow
    width = min(backbone.shape[1], last_layer.shape[1], len(np.asarray(train)) - 1)
    first, second = (
        X if X.shape[1] == width else narrowed(X, width, train=train, how=how, seed=seed)
        for X in (backbone, last_layer)
    )
    return first, second
