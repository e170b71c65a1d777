"""Structures as points: pooled features of any model, and the most different of them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from ase.data import chemical_symbols

from lumlip.array_types import FloatArray
from lumlip.choices import CHOSEN, check_choice, check_count
from lumlip.extraction.panel import Panel, panel
from lumlip.metrics._input import as_features, of_unit_size
from lumlip.metrics.cumulants import cumulant_features

#: Files that `save_embedding` writes.
SUFFIXES = (".csv", ".npz", ".parquet")


def embed(
    model: str,
    structures: str | os.PathLike[str] | Sequence[Atoms],
    *,
    layer: str = "last_layer",
    order: int = 2,
    **options: Any,
) -> pd.DataFrame:
    """Describe every structure by the cumulants of its atoms' features, whatever its size.

    Parameters
    ----------
    structures : str, path or sequence of ase.Atoms
        Those with elements that the model does not know are left out.
    layer : {"last_layer", "backbone", "readout"}
    order : int
        Highest cumulant: 1, the mean over the atoms, to 8; see :func:`lumlip.cumulant_features`.
    options
        Passed on to :func:`lumlip.panel`.

    Returns
    -------
    DataFrame, a row per structure, indexed by its number ``frame``
        Columns ``mean_0, ...``, then ``kappa2_0, ...`` and so on: order * n_channels, in the unit
        of the features.
    """
    shown = panel([model], structures, **options).told()
    X = _pooled(shown, layer, order)
    n_channels = X.shape[1] // order
    names = [f"kappa{k + 1}" if k else "mean" for k in range(order)]
    columns = [f"{name}_{channel}" for name in names for channel in range(n_channels)]
    return pd.DataFrame(X, index=pd.Index(shown.frames, name="frame"), columns=columns)


def select(
    structures: str | os.PathLike[str] | Sequence[Atoms],
    *,
    model: str,
    n: int,
    by: str = "structure",
    layer: str = "last_layer",
    order: int = 2,
    **options: Any,
) -> pd.DataFrame:
    """Choose the most different structures, or atoms, by farthest point sampling.

    The first one is chosen, then again and again the one farthest from all that are chosen.

    Parameters
    ----------
    model : str
        Distances are those in its features: of structures as in :func:`lumlip.embed`.
    by : {"structure", "atom"}
    layer, order, options
        As for :func:`lumlip.embed`.

    Returns
    -------
    DataFrame of n rows, in the order of choice
        ``frame``, the number of the structure; ``formula``, or ``atom``, its number there, and
        ``element``; ``distance`` to the nearest one chosen before (infinite for the first).
    """
    from skmatter.sample_selection import FPS

    check_choice("by", by, CHOSEN)
    check_count("n", n, 1)
    shown = panel([model], structures, **options).told()
    if by == "structure":
        formulas = [atoms.get_chemical_formula() for atoms in shown.structures]
        rows = pd.DataFrame({"frame": shown.frames, "formula": formulas})
        X = _pooled(shown, layer, order)
    else:
        owner, number = (shown.atoms[k].to_numpy() for k in ("structure", "atomic_number"))
        atom = np.arange(len(owner)) - np.searchsorted(owner, owner)
        element = np.array(chemical_symbols)[number]
        rows = pd.DataFrame({"frame": np.array(shown.frames)[owner], "atom": atom})
        rows["element"], X = element, shown.layer(layer)[model]
    check_count("n", n, 1, len(rows), f" of these {by}s")
    # Of centered features: what all share would leave differences of large squares.
    unit = of_unit_size(as_features(X, model), model)
    size = max(1e-300, np.abs(X).max()) / max(1e-300, np.abs(unit).max())
    sampler = FPS(n_to_select=n).fit(unit - unit.mean(axis=0))
    chosen: pd.DataFrame = rows.iloc[sampler.selected_idx_].reset_index(drop=True)
    return chosen.assign(distance=np.sqrt(np.maximum(sampler.get_select_distance(), 0)) * size)


def save_embedding(table: pd.DataFrame, path: Path) -> None:
    """Write what `embed` returned as its suffix says; an npz holds ``frame`` and ``features``."""
    if path.suffix == ".csv":
        table.to_csv(path)
    elif path.suffix == ".npz":
        np.savez(path, frame=table.index.to_numpy(), features=table.to_numpy())
    else:
        table.to_parquet(path)


def _pooled(shown: Panel, layer: str, order: int) -> FloatArray:
    (X,) = shown.layer(layer).values()
    return cumulant_features(X, shown.atoms["structure"].to_numpy(), order=order)
