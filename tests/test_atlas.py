"""Entries of the atlas: what is sent is whole, and a broken one is refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest

import lumlip
from chapters.atlas.entries import side_by_side
from chapters.report.place import in_atlas
from lumlip import atlas
from lumlip.book.chapters import atlas_files
from lumlip.cli import main
from lumlip.datasets.properties import one_hot
from lumlip.datasets.sets import structures_sha256
from lumlip.zoo.table import resolve

pytestmark = pytest.mark.heavy  # a model is run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The entry of a real model."""
    path = tmp_path_factory.mktemp("atlas") / "mine.npz"
    assert main(["atlas", "add", "chgnet-0.3.0", "-o", str(path)]) == 0
    return path


def test_every_entry_that_was_sent_is_whole():
    assert [atlas.entry(path)["entry"] for path in atlas_files()] == [p.stem for p in atlas_files()]


def changed(entry, folder, change, *, forged=True):
    """Write the entry anew with other arrays or attributes, and a sum of them if it is forged."""
    with np.load(entry) as file:
        arrays = dict(file)
    told = json.loads(str(arrays.pop("attributes")))
    change(arrays, told)
    if forged:
        told.pop(atlas.SUM)
        told[atlas.SUM] = atlas._sum(told, arrays)
    path = folder / "changed.npz"
    np.savez_compressed(path, attributes=np.array(json.dumps(told)), **arrays)
    return path


def without_half(arrays, told):
    structure = arrays["structure"]
    half = structure.max() // 2
    for name, values in arrays.items():
        kept = structure < half if len(values) == len(structure) else np.arange(len(values)) < half
        arrays[name] = values[kept]
    told["structures_sha256"] = ""


def of_another(arrays, told):
    arrays["structures_sha256"][0] = "0" * 64
    told["structures_sha256"] = ""


def with_nan(arrays, told):
    arrays["last_layer"][3, 0] = np.nan


def flat(arrays, told):
    arrays["backbone"] = arrays["backbone"][:, 0]


def an_atom_less(arrays, told):
    for name in ("last_layer", "backbone", "structure", "atomic_number"):
        arrays[name] = arrays[name][:-1]


def of_another_model(arrays, told):
    told.update(model="sevennet-0", family="sevennet")


def in_another_order(arrays, told):
    arrays["atomic_number"] = arrays["atomic_number"][::-1]


def of_an_own_file(arrays, told):
    told.update(model="chgnet:mine.pth.tar", checkpoint_sha256="")


BROKEN = {
    "no model": (lambda arrays, told: told.pop("model"), "does not say model"),
    "no versions": (lambda arrays, told: told.pop("package_versions"), "say package_versions"),
    "no sum": (of_an_own_file, "does not say checkpoint_sha256"),
    "family": (lambda arrays, told: told.update(model="sevennet-0"), "family or its weights are"),
    "weights": (of_another_model, "its family or its weights are not those of sevennet-0"),
    "atoms": (in_another_order, "its atoms stand in another order than in the structures"),
    "no licence": (lambda arrays, told: told.pop("licence"), "does not say licence"),
    "no energies": (lambda arrays, told: arrays.pop("energy"), "has no energy"),
    "no proof": (lambda arrays, told: told.pop("energy_identity"), "got energy_identity nan"),
    "no identity": (lambda arrays, told: told.update(energy_identity=0.01), "identity 0.01"),
    "too few": (without_half, "expected 90% or more"),
    "others": (of_another, "has 268 of the 269 structures of the atlas and 1 others"),
    "NaN": (with_nan, "got NaN or infinity in row 3 of last_layer"),
    "flat": (flat, "got backbone of shape .2003,. and dtype float32, expected real numbers"),
    "an atom less": (an_atom_less, "as many in every structure as it has atoms"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_entry_is_refused_by_name(kind, made, tmp_path):
    change, words = BROKEN[kind]
    path = changed(made, tmp_path, change)
    with pytest.raises(ValueError, match=f"changed.npz.*{words}") as caught:
        atlas.entry(path)
    assert len(str(caught.value).splitlines()) == 1


def with_other_numbers(arrays, told):
    arrays["last_layer"][100:] *= 1.1


def of_another_licence(arrays, told):
    told["licence"] = "public domain"


@pytest.mark.parametrize("change", [with_other_numbers, of_another_licence])
def test_an_entry_that_was_edited_is_refused(made, tmp_path, change):
    path = changed(made, tmp_path, change, forged=False)
    with pytest.raises(ValueError, match=r"changed\.npz was changed after it was made"):
        atlas.entry(path)


def test_forged_numbers_are_refused_where_the_model_can_be_run(made, tmp_path, capsys):
    path = changed(made, tmp_path, with_other_numbers)
    assert main(["atlas", str(made), str(path)]) == 1
    out, err = capsys.readouterr()
    assert "mine " in out
    assert f"{path}: its last_layer is not that of its model (differs by" in err


def test_what_is_no_archive_or_too_large_is_not_unpacked(made, tmp_path, monkeypatch):
    (tmp_path / "text.npz").write_text("features")
    with pytest.raises(ValueError, match=r"text.npz is no .npz file"):
        atlas.entry(tmp_path / "text.npz")
    with pytest.raises(ValueError, match="is a pipe or a device, expected a file"):
        atlas.entry(Path("/dev/zero"))
    monkeypatch.setattr(atlas, "LARGEST", 1000)
    with pytest.raises(ValueError, match="bytes unpacked, expected at most 1,000"):
        atlas.entry(made)


def test_good_entries_are_listed_and_wrong_ones_refused_in_a_line(made, tmp_path, capsys):
    path = changed(made, tmp_path, with_nan)
    assert main(["atlas", str(made), str(path)]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["mine", "chgnet-0.3.0"]]
    assert err.startswith("lumlip: error: ")
    assert len(err.splitlines()) == 1
    assert main(["atlas", str(tmp_path / "none.npz")]) == 1
    assert "no features file" in capsys.readouterr().err
    assert main(["atlas", "add"]) == 2


def test_what_can_be_no_entry_is_told_before_the_work(made, tmp_path, capsys):
    np.savez(own := tmp_path / "own.npz", last_layer=np.eye(3), structures_sha256="0" * 64)
    for argv, words in (
        (["mace-mini"], "mace-mini knows the elements of 137 of the 269 structures"),
        (
            ["mace-polar-1-small"],
            "the licence of mace-polar-1-small is not known; name it: --licence",
        ),
        ([f"features:{made}"], "holds features, no model"),
        ([f"features:{own}"], "holds features, no model"),
        (["chgnet-0.3.0", "-o", "x.zarr"], "ends in .npz"),
        (["chgnet-0.3.0", "-o", str(made)], "is there already"),
    ):
        assert main(["atlas", "add", *argv]) == 2
        assert words in capsys.readouterr().err


def test_an_entry_names_no_folder(tmp_path):
    (tmp_path / "my.pth").touch()
    for task in ("", "@PBE"):
        own = resolve(f"sevennet:{tmp_path / 'my.pth'}{task}")
        assert atlas._named(own) == f"sevennet:my.pth{task}"


def test_an_entry_has_the_numbers_of_its_model(made, tmp_path):
    frames = lumlip.structures(atlas.SET)
    element = one_hot(np.concatenate([atoms.numbers for atoms in frames]))
    other = tmp_path / "element.npz"
    np.savez(other, last_layer=element, structures_sha256=structures_sha256(frames))
    tables = [
        lumlip.compare([model, f"features:{other}"], "atlas", n_bootstrap=0).table.to_numpy()
        for model in ("chgnet-0.3.0", f"features:{made}")
    ]
    assert np.array_equal(*tables)
    assert tables[0][0, 1] > 0.1


def test_a_report_finds_it_the_nearest(made):
    table = in_atlas("chgnet-0.3.0", [made], n_bootstrap=20, device="cpu")
    assert list(table.index) == [f"features:{made}"]
    assert table["mean"].iloc[0].value < 1e-3


def test_the_page_takes_it(made):
    """On the page, models are run on all of mini-mad, in other batches."""
    panel = side_by_side(["chgnet-0.3.0"], [made], device="cpu")
    assert list(panel.datasets) == ["chgnet-0.3.0", "mine"]
    assert len(panel.structures) == 269
    one, two = panel.layer("last_layer").values()
    assert one == pytest.approx(two, abs=1e-3 * one.std())
    for models, some in ((["mine"], [made]), ([], [made, made.parent / "other" / "mine.npz"])):
        with pytest.raises(ValueError, match="got several models as mine: rename the files"):
            side_by_side(models, some, device="cpu")
