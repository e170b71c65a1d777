"""The renderer on a page of one line; whole books are rendered in test_build.py."""

import pytest

from lumlip.book.render import render

PLANTED = "from pathlib import Path; Path({marker!r}).touch(); raise ImportError('planted')\n"


@pytest.mark.heavy
def test_nothing_in_the_working_directory_is_run(tmp_path, monkeypatch):
    sources, folder, marker = tmp_path / "book", tmp_path / "anybody's", tmp_path / "marker"
    sources.mkdir()
    (sources / "_config.yml").write_text("title: A page\nexecute:\n  execute_notebooks: 'off'\n")
    (sources / "_toc.yml").write_text("format: jb-book\nroot: intro\n")
    (sources / "intro.md").write_text("# A page\n")
    folder.mkdir()
    for name in ("jupyter_book", "random", "sphinx"):
        (folder / f"{name}.py").write_text(PLANTED.format(marker=str(marker)))
    monkeypatch.chdir(folder)
    page = render(sources, tmp_path / "out", strict=True) / "intro.html"
    assert "A page" in page.read_text(encoding="utf-8")
    assert not marker.exists()
