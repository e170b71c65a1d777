"""Files as other people have them: names, folders, parts, blank lines, tables and databases."""

import gzip
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import ase.db
import ase.io
import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from lumlip import structures
from lumlip.datasets import reading
from lumlip.datasets.reading import frames
from lumlip.datasets.sets import structures_sha256


@pytest.fixture
def salt() -> list[Atoms]:
    made = [bulk("NaCl", "rocksalt", a=a) for a in np.linspace(5.5, 6.0, 6)]
    for i, atoms in enumerate(made):
        atoms.rattle(0.05, seed=i)
    return made


@pytest.mark.parametrize("name", ["at@sign.xyz", "-dash.xyz", "~tilde.xyz", "a b.xyz", "mysql.xyz"])
def test_a_name_may_be_anything(tmp_path, monkeypatch, salt, name):
    ase.io.write(tmp_path / "plain.xyz", salt)
    (tmp_path / "plain.xyz").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(structures(name)) == 6
    assert len(structures(f"{name}@2:")) == 4
    assert {atoms.info["file"] for atoms in structures(tmp_path / name)} == {name}


def test_home_is_where_a_tilde_points(tmp_path, monkeypatch, salt):
    ase.io.write(tmp_path / "salt.xyz", salt)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert len(structures("~/salt.xyz")) == 6


@pytest.mark.parametrize("name", ["salt.xyz", "salt.traj", "salt.xyz.gz", "salt.db"])
@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (":", range(6)),
        ("1:3", (1, 2)),
        ("::2", (0, 2, 4)),
        ("4", (4,)),
        ("-2:", (4, 5)),
        ("-1", (5,)),
    ],
)
def test_a_part_of_a_file_is_named_as_in_ase(tmp_path, salt, name, part, expected):
    ase.io.write(tmp_path / name, salt)
    found = structures(f"{tmp_path / name}@{part}")
    assert np.allclose([a.cell[0, 1] for a in found], [salt[i].cell[0, 1] for i in expected])


@pytest.mark.parametrize(
    ("end", "why"), [("no count\n", "got the line 'no count'"), ("2\n\n", "Frame has 0 atoms")]
)
def test_no_more_of_a_file_is_read_than_was_asked_for(tmp_path, salt, end, why):
    ase.io.write(tmp_path / "salt.xyz", salt)
    with (tmp_path / "salt.xyz").open("a") as file:
        file.write(end)
    assert len(structures(f"{tmp_path / 'salt.xyz'}@:6")) == 6
    with pytest.raises(ValueError, match=rf"salt\.xyz, frame 6 \(.*{why}"):
        structures(tmp_path / "salt.xyz")


def test_a_part_that_is_none_names_the_file():
    with pytest.raises(FileNotFoundError, match=r"no such structure file: none\.traj$"):
        structures("none.traj@0:10")


@pytest.mark.timeout(20)
def test_a_number_of_atoms_without_end_is_refused(tmp_path):
    (tmp_path / "a.xyz").write_text("999999999999\n\nH 0 0 0\n")
    with pytest.raises(ValueError, match="Frame has 1 atoms, expected 999999999999"):
        structures(tmp_path / "a.xyz")


def test_a_part_of_nothing_is_not_of_the_folder():
    with pytest.raises(ValueError, match="unknown structure set '@0:2'"):
        structures("@0:2")


def test_a_step_of_0_is_refused(tmp_path, salt):
    ase.io.write(tmp_path / "salt.xyz", salt)
    with pytest.raises(ValueError, match="got a step of 0"):
        structures(f"{tmp_path / 'salt.xyz'}@::0")


@pytest.mark.parametrize("element", [" C", "  "])
def test_alpha_carbons_are_no_calcium(tmp_path, element):
    """Without columns 77 and 78, ase takes the name of an atom for its element."""
    line = "ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00"
    (tmp_path / "a.pdb").write_text(f"{line:76}{element}\nEND\n")
    if element.strip():
        assert structures(tmp_path / "a.pdb")[0].symbols[0] == "C"
    else:
        with pytest.raises(ValueError, match=r"a\.pdb .*line 1 names no element in columns 77"):
            structures(tmp_path / "a.pdb")


def test_several_files_and_sets_are_one(tmp_path, salt):
    for i, atoms in enumerate(salt):
        ase.io.write(tmp_path / f"{i}.cif", atoms)
    found = structures([tmp_path / "4.cif", str(tmp_path / "1.cif"), "mini-mad:2d:test", salt[0]])
    assert [a.info.get("file") for a in found[:2]] == ["4.cif", "1.cif"]
    assert found[1].info["parent"] == "frame-1"
    assert {a.info["subset"] for a in found[2:-1]} == {"2d"}
    assert np.allclose(found[-1].positions, salt[0].positions)


def test_a_folder_is_all_files_below_it_and_what_is_left_is_told(tmp_path, salt, capfd):
    (tmp_path / "more").mkdir()
    for i, atoms in enumerate(salt):
        ase.io.write(tmp_path / ("more" * (i > 3)) / f"{i}.cif", atoms)
    ase.io.write(tmp_path / "more" / "POSCAR", salt[0])
    (tmp_path / "README.md").write_text("mine\n")
    found = structures(tmp_path)
    names = [atoms.info["file"] for atoms in found]
    assert names == ["0.cif", "1.cif", "2.cif", "3.cif", "4.cif", "5.cif", "POSCAR"]
    assert len(structures(f"{tmp_path}@:2")) == 2
    assert "1 files are no structures by name, such as README.md" in capfd.readouterr().err


def test_a_link_to_a_folder_above_is_not_followed(tmp_path, salt):
    (tmp_path / "more").mkdir()
    ase.io.write(tmp_path / "more" / "a.cif", salt[0])
    for place in (tmp_path, tmp_path / "more"):
        (place / "loop").symlink_to(tmp_path)
    assert len(structures(tmp_path)) == 1


def test_a_folder_that_many_links_lead_to_is_read_once(tmp_path, salt):
    """Each way was followed: with twelve folders for hours."""
    folders = [tmp_path / name for name in "abcdefghijkl"]
    for folder in folders:
        folder.mkdir()
        ase.io.write(folder / "one.cif", salt[0])
        for other in folders:
            (folder / f"to-{other.name}").symlink_to(other)
    assert len(structures(tmp_path)) == 12


def test_a_disk_is_no_folder_of_structures(tmp_path, salt, monkeypatch):
    monkeypatch.setattr(reading, "MOST", 20)
    deep = tmp_path.joinpath(*"abcdefghijklmnop")
    deep.mkdir(parents=True)
    for i in range(30):
        ase.io.write(deep / f"{i}.cif", salt[0])
    assert len(structures(tmp_path)) == 30
    for name in "qrstu":
        (deep / f"{name}.txt").touch()
    with pytest.raises(ValueError, match=r"got more than 20 folders and files that are .*\.txt; n"):
        structures(tmp_path)


def test_an_empty_folder_is_no_structures(tmp_path):
    with pytest.raises(ValueError, match="no structures in"):
        structures(tmp_path)


def test_a_faulty_file_of_a_folder_is_named(tmp_path, salt):
    ase.io.write(tmp_path / "a.cif", salt[0])
    (tmp_path / "b.cif").write_text("no structure\n")
    with pytest.raises(ValueError, match=r"b\.cif"):
        structures(tmp_path)


@pytest.mark.parametrize("between", ["\n", "\n\n  \n"])
def test_blank_lines_end_no_file(tmp_path, salt, between):
    texts = []
    for atoms in salt:
        ase.io.write(tmp_path / "one.xyz", atoms)
        texts.append((tmp_path / "one.xyz").read_text())
    (tmp_path / "all.xyz").write_text(between + between.join(texts) + between)
    ase.io.write(tmp_path / "plain.xyz", salt)
    assert structures(tmp_path / "all.xyz") == structures(tmp_path / "plain.xyz")


def test_blank_comments_cell_vectors_and_marks_are_read(tmp_path):
    text = "1\n\nCu 0 0 0\nVEC1 4 0 0\nVEC2 0 4 0\nVEC3 0 0 4\n2\n\nH 0 0 0\nH 0 0 0.74\n"
    (tmp_path / "a.xyz").write_text(text, encoding="utf-8-sig")
    copper, hydrogen = structures(tmp_path / "a.xyz")
    assert copper.get_volume() == pytest.approx(64)
    assert len(hydrogen) == 2


def test_isotopes_are_named_as_elements(tmp_path):
    (tmp_path / "a.xyz").write_text("3\n\nO 0 0 0\nD 0.96 0 0\nD -0.24 0.93 0\n")
    with pytest.raises(ValueError, match="not isotopes: write D and T as H"):
        structures(tmp_path / "a.xyz")


LAMMPS = """title

2 atoms
2 atom types

0.0 5.0 xlo xhi
0.0 5.0 ylo yhi
0.0 5.0 zlo zhi

Masses

1 28.0855
2 15.999

Atoms # atomic

1 1 0 0 0
2 2 2.0 0 0
"""


def test_a_format_can_be_named(tmp_path):
    path = tmp_path / "lmp.data"
    path.write_text(LAMMPS)
    with pytest.raises(ValueError, match=r"no structures in .*lmp\.data.*--format lammps-data"):
        structures(path)
    (atoms,) = structures(path, format="lammps-data")
    assert atoms.get_chemical_formula() == "OSi"


def deepmd(folder, salt, **files):
    (folder / "set.000").mkdir(parents=True)
    np.save(folder / "set.000" / "coord.npy", [a.positions.ravel() for a in salt])
    np.save(folder / "set.000" / "box.npy", [a.cell.array.ravel() for a in salt])
    (folder / "type.raw").write_text("1\n0\n")
    (folder / "type_map.raw").write_text("Cl\nNa\n")
    for name, values in files.items():
        np.save(folder / "set.000" / f"{name}.npy", values)


def test_deepmd_folders_are_read(tmp_path, salt):
    deepmd(tmp_path / "data" / "nacl", salt)
    for given in (tmp_path / "data", tmp_path / "data" / "nacl"):
        assert structures_sha256(structures(given)) == structures_sha256(structures(salt))
    (tmp_path / "data" / "nacl" / "nopbc").touch()
    assert not structures(tmp_path / "data")[0].pbc.any()


def test_deepmd_folders_of_mixed_types_are_read(tmp_path, salt):
    deepmd(tmp_path, salt, real_atom_types=[[1, 0]] * 5 + [[0, -1]])
    assert [str(a.symbols) for a in structures(tmp_path)] == ["NaCl"] * 5 + ["Cl"]


@pytest.mark.parametrize("name", ["box", "real_atom_types"])
def test_frames_that_a_deepmd_array_lacks_are_told(tmp_path, salt, name):
    arrays = {"real_atom_types": [[1, 0]] * 6, "box": [a.cell.array.ravel() for a in salt]}
    deepmd(tmp_path, salt, **{name: arrays[name][:4]})
    with pytest.raises(ValueError, match=rf"set\.000: got 4 frames of {name}, expected 6"):
        structures(tmp_path)


FRAME = """ITEM: TIMESTEP
{}
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp pp pp
0.0 5.0
0.0 5.0
0.0 5.0
ITEM: ATOMS id element x y z
1 Na 0 0 0
2 Cl 2.5 0 0
"""


@pytest.mark.parametrize(("n_lines", "found"), [(0, None), (1, 1), (2, 0)])
def test_a_dump_that_is_cut_off_is_refused(tmp_path, n_lines, found):
    """As of a run that was killed: ase takes the atoms that are there for all."""
    lines = (FRAME.format(0) + FRAME.format(10)).splitlines(keepends=True)
    (tmp_path / "a.lammpstrj").write_text("".join(lines[: len(lines) - n_lines]))
    if found is None:
        assert {len(atoms) for atoms in structures(tmp_path / "a.lammpstrj")} == {2}
        return
    with pytest.raises(ValueError, match=rf"a frame has {found} atoms, expected 2"):
        structures(tmp_path / "a.lammpstrj")


CUT = "cif res proteindatabank turbomole gen gromacs mol sdf dlp4 rmc6f dmol-car runnerdata"


@pytest.mark.parametrize("format", [*CUT.split(), "gaussian-in", "gromos", "vasp", "xyz", "cfg"])
@pytest.mark.parametrize("atoms", [bulk("NaCl", "rocksalt", a=5.64, cubic=True), molecule("CH3OH")])
def test_no_file_that_is_cut_off_at_the_end_of_a_line_is_taken_for_less(tmp_path, format, atoms):
    atoms.center(2.0) if not atoms.pbc.any() else None
    ase.io.write(tmp_path / "whole", atoms, format=format)
    (whole,) = structures(tmp_path / "whole", format=format)
    assert len(whole) == len(atoms)
    lines, refused = (tmp_path / "whole").read_text().splitlines(keepends=True), 0
    for n in range(len(lines)):
        (tmp_path / "cut").write_text("".join(lines[:n]))
        try:
            (found,) = structures(tmp_path / "cut", format=format)
        except ValueError:
            refused += 1
            continue
        assert len(found) in (0, len(atoms))  # without atoms: refused by every model
    assert refused > len(atoms) / 2


def test_cif_of_databases_are_whole_or_refused(tmp_path):
    """With symmetry, with Z, without; where Z is wrong the formula may be that of the cell."""
    for path in Path(ase.__file__).parent.glob("test/testdata/minerals/*.cif"):
        (whole,), lines = structures(path), path.read_text().splitlines(keepends=True)
        for n in range(len(lines) - 9, len(lines)):
            (tmp_path / "cut.cif").write_text("".join(lines[:n]))
            with suppress(ValueError):
                assert len(structures(tmp_path / "cut.cif")[0]) == len(whole)


def test_a_cif_of_several_structures_that_is_cut_off_in_one_is_refused(tmp_path, salt):
    ase.io.write(tmp_path / "a.cif", salt[:3])
    lines = (tmp_path / "a.cif").read_text().splitlines(keepends=True)
    last = max(n for n, line in enumerate(lines) if line.startswith("data_"))
    for n in range(last + 4, len(lines)):
        (tmp_path / "cut.cif").write_text("".join(lines[:n]))
        with suppress(ValueError):
            assert len(structures(tmp_path / "cut.cif")) == 3


CIF = """data_a
_chemical_formula_sum '{formula}'
_cell_formula_units_Z {z}
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_Int_Tables_number 225
loop_
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na 0 0 0
Cl 0.5 0.5 0.5{row}
"""


@pytest.mark.parametrize(
    ("formula", "z", "row", "said"),
    [
        ("Na Cl", "4", "", None),
        ("Na4 Cl4", "4", "", None),  # as pymatgen writes it
        ("Na2 Cl2", "?", "", None),
        ("?", "?", "", None),
        ("NA1 CL1", "0", "", None),  # in capitals: no formula for sure
        ("C1111111111" * 9 + "!", "4", "", None),
        (
            "Na Cl",
            "8",
            "",
            "got Cl4Na4, expected what its formula says, Na Cl with Z = 8",
        ),
        ("Na Cl", "1", "", "with Z = 1"),
        ("Na Cl H2", "4", "", "cut off, or without H?"),
        ("Na8 Cl8", "?", "", "Na8 Cl8: cut off"),
        ("Na Cl", "4", " 0.5", "Wrong number 5 of tokens, expected 4"),
    ],
)
def test_cif_are_what_their_formula_says(tmp_path, formula, z, row, said):
    (tmp_path / "a.cif").write_text(CIF.format(formula=formula, z=z, row=row))
    if said is None:
        assert len(structures(tmp_path / "a.cif")[0]) == 8
    else:
        with pytest.raises(ValueError, match=re.escape(said)):
            structures(tmp_path / "a.cif")


RES = "TITL a\nCELL 1.0 4 4 4 90 90 90\nLATT -1\nSFAC Si\nSi 1 0 0 0 1.0\nSi 1 .5 .5 .5 1.0\nEND\n"
PDB = "CRYST1   10.000   10.000   10.000  90.00  90.00  90.00 {:11}{}\n" + (
    "ATOM      1  C   MOL A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n"
)
POSCAR = "In work\n3.5\n1 0 0\n0 1 0\n0 0 1\nC\n2\nDirect\n0 0 0\n0.25 0.25 0.25\n"
XYZ = '1\n{}attice="3 0 0 0 3 0 0 0 3"\nHe 0 0 0\n'
COORD = "$coord\n 0 0 0 he\n$end\n"
MOL = "a\n  b\n\n  1  0  0  0  0  0  0  0  0  0  0\n    0.0 0.0 0.0 He 0\n$$$$\n"


@pytest.mark.parametrize(
    ("name", "right", "wrong", "said"),
    [
        ("a.res", RES, RES + RES, "symmetry or several structures"),
        ("a.res", RES, RES.replace("LATT -1", "LATT 1"), "symmetry or several structures"),
        ("a.res", RES, RES.replace("LATT -1", "LATT -1\nSYMM -x,-y,z"), "symmetry or several"),
        ("a.res", RES, RES.replace(".5 .5 .5", "5e-1 .5 .5"), "got the line 'Si 1 5e-1 .5"),
        (
            "a.pdb",
            PDB.format("P 1", 1),
            PDB.format("P 21/c", 4),
            "symmetry, P 21/c; expected P 1",
        ),
        ("POSCAR", POSCAR, POSCAR.replace("C\n2", "2"), "line 6 names no elements; write them"),
        (
            "POSCAR",
            POSCAR,
            POSCAR.replace("C\n", "C_pv Al\n"),
            "got 2 elements in line 6, 1 numbers",
        ),
        ("a.xyz", XYZ.format("L"), XYZ.format("l"), "got lattice=, which ase reads no cell from"),
        ("coord", COORD, COORD.replace("$end", "$periodic 3\n$end"), "it is periodic, which ase"),
        ("a.sdf", MOL, MOL + MOL, "it has 2 molecules, of which ase reads one"),
    ],
)
def test_what_ase_leaves_out_is_refused(tmp_path, name, right, wrong, said):
    (tmp_path / name).write_text(right)
    assert len(structures(tmp_path / name)) == 1
    (tmp_path / name).write_text(wrong)
    with pytest.raises(ValueError, match=rf"cannot read .*{name} \(.*{said}.*\)$"):
        structures(tmp_path / name)


@pytest.mark.parametrize("name", ["a.xyz", "a.cif", "POSCAR", "a.gen"])
def test_a_number_that_may_be_cut_off_is_told(tmp_path, salt, capfd, name):
    path = tmp_path / name
    ase.io.write(path, salt[0])
    structures(path)
    assert "its last line has no end" not in capfd.readouterr().err
    path.write_text(path.read_text().rstrip())
    structures(path)
    assert f"lumlip: {path}: its last line has no end; is the file whole?" in capfd.readouterr().err


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_pipes_and_devices_are_not_waited_for(tmp_path, salt):
    os.mkfifo(tmp_path / "a.xyz")
    deepmd(tmp_path / "deepmd", salt)
    (tmp_path / "deepmd" / "set.000" / "box.npy").unlink()
    os.mkfifo(tmp_path / "deepmd" / "set.000" / "box.npy")
    for path in (tmp_path / "a.xyz", tmp_path / "deepmd", tmp_path, "/dev/zero", "/dev/tty"):
        with pytest.raises(ValueError, match="is a pipe or a device, expected a file: save"):
            structures(path)


def test_databases_keep_charge_and_spin(tmp_path):
    for name in ("a.db", "a.aselmdb"):
        if name.endswith("lmdb"):
            pytest.importorskip("ase_db_backends")
        with ase.db.connect(tmp_path / name) as rows:  # as fairchem writes them
            for i in range(3):
                rows.write(molecule("H2O"), data={"charge": -i, "spin": 1 + i})
        found = structures(tmp_path / name)
        assert [(a.info["charge"], a.info["spin"]) for a in found] == [(0, 1), (-1, 2), (-2, 3)]
        (tmp_path / name).chmod(0o400)
        assert len(structures(f"{tmp_path / name}@1:")) == 2


def lemat(salt):
    rows = [
        {
            "immutable_id": f"mine-{i // 2}",
            "species_at_sites": list(atoms.symbols),
            "cartesian_site_positions": atoms.positions.tolist(),
            "lattice_vectors": atoms.cell.array.tolist(),
            "energy": 0.0,
        }
        for i, atoms in enumerate(salt)
    ]
    return pd.DataFrame(rows)


def test_parquet_of_lemat_is_read(tmp_path, salt):
    pytest.importorskip("pyarrow")
    lemat(salt).to_parquet(tmp_path / "a.parquet")
    found = structures(tmp_path / "a.parquet")
    assert structures_sha256(found) == structures_sha256(structures(salt))
    assert [a.info["parent"] for a in found] == ["mine-0"] * 2 + ["mine-1"] * 2 + ["mine-2"] * 2
    assert next(frames(tmp_path / "a.parquet")) == salt[0]
    lemat(salt)[["energy"]].to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="expected the columns of LeMat-Bulk"):
        structures(tmp_path / "b.parquet")


@pytest.mark.parametrize(
    ("name", "package"), [("a.parquet", "pyarrow"), ("a.aselmdb", "ase-db-backends")]
)
def test_what_a_reader_needs_is_named(tmp_path, name, package):
    (tmp_path / name).touch()
    hide = f"import sys; sys.modules[{package.replace('-', '_')!r}] = None; import lumlip; "
    argv = [sys.executable, "-c", f"{hide}lumlip.structures({str(tmp_path / name)!r})"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stderr.endswith(f"{name} needs a package: pip install {package}\n")


def test_pickles_of_oc20_are_not_opened(tmp_path):
    (tmp_path / "a.lmdb").write_bytes(b"x")
    with pytest.raises(ValueError, match="hold pickled graphs, which may run code"):
        structures(tmp_path / "a.lmdb")


def test_packed_file_that_grows_without_end_is_refused(tmp_path, salt, monkeypatch):
    ase.io.write(tmp_path / "many.xyz", salt * 10)
    (tmp_path / "many.xyz.gz").write_bytes(gzip.compress((tmp_path / "many.xyz").read_bytes()))
    monkeypatch.setattr("lumlip.datasets.formats.LARGEST", 5000)
    with pytest.raises(ValueError, match="more than 5000 bytes when unpacked"):
        structures(tmp_path / "many.xyz.gz")
    assert len(structures(tmp_path / "many.xyz")) == 60


@pytest.mark.parametrize(("part", "n"), [("2:500", 4), ("-500:", 6), ("0:500:2", 3)])
def test_a_part_beyond_the_end_is_told(tmp_path, salt, capfd, part, n):
    ase.io.write(tmp_path / "salt.xyz", salt)
    assert len(structures(f"{tmp_path / 'salt.xyz'}@{part}")) == n
    assert "there are no more than 6 frames" in capfd.readouterr().err
    structures(f"{tmp_path / 'salt.xyz'}@-6:6")
    assert not capfd.readouterr().err
    with pytest.raises(ValueError, match=r"salt.xyz@7:9: got none of 6 frames, expected some"):
        structures(f"{tmp_path / 'salt.xyz'}@7:9")


def test_a_file_of_another_format_than_named_is_told(tmp_path, salt):
    ase.io.write(tmp_path / "salt.xyz", salt)
    with pytest.raises(ValueError, match=r"cannot read .*salt.xyz .*is it of the format 'cif'"):
        structures(tmp_path / "salt.xyz", format="cif")
