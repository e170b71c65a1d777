"""The figure of the answer page, from findings in a folder."""

import pytest
from PIL import Image

from lumlip import answer
from lumlip.verdicts import Claim, Finding


@pytest.fixture
def folder(tmp_path):
    for number, value in ((2, -0.1), (1, 0.6)):
        claim = Claim("", value, value - 0.05, value + 0.05, bound=0.0)
        Finding(number, "mean GFRE", float("nan"), {"real": [claim], "minis": []}).record(tmp_path)
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
    ax = answer.findings_figure(answer.recorded(folder)).axes[0]
    low, high = ax.get_xlim()
    assert low < -0.1 < 0.6 < high
    assert {text.get_text() for text in ax.texts} == {"holds", "does not hold here"}
