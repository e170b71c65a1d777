"""Checked input of every feature metric: feature matrices of the same atoms, and the split."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import FloatArray, IntArray

# Spread that still counts as rounding, in units of eps |x|. Measured in single precision: atoms
# that are equivalent in a perfect crystal differ by 0.6 to 1.7 units (CHGNet, SevenNet, MACE, UMA),
# 17 at most (DIEP); moved by 1e-4 Angstrom, by 115 or more in all of these models.
ROUNDING_UNITS = 32
#: Larger numbers are refused: their sums overflow.
LARGEST = 1e300
#: Numbers so many times those of most rows are refused: beside them nothing is left of the others.
WIDEST = 1e100


def as_array(values: ArrayLike, name: str) -> NDArray[Any]:
    """Return an array, or say why it is none: a mask, a type of another library, uneven rows."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name}: got masked numbers, expected none: leave out or fill these rows")
    try:
        return np.asarray(values)
    except (TypeError, RuntimeError, ValueError):
        kind = f"{type(values).__name__} of {getattr(values, 'dtype', 'mixed types or lengths')}"
        raise ValueError(
            f"{name}: got a {kind} that is no array; of a tensor, give .detach().cpu().double()"
        ) from None


def feature_arrays(features: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
    """Return `as_features` of each name, of which there is at least one."""
    if not features:
        raise ValueError("features: got none, expected at least one name with its array")
    if strange := [name for name in features if not isinstance(name, str)]:
        raise ValueError(f"features: got the name {strange[0]!r}, expected texts")
    return {name: as_features(array, name) for name, array in features.items()}


def as_features(features: ArrayLike, name: str) -> FloatArray:
    """Return features (n_atoms, n_features) as float64: real numbers up to 1e300."""
    array = as_array(features, name)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name}: got shape {array.shape}, expected (n_atoms, n_features), not 0")
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name}: got dtype {array.dtype}, expected real numbers")
    with np.errstate(over="ignore"):  # of numbers in quadruple precision
        array = array.astype(np.float64, copy=min(array.strides) < 0)  # torch has no views backward
    if (largest := max(array.max(), -array.min())) <= LARGEST:  # not NaN, either
        return array
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise ValueError(
            f"{name}: got NaN or infinity in {bad.size} of {len(array)} rows "
            f"(first: row {bad[0]}), expected finite numbers"
        )
    raise ValueError(f"{name}: got numbers up to {largest:.2g}, expected at most {LARGEST}")


def of_unit_size(rows: FloatArray, name: str) -> FloatArray:
    """Divide features by a power of two, an exact division, if their squares might overflow.

    Refused is a row of (n_atoms, n_features) beside which nothing is left of most others.
    """
    sizes = np.abs(rows).max(axis=1)
    largest = float(sizes.max())
    if largest == 0 or 2.0**-50 < largest < 2.0**50:
        return rows
    if np.median(sizes[sizes > 0]) < largest / WIDEST:
        row = f"{name}: got numbers up to {largest:.2g} in row {sizes.argmax()}"
        raise ValueError(f"{row}, more than {WIDEST} times those of most rows")
    return np.asarray(np.ldexp(rows, -int(np.frexp(largest)[1])))


def as_integers(values: ArrayLike, name: str, n_atoms: int) -> IntArray:
    """Return an integer for every atom (n_atoms,), such as its structure or its fold."""
    array = as_array(values, name)
    if array.shape != (n_atoms,) or array.dtype.kind not in "iu":
        got = f"shape {array.shape} of {array.dtype}"
        raise ValueError(f"{name}: got {got}, expected ({n_atoms},) of int")
    return array.astype(np.int64)


def as_structure_index(structure: ArrayLike, n_atoms: int) -> IntArray:
    """Return the structure of every atom (n_atoms,): 0 to n_structures - 1, none without atoms."""
    index = as_integers(structure, "structure", n_atoms)
    present = np.unique(index)
    if present[0] != 0 or present[-1] != len(present) - 1:
        raise ValueError(
            f"structure: got {len(present)} different indices from {present[0]} to {present[-1]}, "
            "expected 0 to n_structures - 1, each with at least one atom"
        )
    return index


def as_split(train: ArrayLike, test: ArrayLike, n_atoms: int) -> tuple[IntArray, IntArray]:
    """Return the indices of train (n_train,) and test atoms (n_test,), which share none.

    Both are indices, the order of which is kept, or masks (n_atoms,).
    """
    train_index = _as_index(train, n_atoms, "train", at_least=2)
    test_index = _as_index(test, n_atoms, "test", at_least=1)
    shared = np.intersect1d(train_index, test_index)
    if shared.size:
        raise ValueError(
            f"train and test: got {shared.size} atoms in both (first: {shared[0]}), expected none"
        )
    return train_index, test_index


def _as_index(index: ArrayLike, n_atoms: int, name: str, *, at_least: int) -> IntArray:
    array = as_array(index, name)
    if array.dtype == bool:
        if array.shape != (n_atoms,):
            raise ValueError(f"{name}: got a mask of shape {array.shape}, expected ({n_atoms},)")
        array = np.flatnonzero(array)
    if array.ndim != 1 or array.size < at_least:
        shape = f"{name}: got shape {array.shape}"
        raise ValueError(f"{shape}, expected a list of at least {at_least} atoms")
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name}: got dtype {array.dtype}, expected integer indices or a mask")
    if array.min() < 0 or array.max() >= n_atoms:
        raise ValueError(
            f"{name}: got indices from {array.min()} to {array.max()}, expected 0 to {n_atoms - 1}"
        )
    if np.unique(array).size != array.size:
        raise ValueError(f"{name}: got repeated indices, expected every atom at most once")
    return array.astype(np.int64)


def copied(features: Iterable[ArrayLike], part: ArrayLike) -> NDArray[np.bool_]:
    """Tell which atoms (n_atoms,) have the numbers of an atom of another part, in all features."""
    found, parts = np.ones(len(np.asarray(part)), dtype=bool), np.asarray(part).tolist()
    for array in features:
        keys = [row.tobytes() for row in np.asarray(array) + 0.0]  # so that -0 is 0
        homes: dict[bytes, set[int]] = {}
        for key, home in zip(keys, parts, strict=True):
            homes.setdefault(key, set()).add(home)
        found &= [len(homes[key]) > 1 for key in keys]
    return found


def check_same_structures(features: Iterable[tuple[str, object]]) -> None:
    """Refuse features (name, array) that say to be of different structures, though as many atoms.

    Those with ``attrs["structures_sha256"]``, as variables of a feature store have it, are
    compared, and what rows are called, in xarray and in pandas; plain arrays say nothing and pass.
    """
    key, arrays, labels = "structures_sha256", list(features), dict[str, tuple[str, Any]]()
    for name, array in arrays:
        for label, values in _row_labels(array).items():
            first, expected = labels.setdefault(label, (name, values))
            if not np.array_equal(values, expected):
                raise ValueError(
                    f"{name}: got rows of another {label} than {first}, expected the same atoms in "
                    "the same order"
                )
    told = [(name, getattr(array, "attrs", {}).get(key)) for name, array in arrays]
    known = [(name, str(sha256)) for name, sha256 in told if sha256 is not None]
    for name, sha256 in known:
        first, expected = known[0]
        if sha256 != expected:
            raise ValueError(
                f"{name}: got features of other structures than {first} (structures_sha256 "
                f"{sha256[:12]} and {expected[:12]}), expected the same atoms in the same order"
            )


def _row_labels(array: object) -> dict[str, Any]:
    """Return what the rows of a DataArray (its coordinates) or a DataFrame (its index) are."""
    if hasattr(array, "iloc"):
        return {"index": array.index}  # type: ignore[attr-defined]
    rows, coords = tuple(getattr(array, "dims", ()))[:1], getattr(array, "coords", {})
    return {str(name): values for name, values in coords.items() if values.dims == rows}


def rounding_spread(rows: FloatArray) -> float:
    """Return the total standard deviation that rounding alone may leave between equal rows.

    Numbers that all fit in single precision were computed in it. Columns of rows (n_samples,
    n_features) that do not vary at all have no such rounding, however large they are.
    """
    with np.errstate(over="ignore", under="ignore"):
        single = bool((rows.astype(np.float32) == rows).all())
        size = np.abs(rows).mean(axis=0)
        varying = (rows != rows[0]).any(axis=0)
        # The mean that is subtracted is rounded, too, in double precision.
        spread = float(np.finfo(np.float64).eps * np.linalg.norm(size))
        if single:
            in_single = float(np.finfo(np.float32).eps * np.linalg.norm(size[varying]))
            spread = max(spread, in_single)
    return ROUNDING_UNITS * spread


def check_spread(name: str, total: float, rows: FloatArray, n_train: int) -> None:
    """Refuse a total standard deviation over train atoms (some: rows) that is rounding."""
    rounding = rounding_spread(rows)
    if not rounding < total < float("inf"):
        got = f"{name}: got a total standard deviation of {total:.3g} over the {n_train} train"
        raise ValueError(
            f"{got} atoms, expected finite features that vary beyond rounding ({rounding:.1g})"
        )
