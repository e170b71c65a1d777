"""How an error moves with the number of neighbors (LFRE) and with the number of train atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from chapters.shared.breakdown import between
from chapters.shared.variations import Sample, Variation, thinned
from lumlip.array_types import BoolArray, FloatArray
from lumlip.metrics.bootstrap import Distances, Interval, Resampling, interval, mean_over, table_of
from lumlip.metrics.reconstruction import pointwise_errors
from lumlip.zoo.relations import family_of

#: Exponents that a curve of train sizes may have.
EXPONENTS = np.linspace(0.1, 2.0, 96)
#: Train atoms per column of the widest features from which on a curve is fitted.
PER_COLUMN = 8


class Limit(NamedTuple):
    """The curve ``limit + slope * n ** -exponent``."""

    limit: float
    slope: float
    exponent: float

    def at(self, n: ArrayLike) -> FloatArray:
        """Value of the curve at some sizes."""
        sizes = np.asarray(n, dtype=float)
        return np.asarray(self.limit + self.slope * sizes**-self.exponent)


def fitted(sizes: ArrayLike, values: ArrayLike) -> Limit:
    """Fit ``g(n) = limit + slope * n ** -exponent`` by least squares.

    Linear in limit and slope for each exponent of `EXPONENTS`; the best exponent is taken.

    Parameters
    ----------
    sizes, values : arrays of shape (n_points,)
        At least three.

    Examples
    --------
    >>> found = fitted([100, 400, 1600, 6400], [0.7, 0.6, 0.55, 0.525])
    >>> round(found.limit, 2), round(found.exponent, 1)
    (0.5, 0.5)
    """
    n, y = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    if n.shape != y.shape or len(n) < 3:
        raise ValueError(
            f"got {n.shape} sizes and {y.shape} values, expected three or more of both"
        )
    limit, slope, exponent = _fit_all(n, y[:, None])[:, 0]
    return Limit(float(limit), float(slope), float(exponent))


def _fit_all(n: FloatArray, y: FloatArray) -> FloatArray:
    """Limit, slope and exponent (3, n_curves) of the best fits to curves (n_sizes, n_curves)."""
    best, left = np.zeros((3, y.shape[1])), np.full(y.shape[1], np.inf)
    for exponent in EXPONENTS:
        design = np.column_stack([np.ones_like(n), n**-exponent])
        solution = np.linalg.lstsq(design, y, rcond=None)[0]
        residual = np.square(y - design @ solution).sum(axis=0)
        better = residual < left
        found = np.vstack([solution, np.full(y.shape[1], exponent)])
        best, left = np.where(better, found, best), np.where(better, residual, left)
    return best


def by_neighbors(
    features: Mapping[str, FloatArray],
    sample: Sample,
    sizes: Sequence[int],
    *,
    every: int = 1,
    device: str = "auto",
    **draws: Unpack[Resampling],
) -> pd.DataFrame:
    """Local errors between families for several sizes of the neighborhood.

    Parameters
    ----------
    features : dict of str to array of shape (n_atoms, n_channels)
    sample : Sample
    sizes : sequence of int
        Numbers of neighbors; those beyond the train atoms are left out.
    every : int
        Take every n-th test atom: local errors take long.
    draws
        ``n_bootstrap`` and ``seed``.

    Returns
    -------
    DataFrame indexed by the number of neighbors
        ``value``, ``low``, ``high``: mean LFRE over pairs, its interval; ``median``: of the median
        atom.
    """
    pairs, _ = between(list(features), family_of)
    test, groups = sample.test[::every], sample.groups[::every].tolist()
    rows = {}
    for k in [k for k in sizes if k <= len(sample.train)]:
        errors = pointwise_errors(
            features, metric="lfre", train=sample.train, test=test, n_neighbors=k, device=device
        )
        mean = interval(mean_over(Distances.of(errors, groups, **draws), pairs))
        rows[k] = (*mean, float(np.median(errors.to_numpy()[pairs])))
    columns = ["value", "low", "high", "median"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("k")


def global_on_part(
    features: Mapping[str, FloatArray], sample: Sample, *, every: int = 1, device: str = "auto"
) -> tuple[float, float]:
    """Mean GFRE between families on the atoms of `by_neighbors`, and that of the median atom."""
    pairs, _ = between(list(features), family_of)
    errors = pointwise_errors(
        features, train=sample.train, test=sample.test[::every], device=device
    )
    mean = float(table_of(errors).to_numpy()[pairs].mean())
    return mean, float(np.median(errors.to_numpy()[pairs]))


def by_train(
    features: Mapping[str, FloatArray],
    sample: Sample,
    of_atom: ArrayLike,
    shares: Sequence[float],
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
    device: str = "auto",
) -> tuple[pd.DataFrame, FloatArray]:
    """Global errors between families for several numbers of train atoms.

    Parameters
    ----------
    features : dict of str to array of shape (n_atoms, n_channels)
    sample : Sample
    of_atom : array of int of shape (n_atoms,)
        The structure of every atom: train structures are dropped whole.
    shares : sequence of float
        Parts of the train structures.
    n_bootstrap, seed : int
    device : str

    Returns
    -------
    (DataFrame indexed by the number of train atoms, array of shape (n_sizes, 1 + n_bootstrap))
        ``value``, ``low``, ``high`` of the mean GFRE over pairs; and its draws.
    """
    pairs, _ = between(list(features), family_of)
    groups = np.asarray(of_atom)[sample.train]
    options = {"n_bootstrap": n_bootstrap, "seed": seed}
    found = {}
    for share in shares:
        train = thinned(sample.train, groups, share=share, seed=seed)
        if len(train) < 2:
            continue
        one = Sample(train, sample.test, sample.groups)
        plain = Variation(by="structure")
        distances = one.distances(features, variation=plain, device=device, **options)
        found[len(train)] = mean_over(distances, pairs)
    rows = {n: interval(draws) for n, draws in found.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])
    return table.rename_axis("train atoms"), np.array(list(found.values()))


def determined(sizes: ArrayLike, features: Mapping[str, FloatArray]) -> BoolArray:
    """Which sizes have at least `PER_COLUMN` train atoms for each column of the widest features."""
    widest = max(X.shape[1] for X in features.values())
    return np.asarray(np.asarray(sizes) >= PER_COLUMN * widest)


def per_doubling(sizes: ArrayLike, draws: FloatArray) -> Interval:
    """Change of the error with each doubling of the train atoms, with its 95 % interval.

    Slope of the straight line through the errors against log2 of the sizes.

    Parameters
    ----------
    sizes : array of shape (n_sizes,)
    draws : array of shape (n_sizes, 1 + n_bootstrap)

    Returns
    -------
    Interval
        NaN with fewer than two sizes.

    Examples
    --------
    >>> draws = np.array([[0.5, 0.5], [0.4, 0.4], [0.3, 0.3]])
    >>> value, low, high = per_doubling([100, 200, 400], draws)
    >>> round(value, 6)
    -0.1
    """
    if len(draws) < 2:
        return Interval.missing()
    return interval(np.polyfit(np.log2(np.asarray(sizes, dtype=float)), draws, 1)[0])


def limit_with_interval(sizes: ArrayLike, draws: FloatArray) -> Interval:
    """Where the curve of train sizes ends, with its 95 % interval over draws of the test.

    Parameters
    ----------
    sizes : array of shape (n_sizes,)
    draws : array of shape (n_sizes, 1 + n_bootstrap)

    Returns
    -------
    Interval
        NaN with fewer than four sizes.
    """
    if len(draws) < 4:
        return Interval.missing()
    return interval(_fit_all(np.asarray(sizes, dtype=float), draws)[0])
