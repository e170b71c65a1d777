"""Views, groups, calibration and agreement: analytic cases, and what small data allow."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from chapters.shared.elements import without_element_mean
from chapters.shared.spectrum import narrowed, without_leading
from chapters.similarity import (
    agreement,
    calibration,
    groups,
    hypotheses,
    redrawn,
    study,
    views,
    words,
)
from chapters.similarity.all_measures import Prepared
from lumlip.metrics.bootstrap import interval_of_halves

MINIS = ["mace-mini", "pet-mini"]
CONTROLS = [f"{model}-{kind}" for model in MINIS for kind in ("untrained", "seed2")]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_whitened_and_stripped_features_are_what_they_say(rng):
    X = rng.normal(size=(200, 4)) * [10, 3, 1, 0.5]
    white = views.whitened(X, share=1.0)
    assert white.T @ white / 200 == pytest.approx(np.eye(4), abs=1e-9)
    assert np.linalg.matrix_rank(without_leading(X, 2)) == 2
    assert narrowed(X, 3).shape == (200, 3)


def test_within_elements_nothing_is_left_of_the_element(rng):
    elements = rng.integers(1, 5, size=100)
    X = np.eye(5)[elements] * 7
    assert without_element_mean(X, elements) == pytest.approx(0, abs=1e-12)


def test_truncated_features_are_similar_the_more_is_left(rng):
    X = rng.normal(size=(80, 4)) * [10, 3, 1, 0.5]
    table = views.against_truncated(X, numbers=[1, 2, 4, 9])
    assert table.loc[[4, 9], "gfre"].tolist() == pytest.approx([1, 1], abs=1e-6)
    assert table["gfre"].is_monotonic_increasing
    assert table.loc[1, "cka"] > 0.9  # hardly misses three of four directions
    assert table.loc[1, "mutual_knn"] < 0.6


def test_groups_pair_models_with_their_twins_and_seeds():
    found = groups.mini_groups(MINIS, CONTROLS)
    assert found[groups.APART] == [("mace-mini", "pet-mini")]
    assert found[groups.BEFORE] == [("mace-mini-untrained", "pet-mini-untrained")]
    assert len(found[groups.SEEDS]) == len(found[groups.TWINS]) == 2
    assert groups.mini_groups([], []) == {}
    published = groups.published_groups(["sevennet-0", "chgnet-0.3.0", "chgnet-r2scan"])
    assert published[groups.SAME] == [("chgnet-0.3.0", "chgnet-r2scan")]
    assert published[groups.APART] == [("sevennet-0", "chgnet-0.3.0")]


def test_task_stays_at_the_end_of_the_name_of_a_twin():
    found = groups.mini_groups(["dpa-mini@inorganic"], ["dpa-mini-untrained@inorganic"])
    assert found[groups.TWINS] == [("dpa-mini@inorganic", "dpa-mini-untrained@inorganic")]


def test_halves_give_the_standard_error_of_a_mean(rng):
    x = rng.normal(size=400)
    halves = [x[rows].mean() for rows in study.as_rows(2000, 400, seed=0)]
    _, low, high = interval_of_halves(x.mean(), halves)
    assert (high - low) / (2 * 1.96) == pytest.approx(x.std() / 20, rel=0.1)


def test_samples_that_are_copies_for_one_model_are_left_out():
    features = {"a": np.array([[0.0], [1.0], [2.0], [2.0]]), "b": np.array([[5.0], [9], [5], [1]])}
    assert views_free(features) == [0, 1]


def views_free(features):
    return study.without_copies(features).tolist()


def test_subset_of_prepared_samples_is_preparing_the_subset(rng):
    X, rows = rng.normal(size=(40, 3)), np.arange(5, 30)
    part, fresh = Prepared(X).subset(rows), Prepared(X[rows])
    assert part.distance == pytest.approx(fresh.distance)
    assert (part.order == fresh.order).all()


def means_table(untrained, families, seeds):
    columns = {groups.BEFORE: untrained, groups.APART: families, groups.SEEDS: seeds}
    return pd.DataFrame(columns, index=["cka", "mutual_knn"])


def test_measure_without_room_has_no_scale():
    whole = means_table([0.2, 0.5], [0.5, 0.6], [0.8, 0.5])
    halves = [whole - 0.01, whole, whole + 0.01]
    found = calibration.calibrated_with_intervals(whole, halves)
    assert found.at["cka", "value"] == pytest.approx(0.5)
    assert found.loc["mutual_knn"].isna().all()
    assert not calibration.can_be_calibrated(whole[[groups.APART]])


def test_clusters_find_families_only_where_they_are():
    models = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", "sevennet-l3i5"]
    index = pd.MultiIndex.from_tuples(
        [(a, b) for i, a in enumerate(models) for b in models[i + 1 :]]
    )
    near = [1.0 if a[:3] == b[:3] else 0.1 for a, b in index]
    table = pd.DataFrame({"cka": near, "rsa": [1 - x for x in near]}, index=index)
    found = agreement.families_found(table, models)
    assert found["cka"] == 1.0
    assert found["rsa"] < 0.5


def test_same_order_is_claimed_with_its_range():
    index = pd.MultiIndex.from_tuples([(a, b) for a in "abcd" for b in "abcd" if a < b])
    table = pd.DataFrame({"cka": range(6), "gfre": range(6), "mutual_knn": range(6, 0, -1)}, index)
    same, reverse = hypotheses.same_order(table)
    assert same.holds
    assert same.interval == (1.0, 1.0, 1.0)
    assert not reverse.holds


def test_sentences_follow_the_numbers():
    table = pd.DataFrame({"value": [0.5, -0.2, np.nan]}, index=["cka", "mutual_knn", "svcca"])
    sentence = words.by_training({views.AS_IS: table, views.WITHIN: table.abs()})
    assert "1 measures" not in sentence
    assert "(mutual kNN)" in sentence
    assert "all 2 measures that have such a scale" in sentence
    assert words.by_training({}).startswith("This run has no minis")
    assert words.headline({}) == words.order([]) == ""
    assert "nothing converges" in words.headline({views.AS_IS: table - 1})
    assert "too few pairs" in words.agree(None)


def test_headline_averages_the_draws_of_atoms_and_shows_their_range():
    table = pd.DataFrame({"value": [0.4, 0.6]}, index=["cka", "mutual_knn"])
    sentence = words.headline({views.WITHIN: table}, [0.2, 0.8])
    assert "50 % of the way to two seeds; 20 to 80 % in 3 draws of atoms" in sentence
    assert "draws" not in words.headline({views.WITHIN: table})


@pytest.mark.parametrize(("odd", "named"), [(0.1, True), (0.75, False)])
def test_odd_model_is_named_only_where_it_keeps_the_mean_low(odd, named):
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    table = pd.DataFrame({"cka": [0.8, odd, odd]}, index=pd.MultiIndex.from_tuples(pairs))
    sentences = words.odd_one_out(SimpleNamespace(table=table, groups={groups.APART: pairs}))
    assert bool(sentences) == named
    assert all("between c and the others it is 0.10" in text for text in sentences)
    assert all("without that model 0.80" in text for text in sentences)


def test_redrawn_median_is_zero_for_models_as_alike_as_their_untrained_twins(rng):
    """Nothing learned: the families are the twins themselves, and seeds are exact copies."""
    n = 240
    atoms = pd.DataFrame({"structure": np.arange(n), "atomic_number": 1 + np.arange(n) % 2})
    a, b = rng.normal(size=(2, n, 4))
    layer = {"a": a, "b": b, "a0": a, "b0": b, "a2": a}
    panel = SimpleNamespace(atoms=atoms, layer=lambda _: dict(layer))
    known = {
        groups.APART: [("a", "b")],
        groups.BEFORE: [("a0", "b0")],
        groups.SEEDS: [("a", "a2")],
    }
    options = {"layer": "last_layer", "n_samples": 200, "device": "cpu"}
    got = redrawn.redrawn_medians(panel, known, ["cka", "rsa", "gfre"], seeds=[1, 2], **options)
    assert got == pytest.approx([0, 0], abs=1e-9)
    layer["b"] = a  # as alike as two seeds
    got = redrawn.redrawn_medians(panel, known, ["cka", "rsa", "gfre"], seeds=[1, 2], **options)
    assert got == pytest.approx([1, 1], abs=1e-6)
    tiny = options | {"n_samples": 12}
    assert redrawn.redrawn_medians(panel, known, ["cka"], seeds=[1], **tiny) == []
