"""Figures of the chapter on measures of similarity: they show what they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.similarity import figures
from chapters.similarity.groups import APART, SEEDS
from chapters.similarity.study import LABELS
from chapters.similarity.views import AS_IS, VIEWS, WITHIN
from lumlip.plotting.style import FAMILY_COLORS
from tests.artists import curves, dots, filled, hues, intervals, points, rows, texts

MEASURES = ["cka", "mutual_knn"]
NAMES = [LABELS[measure] for measure in MEASURES]


@pytest.fixture
def figure():
    made = Figure(figsize=(7, 4), layout="constrained")
    yield made
    made.canvas.draw()  # what cannot be drawn fails here


def with_ends(value):
    value = np.array(value)
    return pd.DataFrame({"value": value, "low": value - 0.1, "high": value + 0.2}, MEASURES)


def by_name(column):
    return dict(zip(NAMES, column, strict=True))


def ends(*tables):
    both = pd.concat([table.set_axis(NAMES)[["low", "high"]] for table in tables]).dropna()
    return list(both.itertuples(name=None))


def test_groups_of_pairs_by_measure(figure):
    seeds, apart = with_ends([0.9, 0.7]), with_ends([0.4, 0.2])
    tables = {
        "published": pd.concat({APART: apart}, axis=1),
        "minis": pd.concat({SEEDS: seeds, APART: apart / 2}, axis=1),
    }
    figures.measures_plot(figure, tables)
    published, minis = figure.axes
    assert [ax.get_title() for ax in figure.axes] == list(tables)
    assert rows(published) == NAMES
    assert dots(published) == [by_name(apart["value"])]
    assert dots(minis) == [by_name(seeds["value"]), by_name(apart["value"] / 2)]
    assert intervals(minis) == ends(seeds, apart / 2)
    assert texts(minis.get_legend().get_texts()) == [SEEDS, APART]
    assert hues(published)[0] == hues(minis)[1] != hues(minis)[0]
    assert minis.get_xlabel() == "similarity"


def test_two_families_under_each_view(figure):
    values = {view: pd.DataFrame({APART: [0.1 * i, 0.5 + 0.1 * i]}, MEASURES) for i, view in
              enumerate(VIEWS)}  # fmt: skip
    values[WITHIN] = values[WITHIN][::-1]
    figures.views_plot(figure, {"minis": values})
    [ax] = figure.axes
    assert (rows(ax), ax.get_title()) == (NAMES, "minis")
    assert dots(ax) == [by_name(values[view].loc[MEASURES, APART]) for view in VIEWS]
    assert texts(figure.legends[0].get_texts()) == list(VIEWS)
    heights = [y for [[_, y], _] in points(ax)]
    assert heights == sorted(heights, reverse=True)  # no view hides another


def test_calibrated_similarities_on_their_scale(figure):
    ax = figure.subplots()
    whole = with_ends([0.3, 2.5])
    within = with_ends([-0.2, np.nan])
    figures.calibrated_plot(ax, {AS_IS: whole, WITHIN: within})
    assert rows(ax) == NAMES
    assert dots(ax) == [by_name([0.3, 1.5]), {NAMES[0]: -0.2}]  # cut at the edge
    assert intervals(ax) == ends(whole.clip(-1.5, 1.5), within)
    assert [line.get_xdata()[0] for line in ax.lines] == [0, 1]
    assert texts(ax.get_legend().get_texts()) == [AS_IS, WITHIN]
    assert "0: as untrained, 1: as two seeds" in ax.get_xlabel()


def test_agreement_of_measures_and_families_they_find(figure):
    agreement = pd.DataFrame([[1.0, -0.3], [-0.001, 1.0]], MEASURES, MEASURES)
    figures.agreement_plot(figure, agreement, pd.Series([0.25, np.nan], MEASURES)[::-1])
    left, right = figure.axes[:2]
    assert rows(left) == texts(left.get_xticklabels()) == NAMES
    assert texts(left.texts) == ["1.00", "-0.30", "0.00", "1.00"]
    assert left.collections[0].get_clim() == (-1, 1)
    bars = {bar.get_y() + bar.get_height() / 2: bar.get_width() for bar in right.patches}
    assert bars == {0.5: 0.25, 1.5: 0.0}  # in the rows of their measures
    assert "families found" in right.get_xlabel()


def test_truncated_features_by_measure(figure):
    ax = figure.subplots()
    table = pd.DataFrame({"cka": [0.9, 0.95, 1], "mutual_knn": [0.2, 0.5, 1]}, index=[1, 4, 16])
    figures.truncation_plot(ax, table, MEASURES[::-1])
    assert curves(ax) == [([1, 4, 16], table[measure].tolist()) for measure in MEASURES[::-1]]
    assert texts(ax.get_legend().get_texts()) == NAMES[::-1]
    assert texts(ax.get_xticklabels()) == ["1", "4", "16"]
    assert (ax.get_xscale(), ax.get_ylabel()) == ("log", "similarity to the whole")
    assert ax.get_xlabel() == "leading directions that are left"


def test_intrinsic_dimensions_by_two_estimators(figure):
    ax = figure.subplots()
    real = pd.DataFrame({"mle": [5.0], "two_nn": [7.0]}, ["sevennet-0"])
    minis = pd.DataFrame({"mle": [4.0], "two_nn": [3.0]}, ["mace-mini"])
    figures.dimension_plot(ax, {"real": real, "minis": minis})
    both = pd.concat([real, minis])
    assert rows(ax) == ["sevennet-0", "mace-mini"]
    assert dots(ax) == [both["two_nn"].to_dict(), both["mle"].to_dict()]
    assert filled(ax) == [True, False]
    assert hues(ax) == [[FAMILY_COLORS[f].lower() for f in ("sevennet", "mace")]] * 2
    assert intervals(ax) == list(both[["two_nn", "mle"]].itertuples(name=None))
    assert [label.get_fontstyle() for label in ax.get_yticklabels()] == ["normal", "italic"]
    assert texts(ax.get_legend().get_texts()) == ["two neighbors", "highest likelihood"]
    assert ax.get_xlabel() == "intrinsic dimension"


def test_imbalance_of_the_better_and_the_worse_direction(figure):
    ax = figure.subplots()
    figures.imbalance_plane(ax, {APART: [(0.2, 0.6), (0.5, 0.3)], SEEDS: [(0.1, 0.1)]})
    assert points(ax) == [[[0.6, 0.2], [0.5, 0.3]], [[0.1, 0.1]]]
    assert texts(ax.get_legend().get_texts()) == [APART, SEEDS]
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "imbalance, worse direction",
        "imbalance, better direction",
    )
    [(x, y)] = curves(ax)
    assert x == y
