"""How far apart variants are, by what they differ in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lumlip.array_types import BoolArray
from lumlip.choices import LAYERS
from lumlip.comparison import panel_distances
from lumlip.extraction.panel import Panel, only
from lumlip.metrics.bootstrap import Distances, interval, mean_over
from lumlip.zoo.relations import Swaps, family_of, pairs_by_kind, swaps, whole_models

COLUMNS = ("kind", "name", "source", "n_pairs", "value", "low", "high", "pairs")


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
    distances: Distances, mask: BoolArray, kind: str, name: str, source: str
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
        As for :func:`lumlip.comparison.panel_distances`.

    Returns
    -------
    (Swaps or None, dict of layer to Distances)
    """
    for panel in panels:
        found = swaps(list(panel.datasets)) if panel else None
        if found:
            models = [found.base, found.other, *found.parts.values()]
            pieces = only(panel, models)
            one = {"metrics": ("gfre",), **options}
            return found, {layer: panel_distances(pieces, layer, **one)["gfre"] for layer in LAYERS}
    return None, {}
