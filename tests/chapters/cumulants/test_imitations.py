"""Mixtures with the mean features of a structure."""

import numpy as np
import pytest

from chapters.cumulants.imitations import MET, Imitations, imitate, mixture_features, rms_distances
from lumlip.metrics.cumulants import cumulant_features

RNG = np.random.default_rng(0)
SIZES = RNG.integers(2, 6, size=40)
STRUCTURE = np.repeat(np.arange(40), SIZES)
X = RNG.normal(size=(len(STRUCTURE), 3))
FEATURES = cumulant_features(X, STRUCTURE, order=8)


def test_shares_are_whole_and_leave_out_the_own_group():
    groups = np.arange(40) // 2
    made = imitate(X, STRUCTURE, groups, n=5)
    assert made.shares.min() >= 0
    assert made.shares.sum(axis=1) == pytest.approx(np.ones(5))
    for row, original in zip(made.shares, made.originals, strict=True):
        assert not row[groups == groups[original]].any()


def test_distances_are_in_units_of_each_order():
    made = imitate(X, STRUCTURE, np.arange(40), n=4)
    mixed = mixture_features(X, STRUCTURE, made.shares)
    for k in (0, 1, 7):
        own = FEATURES[:, 3 * k : 3 * k + 3]
        apart = np.linalg.norm(mixed[:, 3 * k : 3 * k + 3] - own[made.originals], axis=1)
        assert made.distances[:, k] == pytest.approx(apart / np.sqrt(own.var(axis=0).sum()))


def test_a_point_within_the_others_is_met_and_a_corner_is_not():
    square = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [0.3, 0.6]])
    made = imitate(square, np.arange(5), np.arange(5), n=5)
    assert made.met.tolist() == [4]
    assert made.distances[4, 0] < 1e-6 < MET
    assert made.distances[0, 0] > 0.1


def test_mixture_is_a_structure_with_the_atoms_of_its_parts():
    shares = imitate(X, STRUCTURE, np.arange(40), n=1).shares
    mixed = mixture_features(X, STRUCTURE, shares)[0]
    per_atom = (shares[0] / SIZES)[STRUCTURE]
    mean = per_atom @ X
    assert mixed[:3] == pytest.approx(mean)
    assert mixed[3:6] == pytest.approx(np.sqrt(per_atom @ (X - mean) ** 2))


def test_of_elements_the_mean_tells_everything():
    # With two elements, a mixture with the same composition has the same distribution of atoms.
    atoms = np.eye(2)[RNG.integers(0, 2, size=len(STRUCTURE))]
    made = imitate(atoms, STRUCTURE, np.arange(40), n=40)
    exact = made.distances[:, 0] < 1e-9
    assert exact.sum() > 20
    assert made.distances[exact, 1:4].max() < 1e-3


def test_mean_square_is_over_originals_that_all_models_meet():
    distances = np.tile([[0.0, 3.0, 4.0, 0, 0, 0, 0, 0]], (12, 1))
    missed = distances.copy()
    missed[0, 0] = 1.0
    both = {
        name: Imitations(np.arange(12), np.zeros((12, 12)), some)
        for name, some in {"a": distances, "b": missed}.items()
    }
    fit = rms_distances(both, np.arange(12))
    assert fit.table.loc["a", ["1", "2", "3"]].tolist() == [0, 3, 4]
    assert fit.counts.sum() == 11
    assert rms_distances(both, np.arange(12) // 2) is None


def test_one_group_cannot_be_imitated():
    with pytest.raises(ValueError, match="got one group, expected two or more"):
        imitate(X, STRUCTURE, np.zeros(40), n=1)
