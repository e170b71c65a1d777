"""Backbone against last layer for one panel of models: everything that the chapter shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import xarray as xr

from chapters.layers import errors
from chapters.shared import breakdown
from chapters.shared.studies import SplitPanel
from lumlip.array_types import BoolArray, IntArray
from lumlip.choices import LAYERS
from lumlip.metrics.reconstruction import neighborhood_size
from lumlip.zoo.relations import family_of
from lumlip.zoo.table import resolve


@dataclass(frozen=True)
class LayerStudy(SplitPanel):
    """One panel, split in train and test atoms, and the errors between all of its layers."""

    @property
    def options(self) -> dict[str, Any]:
        """Split and device, as the functions of `lumlip.metrics.reconstruction` take them."""
        return {"train": self.train, "test": self.test, "device": self.device}

    @property
    def groups(self) -> IntArray:
        """The structure of every test atom."""
        groups: IntArray = self.panel.atoms["structure"].to_numpy()[self.test]
        return groups

    @property
    def pairs(self) -> BoolArray:
        """Ordered pairs of models of different families (n_models, n_models)."""
        return breakdown.across(self.models, family_of)

    @cached_property
    def _all_tables(self) -> dict[tuple[str, str], xr.DataArray]:
        return errors.layer_tables(self.panel, **self.options)

    @cached_property
    def tables(self) -> dict[tuple[str, str], xr.DataArray]:
        """Global errors (source layer, target layer) -> (source, target, atom), no controls."""
        names = self.models
        return {key: e.sel(source=names, target=names) for key, e in self._all_tables.items()}

    @cached_property
    def within(self) -> xr.DataArray:
        """Global errors within each model (direction, model, atom), controls included."""
        return errors.within_models(self._all_tables)

    def local(self, *, n_neighbors: int, every: int = 1) -> xr.DataArray:
        """Local errors within each model (direction, model, atom), on every n-th test atom.

        Parameters
        ----------
        n_neighbors : int
            At most a quarter of the train atoms.
        every : int
        """
        k = neighborhood_size(len(self.train), n_neighbors)
        options = {**self.options, "test": self.test[::every], "metric": "lfre", "n_neighbors": k}
        return errors.back_and_forth(*(self.panel.layer(x) for x in LAYERS), **options)

    def cut(self, how: str) -> xr.DataArray | None:
        """Global errors within models at one width, see :func:`cut_to_one_width`."""
        both = (self.panel.layer(name) for name in LAYERS)
        return errors.cut_to_one_width(*both, how=how, **self.options)

    @property
    def widths(self) -> pd.DataFrame:
        """Number of channels of both layers, by model."""
        sizes = {
            m: [ds.sizes[f"{x}_channel"] for x in LAYERS] for m, ds in self.panel.datasets.items()
        }
        return pd.DataFrame.from_dict(sizes, orient="index", columns=list(LAYERS))

    @property
    def wider(self) -> list[str]:
        """The models whose backbone is wider than their last layer, no controls."""
        widths = self.widths.loc[self.models]
        return list(widths.index[widths["backbone"] > widths["last_layer"]])


def kinds_of(studies: Mapping[str, LayerStudy]) -> dict[str, str]:
    """Return the kind of every model, for the figures: published, mini or untrained twin."""
    kinds = {}
    for study in studies.values():
        for model in study.panel.datasets:
            kind = "mini" if resolve(model).mini else "published model"
            kinds[model] = kind if model in study.models else "untrained twin"
    return kinds
