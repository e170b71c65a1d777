"""All measures of similarity under one name each, on samples that are prepared once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.similarity import kernels, linear
from lumlip.metrics.similarity import neighborhoods as near
from lumlip.metrics.similarity import pairs as of_pairs
from lumlip.metrics.similarity._samples import distances, samples

K = 10  # neighbors of mutual_knn and cknna


class Prepared:
    """Features (n_samples, n_features) of one model; what measures need is made at first use."""

    def __init__(self, X: ArrayLike, *, distance: FloatArray | None = None) -> None:
        self.X: FloatArray = samples(X)
        if distance is not None:
            self.distance = distance

    def __getattr__(self, name: str) -> Any:
        if name not in _MADE:
            raise AttributeError(name)
        setattr(self, name, _MADE[name](self))
        return self.__dict__[name]

    def subset(self, rows: IntArray) -> Prepared:
        """Prepare some of the samples, given by their numbers (n_rows,)."""
        return Prepared(self.X[rows], distance=self.distance[np.ix_(rows, rows)])


_MADE: dict[str, Callable[[Prepared], Any]] = {
    "distance": lambda p: distances(p.X),
    "order": lambda p: near.neighbor_order(p.distance),
    "ranks": lambda p: of_pairs.pair_ranks(p.distance),
    "u_centered": lambda p: of_pairs.u_centered(p.distance),
    "linear": lambda p: kernels.kernel_matrix(p.X, kernel="linear"),
    "rbf": lambda p: kernels.kernel_matrix(p.X, kernel="rbf"),
    "cosine": lambda p: near.cosines(p.X),
    "most_alike": lambda p: near.neighbor_order(-p.cosine)[:, :K],
    "relative": lambda p: of_pairs.relative(p.X, n_anchors=of_pairs.N_ANCHORS),
    "unit": lambda p: linear.unit(p.X),
    "basis": lambda p: linear.components(p.X, variance=1.0),
    "leading": lambda p: linear.components(p.X, variance=0.99),  # of the variance
}


LABELS = {
    "gfre": "share recovered (GFRE)",  # 1 minus the squared error, from cross-fits
    "cka": "CKA, linear",
    "cka_rbf": "CKA, Gaussian",
    "rsa": "RSA",
    "distance_correlation": "distance corr., squared",
    "anchors": "cosines to anchors",
    "cknna": "CKNNA",
    "mutual_knn": "mutual kNN",
    "imbalance": "1 - information imbalance",
    "procrustes": "Procrustes",
    "svcca": "SVCCA",
    "pwcca": "PWCCA",
}
#: Similarity of two prepared models, 1 for the same; the last two are directed.
MEASURES: dict[str, Callable[[Prepared, Prepared], float]] = {
    "cka": lambda a, b: kernels.aligned(a.linear, b.linear, debiased=True),
    "cka_rbf": lambda a, b: kernels.aligned(a.rbf, b.rbf, debiased=True),
    "rsa": lambda a, b: of_pairs.rank_correlation(a.ranks, b.ranks),
    "distance_correlation": lambda a, b: of_pairs.overlap(a.u_centered, b.u_centered),
    "anchors": lambda a, b: of_pairs.mean_cosine(a.relative, b.relative),
    "cknna": lambda a, b: near.aligned_near(a.cosine, b.cosine, a.most_alike, b.most_alike),
    "mutual_knn": lambda a, b: near.shared(a.order, b.order, k=K),
    "procrustes": lambda a, b: linear.nuclear_overlap(a.unit, b.unit),
    "svcca": lambda a, b: linear.mean_correlation(a.leading, b.leading),
    "imbalance": lambda a, b: 1 - near.imbalance(a.order, b.order, k=1),
    "pwcca": lambda a, b: linear.weighted_correlation(a.basis, b.basis, a.unit),
}
DIRECTED = ("imbalance", "pwcca")


def similarities(a: Prepared, b: Prepared) -> dict[str, float]:
    """Return the similarity of two models by every measure on samples, both ways averaged."""
    there = {name: measure(a, b) for name, measure in MEASURES.items()}
    return there | {name: (there[name] + MEASURES[name](b, a)) / 2 for name in DIRECTED}
