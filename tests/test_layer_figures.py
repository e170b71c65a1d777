"""Figures of layers show what they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from lumlip import layer_figures
from lumlip.probes import ProbeScore

KINDS = {
    "chgnet-0.3.0": "published model",
    "mace-mini": "mini",
    "mace-mini-untrained": "untrained twin",
}


def rows(models, seed=0):
    value = np.random.default_rng(seed).random(len(models))
    columns = {"value": value, "low": value - 0.1, "high": value + 0.1}
    return pd.DataFrame(columns, index=models)


def draw(figure):
    figure.canvas.draw()  # what cannot be drawn fails here


def test_back_against_forth_has_a_point_per_model_and_the_papers_crosses():
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    paper = pd.DataFrame({"forth": [0.1, 0.2], "back": [0.3, 0.1]})
    both = {"forth": rows(list(KINDS)), "back": rows(list(KINDS), 1)}
    layer_figures.back_against_forth(ax, both, KINDS, paper)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [
        "chgnet",
        "mace",
        "published model",
        "mini",
        "untrained twin",
        "paper: PET and UMA",
    ]
    draw(figure)


def test_excess_has_a_line_per_model_also_for_those_not_cut():
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    tables = {"as they are": rows(list(KINDS)), "cut by PCA": rows(["mace-mini"])}
    layer_figures.excess_plot(ax, tables, KINDS)
    ticks = {label.get_text(): label.get_fontstyle() for label in ax.get_yticklabels()}
    assert ticks == {
        "chgnet-0.3.0": "normal",
        "mace-mini": "italic",
        "mace-mini-untrained": "italic",
    }
    draw(figure)


def test_directions_and_what_is_left_without_them():
    figure = Figure(layout="constrained")
    left, right = figure.subfigures(1, 2)
    table = pd.DataFrame({"backbone": [9.0, 5, 4], "last_layer": [1.1, 3, 4]}, index=list(KINDS))
    layer_figures.directions_plot(left.subplots(), table, KINDS)
    stripped = pd.DataFrame(
        {
            "layer": ["backbone"] * 2 + ["last_layer"] * 2,
            "directions": [0, 1] * 2,
            **{name: [0.5, 0.6, 0.4, 0.8] for name in ("value", "low", "high", "typical")},
        }
    )
    layer_figures.stripped_panels(right, {"published": stripped, "minis": stripped})
    lower = right.axes[1]
    assert lower.get_title() == "minis"
    assert [tick.get_text() for tick in lower.get_xticklabels()] == ["0", "1"]
    draw(figure)


@pytest.mark.parametrize("n_questions", [2, 3, 5, 6])
def test_probe_panels_for_any_number_of_questions(n_questions):
    score = ProbeScore(0.5, 0.4, 0.6, (0.5,), np.zeros(3))
    names = ["element", "coordination number", "c", "d", "e", "f"][:n_questions]
    found = {("baseline", "mean", name): score for name in names}
    found |= {
        (model, layer, name): score
        for model in list(KINDS)[:2]
        for layer in ("backbone", "last_layer")
        for name in names
    }
    figure = Figure(figsize=(7, 4), layout="constrained")
    layer_figures.probe_panels(figure, found, KINDS)
    labels = [ax.get_xlabel() for ax in figure.axes]
    assert labels[0] == "element: balanced accuracy"
    assert labels[1] == "coordination number: R²"
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == list(KINDS)[:2]
    draw(figure)
