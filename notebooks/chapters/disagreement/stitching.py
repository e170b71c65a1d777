"""The energy of one model from the features of another, through one linear map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike

from chapters.disagreement.energies import composition_baseline
from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics._crossvalidation import fold_order
from lumlip.metrics._input import as_features, as_split
from lumlip.metrics._ridge import TruncatedRegression
from lumlip.metrics._scaling import scale
from lumlip.metrics._targets import Targets
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.pooling import mean_over_atoms

#: Penalties tried on standardized columns; leave-one-out errors choose one.
ALPHAS = np.logspace(-8, 4, 13)


@dataclass(frozen=True)
class Stitch:
    """Energies of a model, predicted from features of another, on test structures.

    Attributes
    ----------
    miss : array of shape (n_test,)
        Prediction minus the model's own energy, in meV/atom.
    spread : array of shape (n_test,)
        What the composition alone misses.
    """

    miss: FloatArray
    spread: FloatArray

    @property
    def rmse(self) -> float:
        """Root mean square of what is missed, in meV/atom."""
        return float(np.sqrt((self.miss**2).mean()))

    @property
    def median(self) -> float:
        """Median of its magnitude, in meV/atom."""
        return float(np.median(np.abs(self.miss)))

    @property
    def lost(self) -> float:
        """Share of the spread beyond composition that is lost: ``sqrt(1 - R^2)``.

        On the scale of the GFRE: 0 if nothing is missing, 1 if no better than the composition.
        """
        return float(np.sqrt((self.miss**2).sum() / (self.spread**2).sum()))

    def interval(self, *, n_bootstrap: int = 200, seed: int = 0) -> Interval:
        """`lost`, with its 95 % interval over test structures."""
        n = len(self.miss)
        draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
        lost = np.sqrt((draws @ self.miss**2) / (draws @ self.spread**2))
        return Interval.of(self.lost, lost)


def direct(
    X: ArrayLike,
    shares: ArrayLike,
    energies: Mapping[str, ArrayLike],
    *,
    train: IntArray,
    test: IntArray,
) -> dict[str, Stitch]:
    """Stitch by maps made for the energy: ridge regression on averaged features and composition.

    The penalty is chosen by leave-one-out errors, for each model anew.

    Parameters
    ----------
    X : array of shape (n_structures, n_features)
        Features of model A, averaged over the atoms: the energy per atom is then linear in them if
        that of a structure is a sum over atoms.
    shares : array of shape (n_structures, n_elements)
    energies : dict of model to array of shape (n_structures,)
        Of the models B, in eV/atom. The features are factorized once for all of them.
    train, test : int arrays
        Structures.
    """
    columns = np.hstack([np.asarray(X, dtype=float), np.asarray(shares)])
    mean, spread = columns[train].mean(axis=0), columns[train].std(axis=0)
    columns = (columns - mean) / np.where(spread > 1e-12, spread, 1.0)
    factors = _factors(columns[train])
    found = {}
    for model, energy in energies.items():
        y = np.asarray(energy, dtype=float)
        baseline = composition_baseline(y, shares, train=train)
        beyond = y - baseline
        weights = _ridge(factors, (beyond - beyond[train].mean())[train])
        predicted = baseline[test] + beyond[train].mean() + columns[test] @ weights
        found[model] = Stitch(1000 * (predicted - y[test]), -1000 * beyond[test])
    return found


def _factors(X: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Singular value decomposition, by way of the Gram matrix: many times faster.

    It drops singular values below 1e-6 of the largest, far below those that the penalties damp.
    """
    squared, axes = np.linalg.eigh(X.T @ X)
    kept = squared > 1e-12 * squared[-1]
    singular, right = np.sqrt(squared[kept]), axes[:, kept].T
    return X @ right.T / singular, singular, right


def _ridge(factors: tuple[FloatArray, FloatArray, FloatArray], y: FloatArray) -> FloatArray:
    """Weights of the ridge regression with the penalty of the least leave-one-out error."""
    left, singular, right = factors
    inside = left.T @ y
    best, weights = np.inf, np.zeros(right.shape[1])
    for alpha in ALPHAS:
        damped = singular**2 / (singular**2 + alpha)
        rest = y - left @ (damped * inside)
        leverage = np.square(left) @ damped + 1 / len(y)  # the mean counts as a parameter
        error = float(np.square(rest / np.maximum(1 - leverage, 1e-9)).sum())
        if error < best:
            best = error
            weights = right.T @ (inside * singular / (singular**2 + alpha))
    return weights


@dataclass(frozen=True)
class Readout:
    """How a model makes its energy of its last layer: ``e_atom = w . x + e_0(element)``.

    Attributes
    ----------
    weights : array of shape (n_features,)
        In eV.
    of_element : array of shape (n_elements,)
        In eV.
    """

    weights: FloatArray
    of_element: FloatArray

    @classmethod
    def recovered(
        cls, X: ArrayLike, shares: ArrayLike, energy: ArrayLike, *, train: IntArray
    ) -> Readout:
        """Recover it from averaged last-layer features and energies per atom, by least squares.

        Exact, up to what cancels between features and elements, if the head is linear in the last
        layer; an approximation for a gated head.
        """
        n_features = np.asarray(X).shape[1]
        columns = np.hstack([np.asarray(X, dtype=float), np.asarray(shares)])[train]
        y = np.asarray(energy, dtype=float)[train]
        solved = least_squares(columns, y)
        return cls(solved[:n_features], solved[n_features:])

    def energy(self, X: ArrayLike, shares: ArrayLike) -> FloatArray:
        """Energy per atom in eV from averaged features and composition."""
        found: FloatArray = np.asarray(X) @ self.weights + np.asarray(shares) @ self.of_element
        return found


def rebuilt(
    X: ArrayLike, targets: Mapping[str, ArrayLike], *, train: ArrayLike, test: ArrayLike
) -> dict[str, FloatArray]:
    """Features of other models rebuilt from those of one, by the maps whose error is the GFRE.

    Parameters
    ----------
    X : array of shape (n_atoms, n_features)
        The source; it is factorized once.
    targets : dict of model to array of shape (n_atoms, n_target_features)
    train, test : int arrays
        Atoms.

    Returns
    -------
    dict of model to array of shape (n_test, n_target_features)
        In the units of the target.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> again = rebuilt(X, {"b": 2 * X + 1}, train=range(50), test=[55])["b"]
    >>> np.allclose(again, 2 * X[55] + 1)
    True
    """
    arrays = {name: as_features(np.asarray(Y), name) for name, Y in targets.items()}
    source = as_features(np.asarray(X), "X")
    known, asked = as_split(train, test, len(source))
    where = torch.device("cpu")
    x = scale(source, known, asked, "X", where)
    joined = Targets.join([scale(Y, known, asked, name, where) for name, Y in arrays.items()])
    order = fold_order(len(known))[0]
    fitted = TruncatedRegression(x.train[order][None], joined.train[order][None], joined)
    parts = torch.split(fitted.predict(x.test[None])[0], list(joined.widths), dim=1)
    found = {}
    for (name, Y), part in zip(arrays.items(), parts, strict=True):
        mean = Y[known].mean(axis=0)
        found[name] = part.numpy() * total_deviation(Y[known]) + mean
    return found


def least_squares(A: FloatArray, b: FloatArray) -> FloatArray:
    """Solve ``A x = b`` by least squares, singular values below 1e-9 of the largest dropped.

    Parameters
    ----------
    A : array of shape (n, m)
    b : array of shape (n,) or (n, k)
    """
    sides = [torch.as_tensor(np.atleast_2d(side.T).T) for side in (A, b)]
    solved = torch.linalg.lstsq(*sides, rcond=1e-9, driver="gelsd").solution.numpy()
    found: FloatArray = solved.reshape(A.shape[1], *b.shape[1:])
    return found


def total_deviation(rows: FloatArray) -> float:
    """Root of the summed variances of the columns: the unit of reconstruction errors."""
    return float(np.sqrt(rows.var(axis=0).sum()))


def without_energy(
    Y: ArrayLike,
    energy_of_atom: ArrayLike,
    structure: ArrayLike,
    shares: ArrayLike,
    *,
    train: IntArray,
) -> FloatArray:
    """Take every linear trace of the energy out of features.

    ``R = Y - e c^T`` with the energy e of the atom and the slope c of the averaged features on the
    energy per atom, both beyond composition, over the train structures. Then no weighted sum of the
    averages of R and of the composition has anything to do with the energy of these structures,
    and a linear map of R has nothing either.

    Parameters
    ----------
    Y : array of shape (n_atoms, n_features)
    energy_of_atom : array of shape (n_atoms,)
        Averaged over a structure, it is the energy per atom, up to a function of the composition.
    structure : int array of shape (n_atoms,)
    shares : array of shape (n_structures, n_elements)
    train : int array
        Structures.

    Returns
    -------
    array of shape (n_atoms, n_features)
    """
    rows, e = np.asarray(Y, dtype=float), np.asarray(energy_of_atom, dtype=float)
    both = mean_over_atoms(np.column_stack([rows, e]), structure)[train]
    C = np.asarray(shares, dtype=float)[train]
    beyond = both - C @ least_squares(C, both)
    features, energy = beyond[:, :-1], beyond[:, -1]
    slope = features.T @ energy / (energy @ energy)
    rest: FloatArray = rows - e[:, None] * slope
    return rest
