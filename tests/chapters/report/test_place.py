"""Distances and maps of models whose errors are known."""

import numpy as np
import pytest

from chapters.report import place
from lumlip.metrics.repeated import CrossFit

# Two models on a line through the first, one on each side; another as far as the nearer of them.
POINTS = {"here": (0.0, 0.0), "near": (0.3, 0.0), "far": (-0.6, 0.0), "as near": (0.0, 0.3)}


def fit_of(points, noise=0.0, n_groups=40):
    """A cross-fit whose errors are the distances of points in a plane, in every group alike."""
    xy = np.array(list(points.values()))
    errors = np.linalg.norm(xy[:, None] - xy, axis=-1)
    factors = np.random.default_rng(0).lognormal(sigma=noise, size=(*errors.shape, n_groups))
    sums = (errors[..., None] ** 2 * factors / factors.mean(axis=-1, keepdims=True))[None]
    return CrossFit(list(points), list(points), sums, np.ones(n_groups), n_bootstrap=200)


def test_neighbors_come_in_order_with_both_directions():
    fit = fit_of(POINTS)
    fit.sums[0, 0, 2] *= 4  # from here, the far one is rebuilt with twice the error
    table = place.neighbors(fit, "here")
    assert list(table.index)[2] == "far"
    far = table.loc["far"]
    found = [far[column].value for column in ("source", "target", "mean", "farther")]
    assert found == pytest.approx([0.6, 1.2, 0.9, 0.6])


def test_models_that_may_be_as_near_are_named_with_the_nearest():
    table = place.neighbors(fit_of(POINTS, noise=0.3), "here")
    assert set(place.level_with_nearest(table)) == {"near", "as near"}
    assert place.level_with_nearest(table.loc[[table.index[0], "far"]]) == [table.index[0]]


def test_the_map_has_the_distances_of_the_models_and_its_draws_lie_around_it():
    fit = fit_of(POINTS, noise=0.3)
    points, draws, flat = place.model_map(fit, n_draws=50)
    expected = np.array(list(POINTS.values()))
    for some, xy in ((points, expected), (points - points.mean(axis=0), points)):
        distances = np.linalg.norm(some[:, None] - some, axis=-1)
        assert np.allclose(distances, np.linalg.norm(xy[:, None] - xy, axis=-1), atol=1e-9)
    assert draws.shape == (50, 4, 2)
    assert np.abs(draws.mean(axis=0) - points).max() < 0.05  # none is mirrored
    assert flat.value == pytest.approx(1)  # points of a plane
    assert flat.low < flat.value


def test_two_models_have_a_map_too():
    points, _, flat = place.model_map(fit_of({k: POINTS[k] for k in ("here", "near")}), n_draws=3)
    assert np.linalg.norm(points[0] - points[1]) == pytest.approx(0.3)
    assert flat.value == pytest.approx(1)
