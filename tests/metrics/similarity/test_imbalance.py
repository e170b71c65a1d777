"""Information imbalance where it is known."""

import pytest

from lumlip import similarity


def test_information_imbalance_of_a_plane_and_a_line(rng):
    plane = rng.uniform(size=(400, 2))
    there, back = similarity.information_imbalance(plane, plane[:, :1])
    assert there < 0.1
    assert back > 0.2
    # nothing in common: ranks 1 to n - 1 at random have the mean n / 2 and so D = 1
    noise = similarity.information_imbalance(plane, rng.uniform(size=(400, 2)))
    assert noise == pytest.approx((1.0, 1.0), abs=0.12)
    assert similarity.information_imbalance(plane, plane) == (2 / 400, 2 / 400)
