"""Kinds of difference, from ids alone: the tables of models and the cards of minis tell them."""

import json

import numpy as np
import pytest

from chapters.variants.kinds import APART, KINDS, RECIPE, kind_of
from lumlip.datasets.paper import paper_models
from lumlip.zoo.relations import other_seed, untrained_twin


@pytest.mark.parametrize("model", ["mace-mini", "pet-mini"])
def test_twins_differ_in_training_and_other_seeds_in_the_seed(model):
    assert kind_of(model, untrained_twin(model)) == "training"
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
        ("pet-mad-s-1.0.2", "pet-mad-dos", "target"),
        ("pet-omad-l", "pet-mad-dos", "several"),
        ("uma-mini@omat", "uma-mini@omol", "task"),
        ("uma-mini@expert:0", "uma-mini@omat:expert:1", "expert"),
        ("uma-mini@omat", "uma-mini@expert:1", "part"),
    ],
)
def test_kind_of_a_pair(a, b, kind):
    assert kind_of(a, b) == kind
    assert kind_of(b, a) == kind


def test_features_computed_elsewhere_are_related_as_their_models_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for model in ("mace-omat-0", "mace-matpes-pbe-0"):
        np.savez(f"{model}.npz", attributes=json.dumps({"model": model}))
    np.savez("mine.npz", last_layer=np.zeros((1, 1)))
    child = "features:mace-matpes-pbe-0.npz"
    assert kind_of("features:mace-omat-0.npz", child) == "fine-tuning"
    assert kind_of("mace-omat-0", child) == "fine-tuning"
    assert kind_of("features:mine.npz", child) == "architecture"


def test_files_of_a_user_differ_in_something_unknown(tmp_path):
    for name in ("one.pt", "two.pt"):
        (tmp_path / name).write_bytes(name.encode())
    ids = [f"sevennet:{tmp_path / name}" for name in ("one.pt", "two.pt")]
    assert kind_of(*ids) == "unknown"


def test_every_kind_has_a_name_for_figures():
    assert set(KINDS) >= APART
    assert set(RECIPE.values()) <= set(KINDS)
    models = [*paper_models(3), "sevennet-0", "sevennet-mf-0@PBE"]
    assert {kind_of(a, b) for a in models for b in models if a != b} <= set(KINDS)
