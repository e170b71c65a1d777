"""Areas under the ROC curve against scikit-learn, and a subset that is far from all others."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from chapters.disagreement import detection
from chapters.disagreement.study import Study


def test_areas_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    out = rng.random(40) < 0.4
    scores, draws = rng.integers(6, size=(3, 40)), rng.integers(3, size=(5, 40))
    found = detection.auroc(scores, out, draws)
    for area, w in zip(found, draws, strict=True):
        expected = np.mean([roc_auc_score(out, row, sample_weight=w) for row in scores])
        assert area == pytest.approx(expected)


def test_a_draw_without_one_side_has_no_area():
    assert np.isnan(detection.auroc([[1.0, 2.0]], [False, True], [[1, 0]])).all()


def test_the_nearest_row_of_each_label():
    rng = np.random.default_rng(0)
    X, label = rng.normal(size=(30, 4)), rng.integers(3, size=30)
    train, test = np.arange(20), np.arange(20, 30)
    found = detection.nearest(X, train, test, label)
    apart = np.linalg.norm(X[test][:, None] - X[train][None], axis=2)
    for one in range(3):
        np.testing.assert_allclose(found[one], apart[:, label[train] == one].min(axis=1))


def test_a_label_that_is_not_in_train_is_infinitely_far():
    found = detection.nearest(np.eye(3), np.array([0, 1]), np.array([2]), np.array([0, 0, 1]))
    assert found[0, 0] == pytest.approx(np.sqrt(2))
    assert np.isinf(found[1, 0])


@pytest.fixture(scope="module")
def shifted(make_crystals, make_panel):
    """The features of all rattled salts lie far from the others in one of two models."""
    panel = make_panel(make_crystals(80), ["chgnet-0.3.0", "sevennet-0"])
    far = np.asarray(panel.atoms["subset"].to_numpy() == "rattled")[panel.atoms["structure"]]
    for data in panel.datasets.values():
        data["last_layer"][far] += 50.0
    return Study(panel, list(panel.datasets), 2, 40, "cpu")


def test_a_subset_far_from_what_is_known_is_detected(shifted):
    found = detection.areas(shifted, n_seeds=1)
    rattled = {"rattled": found["rattled"]}
    assert detection.mean_area(rattled, detection.DISTANCE).value == 1
    # Compositions of both subsets are alike, and known.
    assert detection.mean_area(rattled, detection.COMPOSITION).value == pytest.approx(0.5)
    difference = detection.mean_area(rattled, detection.DISTANCE, detection.COMPOSITION)
    assert difference.value == pytest.approx(0.5)
    assert len(difference.by_seed) == 1


def test_a_score_minus_itself_is_nothing(shifted):
    found = detection.areas(shifted, n_seeds=2)
    nothing = detection.mean_area(found, detection.ERROR, detection.ERROR)
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)


def test_without_several_subsets_there_is_no_area(make_crystals, make_panel):
    salts = make_crystals(30)
    for atoms in salts:
        atoms.info["subset"] = "user"
    panel = make_panel(salts, ["chgnet-0.3.0", "sevennet-0"])
    found = detection.areas(Study(panel, list(panel.datasets), 1, 10, "cpu"), n_seeds=1)
    assert found == {}
    assert np.isnan(detection.mean_area(found, detection.ERROR).value)
