"""The page about one model: in one file, everything escaped, wrong inputs found before work."""

import shlex
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.io import read, write
from bs4 import BeautifulSoup

import lumlip
from lumlip.cli import main
from lumlip.datasets.sets import structures_sha256
from lumlip.extraction.workers import WorkerPool
from tests.test_your_own_model import REPORT, shown, with_own_model

SECTIONS = ("Proof", "Place", "Lineage", "Layers", "Hardest elements and subsets",
            "Probes, without composition", "Energies", "What to cite, and how")  # fmt: skip


@pytest.fixture(scope="module")
def structures(tmp_path_factory):
    """Crystals of the page and molecules, without parents, of hostile subsets; beside its model."""
    folder = tmp_path_factory.mktemp("user")
    with_own_model(folder)
    frames = read(folder / "my-crystals.xyz", index=":")
    frames += [molecule(name) for name in ("CH3CH2OH", "C6H6")]
    for i, atoms in enumerate(frames):
        atoms.info = {"subset": "<script>alert(2)</script>" if i % 2 else "a|b`c"}
    write(folder / "my-crystals.xyz", frames)
    return str(folder / "my-crystals.xyz")


def checked(folder, *, figures=5):
    """Return the page in a folder, in which there is nothing else but its notebook."""
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.ipynb"}
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "Traceback" not in text
    page = BeautifulSoup(text, "html.parser")
    headings = [heading.get_text() for heading in page.select("h2")]
    assert all(any(h.startswith(s) for h in headings) for s in SECTIONS), headings
    assert len(page.select("script")) == 2  # the page's own
    assert not page.select("[src]:not([src^=data]), link, [onerror], iframe")
    assert len(page.select("figure img")) == figures
    assert page.select(".lumlip-heat td[title]")
    return page


@pytest.mark.heavy
def test_report_on_a_checkpoint_of_a_hostile_name_prints_what_the_page_shows(structures, capfd):
    folder, own = Path(structures).parent, "my-finetuned.pth.tar"
    name = "<script>alert(1)<img src=x onerror=alert(1)>|$a_1`{{b}}"
    (folder / own).rename(folder / name)
    argv = [word.replace(own, name) for word in shlex.split(REPORT)[1:]]
    with chdir(folder):
        assert main(argv) == 0
    said = capfd.readouterr().out.replace(str(folder), "/home/you").replace(name, own)
    # Two processes share the models: which one comes first, hangs on which the other is at.
    assert sorted(said.splitlines()) == sorted(shown(REPORT).splitlines())
    page = checked(folder / "report")
    assert page.title.get_text() == page.h1.get_text() == f"chgnet:{name} among other models"
    text = page.article.get_text()
    assert name[-40:] in text
    assert "passes all" in text
    for other in ("chgnet-0.3.0", "diep-matpes-r2scan", "hienet-v3"):
        assert other in text


@pytest.mark.heavy
def test_report_on_features_with_nothing_but_a_last_layer_says_what_is_missing(
    structures, tmp_path
):
    frames = lumlip.structures(structures)
    X = lumlip.features("chgnet-0.3.0", frames, device="cpu")["last_layer"]
    mine = tmp_path / "mine.npz"
    np.savez(mine, last_layer=X, structures_sha256=structures_sha256(frames))
    argv = ["report", f"features:{mine}", "--structures", structures, "-o", str(tmp_path / "out")]
    assert main(argv) == 0
    text = checked(tmp_path / "out", figures=3).article.get_text()
    assert "This model comes without layers and energies" in text
    assert "they are one and the same here" in text
    assert "the nearest is chgnet-0.3.0" in text


def test_wrong_inputs_are_found_before_work(structures, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(WorkerPool, "run", lambda *_, **__: pytest.fail("a model was run"))
    (tmp_path / "my.pth").write_text("")
    write(tmp_path / "few.xyz", [bulk("Cu")] * 19)
    one = [bulk("Cu", a=3.5 + i / 100) for i in range(30)]
    for atoms in one:
        atoms.info["parent"] = "one"
    write(tmp_path / "one.xyz", one)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "report.html").touch()
    for argv, message in (
        (["sevennet-00"], "unknown model 'sevennet-00'; did you mean sevennet-0"),
        (["paper"], "unknown model 'paper'"),
        ([f"sevennet:{tmp_path / 'my.pth'}"], "loading one can run any code"),
        (["sevennet-0", "--structures", "mini-madd"], "mini-madd"),
        (["sevennet-0", "--structures", str(tmp_path / "few.xyz")], "got 19, expected 20 or more"),
        (["sevennet-0", "--structures", str(tmp_path / "one.xyz")], "got 1, expected 20 or more"),
        (["sevennet-0", "-o", str(tmp_path / "there")], "report.html is there already"),
        (["sevennet-0", "-o", str(tmp_path / "my.pth" / "out")], "expected a folder"),
    ):
        assert main(["report", *argv]) == 2
        said = capsys.readouterr().err
        assert said.startswith("lumlip: error: ")
        assert said.count("\n") == 1
        assert message in said
