"""Which atoms are for training and which for testing, and how sure a test error is."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lumlip.array_types import BoolArray, IntArray
from lumlip.choices import check_count

if TYPE_CHECKING:
    import xarray as xr

# Subsets are pooled where one group of mean size from each would exceed this share of the test.
_LARGEST_SHARE = 0.5


def split(
    ds: "xr.Dataset", *, by: str = "structure", n_test: int, seed: int = 0
) -> tuple[IntArray, IntArray]:
    """Split the atoms of a data set in train and test, every subset in its share.

    Where subsets are few, each has at least its share in the test, so that ``n_test`` is exceeded
    by up to a group of each. Where they are many, such as one label for each structure, small ones
    are pooled: what one has too much, the next ones have less, and ``n_test`` is exceeded by less
    than one group.

    Parameters
    ----------
    ds : Dataset
        With the coordinates ``structure`` (atom), the index of each atom's structure, and
        ``subset`` (structure); ``parent`` (structure) for ``by="parent"``, ``atomic_number``
        (atom) for ``by="composition"``.
    by : {"structure", "atom", "composition", "parent"}
        What stays together. ``"atom"``: nothing; neighbors and symmetry copies of a test atom are
        then in train. ``"composition"``: structures with the same reduced formula. ``"parent"``:
        structures derived from the same one.
    n_test : int
        Number of test atoms: exact for ``"atom"``, else groups are drawn until it is reached.
    seed : int

    Returns
    -------
    (array of int of shape (n_train,), array of int of shape (n_test,))
        Sorted indices of the train and the test atoms.

    Raises
    ------
    ValueError
        If ``by`` is unknown, a coordinate is missing, or ``n_test`` leaves train or test empty.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> ds = xr.Dataset(coords={
    ...     "structure": ("atom", np.repeat(np.arange(10), 4)),
    ...     "subset": ("structure", ["bulk"] * 5 + ["surface"] * 5),
    ... })
    >>> train, test = split(ds, by="structure", n_test=8)
    >>> np.unique(ds.structure[test])  # one whole structure of each subset
    array([4, 6])
    """
    structure = _structure(ds, by)
    subset = _coordinate(ds, "subset", by)[structure]
    n_atoms = len(structure)
    check_count("n_test", n_test, 1, n_atoms - 1, f" of {n_atoms} atoms")
    check_count("seed", seed, 0)
    group = _groups(ds, structure, by)
    is_test = _draw(group, _codes(subset), n_test, np.random.default_rng(seed))
    if is_test.all():
        raise ValueError(
            f"n_test: got {n_test} of {n_atoms} atoms by {by}, which leave no atom to train on; "
            f"expected fewer (there are {group.max() + 1} groups)"
        )
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def _coordinate(ds: "xr.Dataset", name: str, by: str) -> NDArray[np.generic]:
    if not hasattr(ds, "variables"):
        raise TypeError(f"got {ds!r:.60}, expected an xarray.Dataset, as of lumlip.features")
    if name not in ds.variables:
        known = ", ".join(map(str, ds.variables))
        raise ValueError(f"split by {by}: expected a coordinate {name!r}, got only: {known}")
    values = np.asarray(ds[name].values)
    if none := int(pd.isna(values).sum()):  # each would be a group, or an atom one, of its own
        raise ValueError(f"split by {by}: got no {name} in {none} places, expected one in each")
    return values


def _structure(ds: "xr.Dataset", by: str) -> IntArray:
    """Return the structure of every atom: an index of those that have a subset."""
    given, n = _coordinate(ds, "structure", by), len(_coordinate(ds, "subset", by))
    structure: IntArray = given.astype(np.int64)
    if "frame" in ds.variables and (np.diff(ds["frame"].to_numpy()) <= 0).any():
        raise ValueError(
            "got structures in another order than their features, expected it as lumlip.features "
            "gives it: atoms count structures by their place, which sortby and isel change"
        )
    if (structure != given).any() or ((structure < 0) | (structure >= n)).any():
        raise ValueError(
            f"split by {by}: got structures from {given.min()} to {given.max()} of {given.dtype}, "
            f"expected integers from 0 to {n - 1}"
        )
    return structure


def _codes(labels: NDArray[np.generic]) -> IntArray:
    """Replace labels by their numbers 0, 1, ... in sorted order; "1" is 1, as in structures."""
    labels = labels.astype(str) if labels.dtype == object else labels
    return np.asarray(np.unique(labels, return_inverse=True)[1].astype(np.int64))


def _groups(ds: "xr.Dataset", structure: NDArray[np.generic], by: str) -> IntArray:
    """Return the number of the group of every atom: groups are never torn apart."""
    if by == "atom":
        return np.arange(len(structure))
    if by == "structure":
        return _codes(structure)
    if by == "parent":
        return _codes(_coordinate(ds, "parent", by)[structure])
    if by == "composition":
        return _compositions(_codes(structure), _coordinate(ds, "atomic_number", by))
    raise ValueError(f"by: got {by!r}, expected one of atom, composition, parent, structure")


def _compositions(structure: IntArray, atomic_number: NDArray[np.generic]) -> IntArray:
    """Return the number of the reduced formula of every atom's structure."""
    elements, element = np.unique(atomic_number, return_inverse=True)
    counts = np.zeros((structure.max() + 1, len(elements)), dtype=np.int64)
    np.add.at(counts, (structure, element), 1)
    counts //= np.gcd.reduce(counts, axis=1)[:, None]
    return np.unique(counts, axis=0, return_inverse=True)[1].reshape(-1)[structure]


def _draw(group: IntArray, subset: IntArray, n_test: int, rng: np.random.Generator) -> BoolArray:
    """Draw groups in a random order, each subset up to its share, or pooled up to a joint one."""
    n_groups, n_atoms = group.max() + 1, np.bincount(group)
    home = np.zeros(n_groups, dtype=np.int64)
    # A group that spans subsets counts for the subset of its last atom.
    home[group] = subset
    home = _codes(home)
    order = rng.permutation(n_groups)
    of_subset = np.bincount(home, weights=n_atoms).astype(np.int64)
    pooled = (of_subset / np.bincount(home)).sum() > _LARGEST_SHARE * n_test
    if pooled:  # the subsets in a random order, too: the first ones would always be drawn
        home = rng.permutation(len(of_subset))[home]
    drawn, seen, taken = np.zeros(n_groups, dtype=bool), 0, 0
    shares = _shares(of_subset, n_test)
    order = order[np.argsort(home[order], kind="stable")]
    for number, members in enumerate(np.split(order, np.cumsum(np.bincount(home))[:-1])):
        seen += int(n_atoms[members].sum())
        share = seen * n_test // len(group) - taken if pooled else shares[number]
        before = np.cumsum(n_atoms[members]) - n_atoms[members]
        chosen = members[before < share]
        drawn[chosen] = True
        taken += int(n_atoms[chosen].sum())
    return drawn[group]


def _shares(n_atoms: IntArray, n_test: int) -> IntArray:
    """Whole numbers that add up to ``n_test``, in proportion to ``n_atoms``: largest remainders."""
    exact = n_atoms * (n_test / n_atoms.sum())
    share: IntArray = np.floor(exact).astype(np.int64)
    missing = n_test - share.sum()
    share[np.argsort(share - exact, kind="stable")[:missing]] += 1
    return share
