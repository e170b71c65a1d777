"""Tests of the guard itself: pytest must fail when a notebook's numbers, words or shape change.

A small real chapter is run once; each test spoils a copy and runs the project's own pytest
configuration, conftest and notebook tests on it, in a process of its own.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lumlip.book.chapters import Chapter, convert, read, write
from lumlip.book.close_text import CloseText
from lumlip.book.execution import execute
from lumlip.book.notebook_checks import figure_faults, output_faults, shape_faults
from lumlip.book.typed_numbers import missing_sections, typed_numbers

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Outputs of the small chapter, run once for all tests here."""
    return tmp_path_factory.mktemp("outputs") / "01_squares.ipynb"


@pytest.fixture
def project(checkout, outputs):
    """The small book with committed outputs and the real tests of the notebooks."""
    if not outputs.exists():
        execute(checkout / "notebooks" / "01_squares.py", outputs, cwd=checkout)
    shutil.copy(outputs, checkout / "notebooks")
    (checkout / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "test_notebooks.py", checkout / "tests")
    return checkout


def run_pytest(project, *paths):
    """Return the exit code and what pytest said, on the tests and the notebooks or on paths."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no"]
    done = subprocess.run(
        [*command, *(paths or ("tests", "notebooks"))],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def replace(path, old, new):
    text = path.read_text()
    assert old in text, f"{old!r} is not there to be changed"
    path.write_text(text.replace(old, new))


@pytest.mark.heavy
def test_an_honest_notebook_passes(project):
    code, said = run_pytest(project)
    # Every code cell is rerun by nbval, on top of the tests of form.
    cells = [
        cell
        for cell in read(project / "notebooks" / "01_squares.ipynb").cells
        if cell.cell_type == "code"
    ]
    forms = len(
        re.findall(r"^def test_", (ROOT / "tests" / "test_notebooks.py").read_text(), re.MULTILINE)
    )
    assert (code, f"{len(cells) + forms} passed" in said) == (0, True), said


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("old", "new"),
    [
        # The printed value is 0.3350 (199/594); the last digit is within rounding.
        pytest.param("0.3350 of 100 steps", "0.3351 of 100 steps", id="last printed digit"),
        pytest.param("0.3350 of 100 steps", "0.3340 of 100 steps", id="relative 3e-3"),
    ],
)
def test_a_change_within_the_tolerance_passes(project, old, new):
    replace(project / "notebooks" / "01_squares.ipynb", old, new)
    code, said = run_pytest(project)
    assert code == 0, said


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("0.3350 of 100 steps", "0.3450 of 100 steps", id="number"),
        pytest.param("0.3350 of 100 steps", "0.3350 of 101 steps", id="count"),
        pytest.param("rows: a, b", "rows: a, c", id="word"),
        pytest.param('"0.33501', '"0.36501', id="glued number"),
    ],
)
def test_a_changed_output_fails_in_nbval(project, old, new):
    replace(project / "notebooks" / "01_squares.ipynb", old, new)
    code, said = run_pytest(project)
    assert code == 1, said
    assert re.search(r"^FAILED notebooks/01_squares.ipynb::", said, re.MULTILINE), said


def strip_one(notebook):
    cell = next(cell for cell in notebook.cells if cell.get("outputs"))
    cell.outputs, cell.execution_count = [], None


def strip_all(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def change_code(notebook):
    notebook.cells[3].source += "\nx = x + 0"


def change_prose(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace("much bigger", "smaller")


def drop_tag(notebook):
    next(c for c in notebook.cells if "remove-cell" in c.metadata.get("tags", [])).metadata = {}


def drop_last_cell(notebook):
    notebook.cells.pop()


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("spoil", "test"),
    [
        (strip_one, "test_outputs_are_committed_clean_and_small"),
        (strip_all, "test_outputs_are_committed_clean_and_small"),
        (change_code, "test_the_notebook_is_its_script"),
        (change_prose, "test_the_notebook_is_its_script"),
        (drop_tag, "test_the_notebook_is_its_script"),
        (drop_last_cell, "test_the_notebook_is_its_script"),
    ],
)
def test_a_stripped_or_drifted_notebook_fails(project, spoil, test):
    committed = project / "notebooks" / "01_squares.ipynb"
    notebook = read(committed)
    spoil(notebook)
    write(notebook, committed)
    code, said = run_pytest(project, "tests")
    assert code == 1, said
    assert re.search(rf"^FAILED tests/test_notebooks.py::{test}", said, re.MULTILINE), said


@pytest.mark.heavy
@pytest.mark.parametrize("suffix", [".py", ".ipynb"])
def test_half_a_pair_fails(project, suffix):
    (project / "notebooks" / f"01_squares{suffix}").unlink()
    code, said = run_pytest(project, "tests")
    assert code == 1, said
    assert "FAILED tests/test_notebooks.py::test_the_notebook_is_its_script" in said


@pytest.mark.parametrize(
    ("one", "two", "equal"),
    [
        ("GFRE 0.662", "GFRE 0.663", True),  # one unit of the last place, and 1.5e-3 relative
        ("GFRE 0.662", "GFRE 0.674", False),
        ("GFRE 0.662", "LFRE 0.662", False),
        ("12 models", "13 models", False),
        ("chgnet-0.3.0", "chgnet-0.2.0", False),  # a name, not a number
        ("sevennet-0", "sevennet-1", False),
        ("x 0.3", "x 0.2", False),  # one unit of a coarse number is a real change
        ("x 3.2e-07", "x 3.2e-05", False),
        ("x 0.0", "x 3e-9", True),  # rounding noise around zero
        ("x 1.1e-16", "x -2.2e-16", True),
        ("x 1e-3", "x -1e-3", False),
        ("a  0.123  b", "a   -0.00 b", False),
        ("a  0.00  b", "a -0.00  b", True),  # the sign of zero moves a column
        ("nan", "0.5", False),
    ],
)
def test_close_text(one, two, equal):
    assert (CloseText(one) == CloseText(two)) is equal
    assert (CloseText(one) != CloseText(two)) is not equal


@pytest.mark.parametrize(
    "sentence",
    [
        "The mean is {glue:text}`mean:.2f` for {glue:text}`k` neighbors {cite}`Chorna2025`.",
        "`chgnet-0.3.0` and SevenNet-0, R2SCAN, $\\kappa_8$ and $x^2$, [here](https://a.b/12).",
        "1. first\n2. second",
        "```python\nx = 0.5\n```",
    ],
)
def test_numbers_that_a_result_may_hold(sentence):
    assert typed_numbers(["## The answer", sentence]) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "The mean is 0.66.",
        "All 12 models differ.",
        "It is about -3e-2, or 40%.",
        "Formulas hide nothing: $0.66$.",
        ":::{admonition} In plain words\nNine of 10.\n:::",
        "```{note}\nOnly 0.1.\n```",
        "| a | 0.66 |",
    ],
)
def test_typed_numbers_in_results_are_found(sentence):
    assert len(typed_numbers(["## The answer", sentence])) > 0
    assert typed_numbers(["## Method", sentence]) == []


def test_missing_result_sections_are_named():
    assert missing_sections(["# Title\n## The answer\nYes."]) == ["Paper against here"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("# Number of steps", "", "parameter 'n' lacks its type or its help"),
        ("n: int = 100", "n = 100", "parameter 'n' lacks its type or its help"),
        ('tags=["parameters"]', "", "has no cell tagged `parameters`"),
        ("squares = x**2", "squares = x**2\n" * 31, "code cell 3 has 32 lines, allowed 30"),
        ("# %%\nprint(", "print(", "has 7 code cells, expected 8 to 14"),
    ],
)
def test_faults_of_shape_are_named(checkout, old, new, fault):
    script = checkout / "notebooks" / "01_squares.py"
    assert shape_faults(Chapter(script)) == []
    replace(script, old, new)
    assert fault in "; ".join(shape_faults(Chapter(script)))


def test_a_figure_without_a_caption_is_found(project):
    committed = project / "notebooks" / "01_squares.ipynb"
    assert figure_faults(committed) == []
    replace(committed, '"name": "fig-squares"', '"name": "squares"')
    assert len(figure_faults(committed)) == 1


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import sys; print('late', file=sys.stderr)", "writes to stderr: 'late"),
        ("print('/home/someone/data')", "shows a path of one machine: /home/someone/data"),
        ("1 / 0", "ends in ZeroDivisionError"),
    ],
)
def test_unclean_outputs_are_named(tmp_path, code, fault):
    script = tmp_path / "unclean.py"
    script.write_text(f'# %% tags=["raises-exception"]\n{code}\n')
    execute(script, tmp_path / "unclean.ipynb", cwd=tmp_path)
    assert convert(script).cells[0].source == code
    assert fault in "; ".join(output_faults(tmp_path / "unclean.ipynb"))
