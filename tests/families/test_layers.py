"""Which steps every family tells of, how wide they are, and how they end in the backbone.

That layers change nothing and are as invariant as the backbone is one of the conformance checks.
"""

import numpy as np
import pytest
from ase.build import bulk

import lumlip
from chapters.depth.paths import depth_path
from lumlip.families import _network

# Model -> widths of its steps. Scalars and norms: 224 = 128 + 64 + 32, 66 = 22 * (1 + 1 + 1),
# 704 = 512 + 128 + 64, 736 = 704 + 32.
WIDTHS = {
    "chgnet-0.3.0": [64, 64, 64, 64, 64, 64],
    "sevennet-0": [128, 224, 224, 224, 224, 128, 64],
    "diep-matpes-r2scan": [64, 64, 64, 64, 128],
    "hienet-v3": [384, 384, 704, 736, 736, 512, 256],
    "mace-mini": [32, 64, 32, 48],
    "pet-mini": [64, 112, 112, 64],
    "dpa-mini@inorganic": [48, 48, 48, 48, 48],
    "uma-mini@omat": [22, 66, 66, 66, 22],
}
#: Families whose last interaction leaves the backbone itself.
SAME = ("sevennet", "diep", "hienet", "pet", "dpa")


@pytest.fixture(scope="module")
def structures():
    made = [bulk("NaCl", "rocksalt", a=5.64, cubic=True), bulk("Si"), bulk("Cu", cubic=True)]
    for seed, atoms in enumerate(made):
        atoms.rattle(0.05, seed=seed)
    return made


@pytest.mark.heavy
@pytest.mark.parametrize("model", WIDTHS)
def test_steps_have_their_names_and_widths(model, structures):
    dataset = lumlip.features(model, structures, layers=True)
    path = depth_path(dataset)
    assert [X.shape[1] for X in path.values()] == WIDTHS[model]
    names = [name for name in path if name.startswith("interaction")]
    assert names == [f"interaction_{i + 1}" for i in range(len(names))]
    backbone = dataset["backbone"].to_numpy()
    if dataset.attrs["family"] in SAME:
        assert np.array_equal(path[names[-1]], backbone)
    if dataset.attrs["family"] == "mace":  # the scalars of all products
        scalars = np.hstack([path[name][:, :32] for name in names])
        assert np.array_equal(scalars, backbone)
    if dataset.attrs["family"] == "chgnet":  # a LayerNorm: lines that differ in gain and bias only
        last = path[names[-1]]
        normed = (last - last.mean(1, keepdims=True)) / last.std(1, keepdims=True)
        slope = np.ptp(backbone, axis=0) / np.ptp(normed, axis=0)
        assert np.allclose(np.ptp(backbone, axis=0), slope * np.ptp(normed, axis=0))
        assert np.corrcoef(backbone[:, 0], normed[:, 0])[0, 1] ** 2 > 0.999


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
