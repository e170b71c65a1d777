"""What stands in a page, once more: its tables as csv, and the definitions of its terms."""

import csv
import io
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bs4 import BeautifulSoup
from bs4.element import Tag
from docutils import nodes

FOLDER, ALL = "data", "lumlip-data.zip"
README = """Tables and figures of the book "lumlip: what universal potentials know", by page.
Lines that start with # say where a table stands and what it shows (pandas.read_csv, comment="#").
Digits are those of the page. Units stand in the names of the columns or in the first lines;
errors (GFRE, LFRE) and shares have none. Rows and columns are named by the ids of the models.
Of a drawn figure: a row for each point, end of a bar or piece of a line, in the words of its axes;
not of those with more than a thousand points, which `lumlip book` draws anew.
"""
_CELL = re.compile(r"(.+) \u2192 (.+): (\S+)(?: \((\S+) to (\S+)\))?")


def offer(
    app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Write a page's tables, link them at its end, and give it the definitions of its terms."""
    if doctree is None:
        return
    page = BeautifulSoup(context["body"], "html.parser")
    used = {link["href"].partition("#")[2] for link in page.select('a[href*="#term-"]')}  # type: ignore[union-attr]
    if known := {key: text for key, text in _terms(app).items() if key in used}:
        text = json.dumps(known).replace("<", "\\u003c")
        context["body"] += f'<script type="application/json" id="terms">{text}</script>'
    if files := tables_of(page) | figures_of(page, Path(app.srcdir, f"{pagename}.ipynb")):
        name = pagename.replace("/", "-") + ".zip"
        _archive(Path(app.outdir, FOLDER, name), files)
        one, every = (context["pathto"](f"{FOLDER}/{file}", 1) for file in (name, ALL))
        context["body"] += (
            '<p class="page-data">Tables and figures as csv: '
            f'<a href="{one}" download>this page</a> · <a href="{every}" download>all</a></p>'
        )


def join(folder: Path) -> None:
    """Write one archive with what those of the pages hold."""
    files = {"README.txt": README}
    for path in sorted(folder.glob("*.zip")):
        with ZipFile(path) as archive:
            found = {name: archive.read(name).decode() for name in archive.namelist()}
        files |= {f"{path.stem}/{name}": text for name, text in found.items()}
    _archive(folder / ALL, files)


def tables_of(page: BeautifulSoup) -> dict[str, str]:
    """Return the tables of a page as csv, by file name; and data that stands in it as JSON."""
    files = {}
    for link in page.select(".headerlink"):
        link.decompose()
    for number, table in enumerate(page.find_all("table"), start=1):
        heading = table.find_previous(["h1", "h2", "h3"])
        figure = table.find_parent("figure")
        captions = [figure.find("figcaption") if figure else None, table.caption, heading]
        said = [_text(caption) for caption in captions if caption]
        stream = io.StringIO()
        stream.writelines(f"# {line}\n" for line in said)
        csv.writer(stream, lineterminator="\n").writerows(_rows(table))
        slug = re.sub(r"\W+", "-", said[-1].lower()).strip("-") if said else "table"
        files[f"{number:02}-{slug}.csv"] = stream.getvalue()
    for data in page.select('script[type="application/json"][id]'):
        files[f"{data['id']}.json"] = data.get_text()
    return files


def figures_of(page: BeautifulSoup, ipynb: Path) -> dict[str, str]:
    """Return what the figures of a page show, as csv by file name, below what is said of each."""
    cells = json.loads(ipynb.read_text(encoding="utf-8"))["cells"] if ipynb.is_file() else []
    files = {}
    for cell in cells:
        name = cell["metadata"].get("mystnb", {}).get("figure", {}).get("name", "")
        shown = [out.get("data", {}).get("text/csv") for out in cell.get("outputs", [])]
        for points in filter(None, shown if name else []):
            caption = " ".join(map(_text, page.select(f"#{name} figcaption")))
            files[f"{name}.csv"] = f"# {caption}\n" + "".join(points)
    return files


def _rows(table: Tag) -> list[list[str]]:
    """Return the cells of a table; of a table in colors a line for each pair of models."""
    if table.find_parent(class_="lumlip-heat"):
        found = [_CELL.fullmatch(str(cell["title"])) for cell in table.select("td[title]")]
        pairs = [[part or "" for part in match.groups()] for match in found if match]
        return [["source", "target", "value", "low", "high"], *pairs]
    rows: list[list[str]] = []
    for line in table.find_all("tr"):
        cells = [(_text(c), int(str(c.get("colspan") or 1))) for c in line.find_all(["th", "td"])]
        rows.append([text for text, times in cells for _ in range(times)])
    if len(rows) > 1 and not rows[0][0] and not any(rows[1][1:]):
        rows[0][0] = rows.pop(1)[0]  # pandas writes the name of the index below the other heads
    return rows


def _text(element: Tag) -> str:
    return " ".join(element.get_text().split())


def _archive(path: Path, files: dict[str, str]) -> None:
    """Write files without a date: the same ones make the same archive."""
    path.parent.mkdir(exist_ok=True)
    with ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(ZipInfo(name), text, ZIP_DEFLATED)


@lru_cache(maxsize=1)
def _terms(app: Any) -> dict[str, str]:
    """Return the definitions of the glossary by their anchors."""
    terms = app.env.get_domain("std").objects
    found: dict[str, str] = {}
    for page in {page for (kind, _), (page, _) in terms.items() if kind == "term"}:
        glossary = app.env.get_and_resolve_doctree(page, app.builder)
        for item in glossary.findall(nodes.definition_list_item):
            text = " ".join(item.next_node(nodes.definition).astext().split())
            found |= {name: text for term in item.findall(nodes.term) for name in term["ids"]}
    return found
