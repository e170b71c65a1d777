"""Build the book: run the chapters, render the pages, end at ``_build/html/index.html``."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from lumlip.book import answer
from lumlip.book.chapters import Chapter, book_root, executable_pages, find_chapter
from lumlip.book.execution import execute
from lumlip.book.render import render
from lumlip.book.rerun import run
from lumlip.errors import ChapterError

__all__ = ["build", "run"]


def build(*, run: bool = True, update: bool = False, only: str | None = None) -> Path:
    """Build the book and return the path of ``_build/html/index.html``.

    Parameters
    ----------
    run
        Run every chapter's script, in a copy of the sources under ``_build/``. If False, render
        the committed outputs as they are.
    update
        Run, and then also rewrite the committed notebooks and the viewers' data.
    only
        The one chapter to run, as ``"01"``; the others are rendered as they are committed.

    Raises
    ------
    ChapterError
        A chapter failed, has no committed outputs, or a page has a warning; the message names
        the file to look at.
    """
    root = book_root()
    pages = executable_pages()
    chosen = [] if not (run or update) else pages if only is None else [find_chapter(only)]
    _require_outputs([page for page in pages if page not in chosen])
    sources = _copy_sources(root, pages)
    steps = len(chosen) + 1
    for number, page in enumerate(chosen, start=1):
        _execute_page(page, root, sources, f"[{number}/{steps}]")
    if chosen:
        _draw_answer(sources / "book" / "_data")
    if update:
        _write_back(chosen, root, sources)
    return _render(root, sources, f"[{steps}/{steps}]")


def _copy_sources(root: Path, pages: list[Chapter]) -> Path:
    """Copy what the pages are made of to ``_build/book_src`` and return that folder."""
    sources = root / "_build" / "book_src"
    shutil.rmtree(sources, ignore_errors=True)
    scripts = shutil.ignore_patterns("*.py", ".ipynb_checkpoints", "chapters", "runs")
    for folder in ("book", "notebooks"):
        shutil.copytree(root / folder, sources / folder, ignore=scripts)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(root / name, sources / name)
    known = {page.notebook.relative_to(root) for page in pages}
    for notebook in sources.rglob("*.ipynb"):
        if notebook.relative_to(sources) not in known:
            notebook.unlink()  # its script is gone: no page of the book
    return sources


def _execute_page(page: Chapter, root: Path, sources: Path, step: str) -> None:
    target = sources / page.notebook.relative_to(root)
    label = f"{step} running {page.source.relative_to(root)}"
    live = sys.stdout.isatty()

    def show(done: int, total: int) -> None:
        if live:
            print(f"\r{label} cell {done}/{total}", end="", flush=True)

    print(label, end="" if live else "\n", flush=True)
    start = time.perf_counter()
    data = sources / "book" / "_data"
    execute(page.source, target, cwd=target.parent, data=data, progress=show)
    print(f"{chr(13) if live else ''}{label} {time.perf_counter() - start:.0f} s", flush=True)


def _draw_answer(data: Path) -> None:
    """Draw the findings of all chapters once; a book without findings has no such figure."""
    if answer.recorded(data):
        answer.draw(data)


def _require_outputs(pages: list[Chapter]) -> None:
    missing = [page.notebook.name for page in pages if not page.notebook.is_file()]
    if missing:
        raise ChapterError(
            f"no committed outputs for {', '.join(missing)}; run `lumlip book --update` once"
        )


def _write_back(pages: list[Chapter], root: Path, sources: Path) -> None:
    """Copy the executed notebooks and the viewers' data back into the checkout."""
    for page in pages:
        shutil.copy(sources / page.notebook.relative_to(root), page.notebook)
    data = sources / "book" / "_data"
    if data.is_dir():
        shutil.copytree(data, root / "book" / "_data", dirs_exist_ok=True)
    print(f"rewrote {', '.join(str(page.notebook.relative_to(root)) for page in pages)}")


def _render(root: Path, sources: Path, step: str) -> Path:
    print(f"{step} rendering the pages", flush=True)
    start = time.perf_counter()
    index = render(sources, root, strict=True) / "index.html"
    print(f"{step} rendering the pages {time.perf_counter() - start:.0f} s\n{index}", flush=True)
    return index
