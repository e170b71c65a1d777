"""Panels as chapters need them: of some models only, if any, and with structures for atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict, Unpack

import numpy as np
import xarray as xr

from lumlip.errors import NothingLeftError
from lumlip.extraction.panel import Panel, panel


def only(panel: Panel | None, models: Sequence[str]) -> Panel | None:
    """Keep some models of a panel; None if none of them is there."""
    if panel is None:
        return None
    kept = {m: panel.datasets[m] for m in models if m in panel.datasets}
    return replace(panel, datasets=kept) if kept else None


class Extraction(TypedDict, total=False):
    """Options of :func:`panel`, for functions that pass them on."""

    device: str
    dtype: str
    layers: bool


def panel_if_any(
    models: Sequence[str], structures: Any, **options: Unpack[Extraction]
) -> Panel | None:
    """Return the panel of models, or None, saying why, if no model or common structure is left.

    Parameters
    ----------
    models, structures
        As for :func:`lumlip.extraction.panel.panel`.
    options
        ``device``, ``dtype`` and ``layers`` of it.
    """
    if not models:
        return None
    try:
        return panel(models, structures, skip_failing=True, **options)
    except NothingLeftError as error:
        print(error)
        return None


def panels_of(
    named: Mapping[str, Sequence[str]], structures: Any, **options: Unpack[Extraction]
) -> dict[str, Panel]:
    """Make a panel of each set of models, and print what became of it.

    Parameters
    ----------
    named : dict of name to list of model ids
        Sets without a usable model or a common structure are left out.
    structures : str, path or sequence of ase.Atoms
    options
        ``device``, ``dtype`` and ``layers`` of :func:`panel`.

    Raises
    ------
    ValueError
        Nothing is left to study.
    """
    found = {}
    for name, models in named.items():
        panel = panel_if_any(models, structures, **options)
        print(f"{name}: {panel.report() if panel else 'nothing to study'}")
        if panel:
            found[name] = panel
    if not found:
        raise ValueError(f"got {named}, expected a model that can be run on these structures")
    return found


def as_samples(panel: Panel) -> xr.Dataset:
    """Structures in the place of atoms, for folds that keep parents whole."""
    atoms = panel.atoms
    return xr.Dataset(
        coords={
            "structure": ("atom", np.arange(len(panel.structures))),
            "subset": ("structure", atoms["subset"].to_numpy()),
            "parent": ("structure", atoms["parent"].to_numpy()),
        }
    )
