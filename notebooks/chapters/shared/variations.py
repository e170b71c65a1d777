"""Ways to treat the same features before a number is read off them: split, scaling, map, train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from chapters.shared.regressors import global_errors_by
from chapters.shared.rescaling import per_column, whitened
from lumlip.array_types import IntArray
from lumlip.choices import SPLITS, check_choice
from lumlip.metrics.bootstrap import Distances
from lumlip.metrics.splits import hold_out

#: Ways to weigh the columns; the first leaves it to the metric, which divides by one number.
SCALINGS = ("one scale", "columns", "whitened")


@dataclass(frozen=True)
class Variation:
    """One way to measure.

    Attributes
    ----------
    by : {"structure", "atom", "composition", "parent", ""}
        What the split keeps whole; ``""`` for what the chapter of a finding keeps whole.
    scaling : {"one scale", "columns", "whitened"}
    regressor : {"truncated", "ridge", "none"}
    share : float
        Part of the train structures that maps are fitted on.
    """

    by: str = ""
    scaling: str = "one scale"
    regressor: str = "truncated"
    share: float = 1.0

    def __post_init__(self) -> None:
        check_choice("split", self.by, ("", *SPLITS))
        check_choice("scaling", self.scaling, SCALINGS)

    def on(self, by: str) -> Variation:
        """Return the variation with the split of a chapter, unless it has one of its own."""
        return self if self.by else replace(self, by=by)


#: As the chapters measure.
AS_IT_STANDS = "as it stands"
#: Every way that a finding is to hold in, by what tables and figures call it.
VARIATIONS = {
    AS_IT_STANDS: Variation(),
    "split by atom": Variation(by="atom"),
    "split by structure": Variation(by="structure"),
    "split by composition": Variation(by="composition"),
    "split by parent": Variation(by="parent"),
    "ridge": Variation(regressor="ridge"),
    "no penalty": Variation(regressor="none"),
    "every column scaled": Variation(scaling="columns"),
    "whitened": Variation(scaling="whitened"),
    "half of train": Variation(share=0.5),
}


@dataclass(frozen=True)
class Sample:
    """Rows of features, atoms or structures, parted for fitting and testing.

    Attributes
    ----------
    train, test : arrays of int
    groups : array of int of shape (n_test,)
        What the bootstrap draws whole: the structure of every test row.
    """

    train: IntArray
    test: IntArray
    groups: IntArray

    def errors(
        self,
        sources: Mapping[str, ArrayLike],
        targets: Mapping[str, ArrayLike] | None = None,
        *,
        variation: Variation,
        device: str = "auto",
    ) -> xr.DataArray:
        """Global errors of all pairs under a variation: (source, target, row of the test)."""
        own = rescaled(sources, variation.scaling, self.train)
        other = None if targets is None else rescaled(targets, variation.scaling, self.train)
        return global_errors_by(
            own,
            other,
            regressor=variation.regressor,
            train=self.train,
            test=self.test,
            device=device,
        )

    def distances(
        self,
        features: Mapping[str, ArrayLike],
        *,
        variation: Variation,
        device: str = "auto",
        n_bootstrap: int = 200,
        seed: int = 0,
    ) -> Distances:
        """Errors among all features under a variation, with draws of the test structures."""
        errors = self.errors(features, variation=variation, device=device)
        return Distances.of(errors, self.groups.tolist(), n_bootstrap=n_bootstrap, seed=seed)


def sample_of_atoms(
    atoms: xr.Dataset, *, variation: Variation, n_test: int, seed: int = 0
) -> Sample:
    """Split the atoms of a panel as a variation says: at most a fifth of them are for the test.

    Parameters
    ----------
    atoms : Dataset
        See :attr:`lumlip.extraction.panel.Panel.atoms`.
    variation : Variation
        With a split.
    n_test, seed : int
    """
    train, test = hold_out(atoms, by=variation.by, n_test=n_test, seed=seed)
    structure = atoms["structure"].to_numpy()
    kept = thinned(train, structure[train], share=variation.share, seed=seed)
    return Sample(kept, test, structure[test])


def thinned(train: IntArray, groups: IntArray, *, share: float, seed: int = 0) -> IntArray:
    """Keep the train rows of some of their groups.

    Parameters
    ----------
    train : array of int of shape (n_train,)
    groups : array of int of shape (n_train,)
        The structure of every train row.
    share : float
        Part of the groups to keep, above 0.
    seed : int
        Larger shares of one seed contain the smaller ones.

    Examples
    --------
    >>> thinned(np.arange(6), np.array([0, 0, 1, 1, 2, 2]), share=0.67, seed=1)
    array([0, 1, 2, 3])
    """
    names = np.unique(groups)
    if share >= 1:
        return train
    order = np.random.default_rng(seed).permutation(names)
    kept: IntArray = train[np.isin(groups, order[: max(1, round(share * len(names)))])]
    return kept


def rescaled(
    features: Mapping[str, ArrayLike], scaling: str, train: ArrayLike
) -> dict[str, ArrayLike]:
    """Weigh the columns of every feature matrix; see `SCALINGS`."""
    check_choice("scaling", scaling, SCALINGS)
    if scaling == "one scale":
        return dict(features)
    change = per_column if scaling == "columns" else whitened
    return {name: change(X, train=train) for name, X in features.items()}
