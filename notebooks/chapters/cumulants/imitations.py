"""Mixtures that fool the mean: other structures, in amounts that give the same average features.

The average over atoms is linear: that of a mixture of crystals, far enough apart, is the average of
theirs, weighted by how many atoms each gives. A structure is *imitated* by a mixture of unrelated
structures whose mean features come as near to its own as they can. What differs between the two is
then what the mean leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np
import pandas as pd
from ase import Atoms
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from chapters.cumulants.scaling import blocks
from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.bootstrap import Resampling
from lumlip.metrics.cumulants import cumulant_features
from lumlip.metrics.probes import ProbeScore, probe_class

#: Distance to the original's mean, in total standard deviations, up to which it is met.
MET = 0.01
#: Smaller shares of a mixture are dropped.
_TRACE = 1e-9
#: Weight of the condition that shares add up to one, beside features of unit variance.
_WHOLE = 10.0


@dataclass(frozen=True)
class Imitations:
    """Originals and the mixtures that imitate them.

    Attributes
    ----------
    originals : int array of shape (n,)
        Structures.
    shares : array of shape (n, n_structures)
        Part of a mixture's atoms that each structure gives; rows add up to 1.
    distance : array of shape (n,)
        Between the mean features of an original and of its imitation, in units of the total
        standard deviation of all structures' means.
    """

    originals: IntArray
    shares: FloatArray
    distance: FloatArray


def imitate(means: ArrayLike, originals: ArrayLike, groups: ArrayLike) -> Imitations:
    """Mix structures of other groups so that their mean features are those of an original.

    Shares come from least squares with the condition that none is negative.

    Parameters
    ----------
    means : array of shape (n_structures, n_channels)
        Average features of every structure.
    originals : int array of shape (n,)
        The structures to imitate.
    groups : array of shape (n_structures,)
        No structure of an original's own group enters its mixture.

    Examples
    --------
    >>> means = [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [1.0, 1.0]]
    >>> imitate(means, [3], groups=[0, 1, 2, 3]).shares.round(2)
    array([[0. , 0.5, 0.5, 0. ]])
    """
    rows, group = np.asarray(means, dtype=float), np.asarray(groups)
    chosen = np.asarray(originals, dtype=np.int64)
    unit = np.sqrt(rows.var(axis=0).sum()) or 1.0
    scaled = (rows - rows.mean(axis=0)) / unit
    shares = np.zeros((len(chosen), len(rows)))
    for i, original in enumerate(chosen):
        others = np.flatnonzero(group != group[original])
        if not others.size:
            raise ValueError("groups: got one group, expected two or more to mix others from")
        found = _shares(scaled[others], scaled[original])
        shares[i, others] = found
    distance = np.linalg.norm(shares @ scaled - scaled[chosen], axis=1)
    return Imitations(chosen, shares, distance)


def _shares(others: FloatArray, wanted: FloatArray) -> FloatArray:
    """Non-negative weights (n_others,) that add up to 1 and bring others to what is wanted."""
    design = np.vstack([others.T, np.full(len(others), _WHOLE)])
    found = nnls(design, np.append(wanted, _WHOLE), maxiter=100 * len(others))[0]
    found = np.where(found > _TRACE, found, 0.0)
    shares: FloatArray = found / found.sum()
    return shares


def mixture_features(
    X: ArrayLike, structure: ArrayLike, made: Imitations, *, order: int
) -> FloatArray:
    """Cumulant features of the mixtures: every atom counts by its structure's share.

    Parameters
    ----------
    X : array of shape (n_atoms, n_channels)
    structure : int array of shape (n_atoms,)
        Index of every atom's structure.
    made : Imitations
    order : int

    Returns
    -------
    array of shape (n, order * n_channels)
    """
    index = np.asarray(structure)
    per_atom = (made.shares / np.bincount(index, minlength=made.shares.shape[1]))[:, index]
    mixture, atom = np.nonzero(per_atom)
    rows, weights = np.asarray(X, dtype=float)[atom], per_atom[mixture, atom]
    return cumulant_features(rows, mixture, order=order, weights=weights)


def distances_by_order(
    features: ArrayLike, made: Imitations, mixed: ArrayLike, *, order: int
) -> FloatArray:
    """Distance between each original and its imitation in every order: (n, order).

    In units of the total standard deviation of that order over all structures.

    Parameters
    ----------
    features : array of shape (n_structures, order * n_channels)
    made : Imitations
    mixed : array of shape (n, order * n_channels)
        From `mixture_features`.
    order : int
    """
    all_blocks = blocks(features, order)
    units = np.sqrt(all_blocks.var(axis=0).sum(axis=1))
    apart = np.linalg.norm(blocks(mixed, order) - all_blocks[made.originals], axis=2)
    distances: FloatArray = apart / np.where(units > 0, units, np.inf)
    return distances


def told_apart(
    features: ArrayLike,
    made: Imitations,
    mixed: ArrayLike,
    groups: ArrayLike,
    **options: Unpack[Resampling],
) -> ProbeScore:
    """How often a linear probe tells originals from imitations, 0.5 being chance.

    An original, its imitation and all of its group are left out together.

    Parameters
    ----------
    features, mixed : arrays of shape (n_structures, n_columns) and (n, n_columns)
    made : Imitations
    groups : array of shape (n_structures,)
    options
        ``n_bootstrap`` and ``seed``.
    """
    originals = np.asarray(features)[made.originals]
    kinds = np.repeat(["original", "imitation"], len(originals))
    group = np.tile(np.asarray(groups)[made.originals], 2)
    return probe_class(np.vstack([originals, np.asarray(mixed)]), kinds, groups=group, **options)


def recipe(
    made: Imitations, i: int, structures: Sequence[Atoms], *, n_parts: int = 5
) -> pd.DataFrame:
    """Return what the i-th imitation is made of: formula, subset and share of its main parts."""
    largest = np.argsort(-made.shares[i])[:n_parts]
    largest = largest[made.shares[i, largest] > 0]
    rows = [
        {
            "part": structures[s].get_chemical_formula(),
            "subset": str(structures[s].info.get("subset", "user")),
            "share of the atoms": f"{100 * made.shares[i, s]:.0f} %",
        }
        for s in largest
    ]
    rest = 1 - made.shares[i, largest].sum()
    n_rest = int((made.shares[i] > 0).sum()) - len(largest)
    if n_rest:
        rows.append(
            {"part": f"{n_rest} others", "subset": "", "share of the atoms": f"{100 * rest:.0f} %"}
        )
    return pd.DataFrame(rows).set_index("part")
