"""The chapters of the book: find them, turn a script into a notebook, and run it reproducibly.

A chapter is a pair in ``notebooks/``: ``NN_claim.py`` (py:percent, the source) and
``NN_claim.ipynb`` (the same cells, executed). The direction is always script to notebook.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA_VARIABLE = "LUMLIP_BOOK_DATA"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "name": "python", "pygments_lexer": "ipython3"},
}
_KEPT_CELL_METADATA = ("tags", "mystnb")


class ChapterError(RuntimeError):
    """A chapter cannot be found, does not run, or is too large; the message says what to do."""


@dataclass(frozen=True)
class Chapter:
    """One executable page: ``source`` is the script, ``notebook`` the committed outputs."""

    source: Path

    @property
    def name(self) -> str:
        """The file name without its suffix, ``01_claim``."""
        return self.source.stem

    @property
    def notebook(self) -> Path:
        """The executed notebook beside the script."""
        return self.source.with_suffix(".ipynb")


def book_root() -> Path:
    """Return the folder that holds ``_toc.yml``: the checkout of lumlip.

    It is looked for above the working directory, then above the installed package.
    """
    starts = [Path.cwd(), Path(__file__).resolve().parent]
    for folder in (folder for start in starts for folder in (start, *start.parents)):
        if _is_checkout(folder):
            return folder
    raise ChapterError(
        "the chapters are not here: lumlip was installed without its checkout. Clone the "
        "repository, then `pip install -e '.[book]'` there, or run this command inside the clone"
    )


def _is_checkout(folder: Path) -> bool:
    project = folder / "pyproject.toml"
    parts = (folder / "_toc.yml", folder / "notebooks", project)
    return all(part.exists() for part in parts) and 'name = "lumlip"' in project.read_text()


def chapters() -> list[Chapter]:
    """Return the chapters of the book, in the order of their numbers."""
    return [Chapter(path) for path in sorted((book_root() / "notebooks").glob("[0-9]*.py"))]


def executable_pages() -> list[Chapter]:
    """Return every page that is run: the chapters, then pages of ``book/`` with a script."""
    return chapters() + [Chapter(path) for path in sorted((book_root() / "book").glob("*.py"))]


def find_chapter(name: str | Path) -> Chapter:
    """Return the chapter meant by ``"03"``, ``"03_claim"`` or a path to its script or notebook."""
    known = {chapter.name: chapter for chapter in executable_pages()}
    wanted = Path(name).stem if str(name).endswith((".py", ".ipynb")) else str(name)
    found = [key for key in known if key == wanted or key.split("_")[0] == wanted.zfill(2)]
    if len(found) != 1:
        raise ChapterError(
            f"got chapter {str(name)!r}, which fits {found or 'none'}; known: {', '.join(known)}"
        )
    return known[found[0]]


def data_folder() -> Path:
    """Return the folder where a chapter writes files for the viewers of its page.

    During ``lumlip book`` it is ``book/_data`` of the copied sources, else ``runs/data``.
    """
    folder = Path(os.environ.get(DATA_VARIABLE, Path("runs") / "data"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fix_ids(notebook: Any) -> Any:
    """Give the cells their numbers as ids: random ones would make each conversion a change."""
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return notebook


def _node(values: dict[str, Any]) -> Any:
    from nbformat import from_dict

    return from_dict(values)  # type: ignore[no-untyped-call]


def convert(source: Path) -> Any:
    """Return the notebook (an ``nbformat.NotebookNode``, no outputs) of a py:percent script."""
    import jupytext

    notebook = jupytext.read(source, fmt="py:percent")
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in _KEPT_CELL_METADATA if cell.metadata.get(key)}
        cell.metadata = _node(kept)
    notebook.metadata = _node(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return fix_ids(notebook)


def read(ipynb: Path) -> Any:
    """Return the notebook (an ``nbformat.NotebookNode``) of a file."""
    import nbformat

    return nbformat.read(ipynb, as_version=4)  # type: ignore[no-untyped-call]


def write(notebook: Any, ipynb: Path) -> None:
    """Write a notebook to a file, in a new folder if need be."""
    import nbformat

    ipynb.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, ipynb)  # type: ignore[no-untyped-call]


def execute(
    source: Path,
    out_ipynb: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    cwd: Path,
    data: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Run a script's notebook and write it with its outputs; twice gives the same bytes.

    Parameters
    ----------
    source, out_ipynb
        The py:percent script, and the notebook to write.
    parameters
        Values that replace those of the cell tagged ``parameters``.
    cwd
        Working directory of the kernel.
    data
        Folder that `data_folder` gives to the notebook.
    progress
        Called with (cells done, cells in all) after each cell.

    Raises
    ------
    ChapterError
        A cell failed (the notebook is written up to it), or the outputs are over the budget.
    """
    from nbclient.exceptions import CellExecutionError

    from lumlip.notebook_outputs import over_budget, tidy

    notebook = convert(source)
    if parameters:
        notebook = _with_parameters(notebook, parameters)
    failure = None
    try:
        _run_cells(notebook, cwd, data, progress)
    except CellExecutionError as error:
        failure = error
    notebook.metadata = _node(METADATA)
    tidy(notebook)
    write(notebook, out_ipynb)
    if failure is not None:
        raise ChapterError(failure_message(notebook, source.name, out_ipynb)) from failure
    if faults := over_budget(out_ipynb):
        raise ChapterError(f"{source.name} is too large: " + "; ".join(faults))


def _with_parameters(notebook: Any, parameters: Mapping[str, Any]) -> Any:
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    return fix_ids(parameterize_notebook(load_notebook_node(notebook), dict(parameters)))


def _run_cells(
    notebook: Any, cwd: Path, data: Path | None, progress: Callable[[int, int], None] | None
) -> None:
    from nbclient import NotebookClient

    from lumlip.kernel import kernel_manager_class

    def report(cell_index: int, **_: Any) -> None:
        if progress is not None:
            progress(cell_index + 1, len(notebook.cells))

    NotebookClient(
        notebook,
        kernel_manager_class=kernel_manager_class({DATA_VARIABLE: str(data)} if data else {}),
        record_timing=False,
        timeout=None,
        on_cell_complete=report,
        resources={"metadata": {"path": str(cwd)}},
    ).execute()


def failure_message(notebook: Any, name: str, written: Path) -> str:
    """Say which cell failed, why, its first line, and where the partial notebook is."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                code = cell["source"].strip().splitlines()[0]
                where = f"cell In [{cell['execution_count']}] ({code!r})"
                reason = f"{output['ename']}: {output['evalue']}"
                return f"{name}: {where} failed with {reason}\nsee {written}"
    return f"{name} failed outside of its cells; see {written}"
