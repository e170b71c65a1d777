"""Run a chapter with the reader's own parameters, through papermill.

The result is a folder with the executed ``chapter.ipynb``, the page ``html/index.html`` and the
viewers' ``data/``; the committed notebook is not touched, nor anything else that is there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ase import Atoms

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
from lumlip.book.parameters import MODELS, checked, declared_parameters, stands_for_a_list
from lumlip.book.render import render
from lumlip.choices import STOP, check_count
from lumlip.datasets.paper import paper_models
from lumlip.datasets.sets import read_structures
from lumlip.datasets.validation import check_structures
from lumlip.errors import ChapterError, FamilyEnvironmentError, WeightsError
from lumlip.runtime.paths import refuse_existing
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import TRUSTED, ready

#: Structures, of a parent each, below which intervals over them are absurd.
FEWEST = 20
#: What a run writes into its folder.
WRITTEN = ("chapter.ipynb", "html", "data")


def run(
    chapter: str | Path,
    parameters: Mapping[str, Any] | None = None,
    out_dir: Path | None = None,
    *,
    skip_failing: bool = False,
    trust_checkpoint: bool = False,
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
    trust_checkpoint
        Load checkpoints of unknown sums among the models, see :func:`lumlip.features`.

    Raises
    ------
    ChapterError
        Unknown chapter; or a cell failed: then ``chapter.ipynb`` is there up to that cell.
    ParameterError
        A parameter is unknown, of another type than declared, or out of range.
    ValueError
        A model is unknown, or structures are faulty or too few.
    UntrustedCheckpointError
        A checkpoint of the reader's own without ``trust_checkpoint``.
    FileExistsError
        The folder has files that the run would overwrite; the message names them.
    """
    page = find_chapter(chapter)
    notebook = convert(page.source)
    values = checked(parameters or {}, declared_parameters(notebook), page.name)
    trusted = own_checkpoints(_named(values, page), trust=trust_checkpoint)
    if "structures" in values:
        enough(values["structures"])
    folder = Path(out_dir).resolve() if out_dir is not None else new_folder(page)
    refuse_existing(*(folder / name for name in WRITTEN))
    folder.mkdir(parents=True, exist_ok=True)
    variables = {TRUSTED: ",".join(trusted), RERUN: "1" if values or skip_failing else ""}
    if skip_failing:
        variables[STOP] = ""
    run_papermill(notebook, values, folder, page, variables)
    return write_page(folder, page)


def enough(structures: str) -> Sequence[Atoms]:
    """Read structures; refuse faulty ones, and so few parents that no interval makes sense."""
    frames = read_structures(structures)
    check_structures(frames)
    parents = {atoms.info["parent"] for atoms in frames}
    check_count(f"structures of {structures}, each parent once", len(parents), FEWEST)
    return frames


def new_folder(page: Chapter) -> Path:
    """Return a folder in ``runs/`` of the checkout that is not there yet."""
    base = book_root() / "runs" / f"{page.name}-{datetime.now():%Y%m%d-%H%M%S}"
    folder, number = base, 2
    while folder.exists():
        folder, number = base.with_name(f"{base.name}-{number}"), number + 1
    return folder


def _named(values: Mapping[str, Any], page: Chapter) -> dict[str, list[str]]:
    """Return the lists of models among the values, with ids in the place of "paper"."""
    lists = {name: values.get(name, []) for name in MODELS}
    if stands_for_a_list("models", lists["models"]):  # the published ones come with packages
        paper = lists["models"] == ["paper"]
        lists["models"] = paper_models(int(page.name.partition("_")[0])) if paper else []
    return lists


def own_checkpoints(models: Mapping[str, Sequence[str]], *, trust: bool) -> list[str]:
    """Check lists of models; return the sums of the reader's own checkpoints among them."""
    entries = [resolve(model) for ids in models.values() for model in ids]
    for entry in entries:
        if entry.weights == "file":
            ready(entry, trust_checkpoint=trust)
        elif trust:  # remembered; one that cannot be had is named on the page
            with suppress(WeightsError, FamilyEnvironmentError):
                ready(entry, trust_checkpoint=True)
    return [str(entry.sha256) for entry in entries if entry.weights == "file"]


def run_papermill(
    notebook: Any,
    values: dict[str, Any],
    folder: Path,
    page: Chapter,
    variables: Mapping[str, str],
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
                {**alone, **variables, DATA_VARIABLE: str(folder / "data")},
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


def write_page(folder: Path, page: Chapter) -> Path:
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
    (sources / "_toc.yml").write_text(toc, encoding="utf-8")
    for name in ("references.md", "references.bib"):
        shutil.copy(root / "book" / name, sources / "book" / name)
    if (folder / "data").is_dir():
        shutil.copytree(folder / "data", sources / "book" / "_data")
    notebook = sources / start.with_suffix(".ipynb")
    notebook.parent.mkdir(exist_ok=True)
    shutil.copy(folder / "chapter.ipynb", notebook)
