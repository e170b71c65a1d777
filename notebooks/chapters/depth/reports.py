"""Everything that the chapter says of one set of models, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from chapters.depth import stages as between
from chapters.depth.contents import contents
from chapters.depth.study import DepthStudy
from lumlip.metrics.bootstrap import Interval

#: What is taken out of the features before the errors are measured.
AS_THEY_ARE, NO_ELEMENTS, NO_LEADING = "nothing", "elements", "elements and leading direction"


@dataclass(frozen=True)
class StageReport:
    """Errors between the models of a study at each stage, under three variations.

    Attributes
    ----------
    study : DepthStudy
    n_bootstrap, seed : int
        Of the intervals.
    """

    study: DepthStudy
    n_bootstrap: int = 300
    seed: int = 0

    @cached_property
    def pairs(self) -> dict[str, list[tuple[str, str]]]:
        """Pairs of models by kind, see :func:`chapters.depth.stages.pairs_by_kind`."""
        return between.pairs_by_kind(self.study)

    @property
    def families(self) -> list[tuple[str, str]]:
        """Pairs of models of different families that count; there may be none."""
        return self.pairs.get(between.FAMILIES, [])

    @cached_property
    def errors(self) -> dict[str, xr.DataArray]:
        """Errors by variation; without elements only if atoms are left to test."""
        study = self.study
        found = {
            AS_THEY_ARE: study.errors,
            NO_ELEMENTS: study.within_elements,
            NO_LEADING: study.without_directions(1),
        }
        return {name: errors for name, errors in found.items() if errors is not None}

    @cached_property
    def lines(self) -> dict[str, dict[str, pd.DataFrame]]:
        """Mean errors by variation, kind of pair and stage, with intervals."""
        options = {"n_bootstrap": self.n_bootstrap, "seed": self.seed}
        return {
            variation: {
                kind: between.by_stage(self.study, errors, pairs, **options)
                for kind, pairs in self.pairs.items()
            }
            for variation, errors in self.errors.items()
        }

    @cached_property
    def table_of_stages(self) -> pd.DataFrame:
        """Mean error between families from every stage (rows) to every other (columns)."""
        return between.stage_table(self.study, self.study.errors, self.families)

    def change(self, variation: str, stages: tuple[str, str]) -> Interval:
        """Mean error between families at the second stage minus the first; NaN if there is none."""
        if not self.families or variation not in self.errors:
            return Interval.missing()
        options = {"n_bootstrap": self.n_bootstrap, "seed": self.seed}
        return between.change(self.study, self.errors[variation], self.families, stages, **options)

    def table(self) -> pd.DataFrame:
        """What the features consist of at each stage, and the errors between families."""
        shown = contents(self.study).rename(
            columns={
                "width": "channels",
                "elements": "variance between elements",
                "directions": "effective directions",
                "leading": "leading share within elements",
            }
        )
        for variation, lines in self.lines.items():
            if between.FAMILIES in lines:
                shown[f"GFRE without {variation}"] = lines[between.FAMILIES]["value"]
        plain = shown.rename(columns={f"GFRE without {AS_THEY_ARE}": "GFRE between families"})
        return plain.map(lambda value: "none" if np.isnan(value) else f"{value:.2f}")
