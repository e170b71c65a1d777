"""Features that know nothing learned: the element, the composition, a fixed formula, noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike

from chapters.shared.soap import soap
from lumlip.array_types import FloatArray
from lumlip.datasets.properties import one_hot

#: Names of the baseline features, from those that know least; `NET` is a random function of `ALL`.
NOISE, ELEMENT, FORMULA = "noise", "element", "element, composition"
SOAP, ALL, NET = "SOAP", "SOAP, element, composition", "random network"


def composition(numbers: ArrayLike, structure: ArrayLike) -> FloatArray:
    """Share of every element in the structure of each atom: (n_atoms, n_elements).

    Parameters
    ----------
    numbers, structure : arrays of int of shape (n_atoms,)
        Atomic numbers, and the structure of each atom.

    Examples
    --------
    >>> composition([8, 1, 1, 1], [0, 0, 0, 1]).round(2)
    array([[0.67, 0.33],
           [0.67, 0.33],
           [0.67, 0.33],
           [1.  , 0.  ]])
    """
    of_atom = one_hot(numbers)
    index = np.unique(np.asarray(structure), return_inverse=True)[1]
    sums = np.zeros((index.max() + 1, of_atom.shape[1]))
    np.add.at(sums, index, of_atom)
    shares: FloatArray = (sums / sums.sum(axis=1, keepdims=True))[index]
    return shares


def noise(n_atoms: int, *, width: int = 64, seed: int = 0) -> FloatArray:
    """Independent normal numbers: (n_atoms, width)."""
    return np.random.default_rng(seed).normal(size=(n_atoms, width))


def random_network(
    X: ArrayLike, *, width: int = 64, hidden: int = 256, seed: int = 0
) -> FloatArray:
    """Two layers with random weights: ``tanh(tanh(X W) V)``, every column of X at one scale.

    Parameters
    ----------
    X : array of shape (n_atoms, n_features)
    width, hidden : int
        Number of outputs, and of units between the layers.
    seed : int

    Returns
    -------
    array of shape (n_atoms, width)
    """
    array = np.asarray(X, dtype=float)
    spread = array.std(axis=0)
    scaled = (array - array.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    rng = np.random.default_rng(seed)
    for size in (hidden, width):
        weights = rng.normal(size=(scaled.shape[1], size)) / np.sqrt(scaled.shape[1])
        scaled = np.tanh(scaled @ weights)
    return np.asarray(scaled)


def together(*blocks: ArrayLike) -> FloatArray:
    """Put features side by side, each block at the same total variance.

    Examples
    --------
    >>> together([[1.0], [3.0]], [[10.0, 0.0], [20.0, 0.0]])
    array([[1., 2., 0.],
           [3., 4., 0.]])
    """
    arrays = [np.asarray(block, dtype=float) for block in blocks]
    sizes = [np.sqrt(array.var(axis=0).sum()) for array in arrays]
    pairs = zip(arrays, sizes, strict=True)
    return np.concatenate([a / size if size > 0 else a for a, size in pairs], axis=1)


def baseline_features(
    structures: Sequence[Atoms], structure: ArrayLike, *, width: int = 64, seed: int = 0
) -> Mapping[str, FloatArray]:
    """All features that know nothing learned, by name.

    Parameters
    ----------
    structures : sequence of ase.Atoms
    structure : array of int of shape (n_atoms,)
        The structure of each atom.
    width : int
        Of the noise and of the random network.
    seed : int

    Returns
    -------
    dict of str to array of shape (n_atoms, n_features)
    """
    numbers = np.concatenate([atoms.numbers for atoms in structures])
    element, shares = one_hot(numbers), composition(numbers, structure)
    surroundings = soap(structures)
    known = together(surroundings, element, shares)
    return {
        NOISE: noise(len(numbers), width=width, seed=seed),
        ELEMENT: element,
        FORMULA: together(element, shares),
        SOAP: surroundings,
        ALL: known,
        NET: random_network(known, width=width, seed=seed),
    }
