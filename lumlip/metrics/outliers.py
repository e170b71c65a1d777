"""Which group carries a root mean square, and how much of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import FloatArray, IntArray
from lumlip.metrics.group_intervals import group_sums

#: A group that carries more of the square than this is flagged; intervals suffer from half of it.
LARGE_SHARE = 0.2


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
    share, worst = worst_of_sums(group_sums(errors, groups)[0])
    return share, np.unique(np.asarray(groups))[worst]


def worst_of_sums(sums: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the largest part of each total over groups, (..., n_groups), and which it is."""
    total = sums.sum(axis=-1)
    # Without any error no group carries more than another.
    one = 1 / sums.shape[-1]
    share = np.where(total > 0, sums.max(axis=-1) / np.where(total > 0, total, 1), one)
    return share, sums.argmax(axis=-1)
