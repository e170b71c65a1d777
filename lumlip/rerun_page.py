"""The HTML page of a rerun chapter: one file, without the rest of the book around it.

The book's MyST syntax (glued numbers, admonitions, viewers) means nothing to nbconvert, so the
few forms that the chapters use are turned into plain Markdown first.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

GLUE = re.compile(r"\{glue(?::\w+)?\}`([^`]+)`")
ROLE = re.compile(r"\{(?!glue)([\w:-]+)\}`([^`]+)`")
FENCE = re.compile(
    r"^(?P<mark>`{3,}|:{3,})\{(?P<name>[\w:-]+)\}[ \t]*(?P<title>.*)\n(?P<body>.*?)^(?P=mark)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
OPTION = re.compile(r"^:[\w-]+:.*\n?", re.MULTILINE)
LABEL = re.compile(r"^\([\w-]+\)=\s*$", re.MULTILINE)
HIDDEN = {"remove-cell", "remove_cell"}


def write_page(notebook: Any, path: Path) -> Path:
    """Write an executed notebook as one HTML file; cells tagged ``remove-cell`` are left out."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(
        plain(notebook), resources={"metadata": {"name": path.parent.name}}
    )
    path.write_text(body, encoding="utf-8")
    return path


def plain(notebook: Any) -> Any:
    """Return a copy with hidden cells removed and MyST turned into plain Markdown."""
    page = copy.deepcopy(notebook)
    values = glued_values(page)
    page.cells = [cell for cell in page.cells if not HIDDEN & set(cell.metadata.get("tags", []))]
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = plain_markdown(cell.source, values)
        else:
            _show_caption(cell)
    return page


def glued_values(notebook: Any) -> dict[str, str]:
    """Return the text of every value that the notebook glued, by key."""
    values = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            text = output.get("data", {}).get("application/papermill.record/text/plain")
            if name and text:
                values[name] = text.strip("'\"")
    return values


def plain_markdown(source: str, values: dict[str, str]) -> str:
    """Return Markdown that any reader shows well.

    >>> plain_markdown("GFRE is {glue:text}`mean:.2f`, see {cite}`Chorna2025`.", {"mean": "0.6617"})
    'GFRE is 0.66, see [Chorna2025].'
    """
    text = GLUE.sub(lambda match: _value(match[1], values), source)
    text = LABEL.sub("", text)
    text = FENCE.sub(_plain_fence, text)
    return ROLE.sub(_plain_role, text)


def _value(key: str, values: dict[str, str]) -> str:
    name, _, style = key.partition("::")[2].partition(":") if "::" in key else key.partition(":")
    if name not in values:
        return f"`{key}`"
    return format(float(values[name]), style) if style and style != "s" else values[name]


def _plain_fence(match: re.Match[str]) -> str:
    name, title = match["name"], match["title"].strip()
    body = OPTION.sub("", match["body"]).strip()
    if name == "chemiscope":
        return f"*Structure viewer: load `data/{Path(title).name}` on chemiscope.org.*"
    if name in ("math", "code-block"):
        return f"$$\n{body}\n$$" if name == "math" else f"```\n{body}\n```"
    if name == "bibliography":
        return "*The references are in the book.*"
    heading = title if name == "admonition" else f"{name.capitalize()} {title}".strip()
    return "\n".join(f"> {line}" for line in (f"**{heading}**", "", *body.splitlines()))


def _plain_role(match: re.Match[str]) -> str:
    role, text = match[1], match[2]
    label = re.fullmatch(r"(.*?)\s*<[^>]*>", text)
    if label:
        return label[1]
    if role.startswith("cite"):
        return f"[{text}]"
    return f"${text}$" if role == "math" else text.replace("fig-", "figure ")


def _show_caption(cell: Any) -> None:
    """Put the caption of a figure below it, in place."""
    from nbformat.v4 import new_output

    caption = cell.metadata.get("mystnb", {}).get("figure", {}).get("caption")
    if caption and cell.get("outputs"):
        text = f"*{caption.strip()}*"
        cell.outputs.append(new_output("display_data", data={"text/markdown": text}))
