"""How alike two sets of features are: the measures that the field argues about, on one footing.

All take features X (n_samples, n_features) and, but for dimensions, Y (n_samples, n_other_features)
of the same samples, in the same order and in any unit, and agree with the published definitions;
where a library defines one otherwise, its docstring says so. Without unit: 1 is alike, up to
what the measure overlooks. Refused, by a ValueError, are other numbers of samples in X and Y,
arrays that say to be of different structures (``attrs["structures_sha256"]``), features that do
not vary, and samples or neighbors that are too few.
"""

from lumlip.metrics.similarity.dimension import mle_dimension, two_nn
from lumlip.metrics.similarity.kernels import cka
from lumlip.metrics.similarity.linear import procrustes_similarity, pwcca, svcca
from lumlip.metrics.similarity.neighborhoods import cknna, information_imbalance, mutual_knn
from lumlip.metrics.similarity.pairs import anchored_cosine, distance_correlation, rsa

__all__ = [
    "anchored_cosine",
    "cka",
    "cknna",
    "distance_correlation",
    "information_imbalance",
    "mle_dimension",
    "mutual_knn",
    "procrustes_similarity",
    "pwcca",
    "rsa",
    "svcca",
    "two_nn",
]
