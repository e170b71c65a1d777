"""Build the book: run the chapters, render the pages, end at ``_build/html/index.html``."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from lumlip.book import answer, versions
from lumlip.book.chapters import DATA_VARIABLE, Chapter, book_root, executable_pages, find_chapter
from lumlip.book.execution import execute, over_budget
from lumlip.book.kernel import threads, usable_cores
from lumlip.book.render import render
from lumlip.errors import ChapterError
from lumlip.extraction.panel import panel
from lumlip.zoo.relations import PUBLISHED

#: Notebooks that run side by side, at most: each holds the features of many models.
AT_A_TIME = 4

T = TypeVar("T")


def build(*, run: bool = True, update: bool = False, only: str | None = None) -> Path:
    """Build the book and return the path of ``_build/html/index.html``.

    ``run`` every chapter, or ``only`` one, in a copy of the sources under ``_build/``; what is not
    run is rendered as it is committed. ``update``: run, and rewrite the committed notebooks and the
    viewers' data. ChapterError: a chapter failed, has no committed outputs, or a page has a
    warning; the message names the file to look at.
    """
    root = book_root()
    pages = executable_pages()
    chosen = [] if not (run or update) else pages if only is None else [find_chapter(only)]
    _require_outputs([page for page in pages if page not in chosen])
    sources = _copy_sources(root, pages)
    seconds = _execute_pages(chosen, root, sources)
    data = sources / "book" / "_data"
    data.mkdir(exist_ok=True)
    if chosen:
        if answer.recorded(data):  # else it is a book without findings
            answer.draw(data)
        versions.record(data, seconds)
    if update:
        _write_back(chosen, root, sources)
    (data / "versions.md").write_text(versions.versions_markdown(data, pages), encoding="utf-8")
    step, start = f"[{len(chosen) + 1}/{len(chosen) + 1}] rendering the pages", time.perf_counter()
    print(step, flush=True)
    index = render(sources, root, strict=True) / "index.html"
    print(f"{step} {time.perf_counter() - start:.0f} s\n{index}", flush=True)
    return index


def extract_features(
    models: Sequence[str] = PUBLISHED, structures: Any = "mini-mad", **options: Any
) -> None:
    """Extract what every chapter will ask for, before any of them runs; options as of `panel`.

    Two processes do the same models from the first and from the last one on; what the other is at
    or has done, each leaves to it. The first tells the progress.
    """
    os.environ |= threads(1)  # of each worker: two with one thread are faster than one with two
    sides = [list(models), list(models[::-1])][: usable_cores()]
    each = partial(_extract, structures=structures, **options)
    _side_by_side([partial(each, side, tells=i == 0) for i, side in enumerate(sides)])


def _extract(models: list[str], *, structures: Any, tells: bool, **options: Any) -> None:
    from tqdm import tqdm

    tqdm.set_lock(RLock())  # its own one is of all processes, and left over where one is ended
    if not tells:
        os.environ["TQDM_DISABLE"] = "1"
    say = partial(print, "features of", flush=True)
    panel(models, structures, say=say if tells else None, **options)


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


def _execute_pages(pages: list[Chapter], root: Path, sources: Path) -> dict[str, float]:
    """Run notebooks side by side, first what took longest last time; return their seconds."""
    known = versions.recorded(sources / "book" / "_data")["seconds"]
    pages = sorted(pages, key=lambda page: -known.get(page.name, 0))
    steps = [f"[{number}/{len(pages) + 1}]" for number, _ in enumerate(pages, start=1)]
    each = zip(pages, steps, strict=True)
    return dict(_side_by_side([partial(_execute_page, *one, root, sources) for one in each]))


def _side_by_side(jobs: list[Callable[[], T]]) -> list[T]:
    """Do jobs in processes, as many at a time as there are cores. The first failure ends it all."""
    workers = min(usable_cores(), AT_A_TIME)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(job) for job in jobs]
        try:
            return [done.result() for done in as_completed(running)]
        except BaseException:  # an interruption, too
            pool.shutdown(wait=False, cancel_futures=True)
            stop(active_children())
            raise


def stop(children: list[BaseProcess], *, patience: float = 5.0) -> None:
    """End processes: politely, so that they end their kernels, and after some seconds anyway."""
    for child in children:
        child.terminate()
    deadline = time.monotonic() + patience
    for child in children:
        child.join(max(0.0, deadline - time.monotonic()))
        child.kill()  # it may wait for a lock that another took with it


def _execute_page(page: Chapter, step: str, root: Path, sources: Path) -> tuple[str, float]:
    target = sources / page.notebook.relative_to(root)
    label = f"{step} running {page.source.relative_to(root)}"
    print(label, flush=True)
    start = time.perf_counter()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # else the kernel goes on
    data = {DATA_VARIABLE: str(sources / "book" / "_data")}
    execute(page.source, target, cwd=target.parent, variables=data)
    if faults := over_budget(target):
        raise ChapterError(f"{page.source.name} is too large: " + "; ".join(faults))
    seconds = time.perf_counter() - start
    print(f"{label} {seconds:.0f} s", flush=True)
    return page.name, seconds


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
    shutil.copytree(sources / "book" / "_data", root / "book" / "_data", dirs_exist_ok=True)
    print(f"rewrote {', '.join(str(page.notebook.relative_to(root)) for page in pages)}")
