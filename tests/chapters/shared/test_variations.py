"""Variations of a measurement: splits, shares of train, scalings."""

import numpy as np
import pytest
import xarray as xr

from chapters.shared.variations import (
    AS_IT_STANDS,
    VARIATIONS,
    Sample,
    Variation,
    rescaled,
    sample_of_atoms,
    thinned,
)
from lumlip.metrics.reconstruction import gfre

RNG = np.random.default_rng(0)
TRAIN, TEST = np.arange(150), np.arange(150, 200)
X = RNG.normal(size=(200, 6)) @ RNG.normal(size=(6, 6))
Y = np.tanh(X[:, :4]) + 0.1 * RNG.normal(size=(200, 4))


def atoms_of(n_structures=40, size=5):
    return xr.Dataset(
        coords={
            "structure": ("atom", np.repeat(np.arange(n_structures), size)),
            "subset": ("structure", ["a"] * (n_structures // 2) + ["b"] * (n_structures // 2)),
            "parent": ("structure", np.repeat(np.arange(n_structures // 2), 2)),
            "atomic_number": ("atom", np.tile([1, 6, 7, 8, 26], n_structures)),
        }
    )


def test_a_variation_has_the_chapters_split_unless_it_has_its_own():
    assert VARIATIONS[AS_IT_STANDS].on("parent").by == "parent"
    assert VARIATIONS["split by atom"].on("parent").by == "atom"
    with pytest.raises(ValueError, match="got scaling 'log'"):
        Variation(scaling="log")


def test_larger_shares_of_train_contain_smaller_ones_and_keep_groups_whole():
    train, groups = np.arange(60), np.repeat(np.arange(12), 5)
    half, quarter = (thinned(train, groups, share=s, seed=1) for s in (0.5, 0.25))
    assert set(quarter) < set(half)
    assert len(half) == 30
    assert len(np.unique(groups[half])) == 6
    assert thinned(train, groups, share=1.0) is train


@pytest.mark.parametrize("by", ["structure", "parent"])
def test_a_sample_keeps_whole_what_the_variation_says(by):
    atoms = atoms_of()
    sample = sample_of_atoms(atoms, variation=Variation(by=by, share=0.5), n_test=40)
    names = atoms["structure"].to_numpy() // (2 if by == "parent" else 1)
    assert not set(names[sample.train]) & set(names[sample.test])
    assert np.array_equal(sample.groups, atoms["structure"].to_numpy()[sample.test])
    assert len(sample.train) < 0.6 * 160


def test_whitened_errors_are_what_canonical_correlations_leave():
    """Of two sets of one width, both ways are then equally hard on the train atoms themselves."""
    wide = RNG.normal(size=(400, 8))
    A, B = wide[:, :4] @ RNG.normal(size=(4, 4)), wide[:, 2:6] * [1, 10, 50, 0.5]
    rows = np.arange(400)
    white = rescaled({"a": A, "b": B}, "whitened", rows)
    one, two = white["a"], white["b"]
    there = np.sqrt(((two - one @ np.linalg.lstsq(one, two)[0]) ** 2).sum() / 400 / 4)
    back = np.sqrt(((one - two @ np.linalg.lstsq(two, one)[0]) ** 2).sum() / 400 / 4)
    assert np.isclose(there, back)


def test_distances_of_a_sample_are_those_of_the_metric():
    sample = Sample(TRAIN, TEST, TEST // 5)
    found = sample.distances({"x": X, "y": Y}, variation=Variation(), n_bootstrap=5)
    assert np.isclose(found.table.loc["x", "y"], gfre(X, Y, train=TRAIN, test=TEST))
    assert found.draws.shape == (2, 2, 6)
