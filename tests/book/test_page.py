"""A page checks what its own text says, stops a false build, and tells readers what differs."""

import json
from unittest.mock import patch

import pytest

from lumlip.book.chapters import DATA_VARIABLE
from lumlip.book.claims import FAILS, HOLDS
from lumlip.book.page import RERUN, Page, shown
from lumlip.extraction.panel import REMARKS, SKIPPED
from lumlip.metrics.repeated import Estimate

FAR = Estimate(0.6, 0.5, 0.7)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Made where no other test has left out models or found structures odd."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    monkeypatch.delenv(RERUN, raising=False)
    with patch.dict(SKIPPED, clear=True), patch.dict(REMARKS, clear=True):
        yield Page(3)


def test_a_true_text_needs_no_note(page):
    page.claim("far apart", FAR, bound=0.4)
    page.claim("farther than in the paper", FAR, bound=0.66, expect=FAILS)
    page.says("less than all", (0.2, 0.1, 0.3), side="below", bound=1.0)
    page.says("one in three", 0.34, side="above", bound=0.3)
    assert page.note() == ""


@pytest.mark.parametrize("expect", [HOLDS, FAILS])
def test_a_false_text_stops_the_build(page, expect):
    page.claim("near", FAR, side="below", bound=0.4 if expect == HOLDS else 0.8, expect=expect)
    with pytest.raises(AssertionError, match=r"the text of this page is not true:\nnear: 0\.60"):
        page.answer("They are near.")


def test_a_reader_is_told_what_does_not_hold(page, monkeypatch):
    monkeypatch.setenv(RERUN, "1")
    page.says("near", FAR, side="below", bound=0.4)
    page.says("far", FAR, side="above", bound=0.4)
    text = page.answer("They are near.").data
    assert "Of 2 statements 1 hold here; these do not:" in text
    assert "- near: 0.60 (0.50 to 0.70) here, expected below 0.40" in text
    assert text.endswith("They are near.")
    assert "far:" not in text


def test_what_cannot_be_measured_is_told_too(page, monkeypatch):
    monkeypatch.setenv(RERUN, "1")
    page.says("near", Estimate.missing(), side="below", bound=0.4)
    assert "not testable here; the text says: holds" in page.note()


def test_models_that_were_skipped_are_named_as_plain_text(page, monkeypatch):
    monkeypatch.setenv(RERUN, "1")
    monkeypatch.setitem(SKIPPED, "chgnet:<img src=x>", "it failed")
    assert "Without models that could not be run:\n\n- chgnet:&lt;img src=x&gt;: it failed\n" in (
        page.note()
    )


def test_what_is_odd_about_the_structures_is_told(page, monkeypatch):
    page.says("of counts", 1, side="above")
    monkeypatch.setitem(REMARKS, "3 structures are copies & more", None)
    assert page.note() == ""
    monkeypatch.setenv(RERUN, "1")
    assert "\nOf the structures: 3 structures are copies &amp; more.\n" in page.note()


def test_answer_and_primary_claim_are_left_for_the_front_page(page, tmp_path):
    page.claim("far", FAR, bound=0.4, bound_from="the paper", control=0.3, finding=2)
    page.claim("another", FAR, bound=0.4)
    page.answer("Far: **60 %**.\n")
    page.record(tmp_path)
    assert (tmp_path / "answer-03.md").read_text() == "Far: **60 %**.\n"
    found = json.loads((tmp_path / "finding-2.json").read_text())
    assert found["number"] == 2
    assert (found["text"], found["outcome"], found["side"]) == ("far", HOLDS, "above")
    assert (found["value"], found["low"], found["bound"], found["control"]) == (0.6, 0.5, 0.4, 0.3)


def test_table_has_the_claims_and_not_the_statements(page):
    page.claim("far", FAR, bound=0.4, bound_from="the paper", chosen_after="the bound")
    page.says("a word of the text", FAR, side="above", bound=0.1)
    table = page.table()
    assert table.index.tolist() == ["far"]
    assert table.loc["far", "here"] == "0.60 (0.50 to 0.70)"
    assert table.loc["far", "bound"] == "above 0.40: the paper"
    assert table.loc["far", "outcome"] == HOLDS
    assert table.loc["far", "chosen after seeing numbers"] == "the bound"


def test_a_number_that_is_none_is_not_called_nan(page, monkeypatch, tmp_path):
    monkeypatch.setenv(RERUN, "1")
    page.claim("closer", Estimate.missing())
    answer = page.answer(f"It is smaller by {Estimate.missing()}, or {float('nan'):+.2f}.")
    assert "It is smaller by (no number), or (no number)." in answer.data
    assert "nan" not in answer.data
    assert "nan" not in next(tmp_path.rglob("answer-*.md")).read_text()
    page.claim("far", FAR, bound_from="a null", control=Estimate.missing(), control_is="twins")
    assert page.table().loc["far", "control"] == "(no number): twins"
    assert shown("nanometers").data == "nanometers"
