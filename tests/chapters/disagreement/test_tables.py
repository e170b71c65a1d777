"""Tables and sentences of the chapter, with and without data."""

import numpy as np
import pandas as pd
import pytest

from chapters.disagreement import ood_scores, ranks, words
from chapters.disagreement import tables as report
from chapters.disagreement.auroc import auroc
from chapters.disagreement.displaced import displaced
from chapters.disagreement.distribution_shifts import Shift
from chapters.disagreement.forces import Forces
from chapters.disagreement.stitch_pairs import UNTRAINED, StitchedPairs
from chapters.disagreement.study import PairStudy
from lumlip.metrics.bootstrap import with_interval

RNG = np.random.default_rng(0)
FEW = {"n_bootstrap": 10, "seed": 0}
ATOMS = np.arange(20)
SHIFTS = [
    Shift("bulk", ATOMS, ATOMS, ATOMS),
    Shift("compressed", ATOMS, ATOMS, ATOMS, paired=True, kind="changed"),
]


@pytest.fixture(scope="module")
def study(salts):
    return PairStudy.of(salts)


@pytest.fixture(scope="module")
def made_forces():
    size = RNG.random((2, 40))
    component = {"chgnet-0.3.0": size[0], "sevennet-0": size[0] + size[1]}
    return Forces(displaced([], n=0), component, size[1:] + 0.1 * RNG.random((1, 40)))


def areas(shift):
    low, high = RNG.random((2, 1, 30))
    return {score: auroc(low, high + 0.1 * shift) for score in ood_scores.SCORES}


def test_local_and_global_errors_are_ranked_on_the_same_structures(study):
    models = ["chgnet-0.3.0", "sevennet-0"]
    local = study.local(models, n_neighbors=10, at_most=2)
    found = report.same_structures(study, local, models, **FEW)
    assert set(found) == {"lfre", "gfre", "gain"}
    assert found["gain"][0] == pytest.approx(found["lfre"][0] - found["gfre"][0])
    assert "ranks disagreement" in words.local(found)
    assert report.same_structures(study, local, models[:1], **FEW) == {}


def test_what_is_left_when_the_size_of_the_force_is_fixed(made_forces):
    rows = report.force_rows({"real": made_forces}, **FEW)
    assert rows["predictor"].tolist() == [report.OWN, report.SIZE, report.FIXED]
    assert rows["value"].iloc[0] > 0.8
    partial = report.given_size(made_forces, **FEW)
    assert partial[0] > 0.5
    assert f"{with_interval(partial)} is left" in words.forces(rows)


def test_ood_scores_are_averaged_over_subsets_only():
    found = {"bulk": areas(3), "compressed": areas(9)}
    seen = {"bulk": areas(0)}
    means = report.mean_areas(found, seen, SHIFTS)
    assert means.loc[ood_scores.GFRE, "value"] == found["bulk"][ood_scores.GFRE].value
    assert means.loc[ood_scores.GFRE, "gain_value"] == pytest.approx(
        found["bulk"][ood_scores.GFRE].value - seen["bulk"][ood_scores.GFRE].value
    )
    own = tuple(means.loc[ood_scores.GFRE, ["value", "low", "high"]])
    assert f"(mean AUROC {with_interval(own)})" in words.ood_answer(means)
    gains = means.loc[means["gain_low"] > 0, "gain_value"]
    assert words.ood_gain(means).count("(+") == len(gains) > 0
    best = ood_scores.table(found).loc["compressed"].drop(ood_scores.COMPOSITION).max()
    assert f"({best:.2f}, GFRE" in words.ood_others(ood_scores.table(found), SHIFTS)


def test_stitches_are_told(salts, study):
    stitched_pairs = StitchedPairs.of(study)
    tables, parted = {"real": stitched_pairs.table(**FEW)}, {"real": stitched_pairs.surgery()}
    ranks_of = {name: report.stitched_ranks(table) for name, table in tables.items()}
    assert -1 <= ranks_of["real"]["direct"] <= 1
    table, parts = tables["real"], parted["real"]
    own = table[~table["kind"].isin(["itself", UNTRAINED])]
    answer = words.stitching_answer(tables, ranks_of)
    assert f"at a median GFRE of {own['gfre'].median():.2f}" in answer
    assert f"with a coefficient of {ranks_of['real']['direct']:.2f}" in answer
    assert f"lose {own['lost'].median():.2f}." in words.single_energy(tables)
    assert f"the GFRE {ranks_of['real']['own']:.2f})" in words.own_readout(tables, ranks_of)
    assert f"reaches a GFRE of {parts['gfre_rest'].min():.2f}" in words.surgery(parted)


def test_pairs_are_told(study):
    x, y = study.distance[:, study.kept], study.disagreement[:, study.kept]
    own = {"real": ranks.own_and_foreign(x, y, study.pairs, **FEW)}
    rows = ranks.by_label(x, y, study.subsets(), **FEW)
    found, test = own["real"], study.mantel()
    assert f"correlation {with_interval(found['own'])})" in words.ranks_answer(own)
    assert f"is {with_interval(found['gain'], sign='+')} for published models" in words.gain(own)
    assert f"of {len(rows)} (best in {rows['value'].idxmax()}" in words.within_subsets(
        {"real": rows}
    )
    said = words.across({"real": {"all": test, "same": None}})
    assert said == (
        f"The rank correlation is for published models {test.value:.2f} over all "
        f"{test.n_pairs} pairs (p = {test.p:.3f})."
    )


def test_every_sentence_is_true_without_data():
    empty = pd.DataFrame()
    rows = report.force_rows({}, **FEW)
    means = report.mean_areas({}, {}, [])
    texts = [
        words.ranks_answer({}),
        words.gain({}),
        words.within_subsets({"real": empty}),
        words.local({}),
        words.across({"real": {"all": None}}),
        words.forces(rows),
        words.ood_answer(means),
        words.ood_gain(means),
        words.ood_others(ood_scores.table({}), []),
        words.stitching_answer({}, {}),
        words.necessary({}),
        words.enough({}),
        words.own_readout({}, {}),
        words.surgery({}),
        words.seeds({}),
        words.single_energy({}),
    ]
    assert all(
        text.startswith(("This run has no", "This run has too few", "No subset")) for text in texts
    )


def test_no_gain_is_told_as_such():
    own = {"real": {"own": (0.3, 0.2, 0.4), "foreign": (0.3, 0.2, 0.4), "gain": (0, -0.1, 0.1)}}
    assert "cannot be told from none" in words.gain(own)
    assert "100 %" in words.ranks_answer(own)
