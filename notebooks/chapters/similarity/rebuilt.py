"""Reconstruction errors as similarities, to stand beside the other measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from chapters.similarity.study import ELEMENT, SimilarityStudy
from lumlip.array_types import FloatArray, IntArray
from lumlip.datasets.properties import one_hot
from lumlip.metrics.reconstruction import neighborhood_size, pointwise_errors

Change = Callable[[FloatArray, IntArray], FloatArray]
#: Train atoms of the maps: with more, GFRE hardly falls and the page takes long.
N_TRAIN = 3000


def reconstructed(
    study: SimilarityStudy,
    pairs: Sequence[tuple[str, str]],
    *,
    change: Change | None = None,
    n_folds: int = 2,
    n_neighbors: int = 32,
    n_local: int = 40,
    device: str = "auto",
) -> pd.DataFrame:
    """Return one minus the reconstruction errors of pairs of models, both ways averaged.

    Every sample is a test atom once; the map is fitted on atoms of the structures of the other
    folds. LFRE takes long and has errors far above one on few atoms, which a root mean square
    follows: it is the error of the median atom, over some samples of the first fold.

    Parameters
    ----------
    study : SimilarityStudy
    pairs : list of two names
    change : callable, optional
        Of features (n_atoms, n_channels) and atomic numbers, done to all features first.
    n_folds, n_neighbors, n_local : int
        Folds; neighbors and test atoms of LFRE, 0 for no LFRE.

    Returns
    -------
    DataFrame of shape (n_pairs, 4)
        Columns ``explained`` (1 - GFRE squared), ``gfre``, ``gfrd`` and ``lfre``: 1 minus the
        error, below 0 if it is above one.
    """
    used = list(dict.fromkeys(name for pair in pairs for name in pair))
    features = _of_all_atoms(study, used, change)
    tables = _tables(study, features, n_folds, n_neighbors, n_local, device)
    where = [(used.index(a), used.index(b)) for a, b in pairs]
    index = pd.MultiIndex.from_tuples(pairs, names=["first", "second"])
    columns = {
        metric: [1 - (error[i, j] + error[j, i]) / 2 for i, j in where]
        for metric, error in tables.items()
    }
    return pd.DataFrame(columns, index=index)


def _of_all_atoms(
    study: SimilarityStudy, names: Sequence[str], change: Change | None
) -> dict[str, FloatArray]:
    numbers = study.panel.atoms["atomic_number"].to_numpy().astype(np.int64)
    layer = study.panel.layer(study.layer)
    if ELEMENT in names:
        layer[ELEMENT] = one_hot(numbers)
    return {name: change(layer[name], numbers) if change else layer[name] for name in names}


def _tables(
    study: SimilarityStudy,
    features: dict[str, FloatArray],
    n_folds: int,
    n_neighbors: int,
    n_local: int,
    device: str,
) -> dict[str, FloatArray]:
    """Return tables of errors (n_models, n_models) by metric."""
    structure = study.panel.atoms["structure"].to_numpy()
    fold = np.random.default_rng(study.seed).permutation(len(study.rows)) % n_folds
    errors: dict[str, list[FloatArray]] = {"gfre": [], "gfrd": [], "lfre": []}
    for number in range(n_folds):
        test = study.rows[fold == number]
        train = np.flatnonzero(~np.isin(structure, structure[test]))
        train = np.sort(np.random.default_rng(number).permutation(train)[:N_TRAIN])
        for metric in ("gfre", "gfrd"):
            found = pointwise_errors(features, metric=metric, train=train, test=test, device=device)
            errors[metric].append(found.to_numpy())
        if number == 0 and n_local:
            local = pointwise_errors(
                features,
                metric="lfre",
                train=train,
                test=test[:n_local],
                n_neighbors=neighborhood_size(len(train), n_neighbors),
                device=device,
            )
            errors["lfre"].append(local.to_numpy())
    joined = {metric: np.concatenate(parts, axis=-1) for metric, parts in errors.items() if parts}
    found_tables = {
        "explained": (joined["gfre"] ** 2).mean(axis=-1),
        "gfre": np.sqrt((joined["gfre"] ** 2).mean(axis=-1)),
        "gfrd": np.sqrt((joined["gfrd"] ** 2).mean(axis=-1)),
    }
    if "lfre" in joined:
        found_tables["lfre"] = np.median(joined["lfre"], axis=-1)
    return found_tables
