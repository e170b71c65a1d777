"""Kinds of difference, from ids alone: the tables of models and the cards of minis tell them."""

import json

import numpy as np
import pytest

from lumlip.datasets.paper import paper_models
from lumlip.minis.cards import CHECKPOINTS, card
from lumlip.zoo.relations import (
    APART,
    KINDS,
    RECIPE,
    children_of,
    first_of_families,
    kind_of,
    lineage,
    other_seed,
    trained,
    untrained_twin,
)
from lumlip.zoo.table import entries


@pytest.mark.parametrize(
    "model", ["mace-mini", "pet-mini", "uma-mini@omat", "uma-mini@oc20", "dpa-mini@inorganic"]
)
def test_twin_of_a_mini_is_its_start(model):
    twin = untrained_twin(model)
    assert trained(twin) == trained(model) == model
    assert kind_of(model, twin) == "training"


@pytest.mark.parametrize("model", ["mace-mini", "pet-mini"])
def test_other_seed_differs_in_the_seed(model):
    assert kind_of(model, other_seed(model)) == "seed"


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        ("chgnet-0.2.0", "chgnet-0.3.0", "size"),
        ("chgnet-0.3.0", "chgnet-r2scan", "fine-tuning"),
        ("chgnet-0.2.0", "chgnet-r2scan", "several"),
        ("sevennet-0", "sevennet-0-22may2024", "data"),
        ("sevennet-0", "sevennet-l3i5", "size"),
        ("sevennet-0", "sevennet-mf-0@PBE", "multi-task"),
        ("sevennet-0", "sevennet-mf-0@R2SCAN", "several"),
        ("sevennet-mf-0@PBE", "sevennet-mf-0@R2SCAN", "task"),
        ("sevennet-0", "chgnet-0.3.0", "architecture"),
        ("mace-mp-0a-small", "mace-mp-0a-large", "size"),
        ("mace-mp-0b3-medium", "mace-off23-medium", "data"),
        ("mace-omat-0", "mace-mh-1@omat_pbe", "multi-task"),
        ("dpa-3.1-3m@Omat24", "dpa-3.1-3m@SPICE2", "task"),
        ("mace-mini", "mace-mini-seed2", "seed"),
        ("mace-mini", "mace-mini-r2scan", "functional"),
        ("mace-mini", "mace-mini-organic", "data"),
        ("mace-mini", "mace-mini-half", "size"),
        ("mace-mini-seed2", "mace-mini-r2scan", "seed and more"),
        ("mace-mini-r2scan", "mace-mini-organic", "several"),
        ("mace-mini", "mace-mini-untrained", "training"),
        ("mace-mini-lps-ff", "mace-mini-lps-ff-high-rate", "training"),
        ("mace-mini", "mace-mini-sixteenth", "training"),
        ("mace-mini-sixteenth", "mace-mini-seed2-sixteenth", "seed"),
        ("pet-mini-sixteenth", "pet-mini-seed2", "seed and more"),
        ("mace-mini-lps-bespoke", "mace-mini-lps-ff", "fine-tuning"),
        ("pet-mini", "pet-mini-lps-ff", "fine-tuning"),
        ("pet-mini", "pet-mini-lps-htl", "fine-tuning"),
        ("pet-mini", "pet-mini-lps-bespoke", "data"),
        ("mace-omat-0", "mace-matpes-r2scan-0", "fine-tuning"),
        ("mace-matpes-pbe-0", "mace-matpes-r2scan-0", "data"),
        ("pet-omat-l", "pet-omad-l", "fine-tuning"),
        ("pet-omat-m", "pet-omad-l", "several"),  # a child of size L, a parent of size M
        ("uma-mini@omat", "uma-mini@omol", "task"),
        ("uma-mini@expert:0", "uma-mini@omat:expert:1", "expert"),
        ("uma-mini@omat", "uma-mini@expert:1", "part"),
        ("uma-mini@omat", "uma-mini@omat:head:omol", "part"),
    ],
)
def test_kind_of_a_pair(a, b, kind):
    assert kind_of(a, b) == kind
    assert kind_of(b, a) == kind


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
    assert kind_of(parent, child) == kind_of("mace-omat-0", child) == "fine-tuning"
    assert children_of(parent) == children_of("mace-omat-0")
    assert (lineage(mine), children_of(mine)) == ([mine], [])
    assert kind_of(mine, child) == "architecture"
    assert first_of_families([child, mine, parent]) == [child, mine]


def test_parents_are_rows_of_the_same_family_that_somebody_names():
    tuned = [entry for entry in entries().values() if entry.parent]
    assert len(tuned) == 25
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


def test_files_of_a_user_differ_in_something_unknown(tmp_path):
    for name in ("one.pt", "two.pt"):
        (tmp_path / name).write_bytes(name.encode())
    ids = [f"sevennet:{tmp_path / name}" for name in ("one.pt", "two.pt")]
    assert kind_of(*ids) == "unknown"


def test_every_kind_has_a_name_for_figures():
    assert set(KINDS) >= APART
    assert set(RECIPE.values()) <= set(KINDS)
    models = [*paper_models(2), "sevennet-0", "sevennet-mf-0@PBE"]
    assert {kind_of(a, b) for a in models for b in models if a != b} <= set(KINDS)
