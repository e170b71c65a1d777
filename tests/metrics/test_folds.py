"""Folds: every atom once, groups whole, subsets and sizes even."""

import pickle

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import lumlip
from lumlip.metrics.folds import kept_whole, number_of_groups

KINDS = ["atom", "structure", "composition", "parent"]


def dataset(seed=0, n_structures=300, n_subsets=3):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 30, size=n_structures)
    structure = np.repeat(np.arange(n_structures), sizes)
    return xr.Dataset(
        coords={
            "structure": ("atom", structure),
            "atomic_number": ("atom", rng.choice([1, 6, 8, 26], size=len(structure))),
            "subset": (
                "structure",
                rng.choice([f"subset {i}" for i in range(n_subsets)], n_structures),
            ),
            "parent": ("structure", [f"parent {i // 3}" for i in range(n_structures)]),
        }
    )


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    by=st.sampled_from(KINDS),
    n_folds=st.integers(2, 12),
    n_subsets=st.integers(1, 40),
)
def test_groups_are_whole_and_no_fold_is_empty(seed, by, n_folds, n_subsets):
    ds = dataset(seed, n_structures=60, n_subsets=n_subsets)
    fold = lumlip.folds(ds, by=by, n_folds=n_folds, seed=seed)
    assert fold.shape == (ds.sizes["atom"],)
    assert np.unique(fold).tolist() == list(range(n_folds))
    structure = ds.structure.values
    keys = {"structure": structure, "parent": ds.parent.values[structure]}
    for key in [keys[by]] if by in keys else [fold.groups]:
        pairs = {(k, f) for k, f in zip(key.tolist(), fold.tolist(), strict=True)}
        assert len(pairs) == len(set(key.tolist()))


@pytest.mark.parametrize("by", KINDS)
def test_folds_are_even_in_atoms_and_in_every_subset(by):
    ds = dataset()
    dealt = lumlip.folds(ds, by=by)
    fold = np.asarray(dealt)
    subset = ds.subset.values[ds.structure.values]
    n_atoms = np.bincount(fold)
    # Small groups are dealt last: folds differ by less than a group of mean size, or an atom.
    assert np.ptp(n_atoms) <= np.bincount(dealt.groups).mean()
    for name in np.unique(subset):
        shares = np.bincount(fold[subset == name]) / np.mean(np.bincount(fold[subset == name]))
        assert np.ptp(shares) < 0.2


@pytest.mark.parametrize("by", KINDS)
def test_the_seed_decides(by):
    ds = dataset()
    first, again, other = (lumlip.folds(ds, by=by, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_next_group_goes_where_subsets_and_all_atoms_stay_most_even():
    """4 atoms of b to the 8: l^2 / n adds up to 144/12 + 4240/76 = 67.8; to the 64: to 68.4."""
    sizes = [64, 8, 4]
    ds = xr.Dataset(
        coords={
            "structure": ("atom", np.repeat(np.arange(3), sizes)),
            "subset": ("structure", ["a", "b", "b"]),
        }
    )
    fold = lumlip.folds(ds, by="structure", n_folds=2)
    assert fold.tolist() == [0] * 64 + [1] * 12


def test_groups_of_folds_are_known_and_counted():
    ds = dataset()
    fold = lumlip.folds(ds, by="parent")
    np.testing.assert_array_equal(kept_whole(fold, len(fold)), fold.groups)
    np.testing.assert_array_equal(kept_whole(np.asarray(fold), len(fold)), np.arange(len(fold)))
    assert number_of_groups(ds, by="parent") == 100
    np.testing.assert_array_equal(lumlip.folds(ds), lumlip.folds(ds, n_folds=10, seed=0))


def test_groups_go_with_the_folds_and_with_some_of_the_atoms():
    fold = lumlip.folds(dataset(), by="parent")
    assert isinstance(fold, np.ndarray)
    assert fold.dtype == np.int64
    assert fold.groups.shape == fold.shape
    assert len(np.unique(fold.groups)) == 100
    for index in (slice(5), [4, 0, 4], fold > 3):
        np.testing.assert_array_equal(fold[index].groups, fold.groups[index])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fold)).groups, fold.groups)


@pytest.mark.parametrize("of_folds", [np.ndarray.copy, np.sort, lambda fold: fold % 2])
def test_folds_that_lost_their_groups_are_refused(of_folds):
    """Else the intervals would draw single atoms, and be too narrow without a word."""
    fold = of_folds(lumlip.folds(dataset(), by="parent"))
    X = np.random.default_rng(0).normal(size=(len(fold), 2))
    with pytest.raises(ValueError, match=r"folds: got an array .* does not know its groups"):
        lumlip.reconstruction_table({"a": X}, folds=fold, n_bootstrap=10)
    lumlip.reconstruction_table({"a": X}, folds=np.asarray(fold), n_bootstrap=10)


def test_folds_are_not_changed_in_place():
    with pytest.raises(ValueError, match="read-only"):
        lumlip.folds(dataset()).sort()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "element"}, "by: got 'element', expected one of atom, composition, parent"),
        ({"n_folds": 1}, "n_folds: got 1, expected 2 to 100, the number of groups by parent"),
        ({"n_folds": 101}, "n_folds: got 101, expected 2 to 100, the number of groups by parent"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        lumlip.folds(dataset(), **options)


def test_relatives_alone_cannot_be_dealt():
    ds = dataset()
    one = ds.assign_coords(parent=("structure", ["run-1"] * ds.sizes["structure"]))
    with pytest.raises(ValueError, match=r"^groups by parent: got 1, expected 2 or more$"):
        lumlip.folds(one, n_folds=1)
