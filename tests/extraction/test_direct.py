"""Features that are not kept: those of the cache, and their derivatives."""

import numpy as np
import pytest
from ase.build import bulk, molecule

import lumlip
from lumlip.errors import ExtractionError
from lumlip.runtime.paths import home

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def salt():
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.rattle(0.1, seed=0)
    return atoms


def test_descriptors_are_the_features_of_the_cache_and_leave_nothing_there(salt, own_cache):
    with lumlip.Descriptors("sevennet-0") as model:
        found = [model.get_descriptors(atoms) for atoms in (salt, molecule("H2O"))]
        backbone = model.get_descriptors(salt, layer="backbone")
    assert not list(home().glob("features/*/*.zarr"))
    ds = lumlip.features("sevennet-0", [salt, molecule("H2O")], dtype="float64")
    assert np.allclose(np.concatenate(found), ds["last_layer"], rtol=0, atol=1e-12)
    assert np.allclose(backbone, ds["backbone"][:2], rtol=0, atol=1e-12)


def test_what_the_model_fails_on_is_named(nan_for_copper):
    options = {"trust_checkpoint": True}
    with (
        lumlip.Descriptors(nan_for_copper, **options) as model,
        pytest.raises(ExtractionError, match=r"frame 0 \(Cu\)"),
    ):
        model.get_descriptors(bulk("Cu"))


def test_derivatives_are_those_of_the_energy_and_do_not_see_a_translation(salt):
    gradient = lumlip.feature_gradients("chgnet-0.3.0", salt)
    assert gradient.shape == (2, 64, 2, 3)
    assert np.abs(gradient.sum(axis=2)).max() < 1e-9 * np.abs(gradient).max()
    # The energy of CHGNet is linear in its last layer: the same map joins their derivatives.
    slope = lumlip.feature_gradients("chgnet-0.3.0", salt, of="energy")
    columns = gradient.sum(axis=0).reshape(64, -1)
    others = [salt.copy() for _ in range(80)]
    for seed, atoms in enumerate(others):
        atoms.rattle(0.05, seed=seed)
    ds = lumlip.features("chgnet-0.3.0", others, dtype="float64")
    sums = ds["last_layer"].groupby("structure").sum().to_numpy()
    rows, energy = sums - sums.mean(axis=0), ds["energy"] - ds["energy"].mean()
    weights = np.linalg.lstsq(rows, energy.to_numpy(), rcond=1e-9)[0]
    assert np.allclose(weights @ columns, slope.ravel(), atol=1e-4 * np.abs(slope).max())


def test_wrong_options_are_named(salt):
    with pytest.raises(ValueError, match="got of 'forces'; expected one of: backbone, last_layer"):
        lumlip.feature_gradients("sevennet-0", salt, of="forces")
    for step in (0, 1e-12, 0.5):
        with pytest.raises(ValueError, match=f"step: got {step}, expected .*, 1e-06 to 0.1"):
            lumlip.feature_gradients("sevennet-0", salt, step=step)
    with pytest.raises(TypeError, match=r"got \[Atoms.*, expected one structure"):
        lumlip.feature_gradients("sevennet-0", [salt])
    with pytest.raises(TypeError, match="dtype"):  # in single precision nothing is left of them
        lumlip.feature_gradients("sevennet-0", salt, dtype="float32")


def test_features_without_a_model_are_refused(salt, tmp_path):
    np.savez(tmp_path / "one.npz", last_layer=np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"one\.npz holds features only, expected"):
        lumlip.feature_gradients(f"features:{tmp_path / 'one.npz'}", salt)
