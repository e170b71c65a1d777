"""How well a score tells unusual structures from usual ones: the area under the ROC curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval


@dataclass(frozen=True)
class Auroc:
    """Probability that a score is higher for an unusual structure than for a usual one.

    Attributes
    ----------
    value : float
        1: all unusual structures score higher; 0.5: the score says nothing.
    draws : array of shape (n_bootstrap,)
        The same with structures drawn anew. Scores of the same structures share them.
    """

    value: float
    draws: FloatArray

    @property
    def interval(self) -> Interval:
        """Value, lower and upper end of the 95 % interval."""
        return Interval.of(self.value, self.draws)


def auroc(
    usual: ArrayLike,
    unusual: ArrayLike,
    *,
    paired: bool = False,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> Auroc:
    """Area under the receiver operating characteristic, averaged over members of a committee.

    ``A = mean_ij [s_j > s_i] + [s_j = s_i] / 2`` over usual i and unusual j.

    Parameters
    ----------
    usual : array of shape (n_members, n_usual)
        Scores of usual structures, by each model or pair of models.
    unusual : array of shape (n_members, n_unusual)
    paired : bool
        Structure j is structure j of the others, changed: they are drawn together.
    n_bootstrap, seed : int

    Returns
    -------
    Auroc
        The mean of the members' areas.

    Raises
    ------
    ValueError
        A side without structures, another number of members, or NaN.

    Examples
    --------
    >>> auroc([[1, 2, 3]], [[2.5, 4]]).value.__round__(3)
    0.833
    """
    low, high = (np.atleast_2d(np.asarray(side, dtype=float)) for side in (usual, unusual))
    _check(low, high, paired)
    higher = np.zeros((low.shape[1], high.shape[1]))
    for one, other in zip(low, high, strict=True):
        higher += (other > one[:, None]) + 0.5 * (other == one[:, None])
    higher /= len(low)
    rng = np.random.default_rng(seed)
    weights = [rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap) / n for n in higher.shape]
    if paired:
        weights[1] = weights[0]
    draws = np.einsum("bi,ij,bj->b", weights[0], higher, weights[1], optimize=True)
    return Auroc(float(higher.mean()), draws)


def _check(low: FloatArray, high: FloatArray, paired: bool) -> None:
    if len(low) != len(high) or 0 in (*low.shape, *high.shape):
        raise ValueError(
            f"got scores of shapes {low.shape} and {high.shape}, expected (n_members, n), the "
            "same members, and structures on both sides"
        )
    if paired and low.shape != high.shape:
        raise ValueError(f"paired: got {low.shape[1]} and {high.shape[1]}, expected as many")
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise ValueError("got NaN or infinity among the scores, expected numbers")
