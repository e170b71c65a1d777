"""Figures of the chapter on fine-tuning: what they show, and that they take gaps."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.fine_tuning import figures
from lumlip.plotting.style import MINI_COLOR
from tests.artists import curves, dots, filled, hues, intervals, points, rows, texts


@pytest.fixture
def figure():
    made = Figure(layout="constrained")
    yield made
    made.canvas.draw()  # what cannot be drawn fails here


def test_tables_show_numbers_but_no_diagonal_and_no_gaps(figure):
    values = pd.DataFrame(np.arange(9.0).reshape(3, 3) / 10, list("abc"), list("abc"))
    gap = values.mask(values == 0.5)
    tables = {
        "gfre": {"paper": values, "mace-mini": values + 0.01},
        "lfre": {"paper": gap, "mace-mini": gap + 0.02},
    }
    figures.tables_side_by_side(figure, tables, vmax=0.5)
    drawn = figure.axes[:4]
    off = ["0.10", "0.20", "0.30", "0.50", "0.60", "0.70"]
    assert texts(drawn[0].texts) == off
    assert texts(drawn[1].texts) == [f"{float(x) + 0.01:.2f}" for x in off]
    assert texts(drawn[2].texts) == [x for x in off if x != "0.50"]
    assert {ax.collections[0].get_clim() for ax in drawn} == {(0, 0.5)}
    assert rows(drawn[0]) == texts(drawn[2].get_xticklabels()) == list("abc")
    assert [ax.get_ylabel() for ax in drawn] == ["source", ""] * 2
    assert [ax.get_xlabel() for ax in drawn] == ["", "", "target", "target"]
    titles = {ax.get_title(): ax.title.get_color() for ax in drawn[:2]}
    assert list(titles) == ["paper", "mace-mini"]
    assert [color == MINI_COLOR for color in titles.values()] == [False, True]
    assert [ax.get_ylabel() for ax in figure.axes[4:]] == ["GFRE", "LFRE"]


def test_distances_leave_out_what_is_missing(figure):
    ax = figure.subplots()
    found = {
        "FF": {"a": (0.2, 0.1, 0.3), "b": (0.4, 0.35, 0.5)},
        "gap": {},
        "HF": {"a": (np.nan,) * 3, "b": (0.6, 0.5, 0.9)},
    }
    figures.distance_rows(ax, found, label="distance")
    assert rows(ax) == ["FF", "HF"]
    assert dots(ax) == [{"FF": 0.2}, {"FF": 0.4, "HF": 0.6}]
    assert intervals(ax) == [("FF", 0.1, 0.3), ("FF", 0.35, 0.5), ("HF", 0.5, 0.9)]
    assert hues(ax) == [color.lower() for color, _ in figures.LOOKS[:2]]
    assert texts(ax.get_legend().get_texts()) == ["a", "b"]
    [line] = ax.lines
    low, high = sorted(ax.get_yticks())
    assert low < line.get_ydata()[0] < high  # the gap between the two rows
    assert (ax.get_xlabel(), ax.get_xlim()[0]) == ("distance", 0)


def test_progress_has_a_panel_per_run_and_one_legend_for_all(figure):
    short = pd.DataFrame({"to start": [0, 0.1]}, index=[0, 1])
    long = pd.DataFrame({"to start": [0, 0.1, 0.2], "to end": [0.2, 0.3, 0]}, index=[0, 0.5, 1])
    figures.progress_panels(figure, {"a": {"FF": short, "bespoke": long}, "b": {"FF": short * 2}})
    titles = {ax.get_title(): ax for ax in figure.axes if ax.axison}
    assert list(titles) == ["a, FF", "a, bespoke", "b, FF"]
    expected = [([0, 0.5, 1], [0, 0.1, 0.2]), ([0, 0.5, 1], [0.2, 0.3, 0])]
    assert curves(titles["a, bespoke"]) == expected
    assert curves(titles["b, FF"]) == [([0, 1], [0, 0.2])]
    assert texts(figure.legends[0].get_texts()) == ["to start", "to end"]
    colors = [line.get_color() for line in titles["a, bespoke"].lines]
    assert [text.get_color() for text in figure.legends[0].get_lines()] == colors
    assert titles["a, FF"].get_ylabel() == "distance (GFRE)"
    assert titles["b, FF"].get_xlabel() == "share of the training"


def test_labels_in_the_same_order_for_each_pair(figure):
    ax = figure.subplots()
    one = pd.DataFrame({"error": [0.4, 0.3], "median": [0.2, 0.1]}, index=["slab", "bulk"])
    other = pd.DataFrame({"error": [0.8, 0.7], "median": [0.6, 0.5]}, index=["bulk", "slab"])
    figures.by_label(ax, {"one": one, "two": other}, label="GFRE")
    assert rows(ax) == ["bulk", "slab"]
    assert dots(ax) == [
        table[column].to_dict() for table in (one, other) for column in ("error", "median")
    ]
    assert filled(ax) == [True, False] * 2
    assert intervals(ax) == [
        (label, table.at[label, "median"], table.at[label, "error"])
        for table in (one, other)
        for label in ("bulk", "slab")
    ]
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "GFRE")


def test_projected_structures_have_a_mark_of_their_own(figure):
    base, other = np.array([[0.0, 1], [2, 3], [4, 5]]), np.array([[6.0, 7], [8, 9]])
    maps = {"start": (base, other), "FF": (-base, -other)}
    figures.projected(figure, maps, ["bulk", "2d", "slab"], name="other")
    assert [ax.get_title() for ax in figure.axes] == list(maps)
    for ax, drawn in zip(figure.axes, maps.values(), strict=True):
        assert points(ax) == [xy.tolist() for xy in drawn]
    of_base, of_other = hues(figure.axes[0])
    assert of_base[0] == of_base[1] != of_base[2]  # crystals share a color
    assert of_other not in of_base
    assert texts(figure.legends[0].get_texts()) == ["crystals", "slab", "other"]
    assert figure.axes[0].get_xlabel() == "first covariate"
    assert figure.axes[0].get_ylabel() == "second covariate"
