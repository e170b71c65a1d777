"""Sources that know nothing: known answers, and what SOAP does not see."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule

from chapters.shared.soap import soap
from chapters.shared.sources import (
    ELEMENT,
    FIXED,
    NET,
    composition,
    principal,
    random_network,
    shuffled,
    together,
    unlearned,
)

WATER = molecule("H2O")


def rattled(atoms, seed=0):
    copy = atoms.copy()
    copy.rattle(0.1, seed=seed)
    return copy


def noise(n, width=64, seed=0):
    return np.random.default_rng(seed).normal(size=(n, width))


def test_composition_does_not_depend_on_the_order_of_structures():
    numbers, structure = np.array([8, 1, 1, 26, 8]), np.array([5, 5, 5, 2, 2])
    found = composition(numbers, structure)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.allclose(found[0], [2 / 3, 1 / 3, 0])
    assert np.allclose(found[3], [0, 0.5, 0.5])


def test_principal_components_are_the_largest_and_hold_the_variance():
    X = noise(200, width=5) * [10, 1, 1, 5, 0.1]
    found = principal(X, 2)
    assert np.isclose(found[:, 0].var(), np.linalg.eigvalsh(np.cov(X.T, bias=True))[-1])
    assert np.isclose(principal(X, 9).var(axis=0).sum(), X.var(axis=0).sum())


def test_shuffling_keeps_the_rows_and_moves_them():
    X = noise(50, width=3)
    found = shuffled(X, seed=1)
    assert not np.allclose(found, X)
    assert np.allclose(np.sort(found, axis=0), np.sort(X, axis=0))


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


def test_what_varies_by_rounding_alone_is_not_blown_up():
    """Shares of the elements in equal molecules differ in their last bit; once they became 1e15."""
    equal = np.full((50, 3), 1 / 3)
    equal[::2] += 2e-17 + np.spacing(1 / 3)
    assert abs(together(noise(50, width=3), equal)).max() < 10


def test_soap_does_not_change_with_rotation_shift_or_order():
    atoms = rattled(WATER)
    turned = atoms.copy()
    turned.rotate(50, (1, 2, 3))
    turned.translate([1, -2, 3])
    assert np.allclose(soap([turned]), soap([atoms]), rtol=1e-9)
    assert np.allclose(soap([atoms[[2, 0, 1]]]), soap([atoms])[[2, 0, 1]], rtol=1e-9)


def test_soap_has_unit_length_and_sees_the_elements_of_the_neighbors():
    salt, other = (rattled(bulk(f, "rocksalt", a=5.0, cubic=True)) for f in ("NaCl", "NaBr"))
    assert np.allclose(np.linalg.norm(soap([salt]), axis=1), 1)
    assert not np.allclose(soap([salt]), soap([other]))
    assert soap([Atoms("H"), Atoms("Fe")]).shape == (2, 390)


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


def test_all_sources_have_a_row_per_atom():
    found = unlearned([rattled(WATER), rattled(bulk("Cu", cubic=True))])
    assert {len(X) for X in found.values()} == {7}
    assert found[ELEMENT].shape == (7, 3)
    assert found[NET].shape == (7, 64)
    assert found[FIXED].shape == (7, 64 + 3 + 3)


def test_without_featomic_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "featomic", None)
    with pytest.raises(ImportError, match=r'pip install "lumlip\[book\]"'):
        soap([WATER])
