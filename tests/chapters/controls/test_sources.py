"""Features that know nothing: known answers, and what SOAP does not see."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule

from chapters.shared.baselines import (
    ALL,
    ELEMENT,
    NET,
    NOISE,
    baseline_features,
    composition,
    noise,
    one_hot,
    random_network,
    together,
)
from chapters.shared.soap import soap

WATER = molecule("H2O")


def rattled(atoms, seed=0):
    copy = atoms.copy()
    copy.rattle(0.1, seed=seed)
    return copy


def test_one_hot_has_a_column_per_element():
    found = one_hot([26, 8, 8, 26])
    assert found.tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]


def test_composition_does_not_depend_on_the_order_of_structures():
    numbers, structure = np.array([8, 1, 1, 26, 8]), np.array([5, 5, 5, 2, 2])
    found = composition(numbers, structure)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.allclose(found[0], [2 / 3, 1 / 3, 0])
    assert np.allclose(found[3], [0, 0.5, 0.5])


def test_noise_is_what_its_seed_says():
    assert np.array_equal(noise(5, seed=3), noise(5, seed=3))
    assert not np.array_equal(noise(5, seed=3), noise(5, seed=4))
    assert noise(5, width=7).shape == (5, 7)


def test_a_random_network_does_not_care_for_the_scale_of_columns():
    X = noise(30, width=4)
    assert np.allclose(random_network(X * [1, 10, 1e3, 0.1] + 5), random_network(X))
    constant = random_network(np.column_stack([X, np.ones(30)]))
    assert np.isfinite(constant).all()


def test_blocks_have_one_variance_together():
    found = together(noise(50, width=3), 100 * noise(50, width=5, seed=1), np.ones((50, 2)))
    assert found.shape == (50, 10)
    assert np.isclose(found[:, :3].var(axis=0).sum(), 1)
    assert np.isclose(found[:, 3:8].var(axis=0).sum(), 1)


def test_soap_does_not_change_with_rotation_shift_or_order():
    atoms = rattled(WATER)
    turned = atoms.copy()
    turned.rotate(50, (1, 2, 3))
    turned.translate([1, -2, 3])
    assert np.allclose(soap([turned]), soap([atoms]), rtol=1e-9)
    assert np.allclose(soap([atoms[[2, 0, 1]]]), soap([atoms])[[2, 0, 1]], rtol=1e-9)


def test_soap_sees_the_elements_of_the_neighbors_not_that_of_the_atom():
    salt, other = (rattled(bulk(f, "rocksalt", a=5.0, cubic=True)) for f in ("NaCl", "NaBr"))
    assert not np.allclose(soap([salt]), soap([other]))
    alone = [Atoms("H"), Atoms("Fe")]
    assert np.allclose(soap(alone)[:, :1] > 0, True)  # the density of the atom itself counts
    assert soap(alone).shape == (2, 390)


def test_soap_is_the_same_alone_and_among_others():
    some = [rattled(bulk(s, cubic=True), seed=i) for i, s in enumerate(("Cu", "Si", "Fe"))] * 8
    together_ = soap(some)
    assert np.allclose(together_[: len(some[0])], soap(some[:1]), rtol=1e-10)


def test_soap_of_a_slab_is_that_of_a_periodic_one_with_much_space():
    slab = fcc111("Cu", (1, 1, 3), vacuum=4.0)
    assert slab.pbc.tolist() == [True, True, False]
    apart = slab.copy()
    apart.center(vacuum=15.0, axis=2)
    apart.pbc = True
    assert np.allclose(soap([slab]), soap([apart]), rtol=1e-9)


def test_all_blind_features_have_a_row_per_atom():
    structures = [rattled(WATER), rattled(bulk("Cu", cubic=True))]
    found = baseline_features(structures, [0] * 3 + [1] * 4, width=5)
    assert {len(X) for X in found.values()} == {7}
    assert found[NOISE].shape == found[NET].shape == (7, 5)
    assert found[ELEMENT].shape == (7, 3)
    assert found[ALL].shape == (7, 396)


def test_without_featomic_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "featomic", None)
    with pytest.raises(ImportError, match=r'pip install "lumlip\[book\]"'):
        soap([WATER])
