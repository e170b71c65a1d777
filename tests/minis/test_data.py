"""Reading labelled structures."""

import ase.io
import numpy as np
import pytest
from ase.build import bulk

from recipes.minis.data import read_labelled


@pytest.fixture
def folder(tmp_path):
    frames = []
    for i, kind in enumerate(("inorganic", "surface", "molecule")):
        atoms = bulk("NaCl", "rocksalt", a=5.6 + i)
        atoms.info = {"kind": kind, "parent": f"p{i}", "unseen": i == 1}
        atoms.info |= {"energy_pbe": -1.0 * i, "energy_r2scan": -10.0 * i}
        atoms.arrays["forces_pbe"] = np.full((2, 3), 0.5 * i)
        atoms.arrays["forces_r2scan"] = np.full((2, 3), 5.0 * i)
        frames.append(atoms)
    ase.io.write(tmp_path / "validation.xyz", frames, format="extxyz")
    return tmp_path


def test_each_level_has_its_labels(folder):
    pbe, r2scan = (read_labelled(folder, "validation", level=v) for v in ("pbe", "r2scan"))
    assert [a.info["ref_energy"] for a in pbe] == [0, -1, -2]
    assert [a.info["ref_energy"] for a in r2scan] == [0, -10, -20]
    assert (pbe[2].arrays["ref_forces"] == 1.0).all()
    assert (r2scan[2].arrays["ref_forces"] == 10.0).all()
    assert [bool(a.info["unseen"]) for a in pbe] == [False, True, False]


def test_kinds_are_chosen(folder):
    found = read_labelled(folder, "validation", kinds=["molecule", "surface"])
    assert [a.info["kind"] for a in found] == ["surface", "molecule"]


def test_wrong_requests_name_what_there_is(folder):
    with pytest.raises(ValueError, match="pbe, r2scan"):
        read_labelled(folder, "validation", level="b3lyp")
    with pytest.raises(ValueError, match="inorganic, surface, molecule"):
        read_labelled(folder, "validation", kinds=["glass"])
    with pytest.raises(ValueError, match=r"lps-train\.xyz"):
        read_labelled(folder, "train", dataset="lps")
