"""Every chapter on a user's own structures and two models, and with a model that cannot be run."""

import nbformat
import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.io import write

from lumlip.book.chapters import chapters, convert
from lumlip.book.page import RERUN
from lumlip.book.parameters import checked, declared_parameters
from lumlip.book.rerun import run_page
from lumlip.cli import main
from tests.close_text import CloseText

# Every structure is probed, so that its features are read, not made.
SMALL = {
    "n_bootstrap": 20,
    "n_seeds": 1,
    "local_every": 2,
    "n_test": 60,
    "n_imitated": 10,
    "n_redraws": 1,
    "n_local_seeds": 1,
    "probe_every": 1,
}
#: For the linear algebra of torch and numpy: nothing that a processor of 2009 lacks.
OLD_PROCESSOR = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "OPENBLAS_CORETYPE": "NEHALEM",
}
LEFT_OUT = "left out: 1 structures, such as frame 30, Po2: not for sevennet-0"


def printed(path):
    """Return what the cells of an executed notebook print and show as text."""
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "\n".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs)


def write_structures(path):
    """Write crystals and molecules, without subsets, parts or parents; return the path."""
    made = [bulk(s, cubic=True) * (2, 1, 1) for s in ("Cu", "Al", "Si", "Fe", "Ag", "C")] * 3
    made += [bulk(f, "rocksalt", a=a, cubic=True) for f, a in (("MgO", 4.2), ("NaCl", 5.6))] * 3
    for name in ("CH3CH2OH", "C6H6", "H2O", "CH4", "C2H2", "SO2"):
        atoms = molecule(name)
        atoms.info.clear()
        made.append(atoms)
    # Polonium is for one of the models only: its frame is left out, and the page says so.
    made.append(bulk("Po", "sc", a=3.35) * (2, 1, 1))
    for i, atoms in enumerate(made):
        atoms.rattle(0.1, seed=i)
    write(path, made)
    return path


@pytest.fixture(scope="module")
def structures(tmp_path_factory):
    return str(write_structures(tmp_path_factory.mktemp("user") / "mine.xyz"))


def values_of(chapter, structures):
    """Parameters that make little of a chapter."""
    known = chapter.source.read_text(encoding="utf-8")
    values = {"models": "[sevennet-0, chgnet-0.3.0]", "minis": "[]", "structures": structures}
    values |= {name: value for name, value in SMALL.items() if f"\n{name}: int" in known}
    return values | {name: "[]" for name in ("controls", "untrained") if f"\n{name}: list" in known}


@pytest.fixture
def own_models(tmp_path, monkeypatch):
    """A folder of downloaded weights without any."""
    monkeypatch.setenv("LUMLIP_MODELS", str(tmp_path))


def check_outputs(notebook, missing=""):
    shown = printed(notebook)
    assert f"2 models, 30 structures, 264 atoms\n{LEFT_OUT}" in shown
    assert (f"missing: {missing} (no trusted weights for {missing}" in shown) == bool(missing)
    assert "checks passed" in shown  # the last cell
    return shown


@pytest.mark.heavy
def test_a_page_of_the_users_structures_is_the_same_on_an_older_processor(
    own_models, structures, tmp_path, capsys
):
    """Of the first chapter, with global and local maps, and with a model that cannot be run."""
    chapter, missing = chapters()[0], "mace-mp-0b3-medium"
    values = values_of(chapter, structures) | {"models": f"[sevennet-0, {missing}, chgnet-0.3.0]"}
    argv = [word for name, value in values.items() for word in ("-p", f"{name}={value}")]
    assert main(["run", chapter.name, *argv, "-o", str(tmp_path / "out")]) == 0
    page = tmp_path / "out" / "html" / "index.html"
    assert page.is_file()
    assert f"wrote {page}" in capsys.readouterr().out
    shown = check_outputs(tmp_path / "out" / "chapter.ipynb", missing)
    given = checked(values, declared_parameters(convert(chapter.source)), chapter.name)
    run_page(chapter, given, tmp_path / "old", {**OLD_PROCESSOR, RERUN: "1"})
    assert CloseText(printed(tmp_path / "old" / "chapter.ipynb")) == shown


@pytest.mark.heavy
@pytest.mark.parametrize("chapter", chapters()[1:], ids=lambda chapter: chapter.name)
def test_runs_on_the_users_structures_and_two_models(own_models, chapter, structures, tmp_path):
    """Its notebook alone: the renderer takes the outputs of all chapters when the book is built."""
    values = values_of(chapter, structures)
    given = checked(values, declared_parameters(convert(chapter.source)), chapter.name)
    run_page(chapter, given, tmp_path / "out", {RERUN: "1"})
    check_outputs(tmp_path / "out" / "chapter.ipynb")


def test_models_without_energies_are_refused_before_the_work_where_energies_are_the_subject(
    structures, tmp_path, capsys
):
    np.savez(tmp_path / "mine.npz", last_layer=np.zeros((3, 2)))
    for model in (f"features:{tmp_path / 'mine.npz'}", "pet-mad-dos"):
        argv = ["-p", f"models=[sevennet-0, {model}]", "-p", f"structures={structures}"]
        assert main(["run", "09", *argv]) == 2
        said = f"{model} has no energies, which 09_distance_is_not_disagreement is about"
        assert capsys.readouterr().err == f"lumlip: error: {said}; leave it out\n"


def test_models_without_what_a_chapter_measures_are_refused_before_the_work(
    structures, tmp_path, capsys
):
    """Layers and depth ran for minutes, then stopped, or printed an R² of nan."""
    some = {"last_layer": np.zeros((3, 2))}
    arrays = {"bare": some, "backbone": some | {"backbone": np.zeros((3, 2))}}
    arrays["layers"] = arrays["backbone"] | {"layer_00_embedding": np.zeros((3, 2))}
    models = {name: f"features:{tmp_path / name}.npz" for name in arrays}
    for name, one in arrays.items():
        np.savez(tmp_path / f"{name}.npz", **one)
    lines = {
        ("05", "bare"): "bare.npz has no backbone, which 05_backbone_knows_more is about; leave",
        ("05", "backbone"): "no model has energies, of which 05_backbone_knows_more tells; add one",
        ("06", "backbone"): "backbone.npz has no layers, which 06_models_part_on_the_way is about",
        (
            "06",
            "layers",
        ): "no model has energies, of which 06_models_part_on_the_way tells; add one",
    }
    for (chapter, name), said in lines.items():
        argv = ["-p", f"models=[{models[name]}]", "-p", f"structures={structures}"]
        assert main(["run", chapter, *argv, "-o", str(tmp_path / "out")]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
