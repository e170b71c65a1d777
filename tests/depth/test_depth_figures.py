"""Figures of the chapter on depth: they show what they are given."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lumlip.depth import between, figures, neighborhoods
from lumlip.depth.reports import AS_THEY_ARE, StageReport

mpl.use("agg")


@pytest.fixture
def figure():
    made = plt.figure(figsize=(7, 4), layout="constrained")
    yield made
    plt.close(made)


def test_a_map_per_model_with_a_number_in_every_cell(figure, study):
    tables = {m: study.within(m) for m in study.models[:3]}
    figures.within_maps(figure, tables)
    maps = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title() for ax in maps] == list(tables)
    assert all(len(ax.texts) == 25 for ax in maps)
    assert [t.get_text() for t in maps[0].get_xticklabels()] == ["emb.", "1", "2", "3", "last"]


def test_a_single_set_has_a_stage_map_too(figure, study):
    pairs = between.pairs_by_kind(study)[between.FAMILIES]
    figures.stage_maps(figure, {"minis": between.stage_table(study, study.errors, pairs)})
    assert [ax.get_title() for ax in figure.axes[:2]] == ["minis", ""]


def test_a_line_per_kind_and_a_legend_for_all(figure, study):
    report = StageReport(study, n_bootstrap=20)
    ax = figure.subplots()
    figures.stage_lines(ax, report.lines[AS_THEY_ARE])
    assert len(ax.lines) == len(report.pairs)
    figures.kind_legend(ax, report.pairs)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == list(report.pairs)


def test_controls_are_grey_and_have_no_interval(figure, study):
    ax = figure.subplots()
    table = neighborhoods.dimensions(study)
    steps = {m: list(p) for m, p in study.paths.items()}
    figures.depth_lines(ax, table, steps, counted=study.models)
    colors = [line.get_color() for line in ax.lines]
    assert colors.count("#9a9a9a") == len(study.paths) - len(study.models)
    assert len(ax.collections) == len(study.models)
    assert pd.Series(ax.lines[0].get_xdata()).iloc[-1] == 1.25


def test_minis_are_marked_in_the_legend(figure):
    figures.model_legend(figure, ["sevennet-0", "mace-mini"], ["mace-mini-seed2"])
    texts = figure.legends[0].get_texts()
    assert [t.get_fontstyle() for t in texts] == ["normal", "italic", "normal"]
