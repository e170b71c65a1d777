"""The figure of the answer page, from findings in a folder."""

import pytest
from artists import dots, filled, hues, intervals, rows, texts
from PIL import Image

from lumlip import answer
from lumlip.plotting import MINI_COLOR
from lumlip.verdicts import Claim, Finding


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


def test_every_record_draws_the_figure_anew(folder):
    assert (folder / answer.FIGURE).is_file()
    with Image.open(folder / answer.FIGURE) as two:
        height = two.height
    Finding(3, "mean GFRE", 0.1, {}).record(folder)
    with Image.open(folder / answer.FIGURE) as three:
        assert three.height > height


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
