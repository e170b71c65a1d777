"""Run a chapter with the reader's own parameters, through papermill.

The result is a folder with the executed ``chapter.ipynb``, the page ``html/index.html`` and the
viewers' ``data/``; the committed notebook is not touched, nor anything else that is there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from lumlip.book.chapters import (
    DATA_VARIABLE,
    Chapter,
    book_root,
    convert,
    find_chapter,
    fix_ids,
    read,
    write,
)
from lumlip.book.execution import failure_message
from lumlip.book.page import RERUN
from lumlip.book.parameters import checked, declared_parameters
from lumlip.book.render import render
from lumlip.choices import STOP
from lumlip.errors import ChapterError
from lumlip.runtime.paths import refuse_existing

#: What a run writes into its folder.
WRITTEN = ("chapter.ipynb", "html", "data")


def run(
    chapter: str | Path,
    parameters: Mapping[str, Any] | None = None,
    out_dir: Path | None = None,
    *,
    skip_failing: bool = False,
) -> Path:
    """Run a chapter with other parameters and return the path of its HTML page.

    Parameters
    ----------
    chapter
        ``"01"``, ``"01_claim"`` or a path.
    parameters
        Values by name; a string is read as YAML, ``"[a, b]"`` is a list. Relative paths among
        them count from the working directory.
    out_dir
        Folder to write, which has none of `WRITTEN` yet; ``runs/<chapter>-<time>`` of the
        checkout if None.
    skip_failing
        Go on without models that fail, and say so at the top of the page.

    Raises
    ------
    ChapterError
        Unknown chapter; or a cell failed: then ``chapter.ipynb`` is there up to that cell.
    ParameterError
        A parameter is unknown or of another type than declared.
    FileExistsError
        The folder has files that the run would overwrite; the message names them.
    """
    page = find_chapter(chapter)
    notebook = convert(page.source)
    values = checked(parameters or {}, declared_parameters(notebook), page.name)
    folder = Path(out_dir).resolve() if out_dir is not None else _new_folder(page)
    refuse_existing(*(folder / name for name in WRITTEN))
    folder.mkdir(parents=True, exist_ok=True)
    changed = {RERUN: "1" if values or skip_failing else ""}
    skips = {STOP: ""} if skip_failing else {}
    _run_papermill(notebook, values, folder, page, changed | skips)
    return _write_page(folder, page)


def _new_folder(page: Chapter) -> Path:
    base = book_root() / "runs" / f"{page.name}-{datetime.now():%Y%m%d-%H%M%S}"
    folder, number = base, 2
    while folder.exists():
        folder, number = base.with_name(f"{base.name}-{number}"), number + 1
    return folder


def _run_papermill(
    notebook: Any, values: dict[str, Any], folder: Path, page: Chapter, variables: dict[str, str]
) -> None:
    """Write ``chapter.ipynb``, also when a cell fails: papermill saves after every cell."""
    from nbclient.exceptions import DeadKernelError
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    from lumlip.book.kernel import kernel_manager_class, threads, usable_cores
    from lumlip.book.outputs import tidy

    target = folder / "chapter.ipynb"
    alone = threads(usable_cores())  # no other notebook runs beside it
    failure: Exception | None = None
    try:
        execute_notebook(
            notebook,
            str(target).replace("{", "{{").replace("}", "}}"),  # papermill fills in {braces}
            parameters=values,
            cwd=os.getcwd(),  # noqa: PTH109 (papermill takes a string)
            kernel_manager_class=kernel_manager_class(
                {**alone, DATA_VARIABLE: str(folder / "data"), **variables},
                source=page.source,
            ),
        )
    except (PapermillExecutionError, DeadKernelError) as error:
        failure = error
    executed = fix_ids(read(target))
    if failure is not None:
        raise ChapterError(failure_message(executed, page.source.name, target)) from failure
    tidy(executed)
    write(executed, target)


def _write_page(folder: Path, page: Chapter) -> Path:
    """Render ``chapter.ipynb`` as a book of this page and the references, elsewhere; copy that.

    If the renderer fails, its folder stays: the error points to the log there.
    """
    workplace = Path(mkdtemp(prefix="lumlip-"))
    _copy_sources(workplace / "sources", folder, page)
    # Not strict: links to the book's other pages lead nowhere here, and stay plain text.
    html = render(workplace / "sources", workplace, strict=False)
    shutil.copytree(html, folder / "html")
    shutil.rmtree(workplace)
    return folder / "html" / "index.html"


def _copy_sources(sources: Path, folder: Path, page: Chapter) -> None:
    root = book_root()
    start = page.source.relative_to(root).with_suffix("")
    toc = f"format: jb-book\nroot: {start.as_posix()}\nchapters:\n  - file: book/references\n"
    for name in ("_static", "_templates"):
        shutil.copytree(root / "book" / name, sources / "book" / name)
    shutil.copy(root / "_config.yml", sources)
    (sources / "_toc.yml").write_text(toc)
    for name in ("references.md", "references.bib"):
        shutil.copy(root / "book" / name, sources / "book" / name)
    if (folder / "data").is_dir():
        shutil.copytree(folder / "data", sources / "book" / "_data")
    notebook = sources / start.with_suffix(".ipynb")
    notebook.parent.mkdir(exist_ok=True)
    shutil.copy(folder / "chapter.ipynb", notebook)
