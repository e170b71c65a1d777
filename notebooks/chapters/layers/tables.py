"""Tables of the chapter on layers: within models, between families, directions, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import numpy as np
import pandas as pd
import xarray as xr

from chapters.layers import intervals
from chapters.layers.errors import DIRECTIONS
from chapters.layers.study import LayerStudy
from chapters.shared import spectrum
from lumlip.array_types import FloatArray
from lumlip.choices import LAYERS
from lumlip.metrics.bootstrap import Interval, Resampling, mean_with_interval
from lumlip.metrics.reconstruction import pointwise_errors


def within_table(
    study: LayerStudy, local: xr.DataArray, *, every: int = 1, **options: Unpack[Resampling]
) -> pd.DataFrame:
    """Widths and errors within each model, with intervals, to be read.

    Parameters
    ----------
    local : DataArray of shape (direction, model, atom)
        From :meth:`LayerStudy.local`, with the same ``every``.
    every : int
    options
        ``n_bootstrap`` and ``seed``.
    """
    shown = study.widths.rename(columns=lambda name: f"{name.replace('_', ' ')} channels")
    for metric, errors, step in (("GFRE", study.within, 1), ("LFRE", local, every)):
        for way in DIRECTIONS:
            rows = intervals.rms_rows(errors.sel(direction=way), study.groups[::step], **options)
            shown[f"{metric} {way}"] = intervals.as_text(rows)
    return shown.rename_axis("model")


def between_families(study: LayerStudy, **options: Unpack[Resampling]) -> pd.DataFrame:
    """Mean error between families from each layer to each: (value, low, high), NaN if none."""
    rows = {}
    for key, errors in study.tables.items():
        if study.pairs.any():
            rows[key] = mean_with_interval(errors, study.pairs, study.groups.tolist(), **options)
        else:
            rows[key] = Interval.missing()
    index = pd.MultiIndex.from_tuples(rows, names=["source", "target"])
    return pd.DataFrame(list(rows.values()), index, columns=["value", "low", "high"])


def spectra(study: LayerStudy) -> pd.DataFrame:
    """Effective directions of both layers, and what the last layer's leading one is.

    Returns
    -------
    DataFrame indexed by model
        ``backbone`` and ``last_layer``: effective numbers of directions; ``share``: of the
        leading direction in the last layer's variance; ``energy``: its R^2 with the energies of
        the atoms.
    """
    atoms, rows = study.panel.atoms, {}
    structure, numbers = (atoms[name].to_numpy() for name in ("structure", "atomic_number"))
    features = {layer: study.panel.layer(layer) for layer in LAYERS}
    for model, dataset in study.panel.datasets.items():
        last = features["last_layer"][model]
        directions = [
            spectrum.effective_directions(features[x][model], train=study.train) for x in LAYERS
        ]
        energy = dataset["energy"].to_numpy()
        rows[model] = [
            *directions,
            spectrum.leading_share(last, train=study.train),
            spectrum.energy_in_leading(last, structure, numbers, energy),
        ]
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*LAYERS, "share", "energy"])


def stripped(
    study: LayerStudy, steps: Sequence[int], **options: Unpack[Resampling]
) -> pd.DataFrame:
    """Error between families when the leading directions of the targets are taken out.

    Parameters
    ----------
    steps : sequence of int
        How many directions to take out; 0 among them costs nothing.
    options
        ``n_bootstrap`` and ``seed``.

    Returns
    -------
    DataFrame
        Columns ``layer``, ``directions``; ``value``, ``low`` and ``high`` of the mean error;
        ``typical``, which a few extreme atoms do not move: the error of the median atom over the
        median distance of the target's atoms from their mean, averaged over the pairs; and the
        same in both rows of a step ``above``, ``above_low``, ``above_high``: mean error of last
        layers minus that of backbones. No rows without models of different families.
    """
    rows = []
    for step in steps if study.pairs.any() else ():
        found = {layer: _without(study, layer, step) for layer in LAYERS}
        backbone, last = (found[layer][0].to_numpy()[study.pairs] for layer in LAYERS)
        groups = study.groups.tolist()
        above = intervals.difference_with_interval(last, backbone, groups=groups, **options)
        for layer, (errors, size) in found.items():
            value = mean_with_interval(errors, study.pairs, groups, **options)
            typical = (np.median(errors, axis=-1) / size)[study.pairs].mean()
            rows.append([layer, step, *value, typical, *above])
    columns = [
        "layer",
        "directions",
        "value",
        "low",
        "high",
        "typical",
        "above",
        "above_low",
        "above_high",
    ]
    return pd.DataFrame(rows, columns=columns)


def _without(study: LayerStudy, layer: str, step: int) -> tuple[xr.DataArray, FloatArray]:
    """Errors to targets without their leading directions, and the targets' median sizes."""
    features = {m: X for m, X in study.panel.layer(layer).items() if m in study.models}
    targets = {m: spectrum.without_leading(X, step, train=study.train) for m, X in features.items()}
    sizes = [
        np.median(np.linalg.norm(Y[study.test], axis=1)) / np.sqrt(Y[study.train].var(axis=0).sum())
        for Y in targets.values()
    ]
    if step == 0:
        return study.tables[layer, layer], np.array(sizes)
    return pointwise_errors(features, targets, **study.options), np.array(sizes)
