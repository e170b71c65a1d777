"""What mybinder.org and Google Colab get: files that are there, and a command that lumlip takes."""

import os
import re
import shlex
from pathlib import Path

import nbformat

from lumlip.arguments import parser
from lumlip.book.chapters import convert, find_chapter
from lumlip.book.parameters import checked, declared_parameters, parse_assignments

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"
CELLS = nbformat.read(BINDER / "try.ipynb", as_version=4).cells
CODE = "\n".join(cell.source for cell in CELLS if cell.cell_type == "code").replace("\\\n", "")


def test_the_notebook_runs_a_chapter_with_parameters_that_it_has():
    (line,) = re.findall(r"^!\{python\} -m lumlip\.cli (.*)$", CODE, re.MULTILINE)
    options = vars(parser().parse_args(shlex.split(line)))
    chapter = find_chapter(options["chapter"])
    values = parse_assignments(options["parameter"])
    taken = checked(values, declared_parameters(convert(chapter.source)), chapter.name)
    assert taken["models"] == ["sevennet-0", "chgnet-0.3.0"]
    assert taken["n_seeds"] == 1


def test_what_is_for_colab_does_nothing_elsewhere():
    """All that is installed stands below the condition."""
    shell = [line for line in CODE.splitlines() if line.lstrip().startswith("!")]
    own = [line for line in shell if not line.startswith("    ")]
    assert [line.split()[0] for line in own] == ["!{python}"]
    assert CODE.index('if "google.colab" in sys.modules:') < CODE.index(shell[0])


def test_files_that_the_launcher_reads_are_there():
    for line in (BINDER / "requirements.txt").read_text().splitlines():
        option, _, value = line.partition(" ")
        if option == "-c":
            assert (BINDER / value).is_file()
    assert os.access(BINDER / "postBuild", os.X_OK)
    address = "lumlip/lumlip/blob/main/binder/try.ipynb"
    for page in ("README.md", "book/your-own-model.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert f"https://colab.research.google.com/github/{address}" in text
        assert "/gh/lumlip/lumlip/main?urlpath=lab/tree/binder/try.ipynb" in text
