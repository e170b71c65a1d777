"""Stitches between all models of a panel."""

import pytest

from chapters.disagreement import stitch_pairs
from chapters.disagreement.study import PairStudy


@pytest.fixture(scope="module")
def found(salts):
    return stitch_pairs.StitchedPairs.of(PairStudy.of(salts))


@pytest.fixture(scope="module")
def table(found):
    return found.table(n_bootstrap=20)


def test_kinds_of_seams():
    kind = stitch_pairs.kind_of_pair
    assert kind("mace-mini-untrained", "mace-mini") == stitch_pairs.UNTRAINED
    assert kind("mace-mini", "mace-mini-seed2") == stitch_pairs.SEED
    assert kind("chgnet-0.3.0", "chgnet-r2scan") == stitch_pairs.VARIANT
    assert kind("chgnet-0.3.0", "sevennet-0") == stitch_pairs.FAMILY


def test_every_source_and_every_trained_target(table):
    assert len(table) == 5 * 4
    assert (table["kind"] == stitch_pairs.UNTRAINED).sum() == 4
    assert "mace-mini-untrained" not in set(table["target"])


def test_a_model_from_itself_loses_nothing_either_way(table):
    itself = table[table["kind"] == "itself"]
    assert itself["gfre"].max() < 1e-6
    assert itself["lost"].max() < 0.02
    assert itself["own_lost"].max() < 1e-6
    assert itself["energy_lost"].max() < 0.02
    others = table[table["kind"] != "itself"]
    assert others["lost"].min() > itself["lost"].max()
    assert (table["low"] <= table["lost"]).all()
    assert (table["lost"] <= table["high"]).all()


def test_surgery_parts_variance_and_energy(found):
    parted = found.surgery()
    assert parted["lost_energy"].max() < 0.02
    assert parted["lost_rest"].min() > 0.5
    assert parted["gfre_rest"].between(1e-3, 1.2).all()


def test_too_few_structures_to_fit_on_give_empty_tables(make_panel, make_crystals):
    models = ["chgnet-0.3.0", "sevennet-0"]
    few = stitch_pairs.StitchedPairs.of(PairStudy.of(make_panel(make_crystals(20), models)))
    assert not few.determined
    assert few.table().columns.tolist() == list(stitch_pairs.COLUMNS)
    assert few.table().empty
    assert few.surgery().empty
