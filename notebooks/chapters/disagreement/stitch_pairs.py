"""Stitching between all models of a panel, direct and through the target's own readout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Unpack

import numpy as np
import pandas as pd

from chapters.disagreement.energies import composition_baseline, covered
from chapters.disagreement.stitching import (
    Readout,
    Stitch,
    direct,
    least_squares,
    rebuilt,
    total_deviation,
    without_energy,
)
from chapters.disagreement.study import PairStudy
from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.bootstrap import Resampling
from lumlip.metrics.pooling import mean_over_atoms
from lumlip.metrics.reconstruction import gfre
from lumlip.zoo.relations import family_of, is_untrained, kind_of

UNTRAINED, SEED, VARIANT, FAMILY = (
    "untrained source",
    "two seeds",
    "variants of a family",
    "different families",
)


#: Of the table of stitches.
COLUMNS = (
    "source",
    "target",
    "kind",
    "gfre",
    "lost",
    "low",
    "high",
    "median",
    "rmse",
    "energy_lost",
    "own_lost",
    "own_median",
)


def kind_of_pair(source: str, target: str) -> str:
    """Return what joins two models: one of the four kinds that the figure tells apart."""
    if is_untrained(source):
        return UNTRAINED
    if family_of(source) != family_of(target):
        return FAMILY
    return SEED if kind_of(source, target) == "seed" else VARIANT


@dataclass(frozen=True)
class StitchedPairs:
    """Stitches of every trained model from every other, on one fold.

    Attributes
    ----------
    study : PairStudy
    train, test : int arrays
        Structures; those of the test hold no element that is rare in train.
    """

    study: PairStudy
    train: IntArray
    test: IntArray

    @classmethod
    def of(cls, study: PairStudy) -> StitchedPairs:
        """Test on the first fold, fit on the others."""
        train = study.fold != 0
        known = covered(study.shares, train=train)
        return cls(study, np.flatnonzero(train), np.flatnonzero(~train & known))

    @property
    def determined(self) -> bool:
        """Tell whether there are twice as many structures to fit on as columns, and some to test.

        With fewer, a stitch says how much is regularized, not what the features hold.
        """
        widest = max(X.shape[1] for X in self.features.values())
        return len(self.test) > 1 and len(self.train) >= 2 * (widest + self.study.shares.shape[1])

    @property
    def atoms(self) -> dict[str, IntArray]:
        """Atoms of the train and of the test structures."""
        owner = self.study.owner
        return {
            "train": np.flatnonzero(np.isin(owner, self.train)),
            "test": np.flatnonzero(np.isin(owner, self.test)),
        }

    def table(self, **options: Unpack[Resampling]) -> pd.DataFrame:
        """Stitch all ordered pairs, a model with itself included.

        Parameters
        ----------
        options
            ``n_bootstrap`` and ``seed``.

        Returns
        -------
        DataFrame
            Empty if it cannot be determined. ``source``, ``target``, ``kind``, ``gfre``; of the
            direct stitch ``lost``, ``low``,
            ``high`` (no unit), ``median`` and ``rmse`` (meV/atom); ``energy_lost``, if the source
            is the energy of the source alone; of the other stitch ``own_lost`` and ``own_median``.
        """
        if not self.determined:
            return pd.DataFrame(columns=list(COLUMNS))
        features, readouts = self.features, self.readouts
        rows = [
            row for source in features for row in self._from(source, features, readouts, **options)
        ]
        return pd.DataFrame(rows)

    @cached_property
    def features(self) -> dict[str, FloatArray]:
        """Last layers of all models of the panel."""
        return self.study.panel.layer("last_layer")

    @cached_property
    def readouts(self) -> dict[str, Readout]:
        """How each trained model makes its energy of its last layer."""
        study, features = self.study, self.features
        return {
            model: Readout.recovered(
                mean_over_atoms(features[model], study.owner),
                study.shares,
                study.energy(model),
                train=self.train,
            )
            for model in study.models
        }

    def _from(
        self,
        source: str,
        features: Mapping[str, FloatArray],
        readouts: Mapping[str, Readout],
        **options: Unpack[Resampling],
    ) -> list[dict[str, Any]]:
        """Rows of one source: its features are factorized once."""
        study, atoms = self.study, self.atoms
        averaged = mean_over_atoms(features[source], study.owner)
        targets = {model: features[model] for model in readouts}
        again = rebuilt(features[source], targets, **atoms)
        numbered = np.searchsorted(self.test, study.owner[atoms["test"]])
        energies = {model: study.energy(model) for model in readouts}
        split = {"train": self.train, "test": self.test}
        stitches = direct(averaged, study.shares, energies, **split)
        # the source's own energy is a weighted sum of its last layer, too: what does that do alone?
        single = direct(study.energy(source)[:, None], study.shares, energies, **split)
        rows = []
        for target, readout in readouts.items():
            energy, made = energies[target], stitches[target]
            means = mean_over_atoms(again[target], numbered)
            predicted = readout.energy(means, study.shares[self.test])
            baseline = composition_baseline(energy, study.shares, train=self.train)
            own = Stitch(
                1000 * (predicted - energy[self.test]), 1000 * (baseline - energy)[self.test]
            )
            Y = features[target]
            away = again[target] - Y[atoms["test"]]
            error = np.sqrt((away**2).sum(axis=1).mean()) / total_deviation(Y[atoms["train"]])
            value, low, high = made.interval(**options)
            rows.append(
                {
                    "source": source,
                    "target": target,
                    "kind": "itself" if source == target else kind_of_pair(source, target),
                    "gfre": float(error),
                    "lost": value,
                    "low": low,
                    "high": high,
                    "median": made.median,
                    "rmse": made.rmse,
                    "energy_lost": single[target].lost,
                    "own_lost": own.lost,
                    "own_median": own.median,
                }
            )
        return rows

    def surgery(self) -> pd.DataFrame:
        """Two sources made of each model's own last layer: its energy alone, and all but that.

        Returns
        -------
        DataFrame indexed by model
            ``gfre_energy`` and ``gfre_rest``: of the last layer from each source; ``lost_energy``
            and ``lost_rest``: what the direct stitch from each loses of the model's own energy.
        """
        columns = ["gfre_energy", "gfre_rest", "lost_energy", "lost_rest"]
        if not self.determined:
            return pd.DataFrame(columns=columns, dtype=float)
        study, atoms = self.study, self.atoms
        features = self.features
        numbers = study.panel.atoms["atomic_number"].to_numpy()
        element = np.searchsorted(np.unique(numbers), numbers)
        rows = {}
        for model, readout in self.readouts.items():
            Y, energy = features[model], {model: study.energy(model)}
            own = Y @ readout.weights
            own = own - _of_element(own, study.owner, study.shares, self.train)[element]
            rest = without_energy(Y, own, study.owner, study.shares, train=self.train)
            row: dict[str, float] = {}
            for name, X in {"energy": own[:, None], "rest": rest}.items():
                row[f"gfre_{name}"] = gfre(
                    X, Y, train=atoms["train"], test=atoms["test"], device=study.device
                )
                averaged = mean_over_atoms(X, study.owner)
                made = direct(averaged, study.shares, energy, train=self.train, test=self.test)
                row[f"lost_{name}"] = made[model].lost
            rows[model] = row
        return pd.DataFrame.from_dict(rows, orient="index")[columns]


def _of_element(
    value: FloatArray, owner: IntArray, shares: FloatArray, train: IntArray
) -> FloatArray:
    """What each element adds to the average of a value over a structure, by least squares."""
    averaged = mean_over_atoms(value[:, None], owner)[:, 0]
    return least_squares(shares[train], averaged[train])
