"""A published model, the one fine-tuned from it, and a control, on structures of all kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from chapters.shared.breakdown import error_by_label
from lumlip.array_types import BoolArray, FloatArray
from lumlip.choices import LAYERS
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import NOTHING, Distances, Interval, interval
from lumlip.metrics.reconstruction import pointwise_errors
from lumlip.metrics.splits import hold_out


@dataclass(frozen=True)
class RealModels:
    """Errors among published models: a start, the one fine-tuned from it, then controls.

    Attributes
    ----------
    models : list of str
        Ids as they were asked for; some may be missing from what follows.
    errors : dict of str to DataArray of shape (source, target, atom)
        By layer.
    distances : dict of str to Distances
        By layer.
    subset : array of shape (n_test,)
        The subset of every test atom's structure.
    """

    models: list[str]
    errors: dict[str, xr.DataArray]
    distances: dict[str, Distances]
    subset: NDArray[np.str_]

    @classmethod
    def of(
        cls,
        found: Panel,
        models: Sequence[str],
        *,
        by: str,
        n_test: int,
        device: str = "auto",
        n_bootstrap: int = 500,
        seed: int = 0,
        layers: Sequence[str] = LAYERS,
    ) -> RealModels:
        """Measure them; at most a fifth of the atoms are for testing."""
        atoms = found.atoms
        train, test = hold_out(atoms, by=by, n_test=n_test, seed=seed)
        errors = {
            layer: pointwise_errors(found.layer(layer), train=train, test=test, device=device)
            for layer in layers
        }
        structure = atoms["structure"].to_numpy()[test]
        options = {"n_bootstrap": n_bootstrap, "seed": seed}
        distances = {k: Distances.of(x, structure.tolist(), **options) for k, x in errors.items()}
        return cls(list(models), errors, distances, atoms["subset"].to_numpy()[structure])

    @property
    def start(self) -> str:
        """The pre-trained model."""
        return self.models[0]

    @property
    def others(self) -> dict[str, str]:
        """Role, ``tuned`` and ``control``, to model id, of those that were asked for."""
        return dict(zip(("tuned", "control"), self.models[1:3], strict=False))

    def from_start(self, role: str, layer: str) -> FloatArray:
        """Distance (1 + n_bootstrap,) of the tuned model, or of the control, from the start."""
        if role not in self.others:
            return NOTHING
        return self.distances[layer].between(self.others[role], self.start)

    def median_from_start(self, role: str, layer: str) -> float:
        """Error of the median atom between the same two, both directions; NaN if one is missing."""
        squares = self._squares(role, layer)
        return float(np.sqrt(np.median(squares))) if squares is not None else float("nan")

    def on_worst(self, role: str, layer: str) -> float:
        """Share of the squared error that lies on the worst hundredth of the atoms."""
        squares = self._squares(role, layer)
        if squares is None or not squares.any():
            return float("nan")
        n_worst = max(1, round(0.01 * len(squares)))
        return float(np.sort(squares)[-n_worst:].sum() / squares.sum())

    def by_subset(self, layer: str) -> dict[str, pd.DataFrame]:
        """Errors by subset, one table per pair with the start; see `error_by_label`."""
        tables = {}
        for role, model in self.others.items():
            if (mask := self._mask(role, layer)) is not None:
                name = f"{model} and {self.start}"
                tables[name] = error_by_label(self.errors[layer], self.subset.tolist(), mask)
        return tables

    def _squares(self, role: str, layer: str) -> FloatArray | None:
        mask = self._mask(role, layer)
        if mask is None:
            return None
        found: FloatArray = (self.errors[layer].to_numpy()[mask] ** 2).mean(axis=0)
        return found

    def _mask(self, role: str, layer: str) -> BoolArray | None:
        """Both directions between the start and a model (n_models, n_models)."""
        names = [str(name) for name in self.errors[layer]["source"].to_numpy()]
        pair = (self.start, self.others.get(role, ""))
        if not set(pair) <= set(names):
            return None
        i, j = (names.index(name) for name in pair)
        mask = np.zeros((len(names), len(names)), dtype=bool)
        mask[i, j] = mask[j, i] = True
        return mask


def margins_of_other_draws(
    found: Panel, models: Sequence[str], layer: str, *, seeds: Sequence[int], **options: Any
) -> list[Interval]:
    """By how much the control is farther from the start than the tuned model, for other splits.

    Parameters
    ----------
    found : Panel
    models : sequence of str
        The start, the one fine-tuned from it, and the control.
    seeds : sequence of int
        Of the splits; the others of ``options`` as in :meth:`RealModels.of`.

    Returns
    -------
    list of Interval
        One per seed; none if a model is missing.
    """
    chosen = [model for model in models[:3] if model in found.datasets]
    if len(chosen) < 3:
        return []
    few = Panel(found.structures, {model: found.datasets[model] for model in chosen})
    margins = []
    for seed in seeds:
        real = RealModels.of(few, chosen, layers=(layer,), seed=seed, **options)
        tuned, control = (real.from_start(role, layer) for role in ("tuned", "control"))
        margins.append(interval(control - tuned))
    return margins
