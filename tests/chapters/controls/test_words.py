"""Sentences of the chapter on controls, with data and without."""

import numpy as np
import pandas as pd
import pytest

from chapters.controls import words
from chapters.controls.checks import ONE_HOT, SEEDS, all_checks, check
from chapters.controls.robustness import RobustnessCheck
from chapters.shared.variations import AS_IT_STANDS
from lumlip.datasets.paper import paper_table
from lumlip.metrics.bootstrap import NOTHING, Distances

EMPTY = Distances(pd.DataFrame(), np.empty((0, 0, 2)))
PAPER = paper_table("cross_model/last_layer/MAD-test", "gfre")
SWEEP = pd.DataFrame(
    {"value": [5.0, 0.7, 0.6], "low": [4.0, 0.6, 0.5], "high": [6.0, 0.8, 0.7], "median": 0.3},
    index=pd.Index([8, 64, 256], name="k"),
)


def draws(value, spread=0.01):
    return np.concatenate([[value], value + spread * np.linspace(-1, 1, 20)])


def some_checks():
    ways = {AS_IT_STANDS: draws(0.8), "split by atom": draws(0.3), "whitened": draws(2.5)}
    other = {AS_IT_STANDS: draws(0.2), "split by atom": NOTHING, "whitened": draws(-0.1)}
    return [
        check(1, "real", ways, {SEEDS: draws(-0.2)}),
        check(2, "real", other, {SEEDS: draws(0.1)}, {"whitened": 0.05}),
        check(3, "minis", {AS_IT_STANDS: draws(0.1)}, {}),
        check(5, "real", {AS_IT_STANDS: draws(0.8)}, {ONE_HOT: draws(-0.2)}),
    ]


def test_survivors_are_named():
    said = words.robustness(some_checks())
    assert said == (
        "Of the four findings that this run puts on trial, one survives "
        "(3, fine-tuning keeps the pre-training), and three survive in part (1, 2 and 5)."
    )


@pytest.mark.parametrize("checks", [[], [RobustnessCheck(1, "real", {})]])
def test_without_checks_nothing_is_claimed(checks):
    assert words.robustness(checks) == "This run tests none of the findings."
    assert words.outliers(checks) == ""
    assert words.one_hot(checks).startswith("This run cannot")


def test_the_median_atom_speaks_where_a_difference_fails():
    said = words.outliers(some_checks())
    assert "finding 2, whitened (0.05)" in said
    assert "finding 1" not in said  # a bound of the mean is none of the median


def test_one_hot_elements_are_set_against_learned_features():
    said = words.one_hot(some_checks())
    assert "is 1.00 for it, and 0.80 for learned features, which is less." in said
    assert "does not show that something is lost" in said


@pytest.mark.parametrize(
    ("baseline", "told"), [(0.4, "better than"), (0.5, "as well as"), (0.6, "worse than")]
)
def test_baselines_are_compared_draw_by_draw(baseline, told):
    said = words.against(draws(0.5), draws(baseline) + 0.005 * np.sin(np.arange(21)), "minis")
    assert f"rebuilds minis {told} learned models" in said
    assert words.against(NOTHING, draws(0.4), "minis").startswith("This run has no")


def test_what_a_model_adds_is_a_share_of_the_squared_error():
    found = {name: draws(x, 0) for name, x in (("baseline", 0.6), ("random", 0.5), ("both", 0.4))}
    said = words.beyond(found)
    assert "leaves 0.60" in said
    assert "beside it 0.40 (0.40 to 0.40). So 36 % (36 to 36)" in said
    assert "adds nothing" in words.beyond({**found, "both": found["random"]})
    assert words.beyond(dict.fromkeys(found, NOTHING)).startswith("This run has no two")
    assert words.width(draws(0.5), draws(0.7), 64).startswith("Part of that")
    assert words.width(draws(0.5), draws(0.5), 64).startswith("That is not")
    assert words.width(NOTHING, draws(0.5), 64) == ""


def test_sweeps_are_told_in_numbers():
    said = words.neighbors(SWEEP, (0.65, 0.4), [64])
    assert said.startswith("With fewer neighbors than columns the LFRE reaches 5.0 (k = 8)")
    assert said.endswith("at every k, below what one map for all leaves of it, 0.40.")
    assert words.neighbors(SWEEP.iloc[:0], (0.65, 0.4), [64]).startswith("This run has too few")
    table = SWEEP.set_index(pd.Index([1000, 2000, 4000]))
    args = (table, (-0.03, -0.04, -0.02))
    assert "has not converged, and" in words.train_size(*args, (0.3, 0.0, 0.6), [1000, 4000])
    assert "it would be lower" in words.train_size(*args, (0.4, 0.35, 0.42), [1000, 4000])
    assert words.train_size(*args, (np.nan,) * 3, []).startswith("This run has too few")


def test_the_paper_says_what_it_says():
    sides = words.asymmetries(pd.DataFrame(columns=["model", "direction", "right", "wrong"]), PAPER)
    assert np.isclose(sides["paper"], (0.904 + 0.838 + 0.953 - 0.665 - 0.722 - 0.618) / 3)
    assert words.numbering({}, (np.nan,) * 3, sides).startswith("This run has no DPA")
    worse, total = words.local_above_global()
    assert 0 < worse < total


def test_wrong_numbers_are_judged_by_the_published_asymmetry():
    rows = [("a", "from DPA", 0.5, 0.8), ("a", "to DPA", 0.7, 0.6)]
    moved = pd.DataFrame(rows, columns=["model", "direction", "right", "wrong"])
    sides = words.asymmetries(moved, PAPER)
    changes = {"from DPA": draws(0.3), "to DPA": draws(-0.1)}
    assert "is no artefact" in words.numbering(changes, (0.6, 0.5, 0.7), sides)
    swapped = {**sides, "right": -0.2, "wrong": 0.2}
    assert "could account" in words.numbering(changes, (0.6, 0.5, 0.7), swapped)
    table = words.beside_paper(PAPER, moved, sides)
    assert table.loc["mean GFRE from DPA", "here, by the alphabet"] == "0.80"


def test_without_seeds_the_sentences_say_so():
    assert words.seeds(EMPTY, [], []) == "This run has no two seeds of a mini."
    assert words.seeds_and_families(EMPTY, [], [], []) == "This run has no two seeds of a mini."


def test_columns_that_count_are_counted():
    X = np.random.default_rng(0).normal(size=(50, 4)) * [1, 1, 1e-5, 1e-6]
    assert "in m, 2 of 4 columns" in words.few_columns({"m": X}, range(40))


def test_nothing_to_try_gives_no_checks():
    assert all_checks({}, {}, EMPTY, n_test=10, n_bootstrap=5, seed=0, device="cpu") == []
