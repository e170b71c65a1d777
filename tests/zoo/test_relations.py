"""How models are related, from ids alone: the tables of models and the cards of minis tell it."""

import json

import numpy as np
import pytest

from lumlip.minis.cards import CHECKPOINTS, card
from lumlip.zoo.relations import (
    children_of,
    first_of_families,
    lineage,
    untrained_twin,
)
from lumlip.zoo.table import entries


@pytest.mark.parametrize(
    "model", ["mace-mini", "pet-mini", "uma-mini@omat", "uma-mini@oc20", "dpa-mini@inorganic"]
)
def test_twin_of_a_mini_is_its_start(model):
    twin = untrained_twin(model)
    assert twin.replace("-untrained", "") == model


def test_chain_ends_where_no_parent_is_known():
    assert lineage("chgnet-r2scan") == ["chgnet-r2scan", "chgnet-0.3.0"]
    assert lineage("sevennet-mf-0@PBE") == ["sevennet-mf-0@PBE"]
    assert lineage("uma-mini@expert:2") == ["uma-mini@expert:2"]
    assert children_of("pet-omat-l") == ["pet-omatpes-l", "pet-oam-l", "pet-omad-l"]
    assert children_of("uma-s-1.2.1@omat") == ["uma-s-1.2.1-r2scan@omat"]
    assert children_of("chgnet-r2scan") == []


def test_features_computed_elsewhere_are_related_as_their_models_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for model in ("mace-omat-0", "mace-matpes-pbe-0"):
        np.savez(f"{model}.npz", attributes=json.dumps({"model": model}))
    np.savez("mine.npz", last_layer=np.zeros((1, 1)))
    parent, child, mine = (
        "features:mace-omat-0.npz",
        "features:mace-matpes-pbe-0.npz",
        "features:mine.npz",
    )
    assert lineage(child) == ["mace-matpes-pbe-0", "mace-omat-0"]
    assert children_of(parent) == children_of("mace-omat-0")
    assert (lineage(mine), children_of(mine)) == ([mine], [])
    assert first_of_families([child, mine, parent]) == [child, mine]


def test_parents_are_rows_of_the_same_family_that_somebody_names():
    tuned = [entry for entry in entries().values() if entry.parent]
    assert len(tuned) == 29
    for entry in tuned:
        parent = entries()[entry.parent]
        assert parent.family == entry.family
        assert entry.fine_tuned_on
        assert entry.parent_source
        assert entry.training_data.startswith(f"{parent.training_data}, then ")


def test_parents_of_minis_are_those_on_their_cards():
    names = [path.stem for path in sorted(CHECKPOINTS.glob("*.json"))]
    starts = {name: card(name)["recipe"].get("start") or "" for name in names}
    found = {name: entries()[name].parent for name in names if name in entries()}
    assert found == {name: start for name, start in starts.items() if name in entries()}
    assert sum(map(bool, found.values())) == 9
