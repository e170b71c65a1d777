"""Figures of the chapter on disagreement: they show what they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.disagreement import figures
from chapters.disagreement.displaced import displaced
from chapters.disagreement.forces import Forces
from chapters.disagreement.stitch_pairs import FAMILY, SEED, UNTRAINED, VARIANT
from tests.artists import curves, dots, filled, hues, intervals, points, rows, segments, texts

REAL, MINI = (figures.SETS[name][0].lower() for name in ("real", "minis"))


@pytest.fixture
def figure():
    made = Figure(figsize=(7, 4), layout="constrained")
    yield made
    made.canvas.draw()  # what cannot be drawn fails here


def with_ends(value, index=None):
    value = np.array(value)
    columns = {"value": value, "low": value - 0.1, "high": value + 0.2}
    return pd.DataFrame(columns, index=index)


def test_example_pair_shows_distance_against_disagreement(figure):
    ax = figure.subplots()
    distance, energy = np.array([0.2, 0.3, 0.4]), np.array([5.0, 0.0, 7.0])
    figures.example_pair(ax, distance, energy, ["bulk", "2d", "bulk"])
    assert points(ax) == [[[0.2, 5.0], [0.4, 7.0]], [[0.3, 0.1]]]  # at least 0.1 meV/atom
    assert texts(ax.get_legend().get_texts()) == ["bulk", "2d"]
    assert len(set(hues(ax))) == 2
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), "meV/atom" in ax.get_ylabel()) == ("GFRE of the structure", True)


def test_own_correlation_stands_above_that_with_strangers(figure):
    ax = figure.subplots()
    real = with_ends([0.5, 0.6, np.nan]).assign(foreign=[0.1, -0.2, 0.3])
    minis = with_ends([0.4]).assign(foreign=[0.7])
    figures.own_against_foreign(ax, {"real": real, "minis": minis})
    assert points(ax) == [[[0.1, 0.5], [-0.2, 0.6]], [[0.7, 0.4]]]
    assert (hues(ax), filled(ax)) == ([REAL, MINI], [True, False])
    both = pd.concat([real, minis]).dropna()
    assert segments(ax) == [
        [[x, low], [x, high]] for x, low, high in both[["foreign", "low", "high"]].to_numpy()
    ]
    [(x, y)] = curves(ax)
    assert x == y == list(ax.get_xlim()) == list(ax.get_ylim())
    assert x[0] < -0.2
    assert x[1] > 0.8
    assert "other pairs" in ax.get_xlabel()
    assert "own" in ax.get_ylabel()


def test_own_correlations_may_be_missing(figure):
    ax = figure.subplots()
    figures.own_against_foreign(ax, {"real": with_ends([np.nan]).assign(foreign=0.1)})
    assert points(ax) == []


def test_subsets_stand_in_rows(figure):
    ax = figure.subplots()
    real = with_ends([0.3, 0.5], ["bulk", "2d"])
    minis = with_ends([0.6, 0.1], ["2d", "bulk"])
    figures.by_subset(ax, {"real": real, "minis": minis})
    assert rows(ax) == ["bulk", "2d"]
    assert dots(ax) == [real["value"].to_dict(), minis["value"].to_dict()]
    both = pd.concat([real, minis])
    assert intervals(ax) == list(both[["low", "high"]].itertuples(name=None))
    assert (hues(ax), filled(ax)) == ([REAL, MINI], [True, False])
    assert texts(ax.get_legend().get_texts()) == [label for _, label in figures.SETS.values()]


def test_pairs_with_two_functionals_are_open(figure):
    ax = figure.subplots()
    real = pd.DataFrame(
        [(0.4, 20.0, "same"), (0.5, 30.0, "other"), (0.6, 10.0, "same")],
        columns=["gfre", "disagreement", "functional"],
    )
    minis = real.iloc[1:2].assign(gfre=0.7)
    figures.across_pairs(ax, {"real": real, "minis": minis})
    assert points(ax) == [[[0.4, 20], [0.6, 10]], [[0.5, 30]], [[0.7, 30]]]
    assert (hues(ax), filled(ax)) == ([REAL, REAL, MINI], [True, False, False])
    assert texts(ax.get_legend().get_texts()) == [
        "published models, one functional",
        "published models, two functionals",
        "minis, two functionals",
    ]
    assert (ax.get_yscale(), ax.get_xlabel()) == ("log", "GFRE of the pair")
    assert ax.get_ylabel() == "median disagreement (meV/atom)"


def test_differences_of_forces_and_what_ranks_them(figure):
    component = {"chgnet-0.3.0": np.array([1.0, 2.0, 3.0]), "sevennet-0": np.array([1.5, 2.0, 2.0])}
    forces = Forces(displaced([], n=0), component, np.array([[0.2, 0.3, 0.4]]))
    table = pd.DataFrame(
        [
            ("real", "own distance", 0.5, 0.4, 0.7),
            ("real", "size", 0.6, 0.55, 0.65),
            ("minis", "own distance", 0.3, 0.2, 0.35),
        ],
        columns=["set", "predictor", "value", "low", "high"],
    )
    figures.force_panels(figure, {"real": forces}, table)
    left, right = figure.axes
    assert points(left) == [[[0.2, 0.5], [0.3, figures.NOISE], [0.4, 1.0]]]
    assert (left.get_xlabel(), "eV/Å" in left.get_ylabel()) == ("GFRE of the moved atom", True)
    assert rows(right) == ["own distance", "size"]
    assert dots(right) == [{"own distance": 0.5, "size": 0.6}, {"own distance": 0.3}]
    assert intervals(right) == list(
        table.set_index("predictor")[["low", "high"]].itertuples(name=None)
    )
    assert (hues(right), filled(right)) == ([REAL, MINI], [True, False])


def test_ood_scores_by_shift_and_their_means(figure):
    areas = pd.DataFrame(
        [[0.9, 0.6], [0.8, 0.55], [0.7, np.nan]],
        index=["bulk", "2d", "compressed"],
        columns=["error", "novelty"],
    )
    left_out, seen = with_ends([0.85, 0.6], areas.columns), with_ends([0.5, 0.45], areas.columns)
    means = left_out.join(seen.add_prefix("seen_"))[::-1]
    figures.ood_panels(figure, areas, means)
    cells, beside = figure.axes
    assert (rows(cells), texts(cells.get_xticklabels())) == (list(areas.columns), list(areas.index))
    assert texts(cells.texts) == ["0.90", "0.80", "0.70", "0.60", "0.55"]
    assert cells.collections[0].get_clim() == (0, 1)
    # The rows beside the cells are theirs: the first at 0.5, from the top.
    assert beside.yaxis_inverted()
    assert [[x for x, _ in drawn] for drawn in points(beside)] == [[0.85, 0.6], [0.5, 0.45]]
    assert [[round(y - 0.5) for _, y in drawn] for drawn in points(beside)] == [[0, 1]] * 2
    assert [(start[0], end[0]) for start, end in segments(beside)] == list(
        pd.concat([left_out, seen])[["low", "high"]].itertuples(index=False, name=None)
    )
    assert filled(beside) == [True, False]
    assert texts(beside.get_legend().get_texts()) == ["kind left out", "kind known to the fit"]
    figures.ood_panels(alone := Figure(), areas, means.iloc[:0])
    assert len(alone.axes) == 1


def test_seams_by_both_readouts(figure):
    table = pd.DataFrame(
        [
            (FAMILY, 0.5, 0.2, 0.6),
            (VARIANT, 0.4, 0.1, 0.7),
            (SEED, 0.3, 0.15, 0.8),
            (UNTRAINED, 0.9, 0.25, 0.95),
        ],
        columns=["kind", "gfre", "lost", "own_lost"],
    )
    surgery = pd.DataFrame(
        {"gfre_energy": [0.11], "lost_energy": [0.12], "gfre_rest": [0.13], "lost_rest": [0.14]}
    )
    figures.stitched_panels(figure, {"minis": table}, {"minis": surgery})
    direct, own = figure.axes
    pairs = {
        column: [[pair] for pair in table[["gfre", column]].to_numpy().tolist()]
        for column in ("lost", "own_lost")
    }
    assert points(direct) == [*pairs["lost"], [[0.11, 0.12]], [[0.13, 0.14]]]
    assert points(own) == pairs["own_lost"]
    assert set(hues(own)) == {MINI}
    assert filled(own) == [False, False, True, False]
    assert "map made for the energy" in direct.get_ylabel()
    assert "own readout" in own.get_ylabel()
    legend = texts(figure.legends[0].get_texts())
    assert legend[:5] == ["minis", FAMILY, VARIANT, SEED, UNTRAINED]
