"""Data for the interactive viewers."""

import json

import pytest

import lumlip
from lumlip.viewers import write_viewer


def test_viewer_holds_structures_and_properties(tmp_path):
    structures = lumlip.structures("mini-mad")[::40]
    write_viewer(tmp_path / "v.json", structures, name="some")
    data = json.loads((tmp_path / "v.json").read_text())
    assert data["meta"]["name"] == "some"
    assert [s["size"] for s in data["structures"]] == [len(atoms) for atoms in structures]
    values = data["properties"]["closest"]["values"]
    assert len(values) == len(structures)
    # The recipe's own bound on the closest pair, see book/structures.
    assert min(values) > 0.62
    assert data["properties"]["mean covalent radius"]["units"] == "Å"


def test_numbers_are_cut_so_that_the_page_stays_small(tmp_path):
    write_viewer(tmp_path / "v.json", lumlip.structures("mini-mad")[:4], name="some")
    data = json.loads((tmp_path / "v.json").read_text())
    for x in data["structures"][0]["x"]:
        assert x == pytest.approx(round(x, 4), abs=0)


def test_own_columns_become_axes_and_colors(tmp_path):
    structures = lumlip.structures("mini-mad")[:3]
    path, columns = tmp_path / "v.json", {"energy": ("eV/atom", [0.12349, 1, 2])}
    write_viewer(
        path, structures, name="x", columns=columns, axes=("energy", "atoms"), color="energy"
    )
    data = json.loads(path.read_text())
    assert data["properties"]["energy"]["values"] == [0.1235, 1, 2]
    assert data["properties"]["energy"]["units"] == "eV/atom"
    settings = data["settings"]["map"]
    assert {key: value["property"] for key, value in settings.items()} == {
        "x": "energy",
        "y": "atoms",
        "color": "energy",
    }
    with pytest.raises(ValueError, match=r"got no property \{'mass'\}; known: subset, atoms"):
        write_viewer(path, structures, name="x", axes=("mass", "atoms"))
