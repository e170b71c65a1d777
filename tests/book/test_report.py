"""The page about one model: in one file, everything escaped, wrong inputs found before work."""

import shutil

import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.io import write
from bs4 import BeautifulSoup

import lumlip
from lumlip.cli import main
from lumlip.datasets.sets import structures_sha256
from lumlip.extraction.workers import WorkerPool
from lumlip.minis.cards import CHECKPOINTS

SECTIONS = ("Proof", "Place", "Lineage", "Layers", "Hardest elements and subsets",
            "Probes, without composition", "Energies", "What to cite, and how")  # fmt: skip


@pytest.fixture(scope="module")
def structures(tmp_path_factory):
    """Crystals and molecules, without subsets or parents; the name of a subset is hostile."""
    made = [bulk(s, cubic=True) * (2, 1, 1) for s in ("Cu", "Al", "Si", "Fe", "Ag", "C")] * 3
    made += [bulk("MgO", "rocksalt", a=4.2, cubic=True)] * 3
    for name in ("CH3CH2OH", "C6H6", "H2O", "CH4"):
        made.append(molecule(name))
    for i, atoms in enumerate(made):
        atoms.rattle(0.1, seed=i)
        atoms.info.clear()
        atoms.info["subset"] = "<script>alert(2)</script>" if i % 2 else "a|b`c"
    path = tmp_path_factory.mktemp("user") / "mine.xyz"
    write(path, made)
    return str(path)


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
def test_report_on_a_checkpoint_of_a_hostile_name(structures, tmp_path, capsys):
    name = "<script>alert(1)<img src=x onerror=alert(1)>|$a_1`{{b}}.model"
    shutil.copy(CHECKPOINTS / "mace-mini.model", tmp_path / name)
    out = tmp_path / "new" / "out"
    model = f"mace:{tmp_path / name}"
    argv = ["report", model, "--structures", structures, "-o", str(out), "--trust-checkpoint"]
    assert main(argv) == 0
    said = capsys.readouterr().out
    assert f"features of {model}\n" in said
    assert said.endswith(f"wrote {out / 'report.html'}\n")
    page = checked(out)
    assert page.title.get_text() == page.h1.get_text() == f"{model} among other models"
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
        (["sevennet-0", "-o", str(tmp_path / "my.pth" / "out")], "Not a directory"),
    ):
        assert main(["report", *argv]) == 2
        said = capsys.readouterr().err
        assert said.startswith("lumlip: error: ")
        assert said.count("\n") == 1
        assert message in said
