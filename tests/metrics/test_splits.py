"""Splits by atom, structure, composition and parent."""

import hashlib

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import lumlip
from lumlip.metrics.splits import split

KINDS = ["atom", "structure", "composition", "parent"]


def _dataset(seed=0, n_structures=60, n_subsets=3):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, size=n_structures)
    structure = np.repeat(np.arange(n_structures), sizes)
    numbers = np.concatenate([rng.choice([1, 6, 8, 26], size=n) for n in sizes])
    return xr.Dataset(
        coords={
            "structure": ("atom", structure),
            "atomic_number": ("atom", numbers),
            "subset": ("structure", [f"subset {i % n_subsets}" for i in range(n_structures)]),
            "parent": ("structure", [f"parent {i // 3}" for i in range(n_structures)]),
        }
    )


def _formulas(ds):
    """Reduced formula of every atom's structure, the plain way."""
    formula = {}
    for s in np.unique(ds.structure):
        numbers = ds.atomic_number.values[ds.structure.values == s]
        count = {z: int((numbers == z).sum()) for z in sorted(set(numbers.tolist()))}
        divisor = np.gcd.reduce(list(count.values()))
        formula[s] = str({z: n // divisor for z, n in count.items()})
    return np.array([formula[s] for s in ds.structure.values])


def _groups(ds, by):
    if by == "atom":
        return np.arange(ds.sizes["atom"])
    if by == "composition":
        return _formulas(ds)
    structure = ds.structure.values
    return structure if by == "structure" else ds.parent.values[structure]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    by=st.sampled_from(KINDS),
    share=st.floats(0.02, 0.5),
    n_subsets=st.integers(1, 5),
)
def test_a_split_parts_the_atoms_and_keeps_groups_together(seed, by, share, n_subsets):
    ds = _dataset(seed, n_subsets=n_subsets)
    n_atoms = ds.sizes["atom"]
    n_test = max(1, int(share * n_atoms))
    train, test = split(ds, by=by, n_test=n_test, seed=seed)
    np.testing.assert_array_equal(np.union1d(train, test), np.arange(n_atoms))
    assert len(train) + len(test) == n_atoms
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    groups = _groups(ds, by)
    assert not set(groups[train].tolist()) & set(groups[test].tolist())
    largest = max(np.unique(groups, return_counts=True)[1])
    assert n_test <= len(test) < n_test + n_subsets * largest or by == "atom"
    if by == "atom":
        assert len(test) == n_test


@pytest.mark.parametrize("by", ["atom", "structure", "parent"])
def test_every_subset_has_its_share(by):
    ds = _dataset(n_structures=600)
    _, test = split(ds, by=by, n_test=500)
    subset = ds.subset.values[ds.structure.values]
    names, n_all = np.unique(subset, return_counts=True)
    n_in_test = np.array([(subset[test] == name).sum() for name in names])
    expected = 500 * n_all / n_all.sum()
    slack = {"atom": 1, "structure": 9, "parent": 100}[by]  # one group of the largest size
    assert (np.abs(n_in_test - expected) <= slack).all()


@pytest.mark.parametrize("by", KINDS)
def test_the_seed_decides(by):
    ds = _dataset()
    first, again, other = (split(ds, by=by, n_test=60, seed=seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_multiples_of_a_formula_are_one_composition():
    # MgO, Mg2O2, MgO2, Mg: only the first two are the same.
    numbers, structure = [12, 8, 12, 12, 8, 8, 12, 8, 8, 12], [0, 0, 1, 1, 1, 1, 2, 2, 2, 3]
    ds = xr.Dataset(
        coords={
            "structure": ("atom", structure),
            "atomic_number": ("atom", numbers),
            "subset": ("structure", ["bulk"] * 4),
        }
    )
    seen = set()
    for seed in range(20):
        _, test = split(ds, by="composition", n_test=1, seed=seed)
        seen.add(tuple(np.unique(np.array(structure)[test]).tolist()))
    assert seen == {(0, 1), (2,), (3,)}


def _atoms_of(name):
    frames = lumlip.structures(name)
    sizes = [len(atoms) for atoms in frames]
    labels = {
        label: ("structure", [str(atoms.info[label]) for atoms in frames])
        for label in ("subset", "part", "parent")
    }
    return xr.Dataset(
        coords={
            "structure": ("atom", np.repeat(np.arange(len(frames)), sizes)),
            "atomic_number": ("atom", np.concatenate([atoms.numbers for atoms in frames])),
            **labels,
        }
    )


@pytest.fixture(scope="module")
def mini_mad():
    return _atoms_of("mini-mad")


# Of the splits that the numbers of the book were computed with, before small subsets were pooled:
# 1000 atoms and a fifth of all, with three seeds each.
SPLITS_OF_THE_BOOK = {
    "atom": "9462be27a330f6ef8687e1464bcba8bf2025c0eb0d76551c5bb59137e84d2ca9",
    "structure": "8097edce38d60940cb89d66bf18cd1ab83a339b59af1388c874b6e885e03d28c",
    "parent": "b1bf2924ec2f5af9501a2603ddb2c5acd146ad77493213fc11c65f26261b9245",
    "composition": "b7570b83bcf3fef7aa4abdbba82d16cda88f526a80cf484afa096992303916d0",
}


@pytest.mark.parametrize("by", KINDS)
def test_splits_of_the_book_stay(mini_mad, by):
    digest = hashlib.sha256()
    for n_test in (1000, mini_mad.sizes["atom"] // 5):
        for seed in range(3):
            test = split(mini_mad, by=by, n_test=n_test, seed=seed)[1]
            digest.update(test.astype("<i8").tobytes())
    assert digest.hexdigest() == SPLITS_OF_THE_BOOK[by]


def test_split_of_few_large_compositions_stays():
    # Chapter 02: as many atoms as in the part "test" of mini-lps, which has two subsets.
    ds = _atoms_of("mini-lps")
    n_test = int((ds.part.values[ds.structure.values] == "test").sum())
    test = split(ds, by="composition", n_test=n_test)[1]
    digest = hashlib.sha256(test.astype("<i8").tobytes()).hexdigest()
    assert (n_test, len(test)) == (1010, 1185)
    assert digest == "385a36d1e0c10d089d0c211839daf20316b9a81037862f1ace20cc7c694e68f5"


def _many_subsets(n_structures, n_subsets, n_atoms=8):
    labels = [f"config {i % n_subsets}" for i in range(n_structures)]
    return xr.Dataset(
        coords={
            "structure": ("atom", np.repeat(np.arange(n_structures), n_atoms)),
            "subset": ("structure", labels),
            "parent": ("structure", labels),
        }
    )


@pytest.mark.parametrize(
    ("n_structures", "n_subsets", "n_test"),
    [(60, 30, 96), (60, 30, 250), (60, 30, 470), (1000, 500, 1000), (50, 50, 80), (50, 50, 1)],
)
def test_many_small_subsets_do_not_swell_the_test(n_structures, n_subsets, n_test):
    ds = _many_subsets(n_structures, n_subsets)
    seen = set()
    for seed in range(5):
        _, test = split(ds, n_test=n_test, seed=seed)
        assert n_test <= len(test) < n_test + 8  # less than one structure too many
        seen.add(tuple(test))
    assert len(seen) > 1


def test_pooled_subsets_have_their_share_on_average():
    # One large subset, and 40 structures with a label each: 1 in 5 of either.
    ds = _many_subsets(100, 100)
    ds = ds.assign_coords(subset=("structure", ["bulk"] * 60 + [f"odd {i}" for i in range(40)]))
    counts = np.zeros(100)
    for seed in range(200):
        _, test = split(ds, n_test=160, seed=seed)
        drawn = np.unique(ds.structure.values[test])
        assert abs((drawn < 60).sum() - 12) <= 1
        counts[drawn] += 1
    # Binomial with p = 1/5: 200 draws give 40 +- 5.7; 4.5 standard deviations.
    assert np.abs(counts - 40).max() < 25


@pytest.mark.parametrize("seed", range(5))
def test_of_pooled_subsets_of_one_size_each_has_its_share(seed):
    """To the last of them: ten of ten structures of an atom each, and a tenth of all is drawn."""
    ds = xr.Dataset(
        coords={
            "structure": ("atom", np.arange(100)),
            "subset": ("structure", [f"subset {i % 10}" for i in range(100)]),
        }
    )
    _, test = split(ds, n_test=10, seed=seed)
    assert sorted(test % 10) == list(range(10))


def test_groups_larger_than_a_subset_are_kept_whole():
    ds = _many_subsets(60, 30)
    for seed in range(5):
        train, test = split(ds, by="parent", n_test=96, seed=seed)
        parent = ds.parent.values[ds.structure.values]
        assert not set(parent[train]) & set(parent[test])
        assert len(test) == 96  # six parents of two structures of 8 atoms


def test_one_atom_is_enough_to_train_on():
    ds = _dataset()
    train, test = split(ds, by="atom", n_test=ds.sizes["atom"] - 1)
    assert (len(train), len(test)) == (1, ds.sizes["atom"] - 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"by": "element"},
            "by: got 'element', expected one of atom, composition, parent, structure",
        ),
        ({"n_test": 0}, "n_test: got 0, expected 1 to"),
        ({"n_test": 10_000}, "n_test: got 10000, expected 1 to"),
        ({"n_test": _dataset().sizes["atom"]}, "expected 1 to"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        split(_dataset(), **{"n_test": 5, **options})


def test_what_is_missing_is_named():
    ds = _dataset().drop_vars("parent")
    with pytest.raises(
        ValueError, match="split by parent: expected a coordinate 'parent', got only"
    ):
        split(ds, by="parent", n_test=5)
    assert split(ds, n_test=5)
    one = _dataset(n_structures=1, n_subsets=1)
    with pytest.raises(ValueError, match=r"leave no atom to train on.*there are 1 groups"):
        split(one.isel(atom=[0, 0, 0]), n_test=1)


@pytest.mark.parametrize("none", [None, np.nan])
def test_a_structure_without_a_parent_is_refused(none):
    """Of NaN numpy makes a group for every atom: a structure would be in train and in test."""
    ds = _dataset()
    labels = np.array(ds.parent.values, dtype=object)
    labels[[4, 7]] = none
    ds = ds.assign_coords(parent=("structure", labels))
    for call in (lambda: split(ds, by="parent", n_test=9), lambda: lumlip.folds(ds)):
        with pytest.raises(ValueError, match="split by parent: got no parent in 2 places"):
            call()


def test_parents_of_mixed_types_are_what_structures_makes_of_them():
    ds = _dataset()
    mixed = [str(i // 3) if i % 2 else i // 3 for i in range(60)]
    mixed = ds.assign_coords(parent=("structure", np.array(mixed, dtype=object)))
    texts = ds.assign_coords(parent=("structure", [str(i // 3) for i in range(60)]))
    assert np.array_equal(lumlip.folds(mixed), lumlip.folds(texts))


@pytest.mark.parametrize("change", [lambda s: s - 1, lambda s: s + 1, lambda s: s / 2])
def test_a_structure_that_is_no_index_is_refused(change):
    """-1 would be the last one's subset and parent."""
    ds = _dataset()
    ds = ds.assign_coords(structure=("atom", change(ds.structure.values)))
    for call in (lambda: split(ds, n_test=9), lambda: lumlip.folds(ds)):
        with pytest.raises(ValueError, match=r"got structures from .* from 0 to 59"):
            call()


@pytest.mark.parametrize("places", [[1, 0, 2, 3, 4, 5], [0, 0, 1, 2, 3, 4, 5]])
def test_structures_in_another_order_than_their_atoms_are_refused(places):
    ds = xr.Dataset(
        coords={
            "structure": ("atom", np.repeat(np.arange(6), 2)),
            "subset": ("structure", ["bulk"] * 6),
            "frame": ("structure", [0, 1, 2, 4, 5, 7]),
        }
    )
    assert len(split(ds, n_test=4)[1]) == 4
    for deal in (
        lambda some: split(some, n_test=4),
        lambda some: lumlip.folds(some, n_folds=2, by="structure"),
    ):
        with pytest.raises(ValueError, match="got structures in another order than their features"):
            deal(ds.isel(structure=places))
