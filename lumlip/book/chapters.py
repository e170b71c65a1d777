"""The chapters of the book: find them, and turn a script into a notebook.

A chapter is a pair in ``notebooks/``: ``NN_claim.py`` (py:percent, the source) and
``NN_claim.ipynb`` (the same cells, executed). The direction is always script to notebook.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumlip.errors import ChapterError
from lumlip.runtime.paths import home

DATA_VARIABLE = "LUMLIP_BOOK_DATA"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "name": "python", "pygments_lexer": "ipython3"},
}
_KEPT_CELL_METADATA = ("tags", "mystnb")


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
    parts = [folder / name for name in ("_toc.yml", "notebooks", "pyproject.toml")]
    return all(part.exists() for part in parts) and b'name = "lumlip"' in parts[-1].read_bytes()


def chapters() -> list[Chapter]:
    """Return the chapters of the book, in the order of their numbers."""
    return [Chapter(path) for path in sorted((book_root() / "notebooks").glob("[0-9]*.py"))]


def executable_pages() -> list[Chapter]:
    """Return every page that is run: the chapters, then pages of ``book/`` with a script."""
    return chapters() + [Chapter(path) for path in sorted((book_root() / "book").glob("*.py"))]


def atlas_files(*, own: bool = False) -> list[Path]:
    """Return the entries of the atlas that the checkout holds, if any, and perhaps one's own."""
    folders = [home() / "atlas"] if own else []
    with suppress(ChapterError):
        folders.insert(0, book_root() / "book" / "atlas")
    return [path for place in folders for path in sorted(place.glob("*.npz"))]


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


def convert(source: Path) -> Any:
    """Return the notebook (an ``nbformat.NotebookNode``, no outputs) of a py:percent script."""
    import jupytext
    from nbformat import from_dict

    notebook = jupytext.read(source, fmt="py:percent")
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in _KEPT_CELL_METADATA if cell.metadata.get(key)}
        cell.metadata = from_dict(kept)  # type: ignore[no-untyped-call]
    notebook.metadata = from_dict(METADATA)  # type: ignore[no-untyped-call]
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return fix_ids(notebook)


def write(notebook: Any, ipynb: Path) -> None:
    """Write a notebook to a file, in a new folder if need be."""
    import nbformat

    ipynb.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, ipynb)  # type: ignore[no-untyped-call]
