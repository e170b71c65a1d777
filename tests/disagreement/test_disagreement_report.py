"""Tables, figures and sentences of the chapter, with and without data."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from lumlip.disagreement import figures, flags, ranks, report, words
from lumlip.disagreement.auroc import auroc
from lumlip.disagreement.changed import displaced
from lumlip.disagreement.forces import Forces
from lumlip.disagreement.seams import Seams
from lumlip.disagreement.shifts import Shift
from lumlip.disagreement.study import PairStudy

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
    return {score: auroc(low, high + 0.1 * shift) for score in flags.SCORES}


def draw(figure):
    figure.canvas.draw()


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
    text = words.forces(rows)
    assert "published models" in text
    figure = Figure(layout="constrained")
    figures.force_panels(figure, {"real": made_forces}, rows)
    draw(figure)


def test_flags_are_averaged_over_subsets_only():
    found = {"bulk": areas(3), "compressed": areas(9)}
    seen = {"bulk": areas(0)}
    means = report.mean_areas(found, seen, SHIFTS)
    assert means.loc[flags.GFRE, "value"] == found["bulk"][flags.GFRE].value
    assert means.loc[flags.GFRE, "gain_value"] == pytest.approx(
        found["bulk"][flags.GFRE].value - seen["bulk"][flags.GFRE].value
    )
    assert "AUROC" in words.flags_answer(means)
    assert words.flags_gain(means).endswith(".")
    assert "compressed" in words.flags_others(flags.table(found), SHIFTS)
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    figures.flag_panels(figure, flags.table(found), means)
    draw(figure)


def test_stitches_are_drawn_and_told(salts, study):
    seams = Seams.of(study)
    tables, parted = {"real": seams.table(**FEW)}, {"real": seams.surgery()}
    ranks_of = {name: report.seam_ranks(table) for name, table in tables.items()}
    assert -1 <= ranks_of["real"]["direct"] <= 1
    figure = Figure(figsize=(7, 4), layout="constrained")
    figures.seam_panels(figure, tables, parted)
    draw(figure)
    for text in (
        words.stitching_answer(tables, ranks_of),
        words.necessary(tables),
        words.own_readout(tables, ranks_of),
        words.surgery(parted),
        words.single_energy(tables),
        words.enough({"minis": tables["real"]}),
    ):
        assert "nan" not in text
        assert text.endswith(".")


def test_pairs_are_drawn_and_told(study):
    x, y = study.distance[:, study.kept], study.disagreement[:, study.kept]
    own = {"real": ranks.own_and_foreign(x, y, study.pairs, **FEW)}
    rows = ranks.by_label(x, y, study.subsets(), **FEW)
    figure = Figure(figsize=(7, 7), layout="constrained")
    axes = figure.subplots(2, 2)
    figures.example_pair(axes[0, 0], x[0], y[0], study.subset[study.kept])
    figures.own_against_foreign(axes[0, 1], {"real": ranks.own_by_pair(x, y, study.pairs, **FEW)})
    figures.by_subset(axes[1, 0], {"real": rows})
    figures.across_pairs(axes[1, 1], {"real": study.by_pair})
    draw(figure)
    texts = [
        words.ranks_answer(own),
        words.gain(own),
        words.within_subsets({"real": rows}),
        words.across({"real": {"all": study.mantel(), "same": None}}),
    ]
    assert all(text.endswith(".") and "nan" not in text for text in texts)
    assert "p = " in texts[3]


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
        words.flags_answer(means),
        words.flags_gain(means),
        words.flags_others(flags.table({}), []),
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
