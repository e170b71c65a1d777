"""Scores of structures under a shift."""

import numpy as np
import pytest

from chapters.disagreement import ood_scores
from chapters.disagreement.auroc import auroc
from chapters.disagreement.distribution_shifts import Shift

RNG = np.random.default_rng(0)
N, OWNER = 90, np.repeat(np.arange(90), 4)


@pytest.fixture(scope="module")
def material():
    """Return features of two models that agree but for the last ten structures."""
    X = RNG.normal(size=(4 * N, 5))
    Y = X @ RNG.normal(size=(5, 4))
    odd = OWNER >= 80
    Y[odd] += RNG.normal(size=(int(odd.sum()), 4))
    last = {"a": X, "b": Y + 0.01 * RNG.normal(size=Y.shape)}
    shares = np.tile([[0.5, 0.5, 0]], (N, 1))
    shares[80:] = [0, 0.5, 0.5]
    energy = RNG.random((1, N))
    return ood_scores.Material(
        last, last, OWNER, shares, energy, np.arange(4 * N)[::2], n_neighbors=12
    )


SHIFT = Shift("odd", np.flatnonzero(OWNER < 50), np.arange(50, 80), np.arange(80, 90))


def one(material, shift):
    """Detect a single shift."""
    return ood_scores.detected(material, [shift], shift.train, n_bootstrap=20)[shift.name]


def test_every_score_has_a_value_for_every_structure(material):
    asked = np.concatenate([SHIFT.usual, SHIFT.unusual])
    found = dict(ood_scores.scores(material, SHIFT.train, asked))
    assert set(found) == set(ood_scores.SCORES)
    assert found[ood_scores.GFRE].shape == (2, 40)
    assert found[ood_scores.LLPR].shape == (2, 40)
    assert found[ood_scores.ENERGY].shape == (1, 40)


def test_errors_detect_what_breaks_the_relation_of_models_and_composition_what_it_sees(material):
    found = one(material, SHIFT)
    assert found[ood_scores.GFRE].value > 0.95
    assert found[ood_scores.LFRE].value > 0.7
    assert found[ood_scores.COMPOSITION].value == 1
    assert 0.2 < found[ood_scores.ENERGY].value < 0.8


def test_nan_leaves_structures_out_and_changed_ones_with_their_originals(material):
    energy = material.energy.copy()
    energy[0, [50, 85]] = np.nan
    paired = Shift("pairs", SHIFT.train, np.arange(70, 80), np.arange(80, 90), paired=True)
    gone = ood_scores.Material(
        material.backbone, material.last_layer, OWNER, material.shares, energy, np.zeros(0, int)
    )
    found = one(gone, paired)
    kept = np.delete(np.arange(10), 5)
    expected = auroc(energy[:, 70 + kept], energy[:, 80 + kept], paired=True)
    assert found[ood_scores.ENERGY].value == expected.value
    assert ood_scores.LFRE not in found  # no atom may have one


def test_one_model_has_scores_of_its_own_only(material):
    alone = ood_scores.Material(
        {"a": material.backbone["a"]},
        {"a": material.last_layer["a"]},
        OWNER,
        material.shares,
        np.zeros((0, N)),
        np.arange(0),
    )
    found = one(alone, SHIFT)
    names = {
        ood_scores.DISTANCE,
        ood_scores.DISTANCE_BACKBONE,
        ood_scores.LLPR,
        ood_scores.COMPOSITION,
    }
    assert set(found) == names


def test_means_and_gains(material):
    found = {"odd": one(material, SHIFT)}
    table = ood_scores.table(found)
    assert table.columns.tolist() == list(ood_scores.SCORES)
    area = found["odd"][ood_scores.GFRE]
    assert ood_scores.mean_area([area, area])[0] == pytest.approx(area.value)
    assert ood_scores.mean_gain([area], [area]) == (0, 0, 0)
    assert np.isnan(ood_scores.mean_area([])).all()
    assert np.isnan(ood_scores.mean_gain([], [])).all()


def test_controls_have_seen_the_kind_and_changed_structures_have_none(material):
    train = np.flatnonzero(OWNER < 50)
    changed = Shift("twins", train, np.arange(60, 70), np.arange(70, 80), True, "changed")
    own, seen = ood_scores.unseen_and_seen(material, [SHIFT, changed], train, n_bootstrap=5)
    assert list(own) == ["odd", "twins"]
    assert list(seen) == ["odd"]
    assert own["odd"][ood_scores.GFRE].value == one(material, SHIFT)[ood_scores.GFRE].value
    shorter = Shift("odd", SHIFT.train[::2], SHIFT.usual, SHIFT.unusual)
    own, seen = ood_scores.unseen_and_seen(material, [shorter], train, n_bootstrap=5)
    assert seen["odd"][ood_scores.DISTANCE].value == one(material, SHIFT)[ood_scores.DISTANCE].value
    assert own["odd"][ood_scores.DISTANCE].value != seen["odd"][ood_scores.DISTANCE].value
