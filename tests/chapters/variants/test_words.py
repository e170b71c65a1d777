"""Sentences: they name the numbers, and stay true where something is missing."""

import pytest

from chapters.variants import mixture_words, study, tables, words
from chapters.variants.claims import claims, paper_rows
from lumlip.book.findings import Finding
from lumlip.comparison import panel_distances
from lumlip.zoo import relations
from tests.chapters.variants.test_routing import mixture
from tests.chapters.variants.test_study import MINIS, MODELS, by_kind, distances

NOTHING = panel_distances(None)["gfre"]
VALUES = {"data": 0.2, "size": 0.3, "several": 0.7, "architecture": 0.6}
OF_MINIS = {"seed": 0.4, "functional": 0.3, "task": 0.5}


def test_published_variants():
    text = words.of_published(distances(MODELS, by_kind(VALUES)))
    assert "a mean GFRE of 0.38 (0.38 to 0.38); models of different families have 0.60." in text
    assert "closest pair has 0.20 (sevennet-0 and sevennet-0-22may2024), the furthest 0.70" in text
    one = words.of_published(distances(MODELS[:2], by_kind(VALUES)))
    assert one.endswith(
        "0.30 (0.30 to 0.30). The closest pair has 0.30 (chgnet-0.2.0 and chgnet-0.3.0)."
    )


def test_seeds_beside_functionals():
    text = words.of_seeds(distances(MINIS, by_kind(OF_MINIS)))
    assert "0.40 (0.40 to 0.40) apart (MACE 0.40); another functional" in text
    assert "with the same seed does less (MACE 0.30)." in text


def test_variants_of_different_size_bound_the_noise():
    text = words.of_trained_apart(distances(MODELS, by_kind(VALUES | {"several": 0.25})))
    assert "sevennet-l3i5 and sevennet-0-22may2024 differ in size" in text
    assert "0.25 apart" in text
    assert words.of_trained_apart(distances(MODELS[2:3], by_kind(VALUES))) == ""


@pytest.mark.parametrize(("double", "word"), [(0.2, "finds more"), (0.8, "does not help")])
def test_wider_sources(double, word):
    models = ["mace-mini", "mace-mini-seed2", "mace-mini-double", "pet-mini"]
    found = distances(models, lambda a, b: double if "double" in a else 0.5)
    widths = {"mace-mini": 48, "mace-mini-seed2": 48, "mace-mini-double": 80, "pet-mini": 9}
    text = words.of_wider_sources(found, widths)
    assert "from mace-mini (48 features) with 0.50, from mace-mini-double" in text
    assert f"(80 features) with {double:.2f}" in text
    assert word in text


def test_local_maps_of_seeds():
    found = {
        "gfre": distances(MINIS, by_kind(OF_MINIS)),
        "lfre": distances(MINIS, by_kind({"seed": 0.1})),
    }
    assert words.of_local_seeds(found) == (
        "maps of their own around every atom lower the mean: 0.10 (LFRE) for 0.40."
    )


def test_kinds_are_listed_with_their_families():
    rows = study.kind_rows(distances(MINIS, by_kind(OF_MINIS)), source="minis")
    text = words.of_kinds(rows, "minis")
    assert "seed (MACE 0.40); functional (MACE 0.30); task or branch (UMA 0.50)" in text
    assert "architecture" not in text


def test_organic_pairs_beside_the_papers():
    text = words.of_organic(distances(MINIS, by_kind(OF_MINIS)))
    assert text.startswith("Here the means are: seed 0.40, task or branch 0.50. In the paper")
    assert "with 0.02, and the other way round it is 0.36" in text


def test_numbers_beside_the_papers():
    found = distances(MINIS, by_kind(OF_MINIS))
    rows = [paper_rows(), study.kind_rows(found, source="minis")]
    finding = Finding(2, "mean", 0.3, {"real": [], "minis": claims(found, floor=0.2)})
    facts = words.of_paper(tables.together(rows), finding)
    assert facts["here_variants"] == "none in this run"
    assert facts["here_minis"] == "0.40 (0.40 to 0.40)"
    assert facts["here_uma"] == "0.50 to 0.50"
    assert facts["here_size"] == "not in this run"
    assert facts["paper_uma_high"] == 0.978


def test_sentences_of_an_empty_run():
    empty = {"gfre": NOTHING, "lfre": NOTHING}
    rows = study.kind_rows(NOTHING, source="real")
    said = [
        words.of_published(NOTHING),
        words.of_seeds(NOTHING),
        words.of_local_seeds(empty),
        words.of_wider_sources(NOTHING, {}),
        words.of_kinds(rows, "real"),
        words.of_organic(NOTHING),
        mixture_words.of_tasks(NOTHING),
        mixture_words.of_parts(rows, None),
        mixture_words.of_controls(NOTHING, NOTHING),
        mixture_words.of_routing({}),
    ]
    assert all("his run" in text for text in said)
    assert mixture_words.of_backbones(rows, None) == ""


def test_tasks_and_experts_beside_architectures():
    models = [*MINIS, "uma-mini@expert:0", "uma-mini@expert:1"]
    found = distances(models, by_kind(OF_MINIS | {"expert": 0.8, "architecture": 0.6}))
    assert mixture_words.of_tasks(found) == (
        "Tasks of one mixture of experts are 0.50 apart, its single experts 0.80; "
        "different architectures, among the minis, 0.60."
    )


def test_parts_of_a_task():
    swapped = relations.Swaps("a", "b", {"routing": "c", "head": "d"})
    near = {"a": 0.9, "b": 0.4, "c": 0.1, "d": 0.2}
    last = distances(list("abcd"), lambda a, b: min(near[a], near[b]))
    rows = tables.part_rows({"last_layer": last, "backbone": last}, swapped)
    text = mixture_words.of_parts(rows, swapped)
    assert "the distance is 0.40; the other's routing alone gives 0.10 (6 %), " in text
    assert "the other's head alone gives 0.20 (25 %)" in text
    assert mixture_words.of_backbones(rows, swapped).endswith("0.40 apart (routing 0.10).")


def test_routing_in_words():
    found = {"uma-mini@omat": mixture(), "uma-mini@omol": mixture(0.1)}
    text = mixture_words.of_routing(found)
    assert "expert 0 leads in structures with Li; expert 1 leads in structures with F" in text
    assert "moves the coefficients of a structure by 0.14" in text
    assert mixture_words.of_routing({"uma-mini@omat": mixture()}).endswith("with F.")
