"""The rendered book, as committed: for readers by ear, by keyboard, on a phone, in the dark."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from lumlip.book import build
from tests.notebook_checks import in_words

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = {"intro": 1.0e6}  # of a page with all that it loads; other pages:
MOST_BYTES_OF_ANY = 2.0e6
BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
NEEDED = "require('playwright-core'); require('axe-core')"
CAN_RUN_AXE = BROWSER and shutil.which("node") and not subprocess.run(
    ["node", "-e", NEEDED], capture_output=True, check=False
).returncode  # fmt: skip


class Page(HTMLParser):
    """Opening tags of a page, in order, with their attributes; headings by level."""

    def __init__(self, path):
        super().__init__()
        self.path, self.tags = path, []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def loaded(self):
        """Files that the page loads at once."""
        found = [a["src"] for a in self.all("script") if "src" in a and "type" not in a]
        found += [a["href"] for a in self.all("link") if a.get("rel") == "stylesheet"]
        found += [a["src"] for a in self.all("img")]
        return {self.path.parent / name.split("?")[0] for name in found}


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The committed book, rendered elsewhere."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in ("_config.yml", "_toc.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout)
    for name in ("book", "notebooks"):
        shutil.copytree(ROOT / name, checkout / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(checkout)
        return build.build(run=False).parent


@pytest.fixture(scope="module")
def pages(html):
    return [
        Page(path) for folder in ("book", "notebooks") for path in html.glob(f"{folder}/*.html")
    ]


@pytest.mark.heavy
def test_images_say_in_words_what_they_show(pages):
    wrong = [
        (page.path.stem, image.get("alt"))
        for page in pages
        for image in page.all("img")
        if "_images/" in image["src"] and not in_words(image.get("alt", ""))
    ]
    assert wrong == []


def test_headings_skip_no_level(pages):
    for page in pages:
        article = page.text.partition("<article")[2]
        levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", article)]
        assert levels.count(1) == 1, page.path.stem
        assert levels[0] == 1, page.path.stem
        steps = [after - before for before, after in pairwise(levels)]
        assert max(steps, default=1) <= 1, page.path.stem


def test_chapters_open_with_their_answer(pages):
    """Nothing that a reader would have to skip stands between the title and the answer."""
    for page in pages:
        answer = ROOT / "book" / "_data" / f"answer-{page.path.stem[:2]}.md"
        if answer.is_file() and page.path.parent.name == "notebooks":
            opening = page.text.partition("</h1>")[2].partition("<p>")[0]
            assert "<details" not in opening, page.path.stem
            assert "<pre" not in opening, page.path.stem
            assert "How this was measured" in page.text


def test_pages_load_little_and_nothing_from_elsewhere(pages):
    for page in pages:
        assert not re.search(r'(src|href)="https?://[^"]*\.(js|css|png|svg|woff2?)"', page.text)
        assert ("tex-svg.js" in page.text) == ('class="math' in page.text), page.path.stem
        size = sum(path.stat().st_size for path in page.loaded) + len(page.text)
        if 'class="math' in page.text:
            size -= (page.path.parents[1] / "_static/mathjax/tex-svg.js").stat().st_size
        assert size < MOST_BYTES.get(page.path.stem, MOST_BYTES_OF_ANY), page.path.stem


def test_pages_have_an_address_and_a_description(pages, html):
    sitemap = (html / "sitemap.xml").read_text()
    for page in pages:
        names = {m.get("name") or m.get("property"): m.get("content") for m in page.all("meta")}
        assert len(names["og:title"]) > 5
        assert page.path.stem == "references" or len(names["description"].split()) > 5
        address = f"https://lumlip.github.io/lumlip/{page.path.relative_to(html)}"
        assert names["og:url"] == address
        assert f"<loc>{address}</loc>" in sitemap
        picture = names["og:image"].removeprefix("https://lumlip.github.io/lumlip/")
        assert (html / picture).is_file()


def test_every_page_with_a_table_links_its_data(pages, html):
    for page in pages:
        tables = re.search(r"<table|id=.ask-data", page.text.partition("<article")[2])
        links = [a["href"] for a in page.all("a") if a.get("href", "").endswith(".zip")]
        assert bool(tables) == bool(links), page.path.stem
        for link in links:
            assert (page.path.parent / link).is_file()


def test_terms_bring_their_definitions(pages):
    """A page is also read from a disk, where it cannot ask the glossary."""
    for page in pages:
        found = re.search(r'id="terms">(.*?)</script>', page.text)
        terms = json.loads(found[1]) if found else {}
        used = {a["href"].partition("#")[2] for a in page.all("a") if "#term-" in a.get("href", "")}
        assert set(terms) == used, page.path.stem
        assert all(len(text.split()) > 3 for text in terms.values())


@pytest.mark.heavy
@pytest.mark.skipif(not CAN_RUN_AXE, reason="no chromium, node, or npm's playwright-core, axe-core")
@pytest.mark.timeout(600)
def test_tables_sort_terms_explain_and_structures_show(pages):
    [chapter] = [page.path.as_uri() for page in pages if page.path.stem.startswith("01_")]
    [structures] = [page.path.as_uri() for page in pages if page.path.stem == "structures"]
    command = ["node", str(ROOT / "tests" / "scripts.cjs"), BROWSER, chapter, structures]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    before, after, again = (found[key] for key in ("before", "after", "again"))
    assert after[1] == sorted(before[1])
    for one, two in zip(before, after, strict=True):  # whole columns change places
        assert sorted(one) == sorted(two)
    assert again == before
    assert re.fullmatch(r"\S+ → \S+: \d\.\d\d \(\d\.\d\d to \d\.\d\d\)", found["focused"])
    assert found["moved"] != found["focused"]
    assert found["card"].startswith("Global feature reconstruction error")
    assert (found["described"], found["escaped"]) == ("term-card", True)
    assert found["viewer"] > 0  # loaded from a disk, where a page may not fetch
    assert found["errors"] == []


@pytest.mark.heavy
@pytest.mark.skipif(not CAN_RUN_AXE, reason="no chromium, node, or npm's playwright-core, axe-core")
@pytest.mark.timeout(600)
def test_axe_finds_nothing_critical_or_serious_and_no_page_is_wider_than_the_screen(pages):
    addresses = [page.path.as_uri() for page in pages]
    command = ["node", str(ROOT / "tests" / "axe.cjs"), BROWSER, *addresses]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "\n".join(json.loads(done.stdout)) == ""
