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

from lumlip.book.chapters import read, write
from lumlip.book.execution import execute

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
    for name in ("test_notebooks.py", "notebook_checks.py", "typed_numbers.py"):
        shutil.copy(ROOT / "tests" / name, checkout / "tests")
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
    # There are doctests, too, in what the tests of form call.
    passed = re.search(r"(\d+) passed", said)
    assert code == 0, said
    assert int(passed[1]) >= len(cells) + forms


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
