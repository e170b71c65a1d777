"""Figures of averages and cumulants show what they are given."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chapters.cumulants import figures, imitation_tests
from chapters.cumulants.imitations import Imitations
from chapters.cumulants.targets import MIX, SUBSET
from lumlip.metrics.probes import ProbeScore
from lumlip.plotting.intervals import KIND_COLORS
from lumlip.plotting.style import FAMILY_COLORS
from tests.artists import curves, dots, hues, points, rows, segments, texts

MODELS = ["chgnet-0.3.0", "chgnet-r2scan", "mace-mini"]


@pytest.fixture
def figure():
    made = Figure(layout="constrained")
    yield made
    made.canvas.draw()  # what cannot be drawn fails here


def test_variants_of_a_family_differ_in_style_only():
    looks = figures.looks(MODELS)
    assert looks["chgnet-0.3.0"]["color"] == looks["chgnet-r2scan"]["color"]
    assert looks["chgnet-0.3.0"]["ls"] != looks["chgnet-r2scan"]["ls"]
    assert looks["mace-mini"] == {"color": FAMILY_COLORS["mace"], "ls": "-"}


def test_lines_have_a_line_per_model_the_paper_and_an_interval(figure):
    ax = figure.subplots()
    numbers = [[0.2, 0.4], [0.3, 0.5], [0.4, 1.6]]
    values = xr.DataArray(numbers, coords={"model": MODELS, "order": [2, 3]})
    published = pd.Series({2: 0.24, 3: 0.46, 4: np.nan})
    figures.order_lines(ax, values, published=published, minis=["mace-mini"], label="GFRE")
    figures.band(ax, {2: (0.3, 0.2, 0.4), 3: (0.5, 0.4, 0.6)}, label="interval")
    figures.model_legend(figure, [ax])
    assert curves(ax) == [([2, 3], line) for line in [*numbers, [0.24, 0.46]]]
    assert [line.get_label() for line in ax.lines] == [*MODELS, "paper: PET-MAD"]
    thick, _, thin, _ = (line.get_linewidth() for line in ax.lines)
    assert thick > thin
    [area] = ax.collections
    corners = {tuple(corner) for corner in area.get_paths()[0].vertices}
    assert corners == {(2, 0.2), (2, 0.4), (3, 0.4), (3, 0.6)}
    legend = figure.legends[0].get_texts()
    assert texts(legend) == [*MODELS, "paper: PET-MAD", "interval"]
    assert [text.get_fontstyle() == "italic" for text in legend] == [False] * 2 + [True] + [
        False
    ] * 2
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("order K", "GFRE")
    assert ax.get_xticks().tolist() == [2, 3]
    assert ax.get_ylim()[1] > 1.6  # nothing is cut off


def test_scaling_has_bars_for_the_orders_and_lines_for_the_scalings(figure):
    left, right = figure.subplots(1, 2)
    shares = np.array([[0.5, 0.2, 0.3], [0.4, 0.3, 0.3]])
    figures.share_bars(left, shares)
    assert [bar.get_height() for bar in left.patches] == pytest.approx([45, 25, 30])
    assert [bar.get_center()[0] for bar in left.patches] == pytest.approx([1, 2, 3])
    assert points(left) == [
        pytest.approx(np.column_stack([[1, 2, 3], 100 * row])) for row in shares
    ]
    assert left.get_ylabel() == "share of the variance (%)"
    numbers = {"one": [0.2, 0.4], "equal": [0.5, 0.6], "nothing": [0.4, 1.7]}
    figures.scaling_lines(right, numbers, [2, 3])
    assert curves(right) == [([2, 3], line) for line in numbers.values()]
    assert texts(right.get_legend().get_texts()) == list(numbers)
    assert right.get_ylim()[1] > 1.7


@pytest.mark.parametrize("n_models", [1, 3, 7])
def test_pair_of_tables_shows_both_side_by_side_if_they_are_small(figure, n_models):
    models = [
        *("chgnet-0.2.0", "chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", "sevennet-l3i5"),
        *("diep-matpes-r2scan", "mace-mini"),
    ][:n_models]
    off = 1 - np.eye(n_models)
    one, other = (pd.DataFrame(x * off, index=models, columns=models) for x in (0.25, 0.75))
    figures.table_pair(figure, {"averages": one, "all": other})
    first, second = (ax for ax in figure.axes if ax.get_title())
    assert (first.get_title(), second.get_title()) == ("averages", "all")
    n_pairs = n_models * (n_models - 1)
    assert texts(first.texts) == ["0.25"] * n_pairs
    assert texts(second.texts) == ["0.75"] * n_pairs
    assert rows(first) == models
    places = [ax.get_subplotspec().colspan.start for ax in (first, second)]
    assert places == ([0, 1] if n_models <= 6 else [0, 0])
    assert figure.get_figwidth() <= 7.4


def test_scores_have_a_panel_per_task(figure):
    ways = ["composition", "mean", "mean and std"]
    table = pd.DataFrame(
        {"baseline": [0.3, np.nan, np.nan], "chgnet-0.3.0": [np.nan, 0.5, 0.6]}, index=ways
    )
    figures.score_panels(figure, {SUBSET: table, MIX: table.iloc[1:] + 0.2, "x": table})
    panels = figure.axes[:3]
    labels = [f"{SUBSET} (balanced accuracy)", f"{MIX} (R²)", "x (R²)"]
    assert [ax.get_xlabel() for ax in panels] == labels
    assert rows(panels[0]) == ways
    assert dots(panels[0]) == dots(panels[2])
    assert dots(panels[0]) == [{"composition": 0.3}, {"mean": 0.5, "mean and std": 0.6}]
    assert dots(panels[1]) == [{"mean": 0.7, "mean and std": 0.8}]
    assert hues(panels[1]) == [FAMILY_COLORS["chgnet"].lower()]
    assert texts(figure.legends[0].get_texts()) == ["no model", "chgnet-0.3.0"]


def test_no_scores_no_panels(figure):
    figures.score_panels(figure, {})
    assert texts(figure.texts) == ["nothing to predict in this run"]
    assert not figure.axes


def test_maps_are_colored_by_subset_and_by_number(figure):
    xy = {
        "averages": np.array([[0.0, 1], [2, 3], [4, 5]]),
        "all": np.array([[1.0, 0], [0, 1], [1, 1]]),
    }
    energy = [0.5, -1.0, 0.25]
    figures.map_grid(figure, xy, ["a", "b", "a"], energy, label="energy (eV/atom)")
    above, below, bar = figure.axes[:2], figure.axes[2:4], figure.axes[4]
    shade = [KIND_COLORS[i].lower() for i in (0, 1, 0)]
    for pair, name in zip(zip(above, below, strict=True), xy, strict=True):
        assert [points(ax) for ax in pair] == [[xy[name].tolist()]] * 2
        assert texts(pair[0].texts) == [name]
        assert hues(pair[0]) == [shade]
        assert pair[1].collections[0].get_array().tolist() == energy
    assert bar.get_ylabel() == "energy (eV/atom)"
    assert texts(figure.legends[0].get_texts()) == ["a", "b"]


def test_maps_leave_out_few_far_points_only(figure):
    rng = np.random.default_rng(0)
    made = {name: rng.normal(size=(400, 2)) for name in ("averages", "all")}
    made["all"][0] = 50
    figures.map_grid(figure, made, np.repeat(["a", "b"], 200), np.zeros(400), label="energy")
    for ax, xy in zip(figure.axes[:2], made.values(), strict=True):
        low, high = np.transpose([ax.get_xlim(), ax.get_ylim()])
        assert ((xy > low) & (xy < high)).all(axis=1).mean() > 0.98
        assert high.max() < 10


def test_lines_of_the_fooled(figure):
    # Medians of two imitations; the second model is told apart one tenth more often.
    distances = np.array([[0.0, 1.0], [0.2, 3.0]])
    made = Imitations(np.array([0, 1]), np.eye(2), np.array([0.001, 0.001]))
    of_model = {}
    for model, value in zip(MODELS[:2], (0.7, 0.8), strict=True):
        scores = {
            k: ProbeScore(value + 0.05 * k, value - 0.1, value + 0.2, (value,), np.zeros(2))
            for k in (1, 2)
        }
        of_model[model] = imitation_tests.Fooled(made, distances * 10 * (value - 0.6), scores, 0.2)
    left, right = figure.subplots(1, 2)
    imitation_tests.distance_lines(left, of_model)
    assert [x for x, _ in curves(left)] == [[1, 2]] * 2
    assert [y for _, y in curves(left)] == [pytest.approx([0.1, 2]), pytest.approx([0.2, 4])]
    assert [line.get_label() for line in left.lines] == MODELS[:2]
    assert "standard deviations" in left.get_ylabel()
    imitation_tests.accuracy_lines(right, of_model)
    assert [y for _, y in curves(right)] == [pytest.approx([0.75, 0.8]), pytest.approx([0.85, 0.9])]
    ends = [(round(low[0]), low[1], high[1]) for low, high in segments(right)]
    assert ends == [
        (k, score.low, score.high) for one in of_model.values() for k, score in one.scores.items()
    ]
    assert right.lines[-1].get_ydata() == [0.5, 0.5]  # chance
    assert "balanced accuracy" in right.get_ylabel()
