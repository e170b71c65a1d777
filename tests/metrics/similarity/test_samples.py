"""What all measures of similarity start from."""

import numpy as np
import pytest

from lumlip import similarity
from lumlip.metrics.similarity._samples import centered, defined, distances, samples, unit_rows
from lumlip.metrics.similarity.neighborhoods import neighbor_order


def test_rows_get_unit_length_and_zeros_stay():
    rows = unit_rows(np.array([[0.0, 0.0], [3.0, 4.0], [0.03, -0.04]]))
    np.testing.assert_allclose(rows, [[0, 0], [0.6, 0.8], [0.6, -0.8]])


def test_samples_are_moved_to_their_mean():
    np.testing.assert_array_equal(centered(np.array([[1.0, 0], [5, 0]])), [[-2, 0], [2, 0]])
    with pytest.raises(ValueError, match="the same for all samples"):
        centered(np.zeros((4, 2)))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_above_a_billion_is_a_division_by_rounding(sign):
    assert defined(sign * 0.9e9) == sign * 0.9e9
    with pytest.raises(ValueError, match="this is not defined"):
        defined(sign * 1.1e9)


def test_neighbors_come_by_distance_without_the_sample_itself():
    places = np.array([0.0, 1.0, 1.0, 5.0, -2.0])[:, None]
    order = neighbor_order(distances(places))
    assert order.tolist() == [
        [1, 2, 4, 3],
        [2, 0, 4, 3],
        [1, 0, 4, 3],
        [1, 2, 0, 4],
        [0, 1, 2, 3],
    ]


def test_two_samples_are_enough_and_one_is_not():
    pair = np.array([[0.0, 1.0], [2.0, 5.0]])
    np.testing.assert_array_equal(samples(pair), pair)
    assert similarity.procrustes_similarity(pair, 3 * pair) == pytest.approx(1)
    with pytest.raises(ValueError, match="X: got 1 samples, expected 2 or more"):
        similarity.procrustes_similarity(pair[:1], pair[:1])


def test_defaults_are_those_of_the_documentation(rng):
    X, Y = rng.normal(size=(2, 80, 3))
    assert similarity.mutual_knn(X, Y) == similarity.mutual_knn(X, Y, k=10)
    assert similarity.cknna(X, Y) == similarity.cknna(X, Y, k=10)
    assert similarity.anchored_cosine(X, Y) == similarity.anchored_cosine(X, Y, n_anchors=50)
    assert similarity.information_imbalance(X, Y) == similarity.information_imbalance(X, Y, k=1)
    assert similarity.mle_dimension(X) == similarity.mle_dimension(X, k=20)
    assert similarity.two_nn(X) == similarity.two_nn(X, discard=0.1)
