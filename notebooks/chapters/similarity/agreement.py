"""Do the measures agree with each other: on the order of pairs, and on the families."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from lumlip.zoo.relations import family_of


def rank_agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Return Spearman's coefficient between measures over pairs of models, clustered.

    Parameters
    ----------
    table : DataFrame of shape (n_pairs, n_measures)

    Returns
    -------
    DataFrame of shape (n_measures, n_measures)
        Measures that agree stand next to each other.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1, 2, 3], "b": [9, 4, 2], "c": [2, 4, 9]})
    >>> rank_agreement(table).loc["a", ["b", "c"]].tolist()
    [-1.0, 1.0]
    """
    found = table.corr(method="spearman").fillna(0.0)
    distance = 1 - found.to_numpy()
    np.fill_diagonal(distance, 0.0)
    order = leaves_list(linkage(squareform(distance, checks=False), "average"))
    clustered: pd.DataFrame = found.iloc[order, order]
    return clustered


def families_found(table: pd.DataFrame, models: Sequence[str]) -> pd.Series[float]:
    """Return how well clustering the models by each measure finds the families.

    Average linkage on ``1 - similarity``, cut into as many clusters as there are families; the
    adjusted Rand index of clusters and families, 1 if they are the same, 0 as by chance.

    Parameters
    ----------
    table : DataFrame of shape (n_pairs, n_measures)
        All pairs of the models.
    models : sequence of str
    """
    families = [family_of(model) for model in models]
    n_families = len(set(families))
    found = {}
    for measure in table:
        distance = np.zeros((len(models), len(models)))
        for pair, value in zip(table.index.tolist(), table[measure].tolist(), strict=True):
            i, j = (models.index(name) for name in pair)
            distance[i, j] = distance[j, i] = max(0.0, 1 - np.nan_to_num(value))
        tree = linkage(squareform(distance, checks=False), "average")
        found[measure] = adjusted_rand_score(families, fcluster(tree, n_families, "maxclust"))
    return pd.Series(found, dtype=float)
