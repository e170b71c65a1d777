"""Figures are made of what they are given; how they look is for people to judge."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from lumlip.plotting import style
from tests.artists import rows, texts

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
    ax, bar = style.heat_map_figure(table, metric="gfre").axes
    assert texts(ax.texts) == ["0.10", "0.70", "0.20", "0.80", "0.60", "0.90"]
    cells = ax.collections[0]
    expected = [np.nan, 0.1, 0.7, 0.2, np.nan, 0.8, 0.6, 0.9, np.nan]
    assert np.ma.filled(cells.get_array(), np.nan).ravel() == pytest.approx(expected, nan_ok=True)
    assert cells.get_clim() == (0, 1)
    assert rows(ax) == texts(ax.get_xticklabels()) == MODELS
    assert ax.get_xlabel().startswith("target")
    assert ax.get_ylabel().startswith("source")
    assert bar.get_ylabel().startswith("GFRE")


@pytest.mark.filterwarnings("error")
def test_long_names_leave_room_for_the_heat_map(tmp_path):
    own = tmp_path / "a_folder_of_fine_tuned_models" / "best_epoch_12_with_a_long_name.pth.tar"
    own.parent.mkdir()
    own.touch()
    figure = style.heat_map_figure(table_of([*MODELS[:2], f"chgnet:{own}"]), metric="gfre")
    figure.savefig(tmp_path / "map.png")
    ax = figure.axes[0]
    assert ax.get_window_extent().width > 0.25 * figure.bbox.width
    assert rows(ax)[:2] == MODELS[:2]
    assert rows(ax)[2].endswith("…ng_name.pth.tar")


def test_numbers_of_a_heat_map_are_read_on_their_colors():
    """Before, seaborn chose: 0.55 to 0.60 in white on a ground too light for it."""
    wide = pd.DataFrame(np.linspace(0, 1, 100).reshape(10, 10), index=list("abcdefghij"))
    ax = style.heat_map_figure(wide, metric="gfre").axes[0]
    grounds = ax.collections[0].get_facecolors()
    for number, ground in zip(ax.texts, grounds, strict=True):
        assert number.get_color() == style.letters_on(to_hex(ground)), number.get_text()


def test_heat_map_shows_the_diagonal_of_other_tables(table):
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


def test_use_style_leaves_the_random_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (it is this one that must not move)
    assert style.use_style() is None
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
