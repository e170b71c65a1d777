"""The models of a panel under all measures of similarity, on one atom of each structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from chapters.similarity.all_measures import METRICS, Prepared, similarities
from lumlip.array_types import FloatArray, IntArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.similarity.dimension import mle_dimension, two_nn

#: Reconstruction errors beside the other measures, as 1 - error.
RECONSTRUCTION = {
    "explained": "1 - GFRE squared",
    "gfre": "1 - GFRE",
    "gfrd": "1 - GFRD",
    "lfre": "1 - LFRE, median atom",
}
LABELS = {**RECONSTRUCTION, **{name: metric.label for name, metric in METRICS.items()}}
#: The model that knows the element of an atom, and nothing else.
ELEMENT = "element alone"
_COPY = 1e-5  # of the median distance: below, two atoms are copies by symmetry
_JITTER = 1e-6


@dataclass(frozen=True)
class SimilarityStudy:
    """Features of several models on the same few atoms.

    Attributes
    ----------
    panel : Panel
    layer : {"backbone", "last_layer"}
    rows : int array of shape (n_samples,)
        The atoms: at most one of each structure, none a copy of another for any model.
    seed : int
    """

    panel: Panel
    layer: str
    rows: IntArray
    seed: int = 0

    @cached_property
    def features(self) -> dict[str, FloatArray]:
        """Features (n_samples, n_channels) of each model."""
        return {name: X[self.rows] for name, X in self.panel.layer(self.layer).items()}

    @cached_property
    def elements(self) -> IntArray:
        """Atomic number of each sample."""
        return self.panel.atoms["atomic_number"].to_numpy()[self.rows].astype(np.int64)

    @cached_property
    def prepared(self) -> dict[str, Prepared]:
        """Models, and the one that knows the element alone, ready to be measured."""
        baseline = element_features(self.elements, seed=self.seed)
        return {name: Prepared(X) for name, X in {**self.features, ELEMENT: baseline}.items()}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Unordered pairs of models, in the order of the panel."""
        return list(combinations(self.features, 2))

    def dimensions(self) -> pd.DataFrame:
        """Return the spread of each model's features.

        Returns
        -------
        DataFrame of shape (n_models, 5)
            Number of channels, intrinsic dimension by two estimators, share of the variance along
            the ``leading`` direction, and share of *that* which the element tells.
        """
        rows = {}
        for name, X in self.features.items():
            U, s, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
            rows[name] = {
                "channels": X.shape[1],
                "two_nn": two_nn(X),
                "mle": mle_dimension(X, k=min(20, len(X) - 1)),
                "leading": s[0] ** 2 / np.sum(s**2),
                "by_element": explained_by(U[:, 0], self.elements),
            }
        return pd.DataFrame.from_dict(rows, orient="index")


def explained_by(values: FloatArray, labels: IntArray) -> float:
    """Return the share of a variance that lies between labels (eta squared).

    Labels that occur once are left out: their mean would be the value itself.

    Examples
    --------
    >>> explained_by(np.array([1.0, 1.0, 3.0, 3.0]), np.array([8, 8, 1, 1]))
    1.0
    """
    _, code, count = np.unique(labels, return_inverse=True, return_counts=True)
    often = count[code] > 1
    if not often.any():
        return float("nan")
    rows = pd.Series(values[often])
    within = rows - rows.groupby(code[often]).transform("mean")
    return float(1 - (within**2).sum() / ((rows - rows.mean()) ** 2).sum())


def study_of(
    panel: Panel, *, layer: str = "last_layer", n_samples: int | None = None, seed: int = 0
) -> SimilarityStudy:
    """Choose one atom of each structure of a panel at random, without copies.

    Parameters
    ----------
    panel : Panel
    layer : {"backbone", "last_layer"}
    n_samples : int, optional
        At most so many structures, drawn at random; all by default.
    seed : int
    """
    structure = panel.atoms["structure"].to_numpy()
    order = np.random.default_rng(seed).permutation(len(structure))
    chosen = order[np.unique(structure[order], return_index=True)[1]]
    chosen = np.sort(np.random.default_rng(seed).permutation(chosen)[:n_samples])
    features = {name: X[chosen] for name, X in panel.layer(layer).items()}
    return SimilarityStudy(panel, layer, chosen[without_copies(features)], seed)


def without_copies(features: Mapping[str, FloatArray]) -> IntArray:
    """Return the samples that are no copy, for any model, of one before them.

    Parameters
    ----------
    features : dict of str to array of shape (n_samples, n_channels)

    Examples
    --------
    >>> without_copies({"a": np.array([[0.0], [1.0], [1.0], [3.0]])})
    array([0, 1, 3])
    """
    n = len(next(iter(features.values())))
    copied = np.zeros(n, dtype=bool)
    for X in features.values():
        distance = Prepared(X).distance
        near = np.tril(distance <= _COPY * np.median(distance), -1)
        copied |= near.any(axis=1)
    return np.flatnonzero(~copied)


def element_features(elements: IntArray, *, seed: int = 0) -> FloatArray:
    """Return one column for each element, with noise so small that it only breaks ties."""
    _, code = np.unique(elements, return_inverse=True)
    noise = np.random.default_rng(seed).normal(size=(len(code), code.max() + 1))
    found: FloatArray = np.eye(code.max() + 1)[code] + _JITTER * noise
    return found


def compare(prepared: Mapping[str, Prepared], pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return the similarity of pairs of models by every measure but the reconstruction errors.

    Returns
    -------
    DataFrame of shape (n_pairs, n_measures)
        Indexed by the two names.
    """
    index = pd.MultiIndex.from_tuples(pairs, names=["first", "second"])
    return pd.DataFrame([similarities(prepared[a], prepared[b]) for a, b in pairs], index=index)


def as_rows(draws: int, n: int, *, seed: int) -> list[IntArray]:
    """Draw halves of the samples, without replacement; see `interval_of_halves`."""
    rng = np.random.default_rng(seed)
    return [np.sort(rng.choice(n, size=n // 2, replace=False)) for _ in range(draws)]
