"""Entries of the atlas: what is sent is whole, and a broken one is refused by name."""

import json

import numpy as np
import pytest

import lumlip
from lumlip import atlas
from lumlip.book.chapters import atlas_files
from lumlip.cli import main

SENT = {path.stem: path for path in atlas_files()}
ENTRY = SENT["mace-mini"]


@pytest.mark.parametrize("name", SENT)
def test_every_entry_that_was_sent_is_whole(name):
    assert atlas.entry(SENT[name])["entry"] == name


def changed(folder, change):
    """Write the entry anew with other arrays or attributes."""
    with np.load(ENTRY) as file:
        arrays = dict(file)
    told = json.loads(str(arrays.pop("attributes")))
    change(arrays, told)
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


BROKEN = {
    "no model": (lambda arrays, told: told.pop("model"), "does not say model"),
    "no versions": (lambda a, told: told.pop("package_versions"), "not say package_versions"),
    "no sum": (lambda a, told: told.update(checkpoint_sha256=""), "not say checkpoint_sha256"),
    "no licence": (lambda arrays, told: told.pop("licence"), "does not say licence"),
    "no energies": (lambda arrays, told: arrays.pop("energy"), "has no energy"),
    "no proof": (lambda a, told: told.pop("energy_identity"), "got energy_identity nan"),
    "no identity": (lambda a, t: t.update(energy_identity=0.01), "got energy_identity 0.01"),
    "too few": (without_half, "expected 90% or more"),
    "others": (of_another, r"has \d+ of the \d+ structures of the atlas and 1 others"),
    "NaN": (with_nan, "got NaN or infinity in last_layer"),
    "flat": (lambda a, t: a.update(last_layer=a["last_layer"][:, 0]), "expected real numbers"),
    "an atom less": (
        lambda a, t: a.update({n: a[n][:-1] for n in ("last_layer", "backbone", "structure", "atomic_number")}),
        "expected .*, as many in every structure as it has atoms",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_entry_is_refused_by_name(kind, tmp_path):
    change, words = BROKEN[kind]
    path = changed(tmp_path, change)
    with pytest.raises(ValueError, match=f"changed.npz.*{words}") as caught:
        atlas.entry(path)
    assert len(str(caught.value).splitlines()) == 1


def test_what_is_no_archive_or_too_large_is_not_unpacked(tmp_path, monkeypatch):
    (tmp_path / "text.npz").write_text("features")
    with pytest.raises(ValueError, match=r"text.npz is no .npz file"):
        atlas.entry(tmp_path / "text.npz")
    monkeypatch.setattr(atlas, "LARGEST", 1000)
    with pytest.raises(ValueError, match="bytes unpacked, expected at most 1,000"):
        atlas.entry(ENTRY)


def test_good_entries_are_listed_and_wrong_ones_refused_in_a_line(tmp_path, capsys):
    path = changed(tmp_path, with_nan)
    assert main(["atlas", str(ENTRY), str(path)]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["mace-mini", "mace-mini"]]
    assert err.startswith("lumlip: error: ")
    assert len(err.splitlines()) == 1
    assert main(["atlas", str(tmp_path / "none.npz")]) == 1
    assert main(["atlas", "add"]) == 2


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["mace-mini"], "the licence of mace-mini is not known"),
        ([f"features:{ENTRY}", "--licence", "MIT"], "holds features, no model"),
        (["chgnet-0.3.0", "-o", "x.zarr"], "ends in .npz"),
        (["chgnet-0.3.0", "-o", str(ENTRY)], "is there already"),
    ],
)
def test_what_can_be_no_entry_is_told_before_the_work(argv, words, capsys):
    assert main(["atlas", "add", *argv]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.heavy
def test_an_entry_has_the_numbers_of_its_model(tmp_path, capsys):
    path = tmp_path / "mine.npz"
    assert main(["atlas", "add", "chgnet-0.3.0", "-o", str(path)]) == 0
    assert f"features:{path}" in capsys.readouterr().out
    tables = [
        lumlip.compare([model, f"features:{ENTRY}"], "atlas", n_bootstrap=0).table.to_numpy()
        for model in ("chgnet-0.3.0", f"features:{path}")
    ]
    assert np.array_equal(*tables)
    assert tables[0][0, 1] > 0.1
