"""The same features looked at otherwise: what a measure of similarity owes to what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from chapters.shared.elements import without_element_mean
from chapters.shared.spectrum import narrowed, without_leading
from chapters.similarity.all_measures import Prepared, similarities
from chapters.similarity.groups import Pair, means, means_of_halves
from chapters.similarity.rebuilt import reconstructed
from chapters.similarity.study import ELEMENT, SimilarityStudy, compare
from lumlip.array_types import FloatArray
from lumlip.metrics.similarity.kernels import cka

AS_IS, WITHIN, STRIPPED, WHITENED = (
    "as they are",
    "within elements",
    "without the leading direction",
    "all directions alike",
)
VIEWS = (AS_IS, WITHIN, STRIPPED, WHITENED)
_FEW = 20
_FEWEST = 4  # rows that debiased CKA can take
_RARE = 5  # samples of an element, below which it has no mean to speak of


def whitened(X: FloatArray, *, share: float = 0.999) -> FloatArray:
    """Give the principal directions that hold a share of the variance a variance of one each."""
    U, s, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    n = int(np.searchsorted(np.cumsum(s**2) / np.sum(s**2), share)) + 1
    found: FloatArray = U[:, :n] * np.sqrt(len(X))
    return found


def seen(study: SimilarityStudy, names: Sequence[str], view: str) -> dict[str, Prepared]:
    """Prepare the samples of some models under a view.

    Elements with few samples are left out within elements: their mean would be the sample itself.

    Raises
    ------
    ValueError
        An unknown view, or too few samples of common elements.
    """
    elements = study.elements
    _, code, count = np.unique(elements, return_inverse=True, return_counts=True)
    common = count[code] >= _RARE
    if view == WITHIN and common.sum() < _FEW:
        raise ValueError(f"got {common.sum()} samples of common elements, expected {_FEW} or more")
    change: dict[str, Callable[[FloatArray], FloatArray]] = {
        AS_IS: lambda X: X,
        WITHIN: lambda X: without_element_mean(X[common], elements[common]),
        STRIPPED: lambda X: without_leading(X, 1),
        WHITENED: whitened,
    }
    if view not in change:
        raise ValueError(f"view: got {view!r}, expected one of {', '.join(change)}")
    return {name: Prepared(change[view](study.features[name])) for name in names}


def by_view(
    study: SimilarityStudy, groups: Mapping[str, Sequence[Pair]], *, device: str = "auto"
) -> dict[str, pd.DataFrame]:
    """Return the means of groups under each changed view that the samples allow: view -> table.

    Groups with the element alone are left out, for it has nothing left within elements. GFRE is
    there within elements alone; removing or whitening directions changes what its unit is.
    """
    found = {}
    for view in VIEWS[1:] if _of_models(groups) else ():
        try:
            found[view] = under(study, groups, view, device=device)
        except ValueError:  # too few samples of common elements, or nothing is left
            continue
    return found


def under(
    study: SimilarityStudy,
    groups: Mapping[str, Sequence[Pair]],
    view: str,
    *,
    device: str = "auto",
) -> pd.DataFrame:
    """Return the means of groups under one changed view: (n_measures, n_groups).

    Raises
    ------
    ValueError
        An unknown view, or too few samples of common elements.
    """
    models = _of_models(groups)
    pairs = list(dict.fromkeys(pair for group in models.values() for pair in group))
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    table = compare(seen(study, names, view), pairs)
    if view == WITHIN:
        errors = reconstructed(study, pairs, change=without_element_mean, n_local=0, device=device)
        table = table.join(errors)
    return means(table, models)


def halves_by_view(
    study: SimilarityStudy, groups: Mapping[str, Sequence[Pair]], *, n_draws: int
) -> dict[str, list[pd.DataFrame]]:
    """Return the means of groups on random halves, under the views that claims are about."""
    models = _of_models(groups)
    names = list(dict.fromkeys(name for g in models.values() for pair in g for name in pair))
    found = {}
    for view in (WITHIN, STRIPPED) if names else ():
        try:
            prepared = seen(study, names, view)
            found[view] = means_of_halves(prepared, models, n_draws=n_draws, seed=study.seed)
        except ValueError:  # too few samples of common elements, or nothing is left
            continue
    return found


def _of_models(groups: Mapping[str, Sequence[Pair]]) -> dict[str, list[Pair]]:
    """Leave out pairs with the element alone."""
    models = {
        name: [pair for pair in pairs if ELEMENT not in pair] for name, pairs in groups.items()
    }
    return {name: pairs for name, pairs in models.items() if pairs}


def against_truncated(X: FloatArray, *, numbers: Sequence[int]) -> pd.DataFrame:
    """Return the similarity of features and their own leading directions, by every measure.

    What is missing is known here: a measure that stays near one does not miss it. ``gfre`` is one
    minus the error of rebuilding all from the part, ``sqrt(1 - share of variance)``.

    Parameters
    ----------
    X : array of shape (n_samples, n_channels)
    numbers : sequence of int
        How many directions are left; more than there are count as all.

    Returns
    -------
    DataFrame of shape (n_numbers, n_measures)
    """
    whole, centered = Prepared(X), X - X.mean(axis=0)
    variance = np.linalg.svd(centered, compute_uv=False) ** 2
    share = np.minimum(1.0, np.cumsum(variance) / variance.sum())
    rows = {}
    for n in numbers:
        left = narrowed(centered, min(n, X.shape[1]))
        part = similarities(Prepared(left), whole)
        rows[n] = part | {"gfre": 1 - float(np.sqrt(1 - share[min(n, len(share)) - 1]))}
    return pd.DataFrame.from_dict(rows, orient="index")


def element_mean_similarity(study: SimilarityStudy, pairs: Sequence[Pair]) -> float:
    """Return the mean linear CKA of pairs between the means of the elements, one row each.

    Elements with a single sample are left out; NaN with fewer than four elements.
    """
    labels, count = np.unique(study.elements, return_counts=True)
    common = labels[count > 1]
    if len(common) < _FEWEST:
        return float("nan")
    rows = {
        name: np.array([X[study.elements == element].mean(axis=0) for element in common])
        for name, X in study.features.items()
    }
    return float(np.mean([cka(rows[a], rows[b]) for a, b in pairs]))
