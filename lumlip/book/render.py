"""Turn a folder of sources into HTML with Jupyter Book, and say what went wrong."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lumlip.errors import ChapterError

# Of this interpreter, whatever `jupyter-book` the PATH has.
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
STRICT = ["-W", "--keep-going", "-n"]  # every warning, and every dangling reference, is an error
WARNING = re.compile(r"\b(WARNING|ERROR|CRITICAL|Traceback)\b")
COLOR = re.compile(r"\x1b\[[\d;]*m")


def render(sources: Path, output: Path, *, strict: bool) -> Path:
    """Render the book in ``sources`` and return the folder ``output/_build/html``.

    What Jupyter Book says goes to ``output/_build/jupyter-book.log``, which the ChapterError names
    if it failed or (``strict``) warned.
    """
    build = output / "_build"
    for stale in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(build / stale, ignore_errors=True)
    build.mkdir(parents=True, exist_ok=True)
    log = build / "jupyter-book.log"
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(sources)]
    with log.open("w", encoding="utf-8") as stream:
        status = subprocess.run(
            [*command, *(STRICT if strict else []), "--path-output", str(output)],
            stdout=stream,
            stderr=subprocess.STDOUT,
            # Packages come from this interpreter, never from the working directory.
            env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1"},
            check=False,
        ).returncode
    if status != 0 or not (build / "html" / "index.html").is_file():
        raise ChapterError(_failure(status, log, build / "html" / "reports"))
    return build / "html"


def _failure(status: int, log: Path, reports: Path) -> str:
    lines = COLOR.sub("", log.read_text(encoding="utf-8")).splitlines()
    worth = [line for line in lines if WARNING.search(line)] or lines[-20:]
    where = f"{log}, and {reports}" if reports.is_dir() else str(log)
    shown = "\n".join(f"  {line}" for line in worth[:20])
    return f"jupyter-book ended with status {status}:\n{shown}\nall of it: {where}"
