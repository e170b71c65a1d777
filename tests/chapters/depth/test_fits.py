"""Errors by stage of made-up models, where they are known."""

from dataclasses import replace

import numpy as np
import pytest

from chapters.depth import fits
from chapters.depth.fits import AS_IS, REST, WITHIN, StageFits
from chapters.shared.panels import only

TRAINED = ["chgnet-0.3.0", "sevennet-0", "sevennet-l3i5"]
TWINS = ["mace-mini-untrained", "pet-mini-untrained"]
#: Last layers have a variance of 9 that is shared and of 1 that is not.
OWN = np.sqrt(0.1)


@pytest.fixture(scope="module")
def found(panel):
    return StageFits.of(panel, n_seeds=2, width=64, n_bootstrap=50)


def mean(found, view, stage, models):
    return found.fit.mean(found.between(view, stage, models)).value


def test_errors_by_stage(found):
    assert mean(found, AS_IS, "embedding", TRAINED) < 1e-6
    for view in (AS_IS, WITHIN):
        assert mean(found, view, "first", TRAINED) < 1e-6
        assert mean(found, view, "last", TRAINED) == pytest.approx(1, abs=0.03)
        assert mean(found, view, "last layer", TRAINED) == pytest.approx(OWN, abs=0.03)
    assert mean(found, REST, "last layer", TRAINED) == pytest.approx(1, abs=0.03)


def test_changes_with_depth(found):
    part = found.change(AS_IS, TRAINED, ("first", "last"))
    meet = found.change(WITHIN, TRAINED, ("last", "last layer"))
    assert part.value == pytest.approx(1, abs=0.03)
    assert part.low > 0.9
    assert meet.value == pytest.approx(OWN - 1, abs=0.03)
    assert len(meet.by_seed) == 2
    rest = found.change(REST, TRAINED, ("last", "last layer"), beyond=(WITHIN, TRAINED))
    assert rest.value == pytest.approx(1 - OWN, abs=0.06)


def test_trained_against_untrained(found):
    weights = [found.between(WITHIN, "last layer", some) for some in (TRAINED, TWINS)]
    nearer = found.net(weights[:1], weights[1:])
    assert nearer.value == pytest.approx(OWN - 1, abs=0.03)
    assert nearer.high < 0


def test_two_seeds_of_a_model(found):
    seeds = ["mace-mini", "mace-mini-seed2"]
    errors = found.by_stage(AS_IS, seeds, within=True)
    assert list(errors) == list(fits.STAGES_OF[AS_IS])
    assert errors["first"].value < 1e-6
    assert errors["last"].value == pytest.approx(1, abs=0.03)
    assert not found.between(AS_IS, "first", seeds[:1], within=True).any()


def test_what_is_not_there_is_missing(found, panel):
    nothing = StageFits.of(None, n_seeds=1, width=64)
    rare = StageFits.of(panel, n_seeds=1, width=64, least=1000)
    alone = found.change(AS_IS, TRAINED[:1], ("first", "last"))
    against_none = found.change(AS_IS, TRAINED, ("first", "last"), beyond=(AS_IS, []))
    missing = [one.change(WITHIN, TRAINED, ("first", "last")) for one in (nothing, rare)]
    assert all(np.isnan(e.value) for e in (*missing, alone, against_none))
    assert nothing.without_heavy(0.2) == ([], nothing)


def test_every_family_is_left_out_once(found, panel):
    three = StageFits.of(only(panel, [*TRAINED, "mace-mini"]), n_seeds=1, width=64)
    value, low, high = three.over_families(AS_IS, ("first", "last"))
    assert value == pytest.approx(three.change(AS_IS, three.fit.sources, ("first", "last")).value)
    assert low <= value <= high


def test_a_parent_that_carries_a_fifth_is_named_and_left_out(found):
    sums = found.fit.sums.copy()
    sums[..., 7] += sums.sum(axis=-1)
    broken = StageFits(replace(found.fit, sums=sums), found.parents)
    names, kept = broken.without_heavy(0.2)
    assert names == [found.parents[7]]
    assert len(kept.parents) == len(found.parents) - 1 == kept.fit.sums.shape[-1]
    assert mean(kept, AS_IS, "last", TRAINED) == pytest.approx(1, abs=0.05)
    assert found.without_heavy(0.2) == ([], found)


def test_groups_have_the_names_of_their_parents(found, panel):
    assert sorted(found.parents) == sorted(set(panel.atoms["parent"].to_numpy().tolist()))


def test_wide_steps_are_cut_to_their_principal_components():
    X = np.random.default_rng(0).normal(size=(50, 6)) * [9, 8, 1e-3, 1e-3, 1e-3, 1e-3]
    cut = fits.narrow(X, 2)
    assert cut.shape == (50, 2)
    assert cut.var(axis=0).sum() == pytest.approx(X.var(axis=0).sum(), rel=1e-5)
    assert fits.narrow(X, 6) is X
