"""Invariants of the steps of a network; which steps families have is in test_features_version."""

import numpy as np

from lumlip.families import base


class Irrep:
    """What e3nn calls an irrep."""

    def __init__(self, order, parity=1):
        self.dim, self.parity = 2 * order + 1, parity

    def is_scalar(self):
        return self.dim == 1 and self.parity == 1


def test_invariants_are_scalars_and_norms_channel_by_channel():
    values = np.array([[-2.0, 5.0, 3.0, 0.0, 4.0, 0.0, -1.0, 0.0, -7.0]])
    irreps = [(2, Irrep(0)), (2, Irrep(1)), (1, Irrep(0, -1))]
    assert base.invariants(values, irreps).tolist() == [[-2.0, 5.0, 5.0, 1.0, 7.0]]


def test_invariants_do_not_change_under_rotation():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 4, 3))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    one, other = (
        base.invariants(v.reshape(20, 12), [(4, Irrep(1))]) for v in (vectors, vectors @ turn)
    )
    assert np.allclose(one, other)
    assert one.shape == (20, 4)
