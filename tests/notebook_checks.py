"""What must hold of a chapter before its outputs are worth comparing.

nbval passes a notebook without outputs in silence, and knows nothing of the script beside it.
Each function returns a list of faults, empty when all is well.
"""

from __future__ import annotations

import ast
import re
from functools import partial
from pathlib import Path
from typing import Any

import nbformat

from lumlip.book.chapters import Chapter, convert
from lumlip.book.execution import over_budget
from lumlip.book.parameters import declared_parameters

read = partial(nbformat.read, as_version=4)
CODE_CELLS = range(8, 16)  # with a toy figure and an open cell that is the idea
LINES_PER_CELL = 30
MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:home|root|Users|tmp|work|opt|usr|var)/\S*|[A-Z]:\\Users\S*"
)


def drift_faults(chapter: Chapter) -> list[str]:
    """Compare the committed notebook with its script, cell by cell: kind, text, tags, captions."""
    if not chapter.notebook.is_file():
        return [f"{chapter.notebook.name} is missing: run `lumlip book --update`"]
    script, committed = convert(chapter.source).cells, read(chapter.notebook).cells
    faults = [
        f"cell {number} of {chapter.notebook.name} is not that of {chapter.source.name}"
        for number, (one, two) in enumerate(zip(script, committed, strict=False))
        if _identity(one) != _identity(two)
    ]
    if len(script) != len(committed):
        faults.append(f"the script has {len(script)} cells, the notebook {len(committed)}")
    return faults


def _identity(cell: Any) -> tuple[Any, ...]:
    kept = {key: cell.metadata.get(key) or None for key in ("tags", "mystnb")}
    return cell.cell_type, cell.source, kept


def output_faults(ipynb: Path) -> list[str]:
    """Check that a notebook was run once, from top to bottom, cleanly, and is small."""
    cells = [cell for cell in read(ipynb).cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in cells]
    faults = over_budget(ipynb)
    if counts != list(range(1, len(cells) + 1)):
        faults.append(f"cells were not run in order, execution counts are {counts}")
    for number, cell in enumerate(cells, start=1):
        for output in cell.outputs:
            faults += [f"code cell {number}: {fault}" for fault in _output_faults(output)]
    return faults


def _output_faults(output: Any) -> list[str]:
    if output.output_type == "error":
        return [f"ends in {output.ename}"]
    if output.get("name") == "stderr":
        return [f"writes to stderr: {output.text[:80]!r}"]
    texts = [output.get("text", ""), *map(str, output.get("data", {}).values())]
    found = MACHINE_PATH.search("\n".join(text for text in texts if len(text) < 10_000))
    return [f"shows a path of one machine: {found[0]}"] if found else []


def shape_faults(chapter: Chapter) -> list[str]:
    """Check a chapter's form: number and length of cells, a documented parameters cell."""
    notebook = convert(chapter.source)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    faults = []
    if len(cells) not in CODE_CELLS:
        allowed = f"{CODE_CELLS.start} to {CODE_CELLS.stop - 1}"
        faults.append(f"has {len(cells)} code cells, expected {allowed}")
    for number, cell in enumerate(cells, start=1):
        if (lines := _lines_of_code(cell.source)) > LINES_PER_CELL:
            faults.append(f"code cell {number} has {lines} lines, allowed {LINES_PER_CELL}")
    parameters = declared_parameters(notebook)
    if not parameters:
        faults.append("has no cell tagged `parameters` with `name: type = value  # help` lines")
    for entry in parameters.values():
        if entry.type == "Any" or not entry.help:
            faults.append(f"parameter {entry.name!r} lacks its type or its help")
    return faults


def _lines_of_code(source: str) -> int:
    """Count the lines that do something: imports and what stands in their brackets do not."""
    imports = (ast.Import, ast.ImportFrom)
    found = [n for n in ast.parse(source).body if isinstance(n, imports)]
    return len(source.splitlines()) - sum((n.end_lineno or n.lineno) - n.lineno + 1 for n in found)


def in_words(text: str) -> bool:
    """Whether a text for those who cannot see a figure says something: no path, no hash."""
    return len(text.split()) > 3 and not re.search(r"\w/\w|\.(png|svg)|[0-9a-f]{16}", text)


def figure_faults(ipynb: Path) -> list[str]:
    """Check that each figure has a name ``fig-...``, a caption, and a text in words."""
    faults = []
    for number, cell in enumerate(read(ipynb).cells):
        shown = any(
            key.startswith("image/")
            for output in cell.get("outputs", [])
            for key in output.get("data", {})
        )
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        named = str(figure.get("name", "")).startswith("fig-") and figure.get("caption")
        if shown and not named:
            faults.append(f"the figure of cell {number} has no mystnb figure name and caption")
        if shown and not in_words(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")):
            faults.append(f"the figure of cell {number} has no mystnb image alt in words")
    return faults
