"""What two models disagree about, once the composition is taken off."""

import numpy as np
import pytest

from chapters.disagreement.energies import composition_baseline, covered, disagreements, model_pairs

RNG = np.random.default_rng(0)
SHARES = RNG.dirichlet([1, 1, 1], size=60)
FOLD = np.arange(60) % 3


def test_what_is_linear_in_the_composition_is_no_disagreement():
    energies = {"a": SHARES @ [1.0, 2, 3], "b": SHARES @ [-4.0, 0, 5]}
    found = disagreements(energies, SHARES, fold=FOLD)
    assert found.shape == (1, 60)
    assert found.max() < 3  # meV/atom: the penalty leaves a little


def test_a_difference_of_one_structure_is_found_there_in_milli_electronvolts():
    energies = {"a": np.zeros(60), "b": np.zeros(60)}
    energies["b"][7] = 0.3
    found = disagreements(energies, SHARES, fold=FOLD)[0]
    assert found.argmax() == 7
    assert found[7] == pytest.approx(300, abs=1)
    assert np.abs(found[FOLD[7] == FOLD][np.arange(20) != 2]).max() < 1e-6  # not in its own fit


def test_disagreement_has_no_direction_and_a_pair_for_every_two_models():
    energies = {name: RNG.normal(size=60) for name in "abc"}
    found = disagreements(energies, SHARES, fold=FOLD)
    turned = disagreements(dict(reversed(energies.items())), SHARES, fold=FOLD)
    assert model_pairs("abc") == [("a", "b"), ("a", "c"), ("b", "c")]
    np.testing.assert_allclose(found, turned[::-1])


def test_unknown_where_an_element_is_too_rare_elsewhere():
    shares = np.hstack([SHARES, np.zeros((60, 1))])
    shares[3] = [0, 0, 0, 1]
    found = disagreements({"a": np.zeros(60), "b": np.zeros(60)}, shares, fold=FOLD)
    assert np.flatnonzero(np.isnan(found[0])).tolist() == [3]
    assert not covered(shares, train=FOLD[3] != FOLD)[3]


def test_baseline_says_what_it_got():
    with pytest.raises(ValueError, match=r"got shape \(2,\), expected \(60,\)"):
        composition_baseline([1.0, 2.0], SHARES, train=[0])
