"""The page on versions and run times: what was run is recorded, and the rest stays."""

import json

from lumlip.book import versions
from lumlip.book.chapters import executable_pages


def test_pages_that_ran_before_keep_their_seconds(tmp_path):
    versions.record(tmp_path, {"01_a": 12.4, "02_b": 3.0})
    versions.record(tmp_path, {"02_b": 5.6})
    kept = json.loads((tmp_path / versions.RECORD).read_text())
    assert kept["seconds"] == {"01_a": 12, "02_b": 6}
    assert kept["versions"]["lumlip"] == "0.1.0"
    assert {"Python", "numpy", "jupyter-book", "torch"} <= set(kept["versions"])
    assert "ruff" not in kept["versions"]  # of the tests


def test_every_page_and_every_family_is_listed(tmp_path):
    first, *others = executable_pages()
    versions.record(tmp_path, {first.name: 61.0})
    text = versions.versions_markdown(tmp_path, [first, *others])
    assert f"| {{doc}}`../notebooks/{first.name}` | 61 |" in text
    assert text.count("| not recorded |") == len(others)
    assert "| chgnet | `chgnet==" in text


def test_without_a_record_the_versions_are_those_of_now(tmp_path):
    assert "| lumlip | 0.1.0 |" in versions.versions_markdown(tmp_path, [])
