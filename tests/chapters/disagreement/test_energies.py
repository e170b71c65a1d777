"""Rank correlations of made-up errors, and energies that maps must or cannot recover."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from chapters.disagreement import energies
from chapters.disagreement.study import Study


def test_rank_correlations_are_those_of_scipy():
    x, y = np.random.default_rng(0).normal(size=(2, 3, 50))
    found = energies.spearman(x, y)
    for i, j in np.ndindex(3, 3):
        assert found[i, j] == pytest.approx(spearmanr(x[i], y[j]).statistic)


def test_strangers_share_no_family():
    pairs = energies.pairs_of("abcd")
    own, foreign = energies.own_and_foreign("abcd")
    np.testing.assert_allclose(np.diag(own), 1 / 6)
    for i, j in np.ndindex(6, 6):
        assert (foreign[i, j] > 0) == (not set(pairs[i]) & set(pairs[j]))
    assert foreign.sum() == pytest.approx(1)


def test_pairs_without_strangers_do_not_count():
    # Of a, b, b', c and d: a and b are strangers of c and d alone.
    own, foreign = energies.own_and_foreign(["a", "b", "b", "c"])
    assert not own.any()
    assert not foreign.any()
    assert np.isnan(energies.weighted([], own).value)


@pytest.fixture(scope="module")
def told(study):
    """Errors that are the disagreements themselves: every pair tells its own exactly."""

    class Told(Study):
        @property
        def errors(self):
            rest = np.moveaxis(self.beyond, 2, 1)
            return np.abs(rest[:, :, None] - rest[:, None])

    return Told(study.panel, study.models, study.n_seeds, study.n_bootstrap, "cpu")


def test_errors_that_are_disagreements_rank_their_own_exactly(told):
    tables = energies.rank_tables(told)
    own, foreign = energies.own_and_foreign(told.models)
    found = energies.weighted(tables, own)
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))
    gain = energies.weighted(tables, own - foreign)
    assert gain.low < gain.value < gain.high
    assert gain.value == pytest.approx(1 - energies.weighted(tables, foreign).value)


def test_numbers_of_pairs_average_to_those_of_all(told):
    tables = energies.rank_tables(told)
    by_pair = energies.by_pair(told, tables)
    assert next(iter(by_pair)) == "CHGNet and SevenNet"
    foreign = np.mean([other.value for _, other in by_pair.values()])
    expected = energies.weighted(tables, energies.own_and_foreign(told.models)[1]).value
    assert foreign == pytest.approx(expected)


def test_a_model_loses_nothing_of_its_own_energy_which_is_linear_in_its_features(study):
    layers, single = energies.stitched(study)
    assert np.diag(layers.table).max() < 0.02
    assert np.diag(single.table).max() < 0.02


def test_noise_recovers_no_more_than_the_composition(study):
    noise = {"noise": np.random.default_rng(1).normal(size=(len(study.shares), 2))}
    found = energies.lost(study, noise).table.to_numpy()
    # No less than all, but for the luck of a fit with two columns of noise.
    assert (found > 0.9).all()
    assert (found < 1.2).all()


def test_what_a_source_does_not_see_is_lost(study):
    rng = np.random.default_rng(2)
    seen, unseen = rng.normal(size=(2, 600))
    bigger = replace(study)
    shares = np.ones((600, 1))
    object.__setattr__(bigger, "shares", shares)
    object.__setattr__(bigger, "energy", np.repeat((seen + unseen)[:, None], 4, axis=1))
    object.__setattr__(bigger, "folds", np.tile(np.arange(600) % 10, (2, 1)))
    object.__setattr__(bigger, "parent", np.arange(600))
    found = energies.lost(bigger, {"half": seen[:, None]}).table.to_numpy()
    expected = np.sqrt(np.square(unseen).mean() / np.square(seen + unseen).mean())
    np.testing.assert_allclose(found, expected, atol=0.02)
