"""Figures of the chapter on fine-tuning: what they show, and that they take gaps."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

from lumlip import fine_tuning_figures as figures
from lumlip.fine_tuning import PUBLISHED, published


@pytest.fixture
def figure():
    made = plt.figure(layout="constrained")
    yield made
    plt.close(made)


def test_tables_show_numbers_but_no_diagonal_and_no_gaps(figure):
    tables = {
        metric: {"paper": published(metric).table.reindex(index=PUBLISHED, columns=PUBLISHED)}
        for metric in ("gfre", "lfre")
    }
    figures.tables_side_by_side(figure, tables, vmax=0.5)
    drawn = [ax for ax in figure.axes if ax.get_ylabel() == "source"]
    above, below = ([text.get_text() for text in ax.texts] for ax in drawn)
    assert [text.get_text() for text in drawn[-1].get_xticklabels()] == list(PUBLISHED)
    assert len(above) == 30
    assert len(below) == 10
    assert "0.20" in above


def test_distances_leave_out_what_is_missing(figure):
    ax = figure.subplots()
    rows = {"FF": {"a": (0.2, 0.1, 0.3)}, "HF": {"a": (np.nan,) * 3, "b": (0.1, 0.1, 0.1)}}
    figures.distance_rows(ax, rows, label="distance")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["FF", "HF"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_progress_has_one_legend_for_all_runs(figure):
    short = pd.DataFrame({"to start": [0, 0.1]}, index=[0, 1])
    long = pd.DataFrame({"to start": [0, 0.1, 0.2], "to end": [0.2, 0.1, 0]}, index=[0, 0.5, 1])
    figures.progress_panels(figure, {"a": {"FF": short, "bespoke": long}, "b": {"FF": short}})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["to start", "to end"]
    assert sum(ax.axison for ax in figure.axes) == 3


def test_labels_in_the_same_order_for_each_pair(figure):
    ax = figure.subplots()
    table = pd.DataFrame({"error": [0.2, 0.1], "median": [0.1, 0.1]}, index=["slab", "bulk"])
    figures.by_label(ax, {"one": table, "two": table[::-1]}, label="GFRE")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["bulk", "slab"]


def test_projected_structures_have_a_mark_of_their_own(figure):
    points = {"start": (np.zeros((3, 2)), np.ones((2, 2)))}
    figures.projected(figure, points, ["bulk", "2d", "slab"], name="other")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["crystals", "slab", "other"]
