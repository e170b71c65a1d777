"""Whether a root mean square says something of most atoms, or of a few of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import BoolArray, FloatArray
from lumlip.metrics.group_intervals import group_sums

#: A group that carries more of the square than this is flagged; intervals suffer from half of it.
LARGE_SHARE = 0.2


class RootMeanSquares(NamedTuple):
    """Root mean squares over atoms, and what they are without the worst.

    Attributes
    ----------
    value : array of shape (...)
        Root mean square over all atoms, in the unit of the errors, as the next two.
    median : array of shape (...)
        Error of the median atom.
    trimmed : array of shape (...)
        Root mean square without the groups that carry most.
    worst_share : array of shape (...)
        Part of the square that lies on the group that carries most, between 0 and 1.
    worst_group : array of shape (...)
        The label of that group.
    flagged : bool array of shape (...)
        Where that part exceeds `LARGE_SHARE`: the value speaks of one group, and its interval
        would not have held it if that group had been missing.
    """

    value: FloatArray
    median: FloatArray
    trimmed: FloatArray
    worst_share: FloatArray
    worst_group: NDArray[np.generic]
    flagged: BoolArray


def worst_groups(errors: ArrayLike, groups: ArrayLike) -> tuple[FloatArray, NDArray[np.generic]]:
    """Part of the square that lies on the group that carries most, and the label of that group.

    Parameters
    ----------
    errors : array of shape (..., n_atoms)
    groups : array of shape (n_atoms,)

    Returns
    -------
    (array of shape (...), array of shape (...))

    Raises
    ------
    ValueError
        If ``groups`` has another length than the errors.
    """
    sums, counts = group_sums(errors, groups)
    total = sums.sum(axis=-1)
    # Without any error no group carries more than another.
    share = np.where(total > 0, sums.max(axis=-1) / np.where(total > 0, total, 1), 1 / len(counts))
    return share, np.unique(np.asarray(groups))[sums.argmax(axis=-1)]


def root_mean_squares(
    errors: ArrayLike, groups: ArrayLike, *, trim: float = 0.02
) -> RootMeanSquares:
    """Root mean squares over atoms, beside their medians, trimmed values and worst groups.

    Parameters
    ----------
    errors : array of shape (..., n_atoms)
        Such as pointwise errors (source, target, atom), in any unit.
    groups : array of shape (n_atoms,)
        The parent, or the structure, of every atom.
    trim : float
        Share of the groups that the trimmed value leaves out, at least one: those with the largest
        sums of squares.

    Returns
    -------
    RootMeanSquares

    Raises
    ------
    ValueError
        If ``groups`` has another length than the errors, ``trim`` is out of range, or there are
        fewer than two groups.

    Examples
    --------
    >>> found = root_mean_squares([0.1, 0.1, 0.1, 0.1, 0.1, 2.0], ["a", "a", "b", "b", "c", "d"])
    >>> round(float(found.value), 2), float(found.median), round(float(found.trimmed), 2)
    (0.82, 0.1, 0.1)
    >>> str(found.worst_group), round(float(found.worst_share), 2), bool(found.flagged)
    ('d', 0.99, True)
    """
    values = np.asarray(errors, dtype=np.float64)
    sums, counts = group_sums(values, groups)
    n_groups = len(counts)
    if not 0 <= trim < 1 or n_groups < 2:
        raise ValueError(
            f"got trim={trim} and {n_groups} groups, expected 0 to 1 and at least 2 groups"
        )
    n_left_out = min(max(1, round(trim * n_groups)), n_groups - 1)
    kept = np.argsort(sums, axis=-1, kind="stable")[..., :-n_left_out]
    trimmed = np.take_along_axis(sums, kept, axis=-1).sum(axis=-1) / counts[kept].sum(axis=-1)
    worst_share, worst_group = worst_groups(values, groups)
    return RootMeanSquares(
        value=np.sqrt(sums.sum(axis=-1) / counts.sum()),
        median=np.median(np.abs(values), axis=-1),
        trimmed=np.sqrt(trimmed),
        worst_share=worst_share,
        worst_group=worst_group,
        flagged=worst_share > LARGE_SHARE,
    )
