"""How far apart variants are, by what they differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from lumlip.distances import Distances, FloatArray, interval
from lumlip.panel import LAYERS, Panel
from lumlip.plotting import family_of
from lumlip.reconstruction import neighborhood_size, pointwise_errors
from lumlip.splits import n_held_out, split
from lumlip.variants import Swaps, pairs_by_kind, swaps, whole_models

#: Structures, below which a split in train and test makes no sense.
FEWEST = 5
COLUMNS = ("kind", "name", "source", "n_pairs", "value", "low", "high", "pairs")


def measured(
    everything: Panel | None,
    layer: str = "last_layer",
    *,
    metrics: Sequence[str] = ("gfre", "lfre"),
    n_neighbors: int = 64,
    by: str = "structure",
    n_test: int = 1000,
    n_bootstrap: int = 500,
    seed: int = 0,
    device: str = "auto",
) -> dict[str, Distances]:
    """Split the atoms of a panel and measure how well its models rebuild each other.

    GFRE between all models; LFRE, which takes longer, between whole models of one family alone.

    Parameters
    ----------
    everything : Panel or None
        With None, or fewer than `FEWEST` structures, the tables are empty.
    layer : {"backbone", "last_layer"}
    metrics : sequence of {"gfre", "lfre"}
    n_neighbors, n_test : int
        At most a quarter of the train atoms, and a fifth of all.
    by : str
        See :func:`lumlip.splits.split`.

    Returns
    -------
    dict of metric to Distances
    """
    if everything is None or len(everything.structures) < FEWEST:
        return {metric: Distances(pd.DataFrame(), np.empty((0, 0, 2))) for metric in metrics}
    atoms = everything.atoms
    n_held = n_held_out(atoms.sizes["atom"], n_test)
    train, test = split(atoms, by=by, n_test=n_held, seed=seed)
    features = everything.layer(layer)
    options: dict[str, Any] = {"train": train, "test": test, "device": device}
    k = neighborhood_size(len(train), n_neighbors)
    groups = atoms["structure"].to_numpy()[test].tolist()
    found = {}
    for metric in metrics:
        if metric == "lfre":
            errors = _within_families(features, metric=metric, n_neighbors=k, **options)
        else:
            errors = pointwise_errors(features, metric=metric, **options)
        found[metric] = Distances.of(errors, groups, n_bootstrap=n_bootstrap, seed=seed)
    return found


def _within_families(features: Mapping[str, FloatArray], **options: Any) -> xr.DataArray:
    """Errors (source, target, atom) between whole models of one family; NaN for other pairs."""
    names = list(features)
    shape = (len(names), len(names), len(options["test"]))
    coordinates = {"source": names, "target": names, "atom": options["test"]}
    found = xr.DataArray(np.full(shape, np.nan), dims=list(coordinates), coords=coordinates)
    members: dict[str, list[str]] = {}
    for name in whole_models(names):
        members.setdefault(family_of(name), []).append(name)
    for own in members.values():
        errors = pointwise_errors({name: features[name] for name in own}, **options)
        found.loc[{"source": own, "target": own}] = errors
    return found


def only(everything: Panel | None, models: Sequence[str]) -> Panel | None:
    """Keep some models of a panel; None if none of them is there."""
    if everything is None:
        return None
    kept = {m: everything.datasets[m] for m in models if m in everything.datasets}
    return replace(everything, datasets=kept) if kept else None


def subset_of(distances: Distances, models: Sequence[str]) -> Distances:
    """Keep some models, in the order given."""
    names = list(distances.table.index)
    chosen = [names.index(model) for model in models]
    draws = distances.draws[np.ix_(chosen, chosen)]
    return Distances(distances.table.loc[list(models), list(models)], draws)


def mean_over(distances: Distances, pairs: NDArray[np.bool_]) -> FloatArray:
    """Mean over pairs of models (1 + n_bootstrap,), as draws; NaN without pairs."""
    found = distances.draws[pairs].mean(axis=0) if pairs.any() else np.full(1, np.nan)
    return np.asarray(found, dtype=float)


def of_family(distances: Distances, kind: str, family: str) -> float:
    """Mean over the pairs of a kind in a family; NaN if there are none."""
    models = list(distances.table.index)
    own = np.array([family_of(model) == family for model in models], dtype=bool)
    pairs = pairs_by_kind(models).get(kind, np.zeros((len(models), len(models)), dtype=bool))
    return float(mean_over(distances, pairs & np.outer(own, own))[0])


def kind_rows(distances: Distances, *, source: str) -> pd.DataFrame:
    """Mean error by kind of difference and family, with its interval.

    Parameters
    ----------
    distances : Distances
    source : str
        Where the models come from: ``"real"`` or ``"minis"``.

    Returns
    -------
    DataFrame
        Columns ``kind``, ``name`` (the family; ``all`` between families), ``source``, ``n_pairs``
        (ordered), ``value``, ``low``, ``high`` and ``pairs``, the errors of all of them.
    """
    models = list(distances.table.index)
    families = np.array([family_of(model) for model in models])
    whole = np.isin(models, whole_models(models))
    rows = []
    for kind, mask in pairs_by_kind(models).items():
        if kind == "architecture":
            rows.append(_row(distances, mask & np.outer(whole, whole), kind, "all", source))
            continue
        for family in dict.fromkeys(families[mask.any(axis=1)]):
            own = mask & (families == family)[:, None]
            rows.append(_row(distances, own, kind, family, source))
    return pd.DataFrame([row for row in rows if np.isfinite(row["value"])], columns=COLUMNS)


def _row(
    distances: Distances, mask: NDArray[np.bool_], kind: str, name: str, source: str
) -> dict[str, Any]:
    value, low, high = interval(mean_over(distances, mask))
    pairs = distances.table.to_numpy()[mask]
    found = (kind, name, source, int(mask.sum()), value, low, high, pairs)
    return dict(zip(COLUMNS, found, strict=True))


def swapped_parts(
    panels: Sequence[Panel | None], **options: Any
) -> tuple[Swaps | None, dict[str, Distances]]:
    """Find a task whose parts were swapped, and measure GFRE among all of these, by layer.

    Parameters
    ----------
    panels : sequence of Panel or None
        The first that has such tasks counts.
    options
        As for `measured`.

    Returns
    -------
    (Swaps or None, dict of layer to Distances)
    """
    for everything in panels:
        found = swaps(list(everything.datasets)) if everything else None
        if found:
            models = [found.base, found.other, *found.parts.values()]
            pieces = only(everything, models)
            one = {"metrics": ("gfre",), **options}
            return found, {layer: measured(pieces, layer, **one)["gfre"] for layer in LAYERS}
    return None, {}
