"""Figures are made of what they are given; how they look is for people to judge."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chapters.shared.breakdown import across
from lumlip.plotting import intervals as figures
from lumlip.plotting import style
from lumlip.zoo.relations import family_of
from tests.artists import curves, dots, filled, hues, intervals, points, rows, texts

MODELS = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0"]
MINI = "mace-mini"


def table_of(models):
    values = np.array([[0, 0.1, 0.7], [0.2, 0, 0.8], [0.6, 0.9, 0]])
    return pd.DataFrame(values, models, models)


@pytest.fixture
def table():
    return table_of(MODELS)


@pytest.fixture
def ax():
    return Figure().subplots()


def test_heat_map_writes_and_colors_every_error_but_the_diagonal(table):
    ax, bar = style.heat_map_figure(table, metric="gfre", vmax=2.0).axes
    assert texts(ax.texts) == ["0.10", "0.70", "0.20", "0.80", "0.60", "0.90"]
    cells = ax.collections[0]
    expected = [np.nan, 0.1, 0.7, 0.2, np.nan, 0.8, 0.6, 0.9, np.nan]
    assert np.ma.filled(cells.get_array(), np.nan).ravel() == pytest.approx(expected, nan_ok=True)
    assert cells.get_clim() == (0, 2)
    assert rows(ax) == texts(ax.get_xticklabels()) == MODELS
    assert ax.get_xlabel().startswith("target")
    assert ax.get_ylabel().startswith("source")
    assert bar.get_ylabel().startswith("GFRE")


def test_heat_map_shows_the_diagonal_of_other_tables_and_if_asked(table):
    whole = style.heat_map_figure(table, metric="gfre", diagonal=True).axes[0]
    assert texts(whole.texts)[::4] == ["0.00"] * 3
    others = table.set_axis(["a", "b", "c"], axis=1)
    assert len(style.heat_map_figure(others, metric="gfre").axes[0].texts) == 9


def test_heat_map_parts_the_families(table):
    ax = style.heat_map_figure(table, metric="gfre").axes[0]
    across_it = {tuple(line.get_ydata()) for line in ax.lines} - {(0, 1)}
    down_it = {tuple(line.get_xdata()) for line in ax.lines} - {(0, 1)}
    assert across_it == down_it == {(2, 2)}  # between the two CHGNets and SevenNet


def test_heat_map_marks_minis_only():
    ax = style.heat_map_figure(table_of([*MODELS[:2], MINI]), metric="gfre").axes[0]
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [label.get_fontstyle() for label in labels] == ["normal", "normal", "italic"]
        assert [label.get_color() == style.MINI_COLOR for label in labels] == [False] * 2 + [True]


def test_use_style_leaves_the_random_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (it is this one that must not move)
    assert style.use_style() is None
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_pair_scatter_has_a_point_per_pair_and_the_diagonal(table, ax):
    apart = across(MODELS, family_of)
    same = np.zeros((3, 3), dtype=bool)
    same[0, 1] = same[1, 0] = True
    kinds = {"different": apart, "same": same}
    figures.pair_scatter(ax, table.to_numpy(), table.to_numpy().T, kinds)
    # (there, back) of the pairs of SevenNet with each CHGNet, then of the two CHGNets
    assert points(ax) == [
        [[0.7, 0.6], [0.8, 0.9], [0.6, 0.7], [0.9, 0.8]],
        [[0.1, 0.2], [0.2, 0.1]],
    ]
    assert filled(ax) == [True, False]
    assert texts(ax.get_legend().get_texts()) == ["different", "same"]
    [(x, y)] = curves(ax)
    assert x == y == list(ax.get_xlim()) == list(ax.get_ylim())
    assert (x[0], x[1] >= 1) == (0, True)


def test_pair_scatter_on_logarithmic_axes_holds_all_points(table, ax):
    mask = ~np.eye(3, dtype=bool)
    figures.pair_scatter(ax, table.to_numpy(), 30 * table.to_numpy().T, {"all": mask}, log=True)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    for low, high in (ax.get_xlim(), ax.get_ylim()):
        assert 0 < low < 0.1
        assert high > 27


def test_source_rows_average_over_the_pairs_of_the_source(table):
    values = np.repeat(table.to_numpy()[:, :, None], 6, axis=2)
    errors = xr.DataArray(
        values, dims=("source", "target", "atom"), coords={"source": MODELS, "target": MODELS}
    )
    mask = across(MODELS, family_of)
    found = figures.source_rows(errors, mask, np.arange(6), n_bootstrap=20)
    assert found["name"].tolist() == MODELS
    assert found["value"].tolist() == pytest.approx([0.7, 0.8, (0.6 + 0.9) / 2])
    assert found["low"].tolist() == pytest.approx(found["high"])  # all atoms have the same error
    hue = style.FAMILY_COLORS
    assert found["color"].tolist() == [hue["chgnet"], hue["chgnet"], hue["sevennet"]]
    mask[0] = False
    assert figures.source_rows(errors, mask, range(6), n_bootstrap=2)["name"].tolist() == MODELS[1:]


def test_intervals_stand_in_the_rows_of_their_names(ax):
    table = pd.DataFrame(
        {
            "name": ["a", "b"],
            "value": [0.5, 0.7],
            "low": [0.4, 0.1],
            "high": [0.6, 0.9],
            "color": ["#ff0000", "#0000ff"],
        }
    )
    figures.interval_plot(ax, table, label="mean GFRE")
    assert rows(ax) == ["a", "b"]
    assert dots(ax) == [{"a": 0.5, "b": 0.7}]
    assert intervals(ax) == [("a", 0.4, 0.6), ("b", 0.1, 0.9)]
    assert hues(ax) == [["#ff0000", "#0000ff"]]
    assert (ax.get_xlabel(), ax.get_xscale(), ax.get_xlim()[0]) == ("mean GFRE", "linear", 0)
    figures.interval_plot(ax, table, label="error", log=True)
    assert ax.get_xscale() == "log"


def test_dots_follow_the_order_of_the_first_metric(ax):
    first = pd.DataFrame(
        {"error": [0.9, 0.4], "median": [0.5, 0.2], "atoms": [5, 7]}, index=["2d", "bulk"]
    )
    second = pd.DataFrame(
        {"error": [0.3, 0.8], "median": [0.1, 0.6], "atoms": [7, 5]}, index=["bulk", "2d"]
    )
    figures.paired_dots(ax, {"gfre": first, "lfre": second}, label="error")
    assert rows(ax) == ["2d (5)", "bulk (7)"]
    assert dots(ax) == [
        {"2d (5)": 0.9, "bulk (7)": 0.4},
        {"2d (5)": 0.5, "bulk (7)": 0.2},
        {"2d (5)": 0.8, "bulk (7)": 0.3},
        {"2d (5)": 0.6, "bulk (7)": 0.1},
    ]
    assert filled(ax) == [True, False, True, False]  # root mean square, median
    assert intervals(ax)[:2] == [("2d (5)", 0.5, 0.9), ("bulk (7)", 0.2, 0.4)]
    assert texts(ax.get_legend().get_texts()) == ["GFRE", "LFRE", "median"]
    assert (ax.get_xlabel(), ax.get_xscale()) == ("error", "log")


def test_map_panels_show_each_model_once_with_a_color_per_label():
    figure = Figure()
    made = {model: np.arange(16.0).reshape(8, 2) * i for i, model in enumerate(MODELS, 1)}
    figures.map_panels(figure, made, ["bulk", "2d"] * 4)
    assert [ax.texts[0].get_text() for ax in figure.axes if ax.texts] == MODELS
    for ax, xy in zip(figure.axes, made.values(), strict=True):
        assert points(ax) == [xy.tolist()]
        assert hues(ax) == [[color.lower() for color in figures.KIND_COLORS[:2]] * 4]
    assert texts(figure.legends[0].get_texts()) == ["bulk", "2d"]
