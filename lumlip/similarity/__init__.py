"""How alike two sets of features are: the measures that the field argues about, on one footing.

All take the features of the same samples, rows in the same order and in any unit, and agree with
the published definitions; where a library defines one otherwise, its docstring says so.
Similarities have no unit. Arrays that say to be of different structures
(``attrs["structures_sha256"]``) are refused.
"""

from lumlip.similarity.anchors import anchored_cosine
from lumlip.similarity.canonical import pwcca, svcca
from lumlip.similarity.dimension import mle_dimension, two_nn
from lumlip.similarity.imbalance import information_imbalance
from lumlip.similarity.kernels import cka
from lumlip.similarity.neighborhoods import cknna, mutual_knn
from lumlip.similarity.pairs import distance_correlation, rsa
from lumlip.similarity.shape import procrustes_similarity, shape_distance

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
    "shape_distance",
    "svcca",
    "two_nn",
]
