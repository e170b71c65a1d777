"""Principal covariates regression: a map that weighs the spread of features against a property."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics._input import as_array, as_features

#: Squared singular values up to this (the largest is about n_samples) are rounding.
FLOOR = 1e-12


def pcovr(
    X: ArrayLike,
    y: ArrayLike,
    *,
    mixing: float = 0.5,
    n_components: int = 2,
    penalty: float = 1e-6,
) -> FloatArray:
    """Map of samples with a property by principal covariates regression [1]_, [2]_.

    X is centered and divided by its total standard deviation, y centered and divided by its own;
    ``y^`` is the ridge regression of y on X. The map's points are the leading eigenvectors of
    ``mixing X X^T + (1 - mixing) y^ y^T``, times the roots of their eigenvalues: with a mixing of 1
    those of a principal component analysis, with 0 the regression alone. Signs are fixed: the
    coordinate with the largest magnitude is positive along each axis.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples,)
        The property, in any unit.
    mixing : float
        Between 0 and 1.
    n_components : int
        At most the rank of X.
    penalty : float
        Of the ridge regression, added to ``X^T X`` of the scaled features; the default is that of
        scikit-matter. With more features than samples it should be chosen larger: the regression
        otherwise gives y itself, and the map shows what holds for these samples only.

    Returns
    -------
    array of shape (n_samples, n_components)

    Raises
    ------
    ValueError
        If a shape, the mixing or the number of components does not fit, or X or y does not vary.

    References
    ----------
    .. [1] S. de Jong, H. A. L. Kiers, "Principal covariates regression: Part I. Theory",
       Chemom. Intell. Lab. Syst. 14, 155 (1992).
    .. [2] B. A. Helfrecht et al., "Structure-property maps with kernel principal covariates
       regression", Mach. Learn.: Sci. Technol. 1, 045021 (2020).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 3)) * [3, 1, 0.1]
    >>> y = X[:, 2]  # hardly varies: a principal component analysis does not show it
    >>> near, far = (pcovr(X, y, mixing=mixing) for mixing in (1, 0.1))
    >>> [bool(abs(np.corrcoef(points.T, y)[2, :2]).max() > 0.9) for points in (near, far)]
    [False, True]
    """
    rows, target = as_features(X, "X"), as_array(y, "y").astype(np.float64)
    _check(rows, target, mixing)
    mean, scale = rows.mean(axis=0), float(np.sqrt(rows.var(axis=0).sum()))
    left, singular, _ = np.linalg.svd((rows - mean) / scale, full_matrices=False)
    kept = singular**2 > FLOOR
    left, singular = left[:, kept], singular[kept]
    if not 1 <= n_components <= len(singular):
        raise ValueError(f"n_components: got {n_components}, expected 1 to {len(singular)}")
    fitted = left.T @ ((target - target.mean()) / target.std())
    fitted *= singular**2 / (singular**2 + penalty)
    # In the basis of the left singular vectors, both terms are small matrices.
    mixed = mixing * np.diag(singular**2) + (1 - mixing) * np.outer(fitted, fitted)
    values, vectors = np.linalg.eigh(mixed)
    leading = vectors[:, ::-1][:, :n_components] * np.sqrt(values[::-1][:n_components].clip(0))
    points = left @ leading
    largest = points[np.abs(points).argmax(axis=0), np.arange(n_components)]
    found: FloatArray = points * np.where(largest < 0, -1.0, 1.0)
    return found


def _check(rows: FloatArray, target: FloatArray, mixing: float) -> None:
    if target.shape != (len(rows),) or not np.isfinite(target).all():
        raise ValueError(f"y: got shape {target.shape}, expected ({len(rows)},), finite numbers")
    if not 0 <= mixing <= 1:
        raise ValueError(f"mixing: got {mixing}, expected 0 to 1")
    with np.errstate(over="ignore", invalid="ignore"):
        spreads = {"X": rows.std(axis=0).max(), "y": target.std()}
    for name, spread in spreads.items():
        if not 0 < spread < 1e150:
            raise ValueError(
                f"{name}: got a standard deviation of {spread:.3g}, expected above 0, to 1e150"
            )
