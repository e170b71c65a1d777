"""Figures of layers show what they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.layers import figures
from lumlip.metrics.probes import ProbeScore
from lumlip.plotting.style import FAMILY_COLORS
from tests.artists import curves, dots, filled, hues, intervals, points, rows, segments, texts

KINDS = {
    "chgnet-0.3.0": "published model",
    "mace-mini": "mini",
    "mace-mini-untrained": "untrained twin",
}
CHGNET, MACE = (FAMILY_COLORS[family].lower() for family in ("chgnet", "mace"))


@pytest.fixture
def figure():
    made = Figure(figsize=(7, 4), layout="constrained")
    yield made
    made.canvas.draw()  # what cannot be drawn fails here


def table_of(models, first):
    value = first + 0.1 * np.arange(len(models))
    return pd.DataFrame({"value": value, "low": value - 0.05, "high": value + 0.2}, index=models)


def test_back_against_forth_has_a_point_per_model_and_the_papers_crosses(figure):
    ax = figure.subplots()
    paper = pd.DataFrame({"forth": [0.1, 0.2], "back": [0.3, 0.1]})
    forth, back = table_of(KINDS, 0.1), table_of(KINDS, 0.6)
    figures.back_against_forth(ax, {"forth": forth, "back": back}, KINDS, paper)
    of_paper, *of_models = points(ax)
    assert of_paper == paper[["forth", "back"]].to_numpy().tolist()
    assert of_models == [[[forth.at[m, "value"], back.at[m, "value"]]] for m in KINDS]
    assert hues(ax)[1:] == [CHGNET, MACE, MACE]
    assert filled(ax)[1:] == [True, False, False]
    x, y = forth.iloc[0], back.iloc[0]
    assert segments(ax)[:2] == [
        [[x["low"], y["value"]], [x["high"], y["value"]]],
        [[x["value"], y["low"]], [x["value"], y["high"]]],
    ]
    assert "backbone to last layer" in ax.get_xlabel()
    assert "last layer to backbone" in ax.get_ylabel()
    [(equal_x, equal_y)] = curves(ax)
    assert equal_x == equal_y
    assert ax.get_xlim()[1] > forth["high"].max()
    assert ax.get_ylim()[1] > back["high"].max()
    named = ["chgnet", "mace", *dict.fromkeys(KINDS.values()), "paper: PET and UMA"]
    assert texts(ax.get_legend().get_texts()) == named


def test_excess_has_a_line_per_model_also_for_those_not_cut(figure):
    ax = figure.subplots()
    whole, cut = table_of(KINDS, 0.1), table_of(["mace-mini"], -0.3)
    figures.excess_plot(ax, {"as they are": whole, "cut by PCA": cut}, KINDS)
    assert rows(ax) == list(KINDS)
    assert dots(ax) == [whole["value"].to_dict(), cut["value"].to_dict()]
    both = pd.concat([whole, cut])
    assert intervals(ax) == list(both[["low", "high"]].itertuples(name=None))
    assert hues(ax) == [[CHGNET, MACE, MACE], MACE]
    assert filled(ax) == [True, False]
    above, below = (next(y for _, y in drawn if 1.5 < y < 2.5) for drawn in points(ax))
    assert above > below  # two ways in one row do not hide each other
    styles = [label.get_fontstyle() for label in ax.get_yticklabels()]
    assert styles == ["normal", "italic", "italic"]
    assert texts(ax.get_legend().get_texts()) == ["as they are", "cut by PCA"]


def test_directions_of_both_layers(figure):
    ax = figure.subplots()
    table = pd.DataFrame({"last_layer": [1.1, 3, 4], "backbone": [9.0, 5, 7]}, index=list(KINDS))
    figures.directions_plot(ax, table[::-1], KINDS)
    assert rows(ax) == list(KINDS)
    assert dots(ax) == [table["backbone"].to_dict(), table["last_layer"].to_dict()]
    assert filled(ax) == [True, False]
    assert hues(ax) == [[MACE, MACE, CHGNET]] * 2
    spans = table[::-1][["last_layer", "backbone"]]
    assert intervals(ax) == list(spans.itertuples(name=None))
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "effective number of directions")


def test_errors_without_the_leading_directions(figure):
    numbers = {
        "value": [0.5, 0.6, 0.4, 0.8],
        "low": [0.4, 0.5, 0.3, 0.7],
        "high": [0.55, 0.7, 0.6, 0.9],
        "typical": [0.2, 0.1, 0.3, 0.15],
    }
    layer = ["backbone"] * 2 + ["last_layer"] * 2
    stripped = pd.DataFrame({"layer": layer, "directions": [0, 4] * 2, **numbers})
    minis = stripped.assign(value=stripped["value"] + 1)
    figures.stripped_panels(figure, {"published": stripped, "minis": minis})
    upper, lower = figure.axes
    assert [ax.get_title() for ax in figure.axes] == ["published", "minis"]
    assert [y for _, y in curves(upper)] == [[0.5, 0.6], [0.2, 0.1], [0.4, 0.8], [0.3, 0.15]]
    assert [[y for _, y in drawn] for drawn in points(lower)] == [[1.5, 1.6], [1.4, 1.8]]
    assert [[round(x) for x, _ in drawn] for drawn in points(upper)] == [[0, 1]] * 2
    ends = [(start[1], end[1]) for start, end in segments(upper)]
    assert ends == list(zip(numbers["low"], numbers["high"], strict=True))
    assert texts(lower.get_xticklabels()) == ["0", "4"]
    named = ["backbone", "last layer", "typical atom"]
    assert texts(upper.get_legend().get_texts()) == named
    assert "GFRE" in figure.get_supylabel()


@pytest.mark.parametrize("n_questions", [2, 3, 5, 6])
def test_probe_panels_for_any_number_of_questions(figure, n_questions):
    names = ["element", "coordination number", "c", "d", "e", "f"][:n_questions]
    models = list(KINDS)[:2]
    keys = [(m, layer, n) for n in names for m in models for layer in ("backbone", "last_layer")]
    found = {
        key: ProbeScore(0.1 + 0.03 * i, 0.03 * i, 0.2 + 0.03 * i, (0.5,), np.zeros(3))
        for i, key in enumerate(keys)
    }
    level = {"mean": 0.11, "element": 0.44}
    for name, value in level.items():
        for question in names:
            found["baseline", name, question] = ProbeScore(value, 0, 1, (value,), np.zeros(3))
    figures.probe_panels(figure, found, KINDS)
    panels = figure.axes[:n_questions]
    units = [": balanced accuracy", ": R²", *[": R²"] * (n_questions - 2)]
    assert [ax.get_xlabel() for ax in panels] == [n + u for n, u in zip(names, units, strict=True)]
    assert rows(panels[0]) == models
    for ax, question in zip(panels, names, strict=True):
        scores = [
            (m, found[m, layer, question]) for m in models for layer in ("backbone", "last_layer")
        ]
        assert dots(ax) == [{model: score.value} for model, score in scores]
        spans = [
            span for i, span in enumerate(intervals(ax)) if i % 3
        ]  # first: from layer to layer
        assert spans == [(model, score.low, score.high) for model, score in scores]
        assert filled(ax) == [True, False] * 2
        assert hues(ax) == [CHGNET] * 2 + [MACE] * 2
        assert [(line.get_xdata()[0], line.get_ls()) for line in ax.lines] == [
            (level["mean"], ":"),
            (level["element"], "--"),
        ]
    free = [ax for ax in figure.axes[n_questions:] if ax.get_legend()]
    [legend] = [ax.get_legend() for ax in free] or figure.legends
    assert texts(legend.get_texts())[:2] == ["backbone", "last layer"]
