"""Maps of structures."""

import numpy as np
import pytest

from lumlip.metrics.maps import structure_maps


def test_map_does_not_change_with_rotation_scale_or_shift_of_the_features():
    rng = np.random.default_rng(1)
    X, structure = rng.normal(size=(60, 5)) * [5, 3, 1, 1, 1], np.arange(60) // 3
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    maps = structure_maps({"a": X, "b": 7 * X @ rotation + 2}, structure)
    assert maps["a"] == pytest.approx(maps["b"], abs=1e-9)
    for x in maps["a"].T:
        assert x[np.abs(x).argmax()] > 0  # whichever sign the components come with


def test_points_on_a_line_stay_on_a_line():
    X = np.outer(np.arange(12.0), [1.0, 2.0, 2.0])
    points = structure_maps({"a": X}, np.arange(12))["a"]
    # Along the first axis the steps are equal, and the total variance is scaled to one.
    assert np.diff(points[:, 0]) == pytest.approx(np.full(11, np.diff(points[:, 0])[0]))
    assert points.var(axis=0).sum() == pytest.approx(1)
