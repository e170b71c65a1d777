"""Cosines to anchors, and what a common offset does to them."""

import pytest

from lumlip import similarity


def test_cosines_to_anchors_take_a_common_offset_for_agreement(rng):
    X, Y = rng.normal(size=(200, 5)), rng.normal(size=(200, 5))  # nothing in common
    assert abs(similarity.anchored_cosine(X, Y)) < 0.1
    assert similarity.anchored_cosine(X + 5, Y + 5) > 0.95


def test_one_anchor_is_enough(rng):
    X = rng.normal(size=(20, 3))
    assert similarity.anchored_cosine(X, 2 * X, n_anchors=1) == pytest.approx(1)
