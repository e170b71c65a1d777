"""Names that others chose are shown as they stand, and nothing more."""

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from chapters.report import words
from lumlip.book.page import literal
from lumlip.metrics.repeated import Estimate

NASTY = (
    "<script>alert(1)</script> | `a` $x$ *b* _c_ [d](e) {{f}} {g}`h` <img src=x onerror=i> &lt; \\"
)


def test_a_literal_text_is_shown_as_it_stands():
    table = f"| head |\n| --- |\n| {literal(NASTY)} |"
    for text in (literal(NASTY), table):
        page = BeautifulSoup(MarkdownIt().enable("table").render(text), "html.parser")
        assert NASTY in page.get_text()
        assert not page.select("script, img, a, code, em")


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "<b>my$model_1.pth"
    path.write_text("")
    return f"sevennet:{path}@PBE"


def test_a_file_is_called_by_its_name_alone(own):
    assert words.called(own) == "sevennet:<b>my$model_1.pth@PBE"
    assert words.name(own) == literal("sevennet:<b>my$model_1.pth@PBE")
    assert words.name("mace-mini") == r"*mace\-mini*"


def test_numbers_have_intervals_that_say_something():
    assert words.percent(Estimate(0.5, 0.4, 0.61)) == "50 % (40 to 61)"
    for wide in (Estimate(0.19, -0.14, 109062.86), Estimate(-0.05, -16.0, 16.0)):
        said = words.shown(f"An error of {wide}, or {words.percent(wide)}.").data
        assert said.count(" (too few structures to tell)") == 2, said
    told = "0.40 (0.26 to 1.64), 80 % (-300 to 95), 3 (1 to 20) meV/atom"
    assert words.shown(told).data == told
    assert words.some([], "none") == "none"
    assert words.some(["Fe", "a_b"], "none") == r"Fe, a\_b"
    assert words.some("abcdefghij", "none") == "a, b, c, d, e, f, g, h and 2 more"
