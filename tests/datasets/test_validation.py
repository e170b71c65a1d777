"""Each fault of a structure is named, with its frame."""

import time

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.neighborlist import neighbor_list
from ase.units import Bohr

from lumlip import structures
from lumlip.datasets import validation
from lumlip.datasets.properties import neighbor_pairs
from lumlip.datasets.validation import check_structures, concerns
from lumlip.errors import StructureError
from lumlip.extraction.given import Given

GOOD = [bulk("Cu", "fcc", a=3.6), molecule("H2O"), Atoms("Xe")]


def _nan() -> Atoms:
    atoms = molecule("H2O")
    atoms.positions[1, 2] = np.nan
    return atoms


def _infinite_cell() -> Atoms:
    atoms = bulk("Cu")
    atoms.cell.array[0, 0] = np.inf
    return atoms


def _with(**info) -> Atoms:
    atoms = molecule("H2O")
    atoms.info.update(info)
    return atoms


def _part() -> Atoms:
    atoms = molecule("H2O")
    atoms.set_array("occupancy", np.array([1.0, 0.5, 0.0]))
    return atoms


FAULTS = {
    "nan": (_nan(), r"position of atom 1 is \[.*nan\]"),
    "infinite": (Atoms("H", [[np.inf, 0, 0]]), r"position of atom 0 is \[inf"),
    "infinite cell": (_infinite_cell(), "cell has NaN or infinite"),
    "no atoms": (Atoms(), "no atoms: remove"),
    "no cell": (Atoms("Cu", pbc=True), "periodic along a, but that cell vector is zero"),
    "flat cell": (Atoms("Cu", cell=[[3, 0, 0], [0, 3, 0], [3, 3, 0]], pbc=True), "volume of 0 Å"),
    "site in part": (
        _with(occupancy={"0": {"O": 1.0}, "1": {"H": 0.25}}),
        r"site 1 is occupied in part \(H 0\.25\)",
    ),
    "site of two": (
        _with(occupancy={"0": {"O": 0.5, "S": 0.5}}),
        r"site 0 is occupied in part \(O 0\.5, S 0\.5\)",
    ),
    "atom in part": (_part(), r"site of atom 1 is occupied in part \(H 0\.5\)"),
    "overlap": (
        Atoms("CuO", [[0, 0, 0], [0, 0, 0.2]]),
        r"atoms 0 \(Cu\) and 1 \(O\) are 0\.200 Å apart, closer than 0\.5",
    ),
    "overlap across the boundary": (
        Atoms("CuO", [[0.1, 0, 0], [3.9, 0, 0]], cell=[4, 4, 4], pbc=True),
        r"atoms 0 \(Cu\) and 1 \(O\) are 0\.200 Å",
    ),
    "own image": (
        Atoms("Cu", cell=[0.4, 5, 5], pbc=True),
        r"atom 0 \(Cu\) and its own periodic image are 0\.400 Å",
    ),
    "dummy": (Atoms("XH", [[0, 0, 0], [0, 0, 1]]), "atomic number 0 is no element"),
    "half a charge": (_with(charge=0.5), r"\(H2O\): charge is 0\.5, expected one whole number"),
    "half a spin": (_with(charge=0, spin=2.5), r"spin is 2\.5, expected one whole number"),
    "no charge": (_with(charge=np.nan), "charge is nan, expected one whole number"),
    "infinite charge": (_with(charge=np.inf), "charge is inf, expected one whole number"),
    "charge in words": (_with(charge="neutral"), "charge is 'neutral', expected"),
    "charge of None": (_with(charge=None), "charge is None, expected"),
    "charge that is true": (_with(charge=True), "charge is True, expected"),
    "charges of atoms": (_with(charge=np.zeros(3)), r"charge is array\(\[0\., 0\., 0\.\]\), exp"),
    "half a multiplicity": (_with(spin_multiplicity=np.float32(1.5)), "spin_multiplicity is 1.5"),
    "no Atoms": ("Cu", r"got str, expected ase\.Atoms"),
}


def test_good_structures_pass():
    check_structures(GOOD)
    check_structures(GOOD, elements={1, 8, 29, 54}, model="mine")
    check_structures(GOOD[0])


@pytest.mark.parametrize("one", [1, -1.0, np.int64(1), np.float32(2), np.array(3), np.array(-2.0)])
def test_whole_charges_and_spins_pass_whatever_their_type(one):
    check_structures([_with(charge=one, spin=one, spin_multiplicity=one)])


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_named_with_its_frame(name):
    atoms, words = FAULTS[name]
    with pytest.raises(StructureError, match=rf"(?s)1 of 4 structures.*frame 3.*{words}"):
        check_structures([*GOOD, atoms])


def test_unknown_elements_are_named_with_the_model():
    frames = [*GOOD, Atoms("PoRn", [[0, 0, 0], [0, 0, 3]])]
    with pytest.raises(StructureError, match=r"frame 3 \(PoRn\): sevennet-0 does not know Po, Rn"):
        check_structures(frames, elements=range(1, 84), model="sevennet-0")


def test_first_five_faults_are_listed_and_the_others_counted():
    with pytest.raises(StructureError) as caught:
        check_structures([Atoms()] * 4 + GOOD + [Atoms()] * 4)
    message = str(caught.value)
    assert message.startswith("8 of 11 structures have a fault")
    assert [f"frame {i}" in message for i in (0, 1, 2, 3, 7, 8)] == [True] * 5 + [False]
    assert message.endswith("... and 3 more")


def test_error_is_a_value_error():
    assert issubclass(StructureError, ValueError)


def test_short_bonds_are_fine():
    check_structures([Atoms("H2", [[0, 0, 0], [0, 0, 0.6]], cell=-np.eye(3))])


@pytest.mark.parametrize("pbc", [True, (True, True, False), False])
def test_left_handed_cells_are_those_of_their_right_handed_twins(pbc):
    right = bulk("NaCl", "rocksalt", a=5.64) * (2, 1, 1)
    right.rattle(0.1, seed=0)
    right.pbc = pbc
    for cell in (right.cell.array[[1, 0, 2]], -right.cell.array):
        left = Atoms(right.numbers, right.positions, cell=cell, pbc=right.pbc[[1, 0, 2]])
        check_structures([left])
        ends = [np.sort(neighbor_pairs(atoms, 5.0)[2]) for atoms in (left, right)]
        assert np.allclose(*ends)


def test_whole_occupancies_and_those_of_programs_without_any_pass(tmp_path):
    zero = molecule("H2O")
    zero.set_array("occupancy", np.zeros(3))
    check_structures([_with(occupancy={"0": {"O": 1.0}, "1": {"H": 0.998}}), zero])
    check_structures([_with(occupancy="full")])


CIF = """data_x
_cell_length_a 6.0
_cell_length_b 6.0
_cell_length_c 6.0
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Te1 Te 0 0 0 1.0
Ge1 Ge 0.5 0.5 0.5 0.4
Sb1 Sb 0.5 0.5 0.5 0.4(2)
"""


def test_a_crystal_whose_sites_are_shared_is_no_crystal_of_one_of_them(tmp_path):
    path = tmp_path / "gst.cif"
    path.write_text(CIF)
    words = r"frame 0 \(SbTe, gst\.cif\): site 1 is occupied in part \(Ge 0\.4, Sb 0\.4\)"
    with pytest.raises(StructureError, match=words):
        check_structures(structures(path))
    path.write_text(CIF.replace("0.4\n", "1.0\n").rpartition("Sb1")[0])
    check_structures(structures(path))


def test_faults_can_be_asked_for_instead():
    found = check_structures([*GOOD, Atoms()], frames=[0, 2, 4, 6], stop=False)
    assert found == {3: "frame 6 (): no atoms: remove the frame"}


DUMP = """ITEM: TIMESTEP
0
ITEM: NUMBER OF ATOMS
3
ITEM: BOX BOUNDS pp pp pp
0.0 6.0
0.0 6.0
0.0 6.0
ITEM: ATOMS id type x y z
1 1 0.0 0.0 0.0
2 2 2.5 0.0 0.0
3 2 0.0 2.5 0.0
"""


def test_types_of_lammps_taken_for_elements_are_a_concern(tmp_path):
    (tmp_path / "a.lammpstrj").write_text(DUMP)
    found = structures(tmp_path / "a.lammpstrj")
    assert concerns(found, [0])[0].startswith("no elements but H, He: types of LAMMPS")
    (of_one,) = concerns([Atoms("H4", bulk("Cu", cubic=True).positions)], [0])
    assert of_one.startswith("no elements but H: types")
    assert concerns([Atoms("H2", [[0, 0, 0], [0, 0, 0.74]]), molecule("H2O")], [0, 1]) == []


def test_isolated_atoms_are_a_concern_and_crystals_of_one_atom_are_none():
    boxed = Atoms("Na", cell=[12, 12, 12], pbc=True)
    (line,) = concerns([bulk("Cu"), Atoms("Xe"), boxed, molecule("H2O")], [0, 3, 5, 7])
    assert line.startswith("isolated atoms among the frames (3, 5):")


@pytest.mark.parametrize("cutoff", [0.5, 2.0, 5.0, 11.0])
@pytest.mark.parametrize("pbc", [True, False, (True, False, False), (True, True, False)])
def test_pairs_are_those_of_ases_neighbor_list(cutoff, pbc):
    rng = np.random.default_rng(0)
    cell = [[3, 0.2, 0], [1.5, 4, 0.1], [-1, 0.5, 5]]
    atoms = Atoms("Cu4", scaled_positions=rng.uniform(-1, 2, (4, 3)), cell=cell, pbc=pbc)
    first, second, distance = neighbor_pairs(atoms, cutoff)
    i, j, d = neighbor_list("ijd", atoms, cutoff)
    ours = {(a, b, round(x, 8)) for a, b, x in zip(first, second, distance, strict=True)}
    theirs = {(min(p), max(p), round(x, 8)) for *p, x in zip(i, j, d, strict=True)}
    assert ours == theirs


def test_large_frames_are_quick():
    atoms = bulk("Cu", "fcc", a=3.6, cubic=True) * (20, 20, 20)
    start = time.process_time()
    check_structures([atoms])
    assert len(atoms) == 32_000
    assert time.process_time() - start < 3


def test_mini_mad_is_checked_quickly():
    frames = structures("mini-mad")
    start = time.process_time()
    check_structures(frames, elements=range(1, 95))
    assert time.process_time() - start < 3


def test_number_beyond_the_periodic_table_is_named():
    with pytest.raises(StructureError, match="frame 0: atomic number 130 is no element"):
        check_structures([Atoms(numbers=[130])])


def _odd_cells():
    """Cells whose images took 20 GB, half a minute, or more than there is."""
    copper, water = bulk("Cu", cubic=True) * (3, 3, 3), molecule("H2O")
    thin, skewed = copper.cell.array.copy(), copper.cell.array.copy()
    thin[0, 0] = 1e-3
    skewed[1, 0] = 1e6
    yield copper, thin, True, "and its own periodic image are 0.001 Å apart"
    yield copper, skewed, True, "so skewed that its faces are 0.000117 Å apart"
    yield water, np.diag([1e-6, 1e6, 1e3]), True, "and its own periodic image are 0.000 Å"
    yield water, np.eye(3) * 1e5, True, r"the box around it has 1e\+15 Å"
    yield water, [[10, 0, 0], [1e7, 10, 0], [0, 0, 0]], (True, True, False), "so skewed"


@pytest.mark.parametrize(("atoms", "cell", "pbc", "words"), [*_odd_cells()])
def test_odd_cells_are_refused_before_they_take_memory(atoms, cell, pbc, words):
    odd = Atoms(atoms.numbers, atoms.positions, cell=cell, pbc=pbc)
    start = time.process_time()
    with pytest.raises(StructureError, match=f"frame 1 .*{words}"):
        check_structures([atoms, odd])
    assert time.process_time() - start < 1


def test_atoms_at_the_ends_of_the_world_are_refused():
    with pytest.raises(StructureError, match=r"frame 0 .*the box around it has"):
        check_structures([Atoms("H2", [[0, 0, 0], [1e5, 1e5, 1e5]])])


def test_pairs_in_a_skewed_cell_are_those_of_the_straight_one():
    straight = Atoms("NaCl", [[0, 0, 0], [2.8, 0.1, 0.2]], cell=[4, 4.2, 4.4], pbc=True)
    skewed = straight.copy()
    skewed.set_cell(straight.cell.array + np.outer([0, 0, 1], 1000 * straight.cell.array[0]))
    ends = [np.sort(neighbor_pairs(atoms, 5.0)[2]) for atoms in (straight, skewed)]
    assert np.allclose(*ends)


def test_of_what_was_seen_before_only_that_is_looked_at_which_its_sum_does_not_cover():
    near = Atoms("Cu2", [[0, 0, 0], [0, 0, 0.1]])
    check_structures([near], elements=[29], seen=True)
    with pytest.raises(StructureError, match="does not know Cu"):
        check_structures([near], elements=[6], seen=True)
    near.info["occupancy"] = {"0": {"Cu": 0.5}}
    with pytest.raises(StructureError, match="occupied in part"):
        check_structures([near], elements=[29], seen=True)


def _cells_of_all_kinds(n):
    """Cells and molecules, thin, skewed and crowded ones, some atoms 0.5 Å apart to a rounding."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        size = rng.integers(1, 9)
        cell = np.diag(rng.choice([0.45, 0.505, 0.9, 1.01, 1.03, 4.0], 3)) + np.triu(
            rng.choice([0.0, 0.3, 2.0]) * rng.normal(size=(3, 3)), 1
        )
        positions = rng.normal(scale=rng.choice([0.3, 2.0, 9.0]), size=(size, 3))
        if size > 1 and rng.random() < 0.5:
            away = rng.normal(size=3)
            away *= 0.5 * (1 + rng.choice([-1e-3, -1e-12, 0, 1e-12, 1e-3])) / np.linalg.norm(away)
            positions[1] = positions[0] + away + rng.integers(-1, 2, 3) @ cell
        yield Atoms(["Cu"] * size, positions, cell=cell, pbc=rng.integers(0, 2, 3))


def test_what_is_quickly_found_apart_is_so_by_search(monkeypatch):
    frames = [*_cells_of_all_kinds(1500)]
    quick = check_structures(frames, stop=False)
    assert 300 < len(quick) < 1200
    monkeypatch.setattr(validation, "FEW", 0)
    monkeypatch.setattr(validation, "_SURE", np.inf)  # the shortest vector is looked for, too
    assert check_structures(frames, stop=False) == quick


def test_lengths_in_bohr_are_told(capfd):
    found = [bulk("Cu", cubic=True), bulk("NaCl", "rocksalt", a=5.64), molecule("H2O")]
    Given.of(found).faults(stop=True)
    assert not capfd.readouterr().err
    for atoms in found:
        atoms.set_cell(atoms.cell / Bohr, scale_atoms=False)
        atoms.positions /= Bohr
    Given.of(found).faults(stop=True)
    line = "lumlip: warning: closest atoms are 1.9 sums of covalent radii apart, expected about 1"
    assert capfd.readouterr().err.startswith(line)


@pytest.mark.parametrize("name", ["charges", "initial_charges", "formal_charge", "total_charge"])
def test_charges_that_no_model_reads_are_told_with_their_frame(tmp_path, capfd, name):
    """Models that see a charge took ions for neutral without a word."""
    found = [molecule("H2O"), molecule("OH"), molecule("OH")]
    for atoms in found:
        each = [-0.9, -0.1, 0.0][: len(atoms)] if len(atoms) < 3 else [-0.8, 0.4, 0.4]
        if name == "total_charge":
            atoms.info[name] = round(sum(each))
        else:
            atoms.set_array(name, np.array(each))
    columns = {"columns": ["symbols", "positions", name]} if name != "total_charge" else {}
    ase.io.write(tmp_path / "ions.xyz", found, format="extxyz", **columns)
    Given.of(tmp_path / "ions.xyz").faults(stop=True)
    told = capfd.readouterr().err
    assert f"lumlip: warning: frame 1: {name} sum up to -1, but models that see a charge" in told
    assert "(in extxyz charge=-1) (1 more such frames)" in told
    for atoms in found:
        atoms.info["charge"] = 0 if len(atoms) > 2 else -1
    ase.io.write(tmp_path / "told.xyz", found, format="extxyz", **columns)
    Given.of(tmp_path / "told.xyz").faults(stop=True)
    assert not capfd.readouterr().err


def test_charges_and_spins_that_models_may_not_see_are_told():
    found = [molecule("H2O", info=info) for info in ({}, {"charge": 0, "spin": 1}, {"charge": 0.0})]
    assert concerns(found, range(3)) == []
    found[0].info["charge"] = found[1].info["spin_multiplicity"] = 3
    charged, spin = concerns(found, range(3))
    assert charged.startswith("1 structures have a charge: models without an input for it")
    assert spin.startswith("1 structures have a spin_multiplicity and no equal spin")
    found[1].info["spin"] = 3
    assert concerns(found, range(3)) == [charged]
