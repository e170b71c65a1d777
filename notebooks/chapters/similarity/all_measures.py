"""All measures of similarity under one name each, on samples that are prepared once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.similarity import (
    anchors,
    canonical,
    imbalance,
    kernels,
    neighborhoods,
    pairs,
    shape,
)
from lumlip.metrics.similarity._samples import distances, neighbor_order, samples

#: Neighbors of mutual_knn and cknna in the table.
K = 10


class Prepared:
    """Features of one model with what the measures need of them, each made at first use.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    distance : array of shape (n_samples, n_samples), optional
        Euclidean distances of the samples, if they are known already.
    """

    def __init__(self, X: ArrayLike, *, distance: FloatArray | None = None) -> None:
        self.X: FloatArray = samples(X)
        self._known_distance = distance

    def subset(self, rows: IntArray) -> Prepared:
        """Prepare some of the samples, given by their numbers (n_rows,)."""
        return Prepared(self.X[rows], distance=self.distance[np.ix_(rows, rows)])

    @cached_property
    def distance(self) -> FloatArray:
        """Euclidean distances (n_samples, n_samples)."""
        return distances(self.X) if self._known_distance is None else self._known_distance

    @cached_property
    def order(self) -> IntArray:
        """Other samples by distance."""
        return neighbor_order(self.distance)

    @cached_property
    def linear(self) -> FloatArray:
        """Linear kernel."""
        return kernels.kernel_matrix(self.X, kernel="linear")

    @cached_property
    def rbf(self) -> FloatArray:
        """Gaussian kernel."""
        return kernels.kernel_matrix(self.X, kernel="rbf")

    @cached_property
    def cosine(self) -> FloatArray:
        """Cosines between centered rows."""
        return neighborhoods.cosines(self.X)

    @cached_property
    def most_alike(self) -> IntArray:
        """Other samples by cosine, the nearest `K` alone."""
        return neighbor_order(-self.cosine)[:, :K]

    @cached_property
    def relative(self) -> FloatArray:
        """Cosines to anchors."""
        return anchors.relative(self.X, n_anchors=anchors.N_ANCHORS)

    @cached_property
    def ranks(self) -> FloatArray:
        """Ranks of all distances."""
        return pairs.pair_ranks(self.distance)

    @cached_property
    def unit(self) -> FloatArray:
        """Centered features of Frobenius norm 1."""
        return shape.unit(self.X)

    @cached_property
    def basis(self) -> FloatArray:
        """Orthonormal basis of all directions."""
        return canonical.components(self.X, variance=1.0)

    @cached_property
    def leading(self) -> FloatArray:
        """Orthonormal basis of the directions that hold 99 % of the variance."""
        return canonical.components(self.X, variance=0.99)

    @cached_property
    def u_centered(self) -> FloatArray:
        """U-centered distances."""
        return pairs.u_centered(self.distance)


@dataclass(frozen=True)
class Metric:
    """One measure: its name in tables, what it computes, and what it looks at.

    Attributes
    ----------
    label : str
    measure : callable
        Two prepared sets of features -> similarity, 1 for the same; the first one is the source.
    looks_at : {"all pairs", "neighbors", "directions"}
        Distances or kernels of all pairs of samples, near ones alone, or linear maps.
    directed : bool
        Whether the order of the two counts.
    """

    label: str
    measure: Callable[[Prepared, Prepared], float]
    looks_at: str
    directed: bool = False

    def both_ways(self, a: Prepared, b: Prepared) -> float:
        """Return the similarity, averaged over both directions if they differ."""
        there = self.measure(a, b)
        return (there + self.measure(b, a)) / 2 if self.directed else there


#: Measures on the samples alone, by name. Reconstruction errors join them in tables.
METRICS: dict[str, Metric] = {
    "cka": Metric(
        "CKA, linear",
        lambda a, b: kernels.aligned(a.linear, b.linear, debiased=True),
        "all pairs",
    ),
    "cka_rbf": Metric(
        "CKA, Gaussian",
        lambda a, b: kernels.aligned(a.rbf, b.rbf, debiased=True),
        "all pairs",
    ),
    "rsa": Metric("RSA", lambda a, b: pairs.rank_correlation(a.ranks, b.ranks), "all pairs"),
    "distance_correlation": Metric(
        "distance correlation, squared",
        lambda a, b: pairs.overlap(a.u_centered, b.u_centered),
        "all pairs",
    ),
    "anchors": Metric(
        "cosines to anchors",
        lambda a, b: anchors.mean_cosine(a.relative, b.relative),
        "all pairs",
    ),
    "cknna": Metric(
        "CKNNA",
        lambda a, b: neighborhoods.aligned_near(a.cosine, b.cosine, a.most_alike, b.most_alike),
        "neighbors",
    ),
    "mutual_knn": Metric(
        "mutual kNN", lambda a, b: neighborhoods.shared(a.order, b.order, k=K), "neighbors"
    ),
    "imbalance": Metric(
        "1 - information imbalance",
        lambda a, b: 1 - imbalance.imbalance(a.order, b.order, k=1),
        "neighbors",
        directed=True,
    ),
    "procrustes": Metric("Procrustes", lambda a, b: shape.overlap(a.unit, b.unit), "directions"),
    "svcca": Metric(
        "SVCCA", lambda a, b: canonical.mean_correlation(a.leading, b.leading), "directions"
    ),
    "pwcca": Metric(
        "PWCCA",
        lambda a, b: canonical.weighted_correlation(a.basis, b.basis, a.unit),
        "directions",
        directed=True,
    ),
}

#: Names in tables and figures; the share recovered, 1 minus the squared GFRE, joins the measures.
LABELS = {"gfre": "share recovered (GFRE)"} | {name: m.label for name, m in METRICS.items()}


def similarities(a: Prepared, b: Prepared) -> dict[str, float]:
    """Return the similarity of two models by every measure, both ways averaged."""
    return {name: metric.both_ways(a, b) for name, metric in METRICS.items()}


def invariances(*, seed: int = 0) -> dict[str, dict[str, bool]]:
    """Find out what each measure does not notice: measure -> change of X -> whether it sees none.

    The changes are tried on random features of 60 samples that have something in common.

    Examples
    --------
    >>> invariances()["cka"]["rotation"], invariances()["cka"]["invertible linear map"]
    (True, False)
    """
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(60, 3))
    X = np.hstack([hidden, rng.normal(size=(60, 2))])
    Y = np.hstack([np.tanh(hidden), rng.normal(size=(60, 1))])
    rotation, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    spread = np.diag(np.geomspace(0.1, 10.0, 5))
    changed = {
        "shift": X + 3.0,
        "one scale": 2.5 * X,
        "rotation": X @ rotation,
        "column scales": X @ spread,
        "invertible linear map": X @ rotation @ spread @ rotation.T,
        "a column repeated": np.hstack([X, X[:, :1]]),
    }
    before, other = Prepared(X), Prepared(Y)
    found: dict[str, dict[str, bool]] = {}
    for name, metric in METRICS.items():
        value = metric.both_ways(before, other)
        found[name] = {
            change: bool(np.isclose(metric.both_ways(Prepared(Z), other), value, atol=1e-9))
            for change, Z in changed.items()
        }
    return found
