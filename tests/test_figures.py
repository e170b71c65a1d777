"""Figures are made of what they are given; how they look is for people to judge."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from lumlip import figures, plotting
from lumlip.breakdown import across

MODELS = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0"]


@pytest.fixture
def table():
    values = np.array([[0, 0.1, 0.7], [0.2, 0, 0.8], [0.6, 0.9, 0]])
    return pd.DataFrame(values, MODELS, MODELS)


def test_heat_map_writes_every_error_but_the_diagonal(table):
    ax = plotting.heat_map_figure(table, metric="gfre").axes[0]
    assert [text.get_text() for text in ax.texts] == [
        "0.10",
        "0.70",
        "0.20",
        "0.80",
        "0.60",
        "0.90",
    ]
    assert [label.get_text() for label in ax.get_yticklabels()] == MODELS


def test_heat_map_parts_the_families(table):
    ax = plotting.heat_map_figure(table, metric="gfre").axes[0]
    places = {
        line.get_ydata()[0] for line in ax.lines if line.get_ydata()[0] == line.get_ydata()[1]
    }
    assert places == {2}  # between the two CHGNets and SevenNet


def test_use_style_leaves_the_random_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (it is this one that must not move)
    assert plotting.use_style() is None
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_pair_scatter_has_a_point_per_pair(table):
    ax = Figure().subplots()
    mask = across(MODELS, plotting.family_of)
    figures.pair_scatter(ax, table.to_numpy(), table.to_numpy().T, {"different": mask})
    (points,) = ax.collections
    assert len(points.get_offsets()) == mask.sum() == 4
    assert ax.get_xlim()[1] >= 1


def test_source_rows_average_over_the_pairs_of_the_source(table):
    values = np.repeat(table.to_numpy()[:, :, None], 6, axis=2)
    errors = xr.DataArray(
        values, dims=("source", "target", "atom"), coords={"source": MODELS, "target": MODELS}
    )
    mask = across(MODELS, plotting.family_of)
    rows = figures.source_rows(errors, mask, np.arange(6), n_bootstrap=20)
    assert rows["name"].tolist() == MODELS
    assert rows["value"].tolist() == pytest.approx([0.7, 0.8, (0.6 + 0.9) / 2])
    ax = Figure().subplots()
    figures.interval_plot(ax, rows, label="mean GFRE")
    assert [label.get_text() for label in ax.get_yticklabels()] == MODELS


def test_dots_follow_the_order_of_the_first_metric():
    first = pd.DataFrame(
        {"error": [0.9, 0.4], "median": [0.5, 0.2], "atoms": [5, 7]}, index=["2d", "bulk"]
    )
    ax = Figure().subplots()
    figures.paired_dots(ax, {"gfre": first, "lfre": first.iloc[::-1]}, label="error")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["2d (5)", "bulk (7)"]
    shown = [c.get_offsets()[:, 0].tolist() for c in ax.collections if len(c.get_offsets()) == 2]
    assert [values for values in shown if values[0] > values[1]][:2] == [[0.9, 0.4], [0.5, 0.2]]


def test_map_panels_show_each_model_once():
    figure = Figure()
    points = {model: np.random.default_rng(0).normal(size=(8, 2)) for model in MODELS}
    figures.map_panels(figure, points, ["bulk", "2d"] * 4)
    assert [ax.texts[0].get_text() for ax in figure.axes if ax.texts] == MODELS
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["bulk", "2d"]
