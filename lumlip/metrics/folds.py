"""Folds of atoms: every structure is tested once, by maps that have not seen its relatives."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lumlip.array_types import IntArray
from lumlip.choices import check_count
from lumlip.metrics.splits import _codes, _coordinate, _groups, _structure

if TYPE_CHECKING:
    import xarray as xr


class Folds(np.ndarray[tuple[int], np.dtype[np.int64]]):
    """The fold of every atom: an array of int that knows what was kept whole.

    Some of the atoms are taken by ``folds[index]``. Other arrays computed from it lose the groups
    and are refused where these are needed.
    """

    groups: IntArray | None = None  # (n_atoms,), the group of every atom

    def __getitem__(self, index: Any) -> Any:
        some = super().__getitem__(index)
        if isinstance(some, Folds) and self.groups is not None:
            some.groups = self.groups[index]
        return some

    def __reduce__(self) -> tuple[Any, ...]:
        return _with_groups, (np.asarray(self), self.groups)


def _with_groups(fold: IntArray, groups: IntArray | None) -> Folds:
    """Return folds of these groups; not to be changed in place, which would leave the groups."""
    dealt = fold.view(Folds)
    dealt.groups, dealt.flags.writeable = groups, False
    return dealt


def kept_whole(folds: ArrayLike, n_atoms: int) -> IntArray:
    """Return the group of every atom (n_atoms,): itself, if the folds are no `Folds`."""
    if not isinstance(folds, Folds):
        return np.arange(n_atoms)
    if folds.groups is None:
        got = "folds: got an array computed from lumlip.folds that does not know its groups"
        raise ValueError(f"{got}; expected folds[index], or numpy.asarray of it for single atoms")
    return folds.groups


def folds(ds: "xr.Dataset", *, by: str = "parent", n_folds: int = 10, seed: int = 0) -> Folds:
    """Deal the atoms of a data set into folds of like size, each with its share of every subset.

    Groups are dealt from large to small, each to the fold that has least of its subsets so far.

    Parameters
    ----------
    ds : Dataset
        With the coordinates that :func:`lumlip.split` takes.
    by : {"structure", "atom", "composition", "parent"}
        What stays together, as in :func:`lumlip.split`.
    n_folds : int
        From 2 to the number of groups.
    seed : int
        Decides the order of groups of about the same size.

    Returns
    -------
    array of int of shape (n_atoms,)
        The fold of every atom, from 0 to ``n_folds - 1``; none is empty. Its attribute ``groups``
        has the same shape: what stays together has the same number.

    Raises
    ------
    ValueError
        If ``by`` is unknown, a coordinate is missing, or there are fewer groups than folds.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> ds = xr.Dataset(coords={
    ...     "structure": ("atom", np.repeat(np.arange(6), 2)),
    ...     "subset": ("structure", ["bulk"] * 3 + ["surface"] * 3),
    ... })
    >>> folds(ds, by="structure", n_folds=3)
    Folds([0, 0, 2, 2, 1, 1, 0, 0, 1, 1, 2, 2])
    """
    structure = _structure(ds, by)
    subset = _codes(_coordinate(ds, "subset", by)[structure])
    group = _groups(ds, structure, by)
    n_groups = int(group.max()) + 1
    check_count(f"groups by {by}", n_groups, 2)
    check_count("n_folds", n_folds, 2, n_groups, f", the number of groups by {by}")
    check_count("seed", seed, 0)
    return _with_groups(_dealt(group, subset, n_folds, np.random.default_rng(seed))[group], group)


def number_of_groups(ds: "xr.Dataset", *, by: str) -> int:
    """Count what `folds` would keep whole."""
    return int(_groups(ds, _structure(ds, by), by).max()) + 1


def _dealt(group: IntArray, subset: IntArray, n_folds: int, rng: np.random.Generator) -> IntArray:
    """Return the fold of every group: (n_groups,).

    Putting c atoms into a fold that holds l of them raises the sum of squares by 2 c l + c^2, so
    the fold with the least c l, over all subsets in the group and all atoms, stays most even.
    """
    n_atoms = np.bincount(group)
    pairs, counts = np.unique(np.stack([group, subset]), axis=1, return_counts=True)
    runs = np.flatnonzero(np.diff(pairs[0])) + 1
    kinds, amounts = np.split(pairs[1], runs), np.split(counts, runs)
    n_subset = np.bincount(subset)
    load = np.zeros((len(n_subset), n_folds))
    fold = np.zeros(len(n_atoms), dtype=np.int64)
    order = rng.permutation(len(n_atoms))
    # By factors of two, so that groups of about the same size come in a random order.
    for g in order[np.argsort(-np.log2(n_atoms[order]).astype(int), kind="stable")]:
        kind, amount = kinds[g], amounts[g]
        in_subsets = (amount / n_subset[kind]) @ load[kind]
        in_all = n_atoms[g] / len(group) * load.sum(axis=0)
        fold[g] = np.argmin(in_subsets + in_all)
        load[kind, fold[g]] += amount
    return fold
