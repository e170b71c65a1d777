"""A small Sphinx extension: the answer of a chapter first, and what search engines look for.

What else is mended in the pages stands in ``book/_templates/layout.html``.
"""

import json
import shutil
from itertools import takewhile
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.transforms.post_transforms import SphinxPostTransform

from lumlip.book import page_data

HOW = "How this was measured"
DESCRIPTION_LENGTH = 300
PICTURE = "book/_data/answer.png"  # that other sites show of the book (layout.html)


class AnswerFirst(SphinxPostTransform):
    """Fold the cells before the answer into one line after it, and code below what it shows.

    The order of the page's elements is changed, not how they are drawn: it reads the same aloud,
    by keyboard, and without scripts.
    """

    default_priority = 210  # after myst-nb has folded single cells
    formats = ("html",)

    def run(self, **options: Any) -> None:
        """Change the page in place."""
        for cell in filter(_is_cell, self.document.findall(nodes.container)):
            cell.children.sort(key=_is_code)
        section: Any = self.document.children[0]
        opening = list(takewhile(_is_cell, section.children[1:]))
        n_before = next((i for i, cell in enumerate(opening) if _is_answer(cell)), 0)
        if n_before:
            folded, rest = _folded(opening[:n_before]), section.children[1 + len(opening) :]
            section.children[1:] = [*opening[n_before:], folded, *rest]


def _is_cell(node: Any) -> bool:
    return bool(node.get("nb_element") == "cell_code")


def _is_answer(cell: Any) -> bool:
    return "tag_remove-input" in cell["classes"]


def _is_code(part: Any) -> bool:
    return isinstance(part, HideCodeCellNode) and "above-input" in part["classes"]


def _folded(cells: list[Any]) -> nodes.container:
    """Return one fold with the cells, which are then not folded themselves."""
    for cell in cells:
        folds = [part for part in cell.children if isinstance(part, HideCodeCellNode)]
        shown = [part for part in cell.children if part not in folds]
        cell.children = [part for fold in folds for part in fold.children] + shown
    fold = HideCodeCellNode(prompt_show=HOW, prompt_hide=HOW, classes=["above-input"])
    fold.children = cells
    return nodes.container("", fold, classes=["cell"])


def describe(
    app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give the template the page's first paragraph."""
    first = next(iter(doctree.findall(nodes.paragraph)), None) if doctree else None
    text = " ".join(first.astext().split()) if first else ""
    if len(text) > DESCRIPTION_LENGTH:
        text = text[:DESCRIPTION_LENGTH].rsplit(" ", 1)[0] + " ..."
    context["description"] = text
    context["html_baseurl"] = app.config.html_baseurl


def finish(app: Any, exception: Exception | None) -> None:
    """Put files beside the pages: picture, structures, tables, and ``sitemap.xml``."""
    if exception:
        return
    if (picture := Path(app.srcdir, PICTURE)).is_file():
        shutil.copy(picture, app.outdir)
    for path in Path(app.outdir, "_datasets").glob("*.json"):  # a page on a disk reads scripts only
        text = json.dumps(path.read_text(encoding="utf-8"))
        path.with_suffix(".js").write_text(f"window.dataset = {text};\n", encoding="utf-8")
    page_data.join(Path(app.outdir, page_data.FOLDER))
    if not app.config.html_baseurl:
        return
    addresses = (f"{app.config.html_baseurl}{page}.html" for page in sorted(app.env.found_docs))
    entries = "".join(f"<url><loc>{address}</loc></url>\n" for address in addresses)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{schema}">\n'
    Path(app.outdir, "sitemap.xml").write_text(f"{head}{entries}</urlset>\n", encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_post_transform(AnswerFirst)
    app.connect("html-page-context", describe, priority=900)
    app.connect("html-page-context", page_data.offer, priority=910)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
