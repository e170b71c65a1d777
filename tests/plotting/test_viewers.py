"""Data for the interactive viewers."""

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.data import covalent_radii

import lumlip
from lumlip.plotting.viewers import write_viewer


def test_viewer_holds_structures_and_properties(tmp_path):
    structures = lumlip.structures("mini-mad")[::40]
    write_viewer(tmp_path / "v.json", structures, name="some")
    data = json.loads((tmp_path / "v.json").read_text())
    assert data["meta"]["name"] == "some"
    assert [s["size"] for s in data["structures"]] == [len(atoms) for atoms in structures]
    for shown, atoms in zip(data["structures"], structures, strict=True):
        assert shown["names"] == atoms.get_chemical_symbols()
        places = np.array([shown[axis] for axis in "xyz"]).T
        assert places == pytest.approx(atoms.positions, abs=1e-4)
    values = {name: data["properties"][name]["values"] for name in ("subset", "atoms", "elements")}
    assert values == {
        "subset": [atoms.info["subset"] for atoms in structures],
        "atoms": [len(atoms) for atoms in structures],
        "elements": [len(set(atoms.numbers)) for atoms in structures],
    }
    units = {name: known.get("units") for name, known in data["properties"].items()}
    assert data["settings"]["map"]["color"] == {"property": "subset"}
    assert data["settings"]["map"]["symbol"] == "subset"
    assert (units["mean covalent radius"], units["closest"], units["atoms"]) == ("Å", None, None)


def test_closest_pair_and_radius_of_a_known_structure(tmp_path):
    # Rock salt: six neighbors at half the lattice constant; radii of Na and Cl as in ase.
    salt = bulk("NaCl", "rocksalt", a=5.64)
    salt.info["subset"] = "bulk"
    write_viewer(tmp_path / "v.json", [salt], name="salt")
    found = json.loads((tmp_path / "v.json").read_text())["properties"]
    radii = covalent_radii[[11, 17]]
    assert found["closest"]["values"] == [pytest.approx(2.82 / radii.sum(), abs=1e-4)]
    assert found["mean covalent radius"]["values"] == [pytest.approx(radii.mean(), abs=1e-4)]


def test_numbers_are_cut_so_that_the_page_stays_small(tmp_path):
    atoms = Atoms("H2", positions=[[0.123456, 0, 0], [1.000049, 0, 0]], info={"subset": "user"})
    write_viewer(tmp_path / "v.json", [atoms], name="some")
    data = json.loads((tmp_path / "v.json").read_text())
    assert data["structures"][0]["x"] == [0.1235, 1.0]


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
    assert settings.pop("symbol") == "subset"
    assert {key: value["property"] for key, value in settings.items()} == {
        "x": "energy",
        "y": "atoms",
        "color": "energy",
    }
    with pytest.raises(ValueError, match=r"got no property \{'mass'\}; known: subset, atoms"):
        write_viewer(path, structures, name="x", axes=("mass", "atoms"))


def test_numbers_of_atoms_color_them_while_the_map_stays_one_of_structures(tmp_path):
    structures = lumlip.structures("mini-mad")[:3]
    numbers = np.arange(sum(map(len, structures))) / 8
    write_viewer(tmp_path / "v.json", structures, name="x", of_atoms={"error": numbers})
    data = json.loads((tmp_path / "v.json").read_text())
    assert data["properties"]["error"] == {"target": "atom", "values": numbers.round(4).tolist()}
    assert data["settings"]["target"] == "structure"
    assert data["settings"]["structure"] == [{"color": {"property": "error"}}]
    assert len(data["environments"]) == len(numbers)
