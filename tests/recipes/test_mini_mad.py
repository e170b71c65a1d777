"""The committed mini-mad is what its recipe makes, and the recipe's parts do what they say."""

import hashlib

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

import lumlip
from lumlip.datasets.sets import DATA
from recipes.mini_mad import prototypes
from recipes.mini_mad.clusters import cluster
from recipes.mini_mad.crystals import decorate, rattled
from recipes.mini_mad.elements import ELEMENTS, similar
from recipes.mini_mad.geometry import closeness, is_sane
from recipes.mini_mad.layers import layer
from recipes.mini_mad.mini_mad import SIZES, extxyz, mini_mad, write
from recipes.mini_mad.molcrys import molecular_crystal
from recipes.mini_mad.molecules import is_closed_shell, molecules
from recipes.mini_mad.surfaces import VACUUM, slab


@pytest.fixture(scope="module")
def made() -> list[Atoms]:
    return mini_mad()


@pytest.fixture
def salt() -> Atoms:
    crystal = bulk("NaCl", "rocksalt", a=5.64)
    crystal.info = {"parent": "NaCl/rocksalt", "prototype": "rocksalt"}
    return crystal


def test_committed_file_has_its_checksum():
    expected, name = (DATA / "mini-mad.sha256").read_text().split()
    assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == expected
    assert (DATA / name).stat().st_size <= 2 * 2**20


@pytest.mark.heavy
@pytest.mark.timeout(300)
def test_recipe_reproduces_the_committed_set(made):
    committed = lumlip.structures("mini-mad")
    assert len(made) == len(committed)
    for new, old in zip(made, committed, strict=True):
        assert new.info == old.info
        assert new.numbers.tolist() == old.numbers.tolist()
        assert new.pbc.tolist() == old.pbc.tolist()
        # The file has six decimals; the last one may differ between machines.
        np.testing.assert_allclose(new.positions, old.positions, rtol=0, atol=2e-6)
        np.testing.assert_allclose(new.cell.array, old.cell.array, rtol=0, atol=2e-6)


def test_subsets_have_the_sizes_asked_for():
    subsets = [a.info["subset"] for a in lumlip.structures("mini-mad")]
    assert {s: subsets.count(s) for s in dict.fromkeys(subsets)} == SIZES


def test_file_does_not_depend_on_time_or_name(tmp_path, salt):
    salt.info |= {"subset": "bulk", "part": "train"}
    for name in ("a.xyz.gz", "b.xyz.gz"):
        write([salt], tmp_path / name)
    assert (tmp_path / "a.xyz.gz").read_bytes() == (tmp_path / "b.xyz.gz").read_bytes()
    assert extxyz([salt]).splitlines()[1] == (
        'Lattice="0.000000 2.820000 2.820000 2.820000 0.000000 2.820000 2.820000 2.820000 0.000000"'
        ' Properties=species:S:1:pos:R:3 subset="bulk" part="train" parent="NaCl/rocksalt"'
        ' pbc="T T T"'
    )


def test_missing_pymatgen_names_the_extra(monkeypatch):
    def files(_name):
        raise prototypes.PackageNotFoundError

    monkeypatch.setattr(prototypes, "files", files)
    with pytest.raises(ImportError, match=r"lumlip\[recipe\]"):
        prototypes.prototypes()


def test_elements_are_the_83_up_to_bismuth():
    assert tuple(range(1, 84)) == ELEMENTS
    assert all(z in similar(z) for z in ELEMENTS)


def test_decorating_scales_by_the_bond_lengths():
    blende = bulk("ZnS", "zincblende", a=5.41)
    blende.info = {"parent": "ZnS/blende", "prototype": "blende"}
    made = decorate(blende, {30: 48, 16: 34})
    # Only Zn-S counts as a bond: the edge scales by (r_Cd + r_Se) / (r_Zn + r_S).
    factor = (covalent_radii[48] + covalent_radii[34]) / (covalent_radii[30] + covalent_radii[16])
    np.testing.assert_allclose(made.cell.lengths(), factor * blende.cell.lengths(), atol=2e-6)
    # Zincblende CdSe has a = 6.05 Å.
    assert made.cell.lengths()[0] * 2**0.5 == pytest.approx(6.05, rel=0.05)
    assert made.info["parent"] == "CdSe/blende"


def test_rattling_is_strong_but_leaves_no_overlap(salt):
    copy = rattled(salt, np.random.default_rng(0))
    still = salt.repeat((2, 2, 1))
    assert len(copy) == 8
    assert closeness(copy) >= 0.62
    moved = (copy.positions - still.positions) / covalent_radii[copy.numbers][:, None]
    assert 0.1 < moved.std() < 0.3


def test_slab_keeps_the_crystals_bonds_and_has_vacuum(salt):
    rng = np.random.default_rng(1)
    slabs = [made for made in (slab(salt, rng) for _ in range(40)) if made is not None]
    assert len(slabs) > 10
    for made in slabs:
        assert made.pbc.all()
        assert np.ptp(made.positions[:, 2]) + VACUUM == pytest.approx(made.cell[2, 2], abs=1e-5)
        assert neighbor_list("d", made, 3.5).min() == pytest.approx(2.82, abs=1e-4)
        assert np.linalg.det(made.cell.array) > 0


def test_layer_of_graphite_is_graphene_and_of_salt_nothing(salt):
    graphite = Atoms(
        "C4",
        scaled_positions=[[0, 0, 0], [1 / 3, 2 / 3, 0], [0, 0, 0.5], [2 / 3, 1 / 3, 0.5]],
        cell=[2.46, 2.46, 6.7, 90, 90, 120],
        pbc=True,
        info={"parent": "C/graphite"},
    )
    graphene = layer(graphite)
    assert len(graphene) == 2
    assert graphene.cell[2, 2] == pytest.approx(VACUUM)
    np.testing.assert_allclose(neighbor_list("d", graphene, 1.6), np.full(6, 2.46 / 3**0.5), 1e-6)
    assert layer(salt) is None


def test_clusters_are_neighborhoods_of_the_crystal(salt):
    rng = np.random.default_rng(2)
    made = [cluster(salt, rng) for _ in range(30)]
    assert {len(a) for a in made} <= set(range(2, 9))
    for atoms in made:
        assert not atoms.pbc.any()
        distance = np.linalg.norm(atoms.positions - atoms.positions[0], axis=1)
        assert distance[0] == 0
        assert (np.diff(distance) > -1e-3).all()
        assert distance[1] == pytest.approx(2.82, abs=1e-3)


def test_molecular_crystal_keeps_the_molecule_and_its_symmetry():
    methane = next(a for a in molecules() if a.info["label"] == "CH4")
    crystal = molecular_crystal(methane, np.random.default_rng(3))
    n_molecules = len(crystal) // 5
    assert n_molecules in (2, 4)
    bonds = neighbor_list("d", crystal, 1.4)
    assert len(bonds) == 2 * 4 * n_molecules
    # C-H of ase's methane is 1.09 Å; the atoms are displaced by 0.04 Å.
    assert bonds.mean() == pytest.approx(1.09, abs=0.04)
    # Solid methane has 9.6 Å^3 per atom at 20 K (a = 5.88 Å, four molecules in the cell)...
    assert 7.5 < crystal.get_volume() / len(crystal) < 15
    # ... and molecules stay at van der Waals distance: no H-H between 1.9 (bonded C) and touching.
    between = neighbor_list("d", crystal, 1.6)
    assert len(between) == len(bonds)


def test_radicals_and_carbenes_make_no_crystals():
    labels = {a.info["label"]: is_closed_shell(a) for a in molecules()}
    assert labels["CH3OH"]
    assert labels["C6H6"]
    assert not labels["CH3"]
    assert not labels["CH2_s3B1d"]


@pytest.mark.parametrize(
    "atoms",
    [
        Atoms("Cu2", [[0, 0, 0], [0, 0, 1.2]]),  # too close
        Atoms("Cu3", [[0, 0, 0], [0, 0, 2.5], [0, 0, 7.0]]),  # one alone
        Atoms("Cu", cell=[9, 9, 2.5], pbc=True),  # too thin
    ],
)
def test_insane_structures_are_told(atoms):
    assert not is_sane(atoms, closest=0.6)
