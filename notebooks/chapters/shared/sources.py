"""Sources that learned nothing: the element, the composition, a fixed formula, shuffled atoms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike

from chapters.shared.soap import soap
from lumlip.array_types import FloatArray
from lumlip.datasets.properties import one_hot

#: Names of these sources. `FIXED` is SOAP with element and composition, `NET` a random network of
#: it, `SHUFFLED` a model whose atoms changed places, `SHUFFLED_ELEMENT` the element likewise.
ELEMENT, FORMULA, FIXED = "element", "element, composition", "SOAP, element, composition"
NET, SHUFFLED, SHUFFLED_ELEMENT = "random network", "shuffled atoms", "shuffled element"
#: Principal components of SOAP: about the width of the narrowest published models.
WIDTH = 64


def unlearned(structures: Sequence[Atoms], *, seed: int = 0) -> dict[str, FloatArray]:
    """Sources that know nothing learned, by name: (n_atoms, n_features) each.

    Parameters
    ----------
    structures : sequence of ase.Atoms
    seed : int
        Of what is shuffled, and of the network's weights.
    """
    numbers = np.concatenate([atoms.numbers for atoms in structures])
    structure = np.repeat(np.arange(len(structures)), [len(atoms) for atoms in structures])
    element = one_hot(numbers)
    formula = together(element, composition(numbers, structure))
    fixed = together(principal(soap(structures), WIDTH), formula)
    return {
        ELEMENT: element,
        FORMULA: formula,
        FIXED: fixed,
        NET: random_network(fixed, seed=seed),
        SHUFFLED_ELEMENT: shuffled(element, seed=seed),
    }


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


def principal(X: ArrayLike, width: int) -> FloatArray:
    """Principal components of all atoms, the largest: (n_atoms, at most width)."""
    array = np.asarray(X, dtype=float)
    centered = array - array.mean(axis=0)
    axes = np.linalg.eigh(centered.T @ centered)[1]
    components: FloatArray = centered @ axes[:, ::-1][:, :width]
    return components


def shuffled(X: ArrayLike, *, seed: int = 0) -> FloatArray:
    """Give every atom the features of another one, drawn by chance."""
    array = np.asarray(X, dtype=float)
    return np.asarray(array[np.random.default_rng(seed).permutation(len(array))])


def random_network(
    X: ArrayLike, *, width: int = WIDTH, hidden: int = 256, seed: int = 0
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
    """Put features side by side, each block at the same total variance, if it has any.

    What varies by rounding alone, such as the composition of equal molecules, stays as it is.

    Examples
    --------
    >>> together([[1.0], [3.0]], [[10.0, 0.0], [20.0, 0.0]])
    array([[1., 2., 0.],
           [3., 4., 0.]])
    """
    arrays = [np.asarray(block, dtype=float) for block in blocks]
    sizes = [np.sqrt(array.var(axis=0).sum()) for array in arrays]
    varied = [size > 1e-12 * abs(a).max() for a, size in zip(arrays, sizes, strict=True)]
    pairs = zip(arrays, np.where(varied, sizes, 1.0), strict=True)
    return np.concatenate([array / size for array, size in pairs], axis=1)
