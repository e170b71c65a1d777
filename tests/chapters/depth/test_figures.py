"""Figures of the chapter on depth: they show what they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.depth import figures, neighborhoods, stages
from chapters.depth.paths import STAGES
from lumlip.plotting.style import FAMILY_COLORS
from tests.artists import cells, curves, rows, segments, texts


@pytest.fixture
def figure():
    made = Figure(figsize=(7, 4), layout="constrained")
    yield made
    made.canvas.draw()  # what cannot be drawn fails here


def numbered(labels, first=0.0):
    """A table that tells its rows and columns apart."""
    n = len(labels)
    return pd.DataFrame(first + np.arange(n**2).reshape(n, n) / 100, labels, labels)


def shown(ax):
    return cells(ax), ax.images[0].get_array().ravel().tolist()


def test_a_map_per_model_with_a_number_in_every_cell(figure):
    steps = ["embedding", "interaction_1", "interaction_2", "last_layer"]
    tables = {"sevennet-0": numbered(steps), "mace-mini": numbered(steps, 0.5)}
    figures.within_maps(figure, tables)
    maps = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title() for ax in maps] == list(tables)
    for ax, table in zip(maps, tables.values(), strict=True):
        values = table.to_numpy().ravel()
        assert shown(ax) == ([f"{value:.2f}" for value in values], values.tolist())
        assert texts(ax.get_xticklabels()) == rows(ax) == ["emb.", "1", "2", "last"]
        assert ax.images[0].get_clim() == (0, 1)
    colors = [ax.title.get_color() for ax in maps]
    assert colors == [FAMILY_COLORS["sevennet"], FAMILY_COLORS["mace"]]
    assert figure.get_supxlabel().startswith("target")
    assert figure.get_supylabel().startswith("source")
    assert figure.axes[-1].get_ylabel().startswith("GFRE")


def test_a_single_set_has_a_stage_map_too(figure):
    table = numbered(list(STAGES))
    figures.stage_maps(figure, {"minis": table})
    first, second = figure.axes[:2]
    assert (first.get_title(), second.axison) == ("minis", False)
    assert shown(first)[1] == table.to_numpy().ravel().tolist()
    assert texts(first.get_xticklabels()) == rows(first) == list(STAGES)
    assert (first.get_xlabel(), first.get_ylabel()) == ("target: rebuilt", "source: rebuilt from")


def test_a_line_per_kind_over_the_stages(figure):
    ax = figure.subplots()
    value = np.arange(len(STAGES)) / 10
    whole = pd.DataFrame({"value": value, "low": value - 0.1, "high": value + 0.3}, list(STAGES))
    lines = {stages.FAMILIES: whole, stages.SEEDS: whole.iloc[1:] / 2}
    figures.stage_lines(ax, lines)
    figures.kind_legend(ax, lines)
    assert [y for _, y in curves(ax)] == [table["value"].tolist() for table in lines.values()]
    assert [[round(x) for x in xs] for xs, _ in curves(ax)] == [[0, 1, 2, 3, 4], [1, 2, 3, 4]]
    ends = [(low[1], high[1]) for low, high in segments(ax)]
    both = pd.concat(lines)
    assert ends == list(both[["low", "high"]].itertuples(index=False, name=None))
    assert texts(ax.get_xticklabels()) == list(STAGES)
    legend = ax.get_legend()
    assert texts(legend.get_texts()) == list(lines)
    colors = [line.get_color() for line in ax.lines][:2]
    assert [line.get_color() for line in legend.get_lines()] == colors
    assert len(set(colors)) == 2


def test_controls_are_grey_and_have_no_interval(figure, study):
    ax = figure.subplots()
    table = neighborhoods.dimensions(study)
    steps = {model: list(path) for model, path in study.paths.items()}
    figures.depth_lines(ax, table, steps, counted=study.models)
    # Three interactions between the embedding, at 0, and the last of them, at 1.
    place = dict(zip(steps["sevennet-0"], [0, 1 / 3, 2 / 3, 1, 1.25], strict=True))
    for line, (model, own) in zip(ax.lines, table.groupby("model", sort=False), strict=True):
        assert list(line.get_xdata()) == pytest.approx([place[step] for step in own["step"]])
        assert list(line.get_ydata()) == own["value"].tolist()
        is_grey = line.get_color() == "#9a9a9a"
        assert is_grey == (model not in study.models)
    counted = table[table["model"].isin(study.models)]
    ends = [(low[1], high[1]) for low, high in segments(ax)]
    assert ends == list(counted[["low", "high"]].itertuples(index=False, name=None))
    assert texts(ax.get_xticklabels()) == ["0", "0.5", "1", "last\nlayer"]


def test_variants_of_a_family_differ_in_their_lines(figure):
    ax = figure.subplots()
    models = ["sevennet-0", "sevennet-l3i5", "mace-mini"]
    table = pd.DataFrame(
        [(m, step, i) for i, m in enumerate(models) for step in ("interaction_1", "last_layer")],
        columns=["model", "step", "score"],
    )
    steps = {model: ["interaction_1", "last_layer"] for model in models}
    figures.depth_lines(ax, table, steps, value="score", counted=models)
    one, other, mini = ax.lines
    assert [y for _, y in curves(ax)] == [[0, 0], [1, 1], [2, 2]]
    assert one.get_color() == other.get_color() == FAMILY_COLORS["sevennet"] != mini.get_color()
    assert one.get_linestyle() != other.get_linestyle()


def test_minis_are_marked_in_the_legend(figure):
    figures.model_legend(figure, ["sevennet-0", "mace-mini"], ["mace-mini-seed2"])
    legend = figure.legends[0]
    assert texts(legend.get_texts()) == ["sevennet-0", "mace-mini", "controls"]
    assert [t.get_fontstyle() for t in legend.get_texts()] == ["normal", "italic", "normal"]
    colors = [FAMILY_COLORS["sevennet"], FAMILY_COLORS["mace"], "#9a9a9a"]
    assert [line.get_color() for line in legend.get_lines()] == colors
