"""The front page's figure and table, from claims in a folder."""

import json
from pathlib import Path

import pytest
from matplotlib import rcParams

from lumlip.book import answer
from lumlip.book.claims import HOLDS, NO_MORE

CLAIM = {
    "text": "farther apart", "value": 0.6, "low": 0.5, "high": 0.7, "bound": 0.4, "side": "above",
    "bound_from": "the paper", "control": None, "control_is": "", "outcome": HOLDS, "p": 0.02,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    other = {"text": "near", "side": "below", "control": 0.35, "control_is": "SOAP"}
    for number, changed in ((2, {**other, "outcome": NO_MORE}), (1, {})):
        content = {"number": number, **CLAIM, **changed}
        (tmp_path / f"finding-{number}.json").write_text(json.dumps(content))
    return tmp_path


def test_claims_are_read_in_order_with_p_values_of_all(folder):
    found = answer.recorded(folder)
    assert [claim["number"] for claim in found] == [1, 2]
    assert [claim["p"] for claim in found] == [0.04, 0.04]


def test_table_has_numbers_bounds_controls_and_outcomes(folder):
    head, _, first, second = answer.findings_table(answer.recorded(folder)).splitlines()
    assert head.count("|") == first.count("|") == 8
    expected = (
        "| 1 | Farther apart | 0.60 (0.50 to 0.70) | above 0.40: the paper |  | **holds** | 0.040 |"
    )
    assert first == expected
    assert "| < 0.001 |" in answer.findings_table([{**answer.recorded(folder)[0], "p": 1e-5}])
    assert "below 0.40: the paper | 0.35: SOAP | **holds, but for the control" in second


def test_figure_shades_the_claimed_side_and_marks_bound_and_control(folder):
    figure = answer.findings_figure(answer.recorded(folder))
    first, second = figure.axes
    for ax, side in ((first, "above"), (second, "below")):
        left, right = ax.patches[0].get_x(), ax.patches[0].get_x() + ax.patches[0].get_width()
        assert (left if side == "above" else right) == pytest.approx(0.4)
        assert ax.lines[0].get_xdata()[0] == 0.4
        assert ax.collections[-1].get_offsets()[0].tolist() == [0.6, 0.0]
    assert [len(ax.collections) for ax in (first, second)] == [2, 3]
    assert second.collections[0].get_offsets()[0].tolist() == [0.35, 0.0]
    assert first.get_title(loc="left") == "1  Farther apart"
    assert [text.get_text() for text in first.texts] == [HOLDS]


def test_a_claim_that_was_not_tested_has_no_number_in_the_figure(folder):
    path = folder / "finding-1.json"
    content = {**json.loads(path.read_text()), "value": None, "low": None, "high": None, "p": None}
    path.write_text(json.dumps(content))
    figure = answer.findings_figure(answer.recorded(folder))
    assert len(figure.axes[0].collections) == 0


def test_the_look_of_other_figures_stays(folder):
    before = dict(rcParams)
    answer.draw(folder)
    assert dict(rcParams) == before


def test_the_committed_table_is_that_of_the_committed_findings():
    """Written by every build: committed findings and table belong together."""
    data = Path(__file__).resolve().parents[2] / "book" / "_data"
    assert (data / answer.TABLE).read_text() == answer.findings_table(answer.recorded(data))
