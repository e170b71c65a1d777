"""Atoms to look at, dimensions with intervals, imbalances by stage."""

import numpy as np

from chapters.depth import neighborhoods, stages


def test_one_atom_of_every_element_of_every_parent():
    numbers, owner = [8, 8, 1, 8, 1, 1], [0, 0, 0, 1, 1, 1]
    drawn = neighborhoods.distinct_atoms(numbers, owner)
    assert sorted((owner[i], numbers[i]) for i in drawn) == [(0, 1), (0, 8), (1, 1), (1, 8)]
    assert (np.diff(drawn) > 0).all()
    assert len(neighborhoods.distinct_atoms(numbers, owner, most=2)) == 2


def test_dimension_counts_directions(study):
    table = neighborhoods.dimensions(study).set_index(["model", "step"])
    noise = table.loc[("sevennet-0", "interaction_3")]
    plane = table.loc[("sevennet-0", "last_layer")]
    assert 2 < noise["value"] < 4
    assert 1.4 < plane["value"] < 2.6
    assert (table["low"] <= table["value"]).all()
    assert "embedding" not in table.index.get_level_values("step")


def test_imbalance_is_small_where_all_see_the_same(study):
    pairs = stages.pairs_by_kind(study)[stages.FAMILIES]
    table = neighborhoods.imbalance_by_stage(study, pairs)
    assert table.loc["first", "value"] < 0.05
    assert table.loc["last", "value"] > 0.8
    assert table.loc["last layer", "value"] < 0.05


def test_more_tells_the_neighbors_of_less_but_not_back(study):
    table = neighborhoods.imbalances_within(study).set_index(["model", "step"])
    first = table.loc[("sevennet-0", "interaction_1")]
    assert first["forth"] < first["back"]
    assert table.loc[("sevennet-0", "interaction_3"), "forth"] > 0.8


def test_copies_do_not_break_a_dimension():
    assert np.isnan(neighborhoods._dimension(np.zeros((50, 3))))


def test_neighbors_are_of_one_element_until_only_noise_is_left(study):
    found = neighborhoods.neighbors_of_one_element(study)
    assert found["first"] > found["last"]
    assert 0.2 < found["last"] < 0.5  # chance, with three elements


def test_imbalance_within_elements_sees_the_same_geometry(study):
    pairs = stages.pairs_by_kind(study)[stages.FAMILIES]
    table = neighborhoods.imbalance_by_stage(study, pairs, within_elements=True)
    assert table.loc["first", "value"] < 0.05
