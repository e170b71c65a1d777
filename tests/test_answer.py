"""The figure of the answer page, from findings in a folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib import rcParams
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
    data = Path(__file__).resolve().parents[1] / "book" / "_data"
    for path in data.glob("finding-*.json"):
        shutil.copy(path, tmp_path)
    with Image.open(answer.draw(tmp_path)) as new, Image.open(data / answer.FIGURE) as old:
        pixels = [np.asarray(image.convert("L"), float) for image in (new, old)]
    assert pixels[0].shape == pixels[1].shape
    # Gray levels of 255: edges of letters may differ between versions of the font renderer.
    assert np.abs(pixels[0] - pixels[1]).mean() < 1.0


def test_numbers_and_verdicts_are_in_the_figure(folder):
    ax = answer.findings_figure(answer.recorded(folder)).axes[0]
    low, high = ax.get_xlim()
    assert low < -0.1 < 0.6 < high
    assert {text.get_text() for text in ax.texts} == {"holds", "does not hold here"}
