"""The page on versions and run times: what made the outputs of the pages, and how long it took."""

import json
import platform
import re
from collections.abc import Mapping
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

from lumlip.book.chapters import Chapter
from lumlip.book.models_page import markdown_table
from lumlip.runtime.environments import families, pins

#: In the folder of the viewers' data: versions at the last run, and the seconds of each page.
RECORD = "run-times.json"


def record(data: Path, seconds: Mapping[str, float]) -> None:
    """Note that pages were run just now, by name, beside those that were run before."""
    whole = {name: round(value) for name, value in seconds.items()}
    content = {"versions": _versions(), "seconds": recorded(data)["seconds"] | whole}
    text = json.dumps(content, indent=1, sort_keys=True)
    (data / RECORD).write_text(text + "\n", encoding="utf-8")


def versions_markdown(data: Path, pages: list[Chapter]) -> str:
    """Return the tables of the page, from the record in a folder and the families' own files."""
    found = recorded(data)
    seconds, missing = found["seconds"], "not recorded"
    linked = [f"{{doc}}`../{page.source.parent.name}/{page.name}`" for page in pages]
    times = [(a, str(seconds.get(p.name, missing))) for a, p in zip(linked, pages, strict=True)]
    pinned = [(n, " ".join(f"`{pin}`" for pin in pins(n).dependencies)) for n in families()]
    return f"""## Run times\n
{markdown_table(("page", "seconds"), times)}\n
## Versions\n
{markdown_table(("package", "version"), found["versions"].items())}\n
## Environments of the families\n
{markdown_table(("family", "its environment"), pinned)}
"""


def recorded(data: Path) -> Any:
    """Return what a folder's record says: ``versions``, and ``seconds`` by page."""
    if (path := data / RECORD).is_file():
        return json.loads(path.read_bytes())
    return {"versions": _versions(), "seconds": {}}


def _versions() -> dict[str, str]:
    """Return versions of lumlip, Python, and what lumlip and its book ask for."""
    asked = [text for text in requires("lumlip") or () if not re.search("extra == .(?!book)", text)]
    names = sorted(re.split(r"[^\w.-]", text)[0] for text in asked)
    return {"Python": platform.python_version()} | {n: version(n) for n in ["lumlip", *names]}
