"""Figures of the variants: what is drawn, and that an empty run does not break them."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from test_variant_study import MINIS, MODELS, by_kind, distances
from test_variant_words import mixture

from lumlip import routing, variant_figures, variant_study, variant_tables, variants
from lumlip.plotting import MINI_COLOR
from lumlip.variant_claims import paper_rows

NOTHING = variant_study.measured(None)


def drawn() -> Figure:
    return Figure(layout="constrained")


def test_one_heat_map_per_family_and_metric_with_intervals():
    found = distances(MODELS, by_kind({"data": 0.2}))
    figure = drawn()
    variant_figures.family_tables(figure, {"gfre": found, "lfre": found})
    figure.draw_without_rendering()
    assert len(figure.axes) == 4
    texts = [text.get_text() for text in figure.axes[2].texts]
    assert texts.count("0.20–0.20") == 2
    assert len(texts) == 2 * 6
    assert figure.axes[2].get_ylabel() == "SevenNet, source"
    ticks = [label.get_text() for label in figure.axes[2].get_yticklabels()]
    assert ticks == ["0", "l3i5", "0-22may2024"]


def test_minis_are_marked():
    figure = drawn()
    variant_figures.family_tables(figure, {"gfre": distances(MINIS, by_kind({}))})
    assert {label.get_color() for label in figure.axes[0].get_yticklabels()} == {MINI_COLOR}


def test_all_distances_in_one_figure():
    rows = [
        paper_rows(),
        variant_study.kind_rows(distances(MODELS, by_kind({})), source="real"),
        variant_study.kind_rows(distances(MINIS, by_kind({})), source="minis"),
    ]
    figure = drawn()
    variant_figures.kinds_plot(figure, variant_tables.together(rows), noise=0.5)
    figure.draw_without_rendering()
    labels = {label.get_text(): label for label in figure.axes[0].get_yticklabels()}
    assert {"paper: UMA", "UMA minis", "SevenNet", "seed", "architecture"} <= set(labels)
    assert labels["seed"].get_fontweight() == "bold"
    assert labels["UMA minis"].get_color() == MINI_COLOR


def test_parts_by_layer():
    swapped = variants.Swaps("a", "b", {"routing": "c"})
    found = distances(list("abc"), lambda a, b: 0.2)
    figure = drawn()
    rows = variant_tables.part_rows({"backbone": found, "last_layer": found}, swapped)
    variant_figures.parts_plot(figure, rows)
    figure.draw_without_rendering()
    ticks = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert ticks == ["routing", "whole task"]


def test_routing_maps_by_element_and_subset():
    figure = drawn()
    routing.routing_figure(figure, {"uma-mini@omat": mixture(), "uma-mini@omol": mixture(0.1)})
    figure.draw_without_rendering()
    assert len(figure.axes) == 2 + 1 + 2  # experts, color bar, tasks
    assert "expert 1" in [text.get_text() for text in figure.axes[1].texts]


def test_an_empty_run_says_so():
    for draw, content in (
        (variant_figures.family_tables, NOTHING),
        (variant_figures.parts_plot, pd.DataFrame()),
        (routing.routing_figure, {}),
    ):
        figure = drawn()
        draw(figure, content)
        assert "in this run" in figure.texts[0].get_text()
    figure = drawn()
    variant_figures.kinds_plot(figure, paper_rows(), noise=np.nan)
    assert len(figure.axes) == 1
