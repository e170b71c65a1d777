"""Data for the interactive viewer."""

import json

import numpy as np
import pytest
from ase.build import bulk
from ase.data import covalent_radii

import lumlip
from lumlip.plotting.viewers import write_viewer


def written(path, structures, numbers):
    write_viewer(path, structures, name="some", of_atoms={"error": numbers})
    return json.loads(path.read_text())


def test_viewer_holds_structures_and_properties(tmp_path):
    structures = lumlip.structures("mini-mad")[::40]
    numbers = np.arange(sum(map(len, structures))) / 8
    data = written(tmp_path / "v.json", structures, numbers)
    assert data["meta"]["name"] == "some"
    assert [s["size"] for s in data["structures"]] == [len(atoms) for atoms in structures]
    for shown, atoms in zip(data["structures"], structures, strict=True):
        assert shown["names"] == atoms.get_chemical_symbols()
        places = np.array([shown[axis] for axis in "xyz"]).T
        assert places == pytest.approx(atoms.positions, abs=1e-4)
        assert np.array_equal(places, places.round(4))  # so that the page stays small
    values = {name: data["properties"][name]["values"] for name in ("subset", "atoms", "elements")}
    assert values == {
        "subset": [atoms.info["subset"] for atoms in structures],
        "atoms": [len(atoms) for atoms in structures],
        "elements": [len(set(atoms.numbers)) for atoms in structures],
    }
    units = {name: known.get("units") for name, known in data["properties"].items()}
    assert (units["mean covalent radius"], units["closest"], units["atoms"]) == ("Å", None, None)
    # Numbers of atoms color these, while the map stays one of structures.
    assert data["settings"]["map"]["color"] == {"property": "subset"}
    assert data["settings"]["target"] == "structure"
    assert data["settings"]["structure"] == [{"color": {"property": "error"}}]
    assert data["properties"]["error"] == {"target": "atom", "values": numbers.round(4).tolist()}
    assert len(data["environments"]) == len(numbers)


def test_closest_pair_and_radius_of_a_known_structure(tmp_path):
    # Rock salt: six neighbors at half the lattice constant; radii of Na and Cl as in ase.
    salt = bulk("NaCl", "rocksalt", a=5.64)
    salt.info["subset"] = "bulk"
    found = written(tmp_path / "v.json", [salt], [0, 1])["properties"]
    radii = covalent_radii[[11, 17]]
    assert found["closest"]["values"] == [pytest.approx(2.82 / radii.sum(), abs=1e-4)]
    assert found["mean covalent radius"]["values"] == [pytest.approx(radii.mean(), abs=1e-4)]
