"""Mixtures with the mean features of a structure."""

import numpy as np
import pytest
from ase import Atoms

from chapters.cumulants.imitations import (
    MET,
    distances_by_order,
    imitate,
    mixture_features,
    recipe,
    told_apart,
)
from lumlip.metrics.cumulants import cumulant_features

RNG = np.random.default_rng(0)
SIZES = RNG.integers(2, 6, size=40)
STRUCTURE = np.repeat(np.arange(40), SIZES)
X = RNG.normal(size=(len(STRUCTURE), 3))
MEANS = cumulant_features(X, STRUCTURE, order=1)


def test_shares_are_whole_and_leave_out_the_own_group():
    groups = np.arange(40) // 2
    made = imitate(MEANS, [0, 5, 9], groups)
    assert made.shares.min() >= 0
    assert made.shares.sum(axis=1) == pytest.approx(np.ones(3))
    for i, original in enumerate([0, 5, 9]):
        assert not made.shares[i, groups == groups[original]].any()
    assert made.distance[0] == pytest.approx(
        np.linalg.norm(made.shares[0] @ MEANS - MEANS[0]) / np.sqrt(MEANS.var(axis=0).sum())
    )


def test_a_point_within_the_others_is_met_and_a_corner_is_not():
    square = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [0.3, 0.6]])
    made = imitate(square, [4, 0], groups=np.arange(5))
    assert made.distance[0] < 1e-6 < MET
    assert made.distance[1] > 0.1


def test_mixture_is_a_structure_with_the_atoms_of_its_parts():
    made = imitate(MEANS, [3], groups=np.arange(40))
    mixed = mixture_features(X, STRUCTURE, made, order=2)[0]
    per_atom = (made.shares[0] / SIZES)[STRUCTURE]
    mean = per_atom @ X
    assert mixed[:3] == pytest.approx(made.shares[0] @ MEANS)
    assert mixed[:3] == pytest.approx(mean)
    assert mixed[3:] == pytest.approx(np.sqrt(per_atom @ (X - mean) ** 2))


def test_distances_are_in_units_of_each_order():
    features = cumulant_features(X, STRUCTURE, order=3)
    made = imitate(MEANS, [3, 8], groups=np.arange(40))
    mixed = mixture_features(X, STRUCTURE, made, order=3)
    found = distances_by_order(features, made, mixed, order=3)
    assert found.shape == (2, 3)
    assert found[:, 0] == pytest.approx(made.distance)
    unit = np.sqrt(features[:, 3:6].var(axis=0).sum())
    assert found[1, 1] == pytest.approx(np.linalg.norm(mixed[1, 3:6] - features[8, 3:6]) / unit)


def test_equal_features_are_told_apart_by_chance_and_different_ones_always():
    made = imitate(MEANS, np.arange(40), groups=np.arange(40))
    groups = np.arange(40)
    assert told_apart(MEANS, made, MEANS, groups).value == 0.5
    assert told_apart(MEANS, made, MEANS + 9, groups).value == 1


def test_recipe_lists_the_main_parts_and_the_rest():
    made = imitate(MEANS, [3], groups=np.arange(40))
    frames = [Atoms("H2", info={"subset": "some"})] * 40
    table = recipe(made, 0, frames, n_parts=2)
    assert list(table.columns) == ["subset", "share of the atoms"]
    assert table.index[-1] == f"{(made.shares[0] > 0).sum() - 2} others"
    assert len(table) == 3


def test_one_group_cannot_be_imitated():
    with pytest.raises(ValueError, match="got one group, expected two or more"):
        imitate(MEANS, [0], groups=np.zeros(40))
