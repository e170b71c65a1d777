"""Figures of the chapter on controls: they show what they are given."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.controls import figures
from chapters.controls.noise_floor import COLORS
from chapters.controls.robustness import SETS, RobustnessCheck
from chapters.controls.sweeps import Limit
from lumlip.book.findings import Claim
from tests.artists import curves, dots, filled, hues, intervals, points, rows, segments, texts

REAL, MINI = COLORS["published"].lower(), COLORS["mini"].lower()
SWEEP = pd.DataFrame(
    {
        "value": [5.0, 0.7, 0.6],
        "low": [4.0, 0.65, 0.5],
        "high": [6.0, 0.8, 0.75],
        "median": [0.3, 0.2, 0.1],
    },
    index=pd.Index([8, 64, 256]),
)
NAN = float("nan")


@pytest.fixture
def figure():
    made = Figure(layout="constrained")
    yield made
    made.canvas.draw()  # what cannot be drawn fails here


def claim(value, low, high, bound=0.0):
    return Claim("", value, low, high, bound=bound)


def test_every_finding_has_a_panel_with_its_treatments_and_controls(figure):
    ways = {"as it stands": claim(0.8, 0.7, 0.85, 0.5), "by atom": claim(0.4, 0.35, 0.45, 0.5)}
    checks = [
        RobustnessCheck(1, "real", ways, {"two seeds": claim(0.2, 0.1, 0.3)}),
        RobustnessCheck(1, "minis", {"as it stands": claim(0.6, 0.55, 0.7, 0.5)}),
        RobustnessCheck(
            2, "real", {"as it stands": claim(9.0, 0.1, 9.5), "by atom": claim(NAN, NAN, NAN)}
        ),
        RobustnessCheck(3, "minis", {"as it stands": claim(NAN, NAN, NAN)}),
    ]
    figures.check_panels(figure, checks)
    first, second = figure.axes
    assert rows(first) == ["as it stands", "by atom", "against two seeds"]
    assert dots(first) == [
        {"as it stands": 0.8},
        {"by atom": 0.4},
        {"against two seeds": 0.2},
        {"as it stands": 0.6},
    ]
    assert intervals(first) == [
        ("as it stands", 0.7, 0.85),
        ("by atom", 0.35, 0.45),
        ("against two seeds", 0.1, 0.3),
        ("as it stands", 0.55, 0.7),
    ]
    assert hues(first) == [REAL] * 3 + [MINI]
    assert filled(first) == [True, False, True, True]  # whether the claim holds
    bounds = [line.get_xdata()[0] for line in first.lines if line.get_ls() == "--"]
    assert bounds == [0, 0.5]  # of the control, and of the finding
    assert dots(second) == [{"as it stands": 1.75}]  # at the edge
    assert intervals(second) == [("as it stands", 0.1, 1.75)]
    assert first.get_xlabel() != second.get_xlabel()
    legend = texts(figure.legends[0].get_texts())
    assert legend == [SETS["real"], SETS["minis"], "does not hold"]


def test_without_checks_there_is_no_panel(figure):
    figures.check_panels(figure, [RobustnessCheck(1, "real", {})])
    assert not figure.axes


def test_neighbors_with_the_median_atom_and_what_no_map_can_do(figure):
    ax = figure.subplots()
    figures.neighbor_curves(ax, SWEEP, widths=[64, 32, 128], gfre=0.65)
    assert curves(ax) == [(SWEEP.index.tolist(), SWEEP[c].tolist()) for c in ("value", "median")]
    [area] = ax.collections
    corners = {tuple(corner) for corner in area.get_paths()[0].vertices.tolist()}
    assert corners == {(k, SWEEP.at[k, column]) for k in SWEEP.index for column in ("low", "high")}
    shades = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
    assert shades == [(pytest.approx(0.85 * 8), 32), (32, 128)]
    assert [line.get_ydata()[0] for line in ax.lines if line.get_label() == "GFRE"] == [0.65]
    assert texts(ax.get_xticklabels()) == ["8", "64", "256"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("neighbors k", "error between families")


def test_sizes_of_the_training_set_and_their_fit(figure):
    ax, plain = figure.subplots(1, 2)
    fit = Limit(0.5, 1.0, 0.5)
    figures.train_curve(ax, SWEEP, fit, fitted=[64, 256])
    used, unused = points(ax)
    assert used == [[64, 0.7], [256, 0.6]]
    assert unused == [[8, 5.0]]
    assert filled(ax) == [True, False]
    ends = [(low[0], low[1], high[1]) for low, high in segments(ax)]
    assert ends == list(SWEEP[["low", "high"]].itertuples(name=None))
    [(n, error)] = curves(ax)
    assert error == pytest.approx([0.5 + size**-0.5 for size in n])
    assert (n[0], n[-1] > 256) == (pytest.approx(64), True)
    assert texts(ax.get_legend().get_texts()) == ["GFRE", "not used in the fit", "fit"]
    figures.train_curve(plain, SWEEP, None, fitted=[])
    assert not plain.lines
    assert filled(plain) == [False]


def test_tables_without_rows_have_no_panel(figure):
    table = pd.DataFrame(
        {"name": ["a"], "value": [0.5], "low": [0.4], "high": [0.6], "color": ["#ff0000"]}
    )
    tables = {"models": table, "none": table.iloc[:0], "minis": table.assign(value=0.55)}
    figures.two_interval_plots(figure, tables)
    assert [ax.get_xlabel() for ax in figure.axes] == ["GFRE to models", "GFRE to minis"]
    assert [dots(ax) for ax in figure.axes] == [[{"a": 0.5}], [{"a": 0.55}]]
    figures.two_interval_plots(empty := Figure(), {"none": table.iloc[:0]})
    assert not empty.axes


def test_right_and_wrong_numbers_of_elements(figure):
    numbers = [
        ("a", "from DPA", 0.5, 0.8),
        ("b", "from DPA", 0.4, 0.9),
        ("b", "to DPA", 0.7, 0.6),
        ("a", "to DPA", 0.3, 0.2),
    ]
    moved = pd.DataFrame(numbers, columns=["model", "direction", "right", "wrong"])
    figures.numbering_plot(figure, moved, minis=["a"])
    before, after = figure.axes
    assert dots(before) == [{"a": 0.5, "b": 0.4}, {"a": 0.8, "b": 0.9}]
    assert dots(after) == [{"a": 0.3, "b": 0.7}, {"a": 0.2, "b": 0.6}]
    assert intervals(before) == [("a", 0.5, 0.8), ("b", 0.4, 0.9)]
    assert hues(after) == [[MINI, REAL]] * 2
    assert filled(after) == [True, False]
    assert [ax.get_xlabel() for ax in figure.axes] == ["GFRE from DPA", "GFRE to DPA"]
    styles = [label.get_fontstyle() for label in before.get_yticklabels()]
    assert styles == ["italic", "normal"]
    right, wrong = texts(figure.legends[0].get_texts())
    assert ("list" in right, "alphabet" in wrong) == (True, True)
