"""Figures of averages and cumulants show what they are given."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from lumlip import fooled, order_figures
from lumlip.imitations import Imitations
from lumlip.probes import ProbeScore
from lumlip.tasks import MIX, SUBSET

MODELS = ["chgnet-0.3.0", "chgnet-r2scan", "mace-mini"]


def drawn(figure):
    figure.canvas.draw()  # what cannot be drawn fails here
    return figure


def test_variants_of_a_family_differ_in_style_only():
    looks = order_figures.looks(MODELS)
    assert looks["chgnet-0.3.0"]["color"] == looks["chgnet-r2scan"]["color"]
    assert looks["chgnet-0.3.0"]["ls"] != looks["chgnet-r2scan"]["ls"]
    assert looks["mace-mini"]["ls"] == "-"


def test_lines_have_a_line_per_model_the_paper_and_an_interval():
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    values = xr.DataArray(
        [[0.2, 0.4], [0.3, 0.5], [0.4, 1.6]], coords={"model": MODELS, "order": [2, 3]}
    )
    published = pd.Series({2: 0.24, 3: 0.46, 4: np.nan})
    order_figures.order_lines(ax, values, published=published, minis=["mace-mini"], label="GFRE")
    order_figures.band(ax, {2: (0.3, 0.2, 0.4), 3: (0.5, 0.4, 0.6)}, label="interval")
    order_figures.model_legend(figure, [ax])
    names = {text.get_text(): text.get_fontstyle() for text in figure.legends[0].get_texts()}
    assert names == {
        "chgnet-0.3.0": "normal",
        "chgnet-r2scan": "normal",
        "mace-mini": "italic",
        "paper: PET-MAD": "normal",
        "interval": "normal",
    }
    assert ax.get_ylim()[1] > 1.6  # nothing is cut off
    drawn(figure)


def test_scaling_has_bars_for_the_orders_and_lines_for_the_scalings():
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    order_figures.share_bars(left, np.array([[0.5, 0.2, 0.3], [0.4, 0.3, 0.3]]))
    assert [bar.get_height() for bar in left.patches] == pytest.approx([45, 25, 30])
    curves = {"one": [0.2, 0.4], "equal": [0.5, 0.6], "nothing": [0.4, 0.7]}
    order_figures.scaling_lines(right, curves, [2, 3])
    assert [line.get_label() for line in right.lines] == list(curves)
    drawn(figure)


@pytest.mark.parametrize("n_models", [1, 3, 7])
def test_pair_of_tables_fits_its_models(n_models):
    models = [
        *("chgnet-0.2.0", "chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", "sevennet-l3i5"),
        *("diep-matpes-r2scan", "mace-mini"),
    ][:n_models]
    table = pd.DataFrame(np.full((n_models, n_models), 0.5), index=models, columns=models)
    figure = Figure(layout="constrained")
    order_figures.table_pair(figure, {"averages": table, "all": table})
    assert figure.get_figwidth() <= 7.4
    drawn(figure)


def test_scores_have_a_panel_per_task():
    ways = ["composition", "mean", "mean and std"]
    table = pd.DataFrame(
        {"baseline": [0.3, np.nan, np.nan], "chgnet-0.3.0": [np.nan, 0.5, 0.6]}, index=ways
    )
    figure = Figure(layout="constrained")
    order_figures.score_panels(figure, {SUBSET: table, MIX: table.iloc[1:], "x": table})
    labels = [ax.get_xlabel() for ax in figure.axes if ax.get_xlabel()]
    assert labels == [f"{SUBSET} (balanced accuracy)", f"{MIX} (R²)", "x (R²)"]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ways[::-1]
    drawn(figure)


def test_no_scores_no_panels():
    figure = Figure()
    order_figures.score_panels(figure, {})
    assert figure.texts[0].get_text() == "nothing to predict in this run"


def test_maps_leave_out_few_far_points_only():
    rng = np.random.default_rng(0)
    points = {name: rng.normal(size=(400, 2)) for name in ("averages", "all")}
    points["all"][0] = 50
    figure = Figure(layout="constrained")
    subset = np.repeat(["a", "b"], 200)
    order_figures.map_grid(figure, points, subset, rng.normal(size=400), label="energy")
    left, right = figure.axes[:2]
    assert right.get_xlim()[1] < 10
    inside = (np.abs(points["averages"]) < np.abs(left.get_xlim()).min()).all(axis=1)
    assert inside.mean() > 0.95
    drawn(figure)


def test_lines_of_the_fooled():
    score = ProbeScore(0.8, 0.7, 0.9, (0.8,), np.array([0.7, 0.9]))
    one = fooled.Fooled(
        Imitations(np.array([0]), np.array([[0.0, 1.0]]), np.array([0.001])),
        np.array([[0.0, 1.0]]),
        {1: score, 2: score},
        0.2,
    )
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    fooled.distance_lines(left, {"chgnet-0.3.0": one})
    fooled.accuracy_lines(right, {"chgnet-0.3.0": one})
    assert left.lines[0].get_ydata() == pytest.approx([0, 1])
    assert right.lines[0].get_ydata() == pytest.approx([0.8, 0.8])
    drawn(figure)
