"""The committed chapters: equal to their scripts, run cleanly, of the agreed form.

That their numbers still come out is tested by nbval, see the conftest at the root.
"""

from pathlib import Path

import pytest

from lumlip.book.chapters import Chapter, convert
from tests import notebook_checks, typed_numbers

ROOT = Path(__file__).resolve().parents[1]
NAMES = sorted({path.with_suffix("") for path in (ROOT / "notebooks").glob("*.*")})
CHAPTERS = [Chapter(name.with_suffix(".py")) for name in NAMES if name.name[0].isdigit()]
PAGES = CHAPTERS + [Chapter(path) for path in sorted((ROOT / "book").glob("*.py"))]


def markdown(chapter):
    return [cell.source for cell in convert(chapter.source).cells if cell.cell_type == "markdown"]


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter.name)
def chapter(request):
    return request.param


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request):
    return request.param


def test_there_are_chapters():
    assert CHAPTERS, "no notebooks/NN_*.py: everything below would pass for lack of work"


def test_the_notebook_is_its_script(page):
    assert page.source.is_file(), f"{page.notebook.name} has no script"
    assert notebook_checks.drift_faults(page) == []


def test_outputs_are_committed_clean_and_small(page):
    assert notebook_checks.output_faults(page.notebook) == []


def test_figures_have_a_name_a_caption_and_a_text_in_words(page):
    assert notebook_checks.figure_faults(page.notebook) == []


def test_cells_are_few_and_short_and_parameters_documented(chapter):
    assert notebook_checks.shape_faults(chapter) == []


def test_result_sections_are_there(chapter):
    assert typed_numbers.missing_sections(markdown(chapter)) == []


def test_results_hold_no_typed_numbers(chapter):
    assert typed_numbers.typed_numbers(markdown(chapter)) == []
    code = [c.source for c in convert(chapter.source).cells if c.cell_type == "code"]
    assert typed_numbers.typed_in_code(code) == []
