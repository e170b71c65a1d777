"""The figure of the answer page, from findings in a folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib import rcParams
from PIL import Image

from lumlip.book import answer
from lumlip.book.findings import Claim, Finding
from lumlip.plotting.style import MINI_COLOR
from tests.artists import dots, filled, hues, intervals, rows, texts


def claim(value):
    return Claim("", value, *ends(value), bound=0.0)


def ends(value):
    return round(value - 0.05, 2), round(value + 0.1, 2)


@pytest.fixture
def folder(tmp_path):
    for number, value in ((2, -0.1), (1, 0.6)):
        here = {"real": [claim(value), claim(9.0)], "minis": []}
        Finding(number, "mean GFRE", float("nan"), here).record(tmp_path)
    return tmp_path


def test_findings_are_read_in_order(folder):
    found = answer.recorded(folder)
    assert [finding["number"] for finding in found] == [1, 2]
    assert found[0]["paper"] is None


def height_of(path):
    with Image.open(path) as image:
        return image.height


def test_the_figure_has_a_row_for_every_finding(folder):
    two = height_of(answer.draw(folder))
    Finding(3, "mean GFRE", 0.1, {}).record(folder)
    assert height_of(answer.draw(folder)) > two


def test_the_look_of_other_figures_stays(folder):
    before = dict(rcParams)
    answer.draw(folder)
    assert dict(rcParams) == before


def test_the_committed_figure_shows_the_committed_findings(tmp_path):
    """Drawn by every build: committed findings and figure belong together."""
    data = Path(__file__).resolve().parents[2] / "book" / "_data"
    for path in data.glob("finding-*.json"):
        shutil.copy(path, tmp_path)
    with Image.open(answer.draw(tmp_path)) as new, Image.open(data / answer.FIGURE) as old:
        pixels = [np.asarray(image.convert("L"), float) for image in (new, old)]
    assert pixels[0].shape == pixels[1].shape
    # Gray levels of 255: edges of letters may differ between versions of the font renderer.
    assert np.abs(pixels[0] - pixels[1]).mean() < 1.0


def test_numbers_and_verdicts_are_in_the_figure(folder):
    here = {"real": [], "minis": [claim(0.3), claim(0.4)]}
    Finding(3, "ratio", 0.7, here).record(folder)
    figure = answer.findings_figure(answer.recorded(folder))
    [ax] = figure.axes
    first, second, third = rows(ax)
    assert [first, third] == [f"{answer.TITLES[1]}\nmean GFRE", f"{answer.TITLES[3]}\nratio"]
    assert dots(ax) == [{first: 0.6}, {second: -0.1}, {third: 0.7}, {third: 0.3}]
    assert intervals(ax) == [
        (row, *ends(value)) for row, value in ((first, 0.6), (second, -0.1), (third, 0.3))
    ]
    mini, paper = MINI_COLOR.lower(), answer.PAPER_COLOR
    assert hues(ax) == [answer.REAL_COLOR.lower()] * 2 + [paper, mini]
    assert filled(ax) == [True, True, True, False]
    assert {round(text.xy[1]): text.get_text() for text in ax.texts} == {
        0: "holds",
        -1: "holds in part",
        -2: "holds",
    }
    assert ax.get_xlim()[0] < -0.15
    assert ax.get_xlabel() == "reconstruction error (no unit)"
    assert texts(figure.legends[0].get_texts()) == [
        "paper",
        "published models, here",
        "minis, here",
    ]
