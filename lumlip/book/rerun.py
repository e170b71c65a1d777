"""Run a chapter with the reader's own parameters, through papermill.

The result is a folder with the executed ``chapter.ipynb``, the page ``html/index.html`` and the
viewers' ``data/``; the committed notebook is not touched, nor anything else that is there.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from time import sleep
from typing import Any

from ase import Atoms

from lumlip.book.chapters import DATA_VARIABLE, Chapter, book_root, convert, find_chapter
from lumlip.book.execution import execute
from lumlip.book.kernel import threads, usable_cores
from lumlip.book.page import RERUN
from lumlip.book.parameters import MODELS, checked, declared_parameters, stands_for_a_list
from lumlip.book.render import render
from lumlip.choices import STOP, check_count
from lumlip.datasets.paper import paper_models
from lumlip.errors import FamilyEnvironmentError, WeightsError
from lumlip.extraction.given import Given
from lumlip.extraction.jobs import with_elements
from lumlip.extraction.panel import FAILURES, lacking
from lumlip.extraction.workers import WorkerPool
from lumlip.runtime.paths import ensured, refuse_existing
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

    Of the values a string is read as YAML, ``"[a, b]"`` is a list; relative paths count from the
    working directory. ``out_dir`` has none of `WRITTEN` yet; see `fresh_folder`. With
    ``skip_failing`` models that fail are left out, which the top of the page says.

    Raises
    ------
    ChapterError
        Unknown chapter; or a cell failed: then ``chapter.ipynb`` is there up to that cell.
    ParameterError, ValueError, UntrustedCheckpointError, FileExistsError
        Before any work: a wrong parameter, an unknown model, one that lacks what the chapter is
        about, faulty or too few structures, a checkpoint without trust, a file that is there.
    """
    page = find_chapter(chapter)
    declared = declared_parameters(convert(page.source))
    values = checked(parameters or {}, declared, page.name)
    lists, asked = _named(values, page), " ".join(one.help for one in declared.values())
    trusted = own_checkpoints([*chain(*lists)], trust=trust_checkpoint)
    for models in lists:
        _check_suited(models, asked, page)
    if "structures" in values:
        enough(values["structures"])
    folder = fresh_folder(page, out_dir, WRITTEN)
    variables = {TRUSTED: ",".join(trusted), RERUN: "1" if values or skip_failing else ""}
    run_page(page, values, folder, variables | ({STOP: ""} if skip_failing else {}))
    return write_page(folder, page)


def _check_suited(models: Sequence[str], asked: str, page: Chapter) -> None:
    """Refuse models without what the chapter declares to need: "with layers" or "some energies"."""
    entries = list(map(resolve, models))
    ways = {(how, what) for how in ("with", "some") for what in ("backbone", "layers", "energies")}
    needs = [need for need in sorted(ways, reverse=True) if " ".join(need) in asked]  # with first
    with WorkerPool() as pool:
        for i, entry in enumerate(entries if needs else []):
            if entry.weights == "file":
                with suppress(*FAILURES):  # said on the page
                    entries[i] = with_elements(entry, pool)
    lacks = {entry.id: lacking(entry) for entry in entries}
    for how, what in needs:
        without = [model for model, some in lacks.items() if what in some]
        if without and how == "with":
            first = f"{without[0]} has no {what}"
            raise ValueError(f"{first}, which {page.name} is about; leave it out")
        if without and without == [*lacks]:
            raise ValueError(f"no model has {what}, of which {page.name} tells; add one")


def enough(structures: str) -> Sequence[Atoms]:
    """Read structures; refuse faulty ones, and so few parents that no interval makes sense."""
    given = Given.of(structures)
    given.faults(stop=True)  # remembered: the page's panel does not look again
    parents = {atoms.info["parent"] for atoms in given.structures}
    check_count(f"structures of {structures}, each parent once", len(parents), FEWEST)
    return given.structures


def fresh_folder(page: Chapter, out_dir: Path | None, names: Sequence[str]) -> Path:
    """Make a folder that has none of these names: a new one in ``runs/`` if none is given."""
    if out_dir is not None:
        refuse_existing(*(Path(out_dir).resolve() / name for name in names))
        return ensured(Path(out_dir).resolve())
    while True:
        folder = book_root() / "runs" / f"{page.name}-{datetime.now():%Y%m%d-%H%M%S}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:  # another run began in the same second
            sleep(1)
        else:
            return folder


def _named(values: Mapping[str, Any], page: Chapter) -> list[list[str]]:
    """Return the lists of models among the values, with ids in the place of "paper"."""
    lists = {name: values.get(name, []) for name in MODELS}
    if stands_for_a_list("models", lists["models"]):  # the published ones come with packages
        paper = lists["models"] == ["paper"]
        lists["models"] = paper_models(int(page.name.partition("_")[0])) if paper else []
    return list(lists.values())


def own_checkpoints(models: Sequence[str], *, trust: bool) -> list[str]:
    """Check models by id; return the sums of the reader's own checkpoints among them."""
    entries = [resolve(model) for model in models]
    for entry in entries:
        if entry.weights == "file":
            ready(entry, trust_checkpoint=trust)
        elif trust:  # remembered; one that cannot be had is named on the page
            with suppress(WeightsError, FamilyEnvironmentError):
                ready(entry, trust_checkpoint=True)
    return [str(entry.sha256) for entry in entries if entry.weights == "file"]


def run_page(
    page: Chapter, values: Mapping[str, Any], folder: Path, variables: Mapping[str, str]
) -> None:
    """Write ``chapter.ipynb`` and ``data``; no other notebook runs beside it."""
    own = {**threads(usable_cores()), **variables, DATA_VARIABLE: str(folder / "data")}
    target, here = folder / "chapter.ipynb", Path.cwd()
    execute(page.source, target, parameters=values, cwd=here, variables=own, progress=True)


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
    for name in ("_config.yml", "book/references.md", "book/references.bib"):
        shutil.copy(root / name, sources / name)
    (sources / "_toc.yml").write_text(toc, encoding="utf-8")
    if (folder / "data").is_dir():
        shutil.copytree(folder / "data", sources / "book" / "_data")
    notebook = sources / start.with_suffix(".ipynb")
    notebook.parent.mkdir(exist_ok=True)
    shutil.copy(folder / "chapter.ipynb", notebook)
