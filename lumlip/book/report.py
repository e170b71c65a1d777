"""One page that places a model among others: ``notebooks/report.py``, run and put into one file."""

import shutil
from pathlib import Path
from typing import Any

from lumlip.book.build import extract_features
from lumlip.book.chapters import Chapter, book_root
from lumlip.book.rerun import WRITTEN, enough, fresh_folder, own_checkpoints, run_page, write_page
from lumlip.book.single_file import single_file
from lumlip.choices import DEVICES, STOP, check_choice
from lumlip.extraction.panel import lacking, panel
from lumlip.zoo.relations import company
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import TRUSTED

#: Of more structures only some are taken.
MOST = 500
PAGE, NOTEBOOK = "report.html", "report.ipynb"


def report(
    model: str,
    structures: str = "mini-mad-unstrained",
    out_dir: Path | None = None,
    *,
    device: str = "auto",
    trust_checkpoint: bool = False,
) -> Path:
    """Write one HTML page about a model, which needs no other file, and return its path.

    ``out_dir`` has neither the page nor its notebook yet; it is a new folder in ``runs/`` of the
    checkout if None. What is wrong with the arguments is an error before any work; ChapterError:
    a cell failed, and ``chapter.ipynb`` is there up to that cell.
    """
    others = company(model)
    check_choice("device", device, DEVICES)
    trusted = own_checkpoints([model], trust=trust_checkpoint)
    frames = enough(structures)
    every = -(-len(frames) // MOST)
    page = Chapter(book_root() / "notebooks" / "report.py")
    folder = fresh_folder(page, out_dir, (PAGE, NOTEBOOK, *WRITTEN))
    print(f"features of {model}", flush=True)  # it may not fail; the page goes on without others
    layers = "layers" not in lacking(resolve(model))
    options: dict[str, Any] = {"device": device, "layers": layers}
    panel([model], frames[::every], trust_checkpoint=trust_checkpoint, **options)
    extract_features(others, frames[::every], skip_failing=True, **options)
    print("measuring", flush=True)
    values = {"model": model, "structures": structures, "every": every, "device": device}
    run_page(page, values, folder, {TRUSTED: ",".join(trusted), STOP: ""})
    write_page(folder, page)
    html = folder / "html" / "notebooks" / "report.html"
    text = single_file(html, title=f"{model} among other models")
    (folder / PAGE).write_text(text, encoding="utf-8")
    (folder / "chapter.ipynb").rename(folder / NOTEBOOK)
    shutil.rmtree(html.parents[1])
    return folder / PAGE
