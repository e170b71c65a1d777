"""Steps of a network and their invariants; of all families, see test_features_version.py."""

import numpy as np
import pytest
from ase.build import bulk

import lumlip
from chapters.depth.paths import depth_path
from lumlip.families import _network


@pytest.mark.heavy
def test_the_backbone_of_chgnet_is_a_layer_norm_of_its_last_step():
    """Lines that differ in gain and bias only."""
    frames = [bulk("NaCl", "rocksalt", a=5.64, cubic=True), bulk("Cu", cubic=True)]
    for seed, atoms in enumerate(frames):
        atoms.rattle(0.05, seed=seed)
    dataset = lumlip.features("chgnet-0.3.0", frames, layers=True)
    last, backbone = depth_path(dataset)["interaction_4"], dataset["backbone"].to_numpy()
    normed = (last - last.mean(1, keepdims=True)) / last.std(1, keepdims=True)
    for ours, theirs in zip(normed.T, backbone.T, strict=True):
        assert np.corrcoef(ours, theirs)[0, 1] ** 2 > 0.999


class Irrep:
    """What e3nn calls an irrep."""

    def __init__(self, order, parity=1):
        self.dim, self.parity = 2 * order + 1, parity

    def is_scalar(self):
        return self.dim == 1 and self.parity == 1


def test_invariants_are_scalars_and_norms_channel_by_channel():
    values = np.array([[-2.0, 5.0, 3.0, 0.0, 4.0, 0.0, -1.0, 0.0, -7.0]])
    irreps = [(2, Irrep(0)), (2, Irrep(1)), (1, Irrep(0, -1))]
    assert _network.invariants(values, irreps).tolist() == [[-2.0, 5.0, 5.0, 1.0, 7.0]]


def test_invariants_do_not_change_under_rotation():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 4, 3))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    one, other = (
        _network.invariants(v.reshape(20, 12), [(4, Irrep(1))]) for v in (vectors, vectors @ turn)
    )
    assert np.allclose(one, other)
    assert one.shape == (20, 4)
