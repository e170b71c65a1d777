"""How well one model's features are rebuilt from another's: GFRE, LFRE and GFRD.

All errors are relative, without unit: 0 means rebuilt exactly, 1 as bad as predicting the mean of
the train atoms; test atoms may exceed it. The direction counts: from the source X to the target Y,
in tables from the row to the column.

X and Y are centered and divided by their total standard deviation over the train atoms, in float64;
the linear map is a truncated SVD whose cutoff two-fold cross-validation chooses [1]_, such that it
does not break down; ``protocol="scikit-matter"`` gives the numbers of ``skmatter.metrics`` with its
default scaler and regressor.

References
----------
.. [1] A. Goscinski, G. Fraux, G. Imbalzano, M. Ceriotti, "The role of feature space in atomistic
   learning", Mach. Learn.: Sci. Technol. 2, 025028 (2021).
"""

from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.choices import check_count
from lumlip.metrics.pointwise import pointwise_errors


class Options(TypedDict, total=False):
    """Options that all errors have, see `gfre`."""

    device: str
    protocol: str


def gfre(
    X: ArrayLike, Y: ArrayLike, *, train: ArrayLike, test: ArrayLike, **options: Unpack[Options]
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
    return _root_mean_square(pointwise_gfre(X, Y, train=train, test=test, **options))


def pointwise_gfre(
    X: ArrayLike, Y: ArrayLike, *, train: ArrayLike, test: ArrayLike, **options: Unpack[Options]
) -> FloatArray:
    """Errors ``|y_i - x_i W|`` behind `gfre`, (n_test,) in the order of ``test``."""
    return _one_pair(X, Y, metric="gfre", train=train, test=test, **options)


def lfre(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    train: ArrayLike,
    test: ArrayLike,
    n_neighbors: int,
    **options: Unpack[Options],
) -> float:
    """Local feature reconstruction error: rebuild linearly from the nearest train atoms alone.

    As `gfre`, but every test atom has a linear map of its own, fitted on its ``n_neighbors``
    nearest train atoms in the source space, both sides centered by their means over these. A small
    LFRE beside a large GFRE says that Y is a smooth, but not a linear function of X.

    Parameters
    ----------
    n_neighbors : int
        From 2 to n_train. The order of neighbors decides the folds of the cross-validation;
        equally near ones come in the order of ``train``.
    protocol : {"robust", "scikit-matter"}
        ``"scikit-matter"``: that package's, to the last digits. It breaks down where neighbors are
        near-copies of each other. ``"robust"`` takes one of several copies, drops singular values
        below a thousandth of the largest, and of cutoffs that do equally well the largest.

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
    return _root_mean_square(
        pointwise_lfre(X, Y, train=train, test=test, n_neighbors=n_neighbors, **options)
    )


def pointwise_lfre(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    train: ArrayLike,
    test: ArrayLike,
    n_neighbors: int,
    **options: Unpack[Options],
) -> FloatArray:
    """Errors behind `lfre`, (n_test,) in the order of ``test``."""
    if not isinstance(n_neighbors, int):  # None is a default of tables, where widths differ
        check_count("n_neighbors", n_neighbors, 2)
    split: Any = {"train": train, "test": test}
    return _one_pair(X, Y, metric="lfre", n_neighbors=n_neighbors, **split, **options)


def gfrd(
    X: ArrayLike, Y: ArrayLike, *, train: ArrayLike, test: ArrayLike, **options: Unpack[Options]
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
    return _root_mean_square(_one_pair(X, Y, metric="gfrd", train=train, test=test, **options))


def neighborhood_size(n_train: int, n_neighbors: int) -> int:
    """Return how many neighbors to take for `lfre`: as many as wanted, at most a quarter of train.

    With more, a neighborhood is no longer local.

    Examples
    --------
    >>> neighborhood_size(8000, 64), neighborhood_size(100, 64), neighborhood_size(5, 64)
    (64, 25, 2)
    """
    return min(n_neighbors, max(2, n_train // 4))


def _one_pair(X: ArrayLike, Y: ArrayLike, **options: Any) -> FloatArray:
    return np.asarray(pointwise_errors({"X": X}, {"Y": Y}, **options).to_numpy()[0, 0])


def _root_mean_square(errors: FloatArray) -> float:
    return float(np.sqrt(np.square(errors).mean()))
