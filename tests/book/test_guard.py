"""Tests of the guard itself: pytest must fail when a notebook's numbers, words or shape change.

A small real chapter is run once. Copies of it, each spoiled in its own way, go through the
project's own pytest configuration, conftest and notebook tests, in one process of its own.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lumlip.book.chapters import write
from lumlip.book.execution import execute
from tests.conftest import small_book

pytestmark = pytest.mark.heavy
ROOT = Path(__file__).resolve().parents[2]


def replaced(*changes):
    """Return what replaces texts in a file."""

    def spoil(notebook):
        text = notebook.read_text()
        for old, new in changes:
            assert old in text, f"{old!r} is not there to be changed"
            text = text.replace(old, new)
        notebook.write_text(text)

    return spoil


def edited(change):
    """Return what changes a notebook's cells in a file."""

    def spoil(path):
        notebook = nbformat.read(path, as_version=4)
        change(notebook.cells)
        write(notebook, path)

    return spoil


def strip(cells):
    for cell in cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def change_code(cells):
    cells[3].source += "\nx = x + 0"


def drop_tag(cells):
    next(c for c in cells if "remove-cell" in c.metadata.get("tags", [])).metadata = {}


# The printed value is 0.3350 (199/594): a relative change of 3e-3 is within the tolerance.
WITHIN = replaced(("0.3350 of 100 steps", "0.3340 of 100 steps"))
OUTPUTS = replaced(
    ("0.3350 of 100 steps", "0.3450 of 100 steps"),  # cell 3
    ("rows: a, b", "rows: a, c"),  # cell 4
    ('"0.33501', '"0.36501'),  # cell 5, a glued number
)
COUNT = replaced(("0.3350 of 100 steps", "0.3350 of 101 steps"))
IS_SCRIPT, CLEAN = "test_the_notebook_is_its_script", "test_outputs_are_committed_clean_and_small"
SPOILED = {
    "11_strip_one": (edited(lambda cells: strip(cells[3:4])), CLEAN),
    "12_strip_all": (edited(strip), CLEAN),
    "13_change_code": (edited(change_code), IS_SCRIPT),
    "14_change_prose": (replaced(("much bigger", "smaller")), IS_SCRIPT),
    "15_drop_tag": (edited(drop_tag), IS_SCRIPT),
    "16_drop_last_cell": (edited(lambda cells: cells.pop()), IS_SCRIPT),
    "17_no_script": (lambda path: path.with_suffix(".py").unlink(), IS_SCRIPT),
    "18_no_notebook": (Path.unlink, IS_SCRIPT),
}
RERUN = {"01_squares": WITHIN, "02_outputs": OUTPUTS, "03_count": COUNT}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """What pytest says of each test of each copy: PASSED, FAILED or ERROR by its name."""
    project = small_book(tmp_path_factory.mktemp("project"))
    script = project / "notebooks" / "01_squares.py"
    execute(script, script.with_suffix(".ipynb"), cwd=project)
    copies = {name: spoil for name, (spoil, _) in SPOILED.items()}
    for name, spoil in (copies | dict(reversed(RERUN.items()))).items():
        for suffix in (".py", ".ipynb"):
            if name != script.stem:
                shutil.copy(script.with_suffix(suffix), script.with_name(name + suffix))
        spoil(script.with_name(f"{name}.ipynb"))
    for name in ("test_notebooks.py", "notebook_checks.py", "typed_numbers.py"):
        shutil.copy(ROOT / "tests" / name, project / "tests")
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-rA", "-p", "no:cacheprovider"]
    command += ["--color=no", "tests", *(f"notebooks/{name}.ipynb" for name in RERUN)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = re.findall(r"^(PASSED|FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    return {name: verdict for verdict, name in lines}


def test_an_honest_notebook_passes_within_the_tolerance(verdicts):
    own = {name: verdict for name, verdict in verdicts.items() if "01_squares" in name}
    forms = re.findall(r"^def test_", (ROOT / "tests" / "test_notebooks.py").read_text(), re.M)
    # All code cells are rerun by nbval, on top of the tests of form; one of these is of all.
    assert len(own) == 9 + len(forms) - 1
    assert set(own.values()) == {"PASSED"}


@pytest.mark.parametrize(("name", "cells"), [("02_outputs", [3, 4, 5]), ("03_count", [3])])
def test_a_changed_output_fails_in_nbval(verdicts, name, cells):
    own = {n: verdict for n, verdict in verdicts.items() if n.startswith(f"notebooks/{name}")}
    failed = [f"notebooks/{name}.ipynb::Cell {number}" for number in cells]
    assert len(own) == 9
    assert sorted(n for n, verdict in own.items() if verdict != "PASSED") == failed


@pytest.mark.parametrize("name", SPOILED)
def test_a_stripped_or_drifted_notebook_or_half_a_pair_fails(verdicts, name):
    assert verdicts[f"tests/test_notebooks.py::{SPOILED[name][1]}[{name}]"] == "FAILED"
