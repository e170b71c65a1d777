"""A rendered page as one file: its article, with pictures, styles and the book's script inside."""

import base64
import re
from html import escape
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup

#: Of the article: what leads to other files, and the theme's settings.
LEFT_OUT = ".headerlink, .page-data, .prev-next-footer, script"
SCRIPT = "_static/lumlip.js"
#: Fonts and pictures of the theme that its styles take from other files.
ELSEWHERE = re.compile(r"@font-face\s*{[^}]*}|@import[^;]*;|url\((?!['\"]?(data:|#))[^)]*\)")
OWN = """
body {display: block}
main.bd-content {display: block; margin: auto; max-width: 60rem; padding: 1rem}
td > p, th > p {margin: 0}
"""
#: Light or dark as the reader's system is; the theme's own styles ask for it here.
MODE = "document.documentElement.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';"  # noqa: E501


def single_file(html: Path, *, title: str) -> str:
    """Return a page of a rendered book as one file that loads nothing.

    The title is any text, for the page's own one, which the theme does not escape everywhere.
    """
    page = BeautifulSoup(html.read_text(encoding="utf-8"), "html.parser")
    article = page.select_one("article.bd-article")
    assert article is not None, f"no article in {html}"
    for part in article.select(LEFT_OUT):
        part.decompose()
    for heading in article.select("h1"):
        heading.string = title
    for picture in article.select("img[src]"):
        picture["src"] = _data(html.parent / unquote(str(picture["src"])))
    for link in article.select('a[href]:not([href^="#"]):not([href^="http"])'):
        link.unwrap()
    addresses = [str(link["href"]) for link in page.select('link[rel="stylesheet"]')]
    sheets = [html.parent / name.partition("?")[0] for name in addresses if "//" not in name]
    styles = "\n".join(ELSEWHERE.sub("", path.read_text(encoding="utf-8")) for path in sheets)
    root = next(folder for folder in html.parents if (folder / SCRIPT).is_file())
    script = (root / SCRIPT).read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{styles}{OWN}</style>
<script>{MODE}</script></head>
<body><main class="bd-content">
{article}
</main><script>{script}</script></body></html>
"""


def _data(picture: Path) -> str:
    """Return a picture as an address that holds it."""
    content = base64.b64encode(picture.read_bytes()).decode()
    return f"data:{guess_type(picture.name)[0]};base64,{content}"
