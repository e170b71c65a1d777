"""Scores that need one model only: how far a structure is from those that are known."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics._input import as_features, as_split
from lumlip.metrics._scaling import scale

#: Added to the covariance of the train structures, relative to its trace.
RIDGE = 1e-6
#: Distances in memory at a time.
BLOCK = 2**22


def distance_to_train(X: ArrayLike, *, train: ArrayLike, test: ArrayLike) -> FloatArray:
    """Distance of every test atom to the nearest train atom in feature space.

    Parameters
    ----------
    X : array of shape (n_atoms, n_features)
        Scaled as for the reconstruction errors: the train atoms have a mean squared length of 1.
    train, test : arrays of int, or masks

    Returns
    -------
    array of shape (n_test,)
        No unit.

    Examples
    --------
    >>> distance_to_train([[0.0], [2.0], [3.0]], train=[0, 1], test=[2])
    array([1.])
    """
    rows = as_features(np.asarray(X), "X")
    known, asked = as_split(train, test, len(rows))
    scaled = scale(rows, known, asked, "X", torch.device("cpu"))
    squared = scaled.train.square().sum(dim=1)
    found = []
    for rows_of_test in torch.split(scaled.test, max(1, BLOCK // len(known))):
        nearest = (squared - 2 * rows_of_test @ scaled.train.mT).argmin(dim=1)
        found.append(torch.linalg.vector_norm(rows_of_test - scaled.train[nearest], dim=1))
    distance: FloatArray = torch.cat(found).numpy()
    return distance


def last_layer_uncertainty(F: ArrayLike, *, train: ArrayLike, ridge: float = RIDGE) -> FloatArray:
    """Uncertainty of an energy per atom from the last layer alone, up to one factor.

    ``u = sqrt(f^T (C + s^2 I)^-1 f)`` with the covariance C of the train structures, f centered by
    their mean, and ``s^2 = ridge * trace(C)``: the posterior variance of a linear model whose
    inputs are the last layer (LLPR). The factor that would make it an energy is not needed to rank
    structures.

    Parameters
    ----------
    F : array of shape (n_structures, n_features)
        Last-layer features averaged over the atoms of each structure.
    train : int or bool array
    ridge : float

    Returns
    -------
    array of shape (n_structures,)

    References
    ----------
    F. Bigi, S. Chong, M. Ceriotti, F. Grasselli, "A prediction rigidity formalism for low-cost
    uncertainties in trained neural networks", Mach. Learn.: Sci. Technol. 5, 045018 (2024).

    Examples
    --------
    >>> F = np.array([[1.0, 0.1], [-1.0, -0.1], [1.0, -0.1], [-1.0, 0.1], [3.0, 0.0], [0.0, 3.0]])
    >>> last_layer_uncertainty(F, train=range(4)).round(1)
    array([ 1.4,  1.4,  1.4,  1.4,  3. , 30. ])
    """
    rows = as_features(np.asarray(F), "F")
    known = rows[np.asarray(train)]
    centered = rows - known.mean(axis=0)
    covariance = np.cov(known.T, bias=True).reshape(rows.shape[1], -1)
    covariance = covariance + ridge * np.trace(covariance) * np.eye(len(covariance))
    solved = np.linalg.solve(covariance, centered.T)
    uncertainty: FloatArray = np.sqrt((centered * solved.T).sum(axis=1).clip(min=0))
    return uncertainty


def new_composition(
    shares: ArrayLike, *, train: ArrayLike, asked: ArrayLike | None = None
) -> FloatArray:
    """Half the summed difference of the shares to the most similar train structure: no model.

    0: that composition is known; 1: no element in common with any train structure.

    Parameters
    ----------
    shares : array of shape (n_structures, n_elements)
    train : int or bool array
    asked : int array, optional
        The structures to score; all by default.

    Examples
    --------
    >>> new_composition([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]], train=[0])
    array([0. , 0.5, 1. ])
    """
    C = np.asarray(shares, dtype=float)
    known = np.unique(C[np.asarray(train)], axis=0)
    rows = C if asked is None else C[np.asarray(asked)]
    nearest: FloatArray = np.array([np.abs(known - row).sum(axis=1).min() for row in rows]) / 2
    return nearest
