"""How well one model's features are rebuilt from another's: GFRE, LFRE and GFRD.

All errors are relative: 0 means rebuilt exactly, 1 as bad as predicting the mean of the train
atoms; test atoms may exceed it. The direction counts: from the source X to the target Y, in tables
from the row to the column.

X and Y are centered and divided by their total standard deviation over the train atoms, in float64;
the linear map is a truncated SVD whose cutoff two-fold cross-validation chooses [1]_, such that it
does not break down; ``protocol="scikit-matter"`` gives the numbers of ``skmatter.metrics`` with its
default scaler and regressor.

References
----------
.. [1] A. Goscinski, G. Fraux, G. Imbalzano, M. Ceriotti, "The role of feature space in atomistic
   learning", Mach. Learn.: Sci. Technol. 2, 025028 (2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import FloatArray
from lumlip.choices import METRICS, check_count
from lumlip.metrics._pairs import Pairs
from lumlip.metrics._protocol import BROKEN, LARGEST_MAP, LARGEST_WEIGHTS
from lumlip.metrics.bootstrap import bootstrap_interval
from lumlip.metrics.outliers import worst_groups

__all__ = [
    "BROKEN",
    "LARGEST_MAP",
    "LARGEST_WEIGHTS",
    "METRICS",
    "gfrd",
    "gfre",
    "lfre",
    "neighborhood_size",
    "pointwise_errors",
    "pointwise_gfre",
    "pointwise_lfre",
    "reconstruction_table",
]


def gfre(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    train: ArrayLike,
    test: ArrayLike,
    device: str = "auto",
    protocol: str = "robust",
) -> float:
    """Global feature reconstruction error: rebuild one model's features linearly from another's.

    ``GFRE(X, Y) = sqrt(mean_i |y_i - x_i W|^2)`` over the test atoms, W fitted on the train atoms.

    Parameters
    ----------
    X : array of shape (n_atoms, n_source_channels)
        Features that predict, in any unit.
    Y : array of shape (n_atoms, n_target_channels)
        Features to rebuild, in any unit; the same atoms in the same order.
    train, test : arrays of int, or masks of shape (n_atoms,)
        Atoms to fit on and to measure on. They share none.
    device : {"auto", "cpu", "cuda", "cuda:N"}
    protocol : {"robust", "scikit-matter"}
        ``"scikit-matter"``: that package's, to the last digits. ``"robust"`` drops singular values
        below a millionth of the largest, and of cutoffs that do equally well, within 1 %, takes the
        largest; local maps: see `lfre`.

    Returns
    -------
    float
        Without unit. 0: Y is linearly contained in X. 1: X says nothing of Y.

    Raises
    ------
    ValueError
        If shapes, the split or the device do not fit, X and Y say to be of different structures
        (``attrs["structures_sha256"]``), a number is not finite, or the features are the same for
        all train atoms but for rounding.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> Y = np.column_stack([X[:, 0], X[:, 0] * X[:, 1]])
    >>> train, test = np.arange(150), np.arange(150, 200)
    >>> round(gfre(X, Y, train=train, test=test), 2)
    0.53
    >>> round(gfre(X, 3 * X[:, :2] + 1, train=train, test=test), 6)
    0.0
    """
    return _root_mean_square(
        pointwise_gfre(X, Y, train=train, test=test, device=device, protocol=protocol)
    )


def pointwise_gfre(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    train: ArrayLike,
    test: ArrayLike,
    device: str = "auto",
    protocol: str = "robust",
) -> FloatArray:
    """Error of every test atom behind `gfre`: ``gfre = sqrt(mean(pointwise_gfre ** 2))``.

    Parameters and errors are those of `gfre`.

    Returns
    -------
    array of shape (n_test,)
        ``|y_i - x_i W|`` in the order of ``test``, without unit.
    """
    return _one_pair(X, Y, "gfre", train=train, test=test, device=device, protocol=protocol)


def lfre(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    train: ArrayLike,
    test: ArrayLike,
    n_neighbors: int,
    device: str = "auto",
    protocol: str = "robust",
) -> float:
    """Local feature reconstruction error: rebuild linearly from the nearest train atoms alone.

    As `gfre`, but every test atom has a linear map of its own, fitted on its ``n_neighbors``
    nearest train atoms in the source space, both sides centered by their means over these. A small
    LFRE beside a large GFRE says that Y is a smooth, but not a linear function of X.

    Parameters
    ----------
    X : array of shape (n_atoms, n_source_channels)
        Features that predict, and in which neighbors are near, in any unit.
    Y : array of shape (n_atoms, n_target_channels)
        Features to rebuild, in any unit; the same atoms in the same order.
    train, test : arrays of int, or masks of shape (n_atoms,)
        Atoms to fit on and to measure on. They share none.
    n_neighbors : int
        From 2 to n_train. The order of neighbors decides the folds of the cross-validation;
        equally near ones come in the order of ``train``.
    device : {"auto", "cpu", "cuda", "cuda:N"}
    protocol : {"robust", "scikit-matter"}
        ``"scikit-matter"``: that package's, to the last digits. It breaks down where neighbors are
        near-copies of each other. ``"robust"`` takes one of several copies, drops singular values
        below a thousandth of the largest, and of cutoffs that do equally well the largest.

    Returns
    -------
    float
        Without unit, see `gfre`.

    Raises
    ------
    ValueError
        As `gfre`, and if ``n_neighbors`` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).uniform(size=(400, 1))
    >>> Y = np.hstack([np.sin(6 * x), np.cos(6 * x)])  # curved, but smooth in x
    >>> train, test = np.arange(300), np.arange(300, 400)
    >>> round(gfre(x, Y, train=train, test=test), 1)
    0.8
    >>> lfre(x, Y, train=train, test=test, n_neighbors=10) < 0.01
    True
    """
    errors = pointwise_lfre(
        X, Y, train=train, test=test, n_neighbors=n_neighbors, device=device, protocol=protocol
    )
    return _root_mean_square(errors)


def pointwise_lfre(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    train: ArrayLike,
    test: ArrayLike,
    n_neighbors: int,
    device: str = "auto",
    protocol: str = "robust",
) -> FloatArray:
    """Error of every test atom behind `lfre`: ``lfre = sqrt(mean(pointwise_lfre ** 2))``.

    Parameters and errors are those of `lfre`.

    Returns
    -------
    array of shape (n_test,)
        In the order of ``test``, without unit.
    """
    return _one_pair(
        X,
        Y,
        "lfre",
        train=train,
        test=test,
        n_neighbors=n_neighbors,
        device=device,
        protocol=protocol,
    )


def gfrd(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    train: ArrayLike,
    test: ArrayLike,
    device: str = "auto",
    protocol: str = "robust",
) -> float:
    """Global feature reconstruction distortion: what the linear map does beyond a rotation.

    ``GFRD(X, Y) = sqrt(mean_i |x_i W - x_i Q|^2)`` over the test atoms: W the map of `gfre`, Q the
    orthogonal map that is closest to it on the train atoms (narrower features padded with zeros).

    Parameters and errors are those of `gfre`.

    Returns
    -------
    float
        Without unit. 0: as far as X predicts Y, Y is X rotated.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> train, test = np.arange(150), np.arange(150, 200)
    >>> turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    >>> round(gfrd(X, X @ turn, train=train, test=test), 6)
    0.0
    >>> round(gfrd(X, X * [1, 3], train=train, test=test), 1)
    0.4
    """
    return _root_mean_square(
        _one_pair(X, Y, "gfrd", train=train, test=test, device=device, protocol=protocol)
    )


def neighborhood_size(n_train: int, n_neighbors: int) -> int:
    """Return how many neighbors to take for `lfre`: as many as wanted, at most a quarter of train.

    With more, a neighborhood is no longer local.

    Parameters
    ----------
    n_train : int
        Train atoms.
    n_neighbors : int
        As many as wanted.

    Examples
    --------
    >>> neighborhood_size(8000, 64), neighborhood_size(100, 64), neighborhood_size(5, 64)
    (64, 25, 2)
    """
    return min(n_neighbors, max(2, n_train // 4))


def pointwise_errors(
    sources: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike] | None = None,
    *,
    metric: str = "gfre",
    train: ArrayLike,
    test: ArrayLike,
    n_neighbors: int | None = None,
    device: str = "auto",
    chunk_size: int | None = None,
    protocol: str = "robust",
) -> xr.DataArray:
    """Errors of every test atom for every pair of a source and a target.

    The table is ``sqrt(mean(errors ** 2))`` over atoms: over all of them, one element or one
    subset. Every source is factorized once for all targets: ask for all pairs in one call.

    Parameters
    ----------
    sources : mapping of name to array of shape (n_atoms, n_channels)
        In any unit; errors have none.
    targets : mapping, optional
        The same atoms; by default the sources, so that the table is square.
    metric : {"gfre", "lfre", "gfrd"}
    train, test : arrays of int, or masks of shape (n_atoms,)
    n_neighbors : int, optional
        For ``"lfre"`` only; by default the smaller width of each pair. Then the cells of a table
        differ in more than the features: a fixed number compares them on equal terms.
    device : {"auto", "cpu", "cuda", "cuda:N"}
    chunk_size : int, optional
        Test atoms of ``"lfre"`` that one thread works on at a time; by default as many as fit in
        the cache. The results do not depend on it, memory and time do.
    protocol : {"robust", "scikit-matter"}
        See `gfre` and `lfre`.

    Returns
    -------
    DataArray of shape (source, target, atom)
        Coordinates: the names, and the indices ``test`` of the atoms; ``attrs["n_broken"]`` as in
        `reconstruction_table`.

    Raises
    ------
    ValueError
        Before any work starts, as `gfre` and `lfre`; or if the metric is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 4))
    >>> errors = pointwise_errors({"a": X, "b": X**2}, train=range(80), test=range(80, 100))
    >>> dict(errors.sizes)
    {'source': 2, 'target': 2, 'atom': 20}
    >>> bool(errors.sel(source="a", target="a").max() < 1e-12)
    True
    """
    pairs = Pairs.checked(
        sources,
        targets,
        metric=metric,
        train=train,
        test=test,
        n_neighbors=n_neighbors,
        device=device,
        chunk_size=chunk_size,
        protocol=protocol,
    )
    coordinates = {"source": pairs.source_names, "target": pairs.target_names, "atom": pairs.test}
    errors, broken = pairs.errors()
    attrs = {"n_broken": broken}
    return xr.DataArray(
        errors, dims=list(coordinates), coords=coordinates, name=metric, attrs=attrs
    )


def reconstruction_table(
    sources: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike] | None = None,
    *,
    metric: str = "gfre",
    train: ArrayLike | None = None,
    test: ArrayLike | None = None,
    folds: ArrayLike | None = None,
    n_neighbors: int | None = None,
    n_bootstrap: int = 0,
    groups: ArrayLike | None = None,
    seed: int = 0,
    device: str = "auto",
    chunk_size: int | None = None,
    protocol: str = "robust",
) -> pd.DataFrame:
    """Table of errors between all pairs, row = source, column = target.

    Parameters
    ----------
    sources : mapping of name to array of shape (n_atoms, n_channels)
        In any unit; errors have none.
    targets : mapping, optional
        The same atoms; by default the sources.
    metric : {"gfre", "lfre", "gfrd"}
    train, test, n_neighbors, device, chunk_size, protocol
        As in `pointwise_errors`.
    folds : array of int of shape (n_atoms,), optional
        In place of ``train`` and ``test``: the errors are those of all atoms, each by maps fitted
        without its fold, see :func:`lumlip.folds`; the bootstrap draws what the folds kept whole.
    n_bootstrap : int
        Resamples for the 95 % intervals; 0 for none.
    groups : array of shape (n_atoms,), optional
        The structure of every atom: the bootstrap draws whole structures, for their atoms are not
        independent. By default it draws atoms.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame of shape (n_sources, n_targets)
        ``attrs["n_broken"]`` counts what broke down, over all pairs: errors above 10, local maps
        with weights of a norm above 100, and global maps with a norm above 1e6, in scaled units.
        ``attrs["n_copied"]`` counts the test atoms that have the very features of an atom that the
        map was fitted on, in every source: above 0, structures may be there twice.
        ``attrs["worst_share"][source][target]`` is the part of the cell's square, from 0 to 1, that
        its worst group carries, and ``attrs["worst_group"]`` names that: a label of ``groups``, or
        the index of an atom. With ``n_bootstrap``, ``attrs["low"]`` and ``attrs["high"]`` are
        tables: the interval of every cell over test structures, the maps being fixed.

    Raises
    ------
    ValueError
        Before any work starts, as `pointwise_errors`; or if ``groups`` has another length.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> features = {"plane": X, "axis": X[:, :1]}
    >>> table = reconstruction_table(features, train=range(200), test=range(200, 300))
    >>> table.round(2).abs()
           plane  axis
    plane   0.00   0.0
    axis    0.68   0.0
    """
    if folds is not None and train is None and test is None:
        from lumlip.metrics.cross_fit import cross_fitted_table

        return cross_fitted_table(
            sources,
            targets,
            metric=metric,
            folds=folds,
            groups=groups,
            n_bootstrap=n_bootstrap,
            seed=seed,
            n_neighbors=n_neighbors,
            device=device,
            chunk_size=chunk_size,
            protocol=protocol,
        )
    if folds is not None or train is None or test is None:
        given = {"train": train, "test": test, "folds": folds}
        got = ", ".join(name for name, value in given.items() if value is not None) or "none"
        raise ValueError(f"train, test, folds: got {got}, expected train and test, or folds")
    pairs = Pairs.checked(
        sources,
        targets,
        metric=metric,
        train=train,
        test=test,
        n_neighbors=n_neighbors,
        device=device,
        chunk_size=chunk_size,
        protocol=protocol,
    )
    test_groups = pairs.groups_of_test(groups)
    check_count("n_bootstrap", n_bootstrap, 0)
    check_count("seed", seed, 0)
    errors, n_broken = pairs.errors()
    table = pairs.frame(np.sqrt(np.square(errors).mean(axis=2)))
    drawn = test_groups if groups is not None else pairs.test
    counts = {"n_broken": n_broken, "n_copied": pairs.n_copied()}
    table.attrs |= {**counts, **worst_of_cells(table, *worst_groups(errors, drawn))}
    if n_bootstrap:
        bounds = bootstrap_interval(errors, groups=test_groups, n_bootstrap=n_bootstrap, seed=seed)
        for name, bound in zip(("low", "high"), bounds, strict=True):
            table.attrs[name] = pairs.frame(bound)
    return table


def worst_of_cells(table: pd.DataFrame, share: FloatArray, group: NDArray[Any]) -> dict[str, Any]:
    """Return worst_share and worst_group of each cell as ``[source][target]``.

    These are plain numbers: pandas cannot concatenate tables whose attributes hold tables.
    """
    return {
        name: pd.DataFrame(values, table.index, table.columns).to_dict("index")
        for name, values in (("worst_share", share), ("worst_group", group))
    }


def _one_pair(
    X: ArrayLike,
    Y: ArrayLike,
    metric: str,
    *,
    train: ArrayLike,
    test: ArrayLike,
    n_neighbors: int | None = None,
    device: str,
    protocol: str,
) -> FloatArray:
    pairs = Pairs.checked(
        {"X": X},
        {"Y": Y},
        metric=metric,
        train=train,
        test=test,
        n_neighbors=n_neighbors,
        device=device,
        protocol=protocol,
    )
    errors: FloatArray = pairs.errors()[0][0, 0]
    return errors


def _root_mean_square(errors: FloatArray) -> float:
    return float(np.sqrt(np.square(errors).mean()))
