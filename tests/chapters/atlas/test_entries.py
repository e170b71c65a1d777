"""What the pickers of the atlas show."""

import numpy as np

from chapters.atlas.entries import of_pairs, picker
from lumlip.metrics.repeated import CrossFit, Estimate


def test_errors_are_those_of_their_pair():
    # Ten parents of one atom each: squared errors of 0.36 from a to b, of 0.04 from b to a.
    sums = np.zeros((2, 2, 2, 10))
    sums[:, 0, 1], sums[:, 1, 0] = 0.36, 0.04
    found = of_pairs(CrossFit(["a", "b"], ["a", "b"], sums, np.ones(10), n_bootstrap=50))
    assert {pair: round(one.value, 6) for pair, one in found.items()} == {
        ("a", "b"): 0.6,
        ("b", "a"): 0.2,
    }


def test_what_has_no_direction_stands_once():
    one = Estimate(0.5, 0.4, 0.6)
    both = {("a", "b"): one, ("b", "a"): Estimate.missing()}
    found = picker({"GFRE": both, "CKA": {("a", "b"): one}}, ["a", "b"])
    assert found["alike"] == ["CKA"]
    cell = ["0.50", "0.40", "0.60"]
    assert found["layers"] == {
        "GFRE": [[None, cell], [None, None]],
        "CKA": [[None, cell], [None, None]],
    }
