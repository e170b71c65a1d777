"""A page as one file loads nothing, and holds what it showed."""

import base64

from bs4 import BeautifulSoup

from lumlip.book.single_file import single_file

PAGE = """<html><head><link rel="stylesheet" href="../_static/a.css?digest=1">
<link rel="stylesheet" href="https://elsewhere.org/b.css">
<script src="../_static/theme.js"></script>
</head>
<body><nav>menu</nav><article class="bd-article"><h1>T<a class="headerlink" href="#t">#</a></h1>
<img src="../_images/a%20b.svg" alt="a"><a href="../book/methods.html">methods</a>
<a href="#t">up</a><script>kernel = 1</script><a href="https://doi.org/1">ref</a></article></body></html>"""


def test_pictures_and_styles_are_inside(tmp_path):
    for name, text in {
        "notebooks/page.html": PAGE,
        "_images/a b.svg": "<svg/>",
        "_static/a.css": "@font-face {src: url(f.woff)} p {background: url('x.png'), url(data:y)}",
        "_static/lumlip.js": "'use strict';",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    text = single_file(tmp_path / "notebooks" / "page.html", title="<script>1")
    page = BeautifulSoup(text, "html.parser")
    assert page.title.get_text() == page.h1.get_text() == "<script>1"
    assert page.img["src"] == "data:image/svg+xml;base64," + base64.b64encode(b"<svg/>").decode()
    assert [link["href"] for link in page.select("a")] == ["#t", "https://doi.org/1"]
    assert "methods" in page.article.get_text()
    assert page.style.get_text().startswith(" p {background: , url(data:y)}\n")
    assert not page.select("[src]:not([src^=data]), link, nav")
    assert [script.get_text() for script in page.select("script")][1:] == ["'use strict';"]
