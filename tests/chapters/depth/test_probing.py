"""Probes of every step, on made-up models."""

import numpy as np
import pytest

from chapters.depth import probing


@pytest.fixture(scope="module")
def probed(study):
    return probing.probe_steps(study)


def test_element_is_read_off_until_it_is_gone(probed):
    table = probing.score_table(probed[0], "element").set_index(["model", "step"])["value"]
    assert table["sevennet-0", "embedding"] == 1
    assert table["sevennet-0", "interaction_2"] > 0.95
    assert table["sevennet-0", "interaction_3"] < 0.5


def test_energy_is_read_off_the_last_layer_but_not_the_embedding(probed):
    found = probing.score_table(probed[0], "energy beyond composition")
    table = found.set_index(["model", "step"])["value"]
    assert table["mace-mini", "last_layer"] > 0.95
    assert table["mace-mini", "embedding"] < 0.1


def test_rare_elements_are_not_asked_for(study, monkeypatch):
    monkeypatch.setattr(probing, "LEAST_OF_ELEMENT", 10_000)
    scores, _ = probing.probe_steps(study)
    assert "element" not in {target for _, _, target in scores}


def test_some_atoms_are_drawn_once():
    rows = probing._some(2000, seed=0)
    assert len(rows) == probing.MOST_ATOMS
    assert len(np.unique(rows)) == len(rows)
    assert len(probing._some(10, seed=0)) == 10
