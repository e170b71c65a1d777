"""Nearest neighbors against a plain stable sort of all distances."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lumlip.metrics._neighbors import distinct_train_atoms, nearest_train_atoms
from lumlip.metrics._scaling import ScaledFeatures


def _expected(train, test, k):
    distance = np.square(test[:, None] - train[None]).sum(axis=2)
    return np.argsort(distance, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("block", [1, 50 * 7, 2**24])
def test_as_a_sort_of_all_distances(block):
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(50, 6)), rng.normal(size=(33, 6))
    features = ScaledFeatures(torch.as_tensor(train), torch.as_tensor(test))
    found = nearest_train_atoms(features, 12, block=block)
    np.testing.assert_array_equal(found, _expected(train, test, 12))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 40), levels=st.integers(1, 3))
def test_ties_come_in_the_order_of_the_train_atoms(seed, k, levels):
    # Small integers: every distance is exact, most of them tie.
    rng = np.random.default_rng(seed)
    train = rng.integers(0, levels, size=(40, 3)).astype(float)
    test = rng.integers(0, levels, size=(5, 3)).astype(float)
    features = ScaledFeatures(torch.as_tensor(train), torch.as_tensor(test))
    np.testing.assert_array_equal(nearest_train_atoms(features, k), _expected(train, test, k))


def test_copies_of_earlier_atoms_are_all_that_are_near_one():
    rng = np.random.default_rng(0)
    train = rng.normal(size=(300, 5))[rng.integers(0, 100, size=300)]
    train += rng.uniform(0, 2e-4, size=(300, 1)) * rng.normal(size=(300, 5))
    features = ScaledFeatures(torch.as_tensor(train), torch.as_tensor(train[:1]))
    distance = np.linalg.norm(train[:, None] - train, axis=2)
    is_copy = np.tril(distance < 1e-4, k=-1).any(axis=1)
    assert 20 < is_copy.sum() < 200
    found = distinct_train_atoms(features, 1e-4)
    np.testing.assert_array_equal(found, np.flatnonzero(~is_copy))
