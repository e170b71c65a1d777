"""One panel of models with all their steps: the split, and the errors between all steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from ase import Atoms

from chapters.depth.paths import EMBEDDING, depth_path, stages
from chapters.shared.elements import known_in, without_element_mean
from chapters.shared.spectrum import without_leading
from chapters.shared.studies import SplitPanel
from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.reconstruction import pointwise_errors

#: An element needs so many train atoms for its mean to be subtracted.
LEAST = 5


@dataclass(frozen=True)
class DepthStudy(SplitPanel):
    """A panel whose data sets have layers, split in train and test atoms."""

    @cached_property
    def paths(self) -> dict[str, dict[str, FloatArray]]:
        """Features (n_atoms, n_channels) by model and step, controls included."""
        return {model: depth_path(ds) for model, ds in self.panel.datasets.items()}

    def stages(self, model: str) -> dict[str, str]:
        """Return the model's step at each of :data:`chapters.depth.paths.STAGES`."""
        return stages(list(self.paths[model]))

    @property
    def numbers(self) -> IntArray:
        """Atomic numbers (n_atoms,)."""
        numbers: IntArray = self.panel.atoms["atomic_number"].to_numpy()
        return numbers

    def at(self, model: str, stage: str, *, within_elements: bool = False) -> FloatArray:
        """Features (n_atoms, n_channels) of a model at a stage, the elements taken out or not."""
        step = self.stages(model)[stage]
        return (
            self.beyond_elements[name(model, step)] if within_elements else self.paths[model][step]
        )

    @cached_property
    def errors(self) -> xr.DataArray:
        """GFRE of every test atom, from every step of every model to every other.

        Shape (source, target, atom), steps named ``model|step``.
        """
        joined = {name(m, s): X for m, path in self.paths.items() for s, X in path.items()}
        return pointwise_errors(joined, train=self.train, test=self.test, device=self.device)

    @cached_property
    def beyond_elements(self) -> dict[str, FloatArray]:
        """Steps at the stages after the mean of each element is taken out, as ``model|step``.

        The embedding is left out: nothing of it remains.
        """
        return {
            name(m, s): without_element_mean(self.paths[m][s], self.numbers, train=self.train)
            for m in self.paths
            for s in dict.fromkeys(self.stages(m).values())
            if s != EMBEDDING
        }

    @cached_property
    def within_elements(self) -> xr.DataArray | None:
        """GFRE of every test atom between the steps of `beyond_elements`.

        On test atoms whose element has `LEAST` train atoms; None if there are none.
        """
        return self.without_directions(0)

    def without_directions(self, n_directions: int) -> xr.DataArray | None:
        """As `within_elements`, the leading directions of every target taken out as well."""
        test = known_in(self.numbers, train=self.train, test=self.test, least=LEAST)
        if not len(test):
            return None
        targets = {
            key: without_leading(X, n_directions, train=self.train) if n_directions else X
            for key, X in self.beyond_elements.items()
        }
        return pointwise_errors(
            self.beyond_elements, targets, train=self.train, test=test, device=self.device
        )

    def groups(self, errors: xr.DataArray) -> IntArray:
        """Return the structure of every test atom of some errors."""
        groups: IntArray = self.panel.atoms["structure"].to_numpy()[errors["atom"].to_numpy()]
        return groups

    def within(self, model: str) -> pd.DataFrame:
        """GFRE from every step of a model (rows) to every other (columns)."""
        steps = list(self.paths[model])
        names = [name(model, step) for step in steps]
        block = self.errors.sel(source=names, target=names).to_numpy()
        table = np.sqrt(np.square(block).mean(axis=-1))
        return pd.DataFrame(table, index=steps, columns=steps)


def name(model: str, step: str) -> str:
    """Name a step of a model: ``model|step``."""
    return f"{model}|{step}"


def thinned(frames: Sequence[Atoms], every: int, *, least: int = 200) -> list[Atoms]:
    """Take every n-th structure, of a small set all that are needed to keep ``least``."""
    return list(frames[:: max(1, min(every, len(frames) // least))])
