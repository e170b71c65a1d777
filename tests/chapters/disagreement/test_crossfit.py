"""Every structure is tested once, by maps that have not seen it."""

import numpy as np
import pytest
import xarray as xr

from chapters.disagreement.crossfit import crossfitted, folds, of_pairs, over_structures, some_atoms
from lumlip.metrics.reconstruction import pointwise_gfre

RNG = np.random.default_rng(0)
OWNER = np.repeat(np.arange(30), 4)
SHARES = np.eye(30)[:, :10] + np.eye(30, k=-10)[:, :10] + np.eye(30, k=-20)[:, :10]
ATOMS = xr.Dataset(
    coords={
        "structure": ("atom", OWNER),
        "parent": ("structure", [f"p{i // 2}" for i in range(30)]),
    }
)


@pytest.mark.parametrize(
    ("by", "group"),
    [
        ("structure", np.arange(30)),
        ("parent", np.arange(30) // 2),
        ("composition", np.arange(30) % 10),
    ],
)
def test_folds_are_even_and_keep_groups_whole(by, group):
    fold = folds(ATOMS, SHARES, by=by, n_folds=3, seed=1)
    assert all(len(set(fold[group == g])) == 1 for g in set(group))
    sizes = np.bincount([fold[group == g][0] for g in sorted(set(group))])
    assert sizes.max() - sizes.min() <= 1
    np.testing.assert_array_equal(fold, folds(ATOMS, SHARES, by=by, n_folds=3, seed=1))


def test_too_many_folds_and_unknown_groups_are_refused():
    with pytest.raises(ValueError, match="n_folds: got 31, expected 2 to 30"):
        folds(ATOMS, SHARES, n_folds=31)
    with pytest.raises(ValueError, match="atom"):
        folds(ATOMS, SHARES, by="atom")


def test_average_is_a_root_mean_square_over_each_structures_atoms():
    errors = RNG.random((2, 3, 8))
    owner = np.array([0, 0, 2, 2, 2, 3, 3, 3])
    found = over_structures(errors, owner, n_structures=4)
    assert np.isnan(found[..., 1]).all()
    np.testing.assert_allclose(found[..., 2], np.sqrt((errors[..., 2:5] ** 2).mean(axis=-1)))


def test_some_atoms_of_every_structure():
    chosen = some_atoms(OWNER, at_most=3)
    assert np.bincount(OWNER[chosen]).tolist() == [3] * 30
    assert some_atoms(OWNER, at_most=9).tolist() == list(range(120))


def test_crossfitted_errors_are_those_of_a_fit_on_the_other_folds():
    features = {name: RNG.normal(size=(120, 3)) for name in "ab"}
    fold = np.arange(30) % 3
    found = crossfitted(features, OWNER, fold=fold)
    train, test = (np.flatnonzero(mask) for mask in (fold[OWNER] != 1, fold[OWNER] == 1))
    alone = pointwise_gfre(features["a"], features["b"], train=train, test=test)
    own = OWNER[test] == 4
    assert found[0, 1, 4] == pytest.approx(np.sqrt((alone[own] ** 2).mean()))
    assert np.abs(np.diagonal(found)).max() < 1e-6
    only = crossfitted(features, OWNER, fold=fold, only=np.flatnonzero(OWNER == 4))
    assert np.flatnonzero(np.isfinite(only[0, 1])).tolist() == [4]


def test_both_directions_of_a_pair_are_joined():
    errors = np.zeros((3, 3, 1))
    errors[0, 2], errors[2, 0] = 3, 4
    np.testing.assert_allclose(of_pairs(errors)[:, 0], [0, np.sqrt(12.5), 0])
