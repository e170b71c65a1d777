"""What the front page says of the project is what the project's own files say."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_citation_names_this_version_and_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    entry = (ROOT / "book" / "intro.md").read_text().partition("```bibtex")[2]
    cff = (ROOT / "CITATION.cff").read_text()
    for name, key in (("version", "version"), ("title", "title"), ("url", "repository-code")):
        stated = re.search(rf"\b{name} = {{(.*)}}", entry)[1]
        assert stated in re.search(rf"^{key}: (.*)$", cff, re.M)[1]
    assert re.search(r"version = {(.*)}", entry)[1] == project["version"]
