"""Published fits: known answers from made-up errors of three models and two families."""

import numpy as np
import pytest

from chapters.controls.published import (
    FAMILY,
    TOLD,
    VARIANT,
    WITH_NET,
    PublishedFits,
)
from chapters.controls.study import from_one
from chapters.shared.sources import ELEMENT, FIXED, FORMULA, SHUFFLED, SHUFFLED_ELEMENT
from lumlip.metrics.repeated import CrossFit

MODELS = ["chgnet-0.3.0", "chgnet-0.2.0", "sevennet-0"]
FIRSTS = ["chgnet-0.3.0", "sevennet-0"]


def fit_of(errors, targets, n_seeds=1):
    """Return a cross-fit of three groups of one atom: the same error in all, by source."""
    table = np.array([np.broadcast_to(row, len(targets)) for row in errors.values()], dtype=float)
    sums = np.square(table)[None, :, :, None].repeat(n_seeds, axis=0).repeat(3, axis=-1)
    return CrossFit(list(errors), targets, sums, np.ones(3), n_bootstrap=10)


@pytest.fixture
def fits():
    blind = {SHUFFLED: 1.0, ELEMENT: 0.8, FORMULA: 0.7, FIXED: 0.6}
    alone = {m: [0.2, 0.2, 0.5] if "chgnet" in m else [0.5, 0.5, 0.0] for m in MODELS} | blind
    told = {
        f"{m} + {ELEMENT}": [0.1, 0.1, 0.3] if "chgnet" in m else [0.3, 0.3, 0.0] for m in MODELS
    }
    joint = {FIXED: [0.9, 0.3], WITH_NET: 0.55, **dict.fromkeys(FIRSTS, 0.5)}
    for kind, error in ((ELEMENT, 0.3), (SHUFFLED_ELEMENT, 0.5), (FIXED, 0.25)):
        joint |= {f"{m} + {kind}": error for m in FIRSTS}
    alone_fit = fit_of(alone, MODELS, n_seeds=3)
    return PublishedFits(MODELS, FIRSTS, alone_fit, fit_of(told, MODELS), fit_of(joint, FIRSTS))


def test_shares_rise_from_chance_to_itself(fits):
    found = {name: share.value for name, share in fits.shares().items()}
    assert found[SHUFFLED] == pytest.approx(0)
    assert found[FAMILY] == pytest.approx(0.75)
    assert found[TOLD] == pytest.approx(0.91)
    assert found[VARIANT] == pytest.approx(0.96)
    names = list(found)
    assert (names[0], names[-1]) == (SHUFFLED, VARIANT)


def test_gains_are_differences_on_the_same_orders(fits):
    assert fits.worse(FIXED, FAMILY).value == pytest.approx(0.1)
    assert fits.gain_of_telling().value == pytest.approx(0.2)
    shuffled = fits.joint.difference(fits.beside(""), fits.beside(SHUFFLED_ELEMENT))
    assert shuffled.value == pytest.approx(0)
    net = from_one(fits.joint, WITH_NET, FIRSTS)
    assert fits.joint.difference(net, fits.beside(FIXED)).value == pytest.approx(0.3)


def test_targets_can_be_taken_one_by_one(fits):
    assert fits.worse_for(["sevennet-0"], FAMILY, FIXED).value == pytest.approx(0.2)
    assert fits.worse_for(["chgnet-0.3.0"], FAMILY, FIXED).value == pytest.approx(-0.4)
    assert fits.worse_for(FIRSTS, FAMILY, TOLD).value == pytest.approx(0.2)


def test_two_families_have_no_interval_over_models(fits):
    found = fits.over_models()
    assert found.value == pytest.approx(0.91)
    assert np.isnan(found.low)
