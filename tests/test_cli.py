"""The command line as a new user meets it: each command really run, errors in one line."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

from lumlip.arguments import parser
from lumlip.cli import main
from lumlip.datasets.sets import structures, structures_sha256
from lumlip.extraction.workers import WorkerPool

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def crystals(tmp_path):
    made = [bulk(s, cubic=True) * (2, 2, 1) for s in ("Cu", "Al", "Si", "Fe", "Ag", "W")] * 3
    for i, atoms in enumerate(made):
        atoms.rattle(0.1, seed=i)
    write(tmp_path / "crystals.xyz", made)
    return str(tmp_path / "crystals.xyz")


def error_of(argv, capsys, starts="lumlip: error: "):
    assert main(argv) == 2
    _, err = capsys.readouterr()
    assert err.startswith(starts)
    assert "Traceback" not in err
    return err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    names = (
        "models lineage structures extract join embed select uncertainty compare check report "
        "atlas run book"
    )
    for command in names.split():
        assert f"    {command}" in text


def test_help_imports_no_library():
    """They take seconds to import; whoever asks for help waits for none of them."""
    code = """
import contextlib, sys
from lumlip.cli import main
with contextlib.suppress(SystemExit):
    main(["--help"])
print("loaded:", {"torch", "pandas", "xarray", "matplotlib", "ase", "numpy"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "structures" in done.stdout
    assert done.stdout.endswith("loaded: set()\n")


@pytest.mark.heavy
def test_extraction_leaves_torch_to_the_worker(tmp_path):
    """It is 120 MB and two seconds that the process which was called does without."""
    write(tmp_path / "one.xyz", bulk("Cu", cubic=True))
    code = """
import sys
from lumlip.cli import main
assert main(["extract", "chgnet-0.3.0", "one.xyz", "-o", "one.npz", "--device", "cpu"]) == 0
print("loaded:", "torch" in sys.modules)
"""
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.endswith("loaded: False\n")


def test_help_lists_the_choices(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["compare", "--help"])
    text = capsys.readouterr().out
    for choices in ("gfre,lfre,gfrd", "backbone,last_layer", "structure,atom,composition,parent"):
        assert choices in text


def as_user(*argv, **env):
    command = [sys.executable, "-m", "lumlip.cli", *argv]
    env = {**os.environ, **env}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_python_without_assertions_is_one_line():
    done = as_user("models", PYTHONOPTIMIZE="2")
    assert done.returncode == 2
    assert done.stderr == (
        "lumlip: error: Python runs without assertions: unset PYTHONOPTIMIZE, drop -O\n"
    )


@pytest.mark.faults
def test_cache_that_cannot_be_is_one_line(crystals, tmp_path, capsys, monkeypatch):
    (tmp_path / "file").touch()
    for home in ("file", "file/below"):
        monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / home))
        message = error_of(["extract", "chgnet-0.3.0", crystals], capsys)
        assert message.count("\n") == 1
        assert message.endswith("; set LUMLIP_HOME to a folder that you can write to\n")


@pytest.mark.parametrize("name", [f"a{os.pathsep}b", "a\nb"])
def test_a_home_that_no_worker_finds_is_one_line(crystals, tmp_path, capsys, monkeypatch, name):
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / name))
    assert "expected a folder without" in error_of(["extract", "sevennet-0", crystals], capsys)


def test_a_home_of_nobody_is_a_folder_of_that_name(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("LUMLIP_HOME", "LUMLIP_DATA", "LUMLIP_MODELS"):
        monkeypatch.setenv(name, "~no such user/x")
    assert main(["models"]) == 0
    assert "(now: ~no such user/x)" in error_of(["structures", "mad"], capsys)


@pytest.mark.faults
def test_damaged_records_are_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path))
    for content in ("{bro", "[]", '{"a": 1}'):
        (tmp_path / "weights.json").write_text(content)
        message = error_of(["models"], capsys)
        assert "weights.json is damaged: remove it, lumlip fills it again\n" in message


@pytest.mark.faults
@pytest.mark.parametrize("name", ["file/out", "a" * 300])
def test_output_that_cannot_be_is_found_before_the_work(
    crystals, tmp_path, capsys, monkeypatch, name
):
    (tmp_path / "file").touch()
    monkeypatch.setattr(WorkerPool, "run", lambda *_, **__: pytest.fail("a model was run"))
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "home"))
    out = str(tmp_path / name)
    argv = ["extract", "chgnet-0.3.0", crystals, "-o", f"{out}.zarr"]
    assert error_of(argv, capsys).count("\n") == 1
    pair = ["chgnet-0.3.0", "chgnet-0.2.0"]
    error = error_of(["compare", *pair, "--structures", crystals, "-o", out], capsys)
    assert error.count("\n") == 1


def test_installed_command_is_this_one():
    script = Path(sys.executable).with_name("lumlip")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("lumlip ")


def test_lineage_names_parent_source_and_children(capsys):
    assert main(["lineage", "mace-matpes-pbe-0"]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("mace-matpes-pbe-0 <- mace-omat-0, fine-tuned on MatPES-PBE (source: ")
    assert second == "mace-omat-0: trained on OMat24; no parent is known"
    assert last == "children of mace-matpes-pbe-0: none known"
    assert main(["lineage", "mace-omat-0"]) == 0
    assert capsys.readouterr().out.endswith(": mace-matpes-pbe-0, mace-matpes-r2scan-0\n")


def test_lineage_of_an_unknown_model_says_where_the_known_ones_are(capsys):
    message = error_of(["lineage", "mace-omat-1"], capsys)
    assert "unknown model 'mace-omat-1'; did you mean mace-omat-0" in message
    assert "expected one that `lumlip models` lists, FAMILY:PATH" in message


@pytest.fixture
def computed_elsewhere(tmp_path, monkeypatch):
    """Files of features: of a model of the table, and of one's own."""
    monkeypatch.chdir(tmp_path)
    np.savez("child.npz", attributes=json.dumps({"model": "chgnet-r2scan"}))
    np.savez("mine.npz", last_layer=np.zeros((1, 1)))


def test_lineage_of_features_is_that_of_their_model(capsys, computed_elsewhere):
    assert main(["lineage", "features:child.npz"]) == 0
    first, second, _, last = capsys.readouterr().out.splitlines()
    assert first == "features:child.npz: features of chgnet-r2scan, computed elsewhere"
    assert second.startswith("chgnet-r2scan <- chgnet-0.3.0, fine-tuned on")
    assert last == "children of features:child.npz: none known"
    assert main(["lineage", "features:mine.npz"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert "of a model that is not in the table of models" in first


def test_features_cannot_be_checked(capsys, computed_elsewhere):
    for name, what in (("child", "chgnet-r2scan"), ("mine", "it")):
        message = error_of(["check", f"features:{name}.npz"], capsys)
        assert f"no model that could be run again; expected a model: check {what}" in message
        assert message.count("\n") == 1


@pytest.mark.parametrize("name", ["out", "out.csv", "out.xyz"])
def test_unknown_suffix_is_refused_before_the_work(capsys, crystals, tmp_path, name):
    message = error_of(["extract", "no-model", crystals, "-o", str(tmp_path / name)], capsys)
    assert "expected one of: .zarr, .npz, .parquet, .extxyz" in message


def test_models_lists_published_ones_and_minis(capsys):
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    lines = {line.split()[0]: line for line in text.splitlines() if line}
    for model in ("chgnet-0.2.0", "sevennet-mf-0@R2SCAN", "diep-matpes-r2scan"):
        assert lines[model].split()[2:4] == ["published", "offline"]
    assert lines["mace-mini"].split()[2:4] == ["mini", "offline"]
    assert "published  " in lines["mace-mp-0b3-medium"]
    assert "published, no energy" in lines["pet-mad-dos"]


def test_structures_lists_and_describes(capsys, crystals):
    assert main(["structures"]) == 0
    assert "mini-mad" in capsys.readouterr().out
    assert main(["structures", crystals]) == 0
    text = capsys.readouterr().out
    assert "18" in text
    assert f"sha256 of the structures: {structures_sha256(structures(crystals))}" in text


def test_structures_are_counted_by_element_and_what_is_hardly_meant_is_said(capsys, tmp_path):
    write(tmp_path / "a.xyz", [Atoms("Xe"), bulk("Cu"), bulk("NaCl", "rocksalt", a=5.64)] * 2)
    assert main(["structures", str(tmp_path / "a.xyz")]) == 0
    out, err = capsys.readouterr()
    assert "\natoms: Cl 2, Cu 2, Na 2, Xe 2\n" in out
    assert "lumlip: warning: isolated atoms among the frames (0, 3): " in err
    assert "one structure has a fifth of the atoms: a test part may be this one structure" in err


def test_structures_of_several_files_of_a_named_format(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-a.data", "b.data"):  # the first as `*` would give it
        write(name, bulk("Si"), format="lammps-data", masses=True)
    for first in ("-a.data", "-a.data@0"):
        assert main(["structures", first, "b.data", "--format", "lammps-data"]) == 0
        assert "atoms: Si 4\n" in capsys.readouterr().out
    assert "no structures in" in error_of(["structures", "b.data"], capsys)


def test_code_pages_of_windows_stop_no_output(tmp_path):
    atoms = bulk("Cu")
    atoms.info["subset"] = "\u03c9"
    write(tmp_path / "a.xyz", [atoms] * 6)
    done = as_user("structures", str(tmp_path / "a.xyz"), PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    assert "\\u03c9" in done.stdout
    done = as_user("structures", "\u03c9.xyz", PYTHONIOENCODING="cp1252")
    assert done.stderr == "lumlip: error: no such structure file: \\u03c9.xyz\n"


@pytest.mark.heavy
def test_extract_copies_the_features_where_told(capsys, crystals, tmp_path):
    out = tmp_path / "out.zarr"
    assert main(["extract", "sevennet-0", crystals, "-o", str(out)]) == 0
    assert "backbone" in capsys.readouterr().out
    with xr.open_zarr(out, consolidated=False, chunks=None) as dataset:
        assert dataset.sizes["structure"] == 18
        assert dataset.attrs["model"] == "sevennet-0"
        assert set(dataset.data_vars) == {"backbone", "last_layer", "energy"}
        assert dataset.attrs["readout"] == "backbone"  # which is not written twice
    again = ["extract", f"features:{out}", crystals, "-o"]  # from one kind of file to another
    for name in ("out.npz", "out.parquet", "out.extxyz"):
        assert main([*again, str(tmp_path / name)]) == 0
        assert (tmp_path / name).is_file()
    assert not list(tmp_path.glob("*.part"))
    pair = ["sevennet-0", f"features:{tmp_path / 'out.npz'}"]
    assert main(["compare", *pair, "--structures", crystals, "--layer", "readout"]) == 0
    assert "sevennet-0 -> features" in capsys.readouterr().out
    assert "is there already" in error_of(
        ["extract", "sevennet-0", crystals, "-o", str(out)], capsys
    )


@pytest.mark.heavy
def test_embed_and_select_write_what_they_say(capsys, crystals, tmp_path):
    out = tmp_path / "out.npz"
    assert main(["embed", "sevennet-0", crystals, "-o", str(out), "--order", "1"]) == 0
    assert "18 structures, 64 numbers each" in capsys.readouterr().out
    assert np.load(out)["features"].shape == (18, 64)
    assert "is there already" in error_of(["embed", "m", crystals, "-o", str(out)], capsys)
    assert "expected one of: .csv" in error_of(["embed", "m", "s", "-o", "out.txt"], capsys)
    chosen = ["select", crystals, "--model", "sevennet-0", "--n", "3"]
    assert main([*chosen, "-o", str(tmp_path / "new" / "few.xyz")]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[:2]] == ["frame", "0"]
    assert len(read(tmp_path / "new" / "few.xyz", index=":")) == 3
    assert main([*chosen, "--by", "atom"]) == 0
    assert "element" in capsys.readouterr().out


def test_selected_structures_keep_the_forces_of_their_file(tmp_path):
    frames = [bulk("Cu", cubic=True, a=a) for a in (3.5, 3.6, 3.7)]
    for i, atoms in enumerate(frames):
        atoms.calc = SinglePointCalculator(atoms, energy=i, forces=np.full((4, 3), i / 8))
    write(known := tmp_path / "known.xyz", frames)
    rows, sha256 = np.repeat([[0.0], [1.0], [5.0]], 4, axis=0), structures_sha256(frames)
    np.savez(own := tmp_path / "own.npz", last_layer=rows, structures_sha256=sha256)
    few = tmp_path / "few.xyz"
    argv = ["select", str(known), "--model", f"features:{own}", "--n", "2", "-o", str(few)]
    assert main(argv) == 0
    chosen = read(few, index=":")
    assert [atoms.get_potential_energy() for atoms in chosen] == [0, 2]
    assert [atoms.get_forces()[3, 2] for atoms in chosen] == [0, 0.25]


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_output_may_be_closed(closed):
    """As of a daemon; bars and lines go nowhere then."""
    command = f"'{sys.executable}' -m lumlip.cli models {closed}"
    found = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def test_no_command_takes_an_empty_name_for_the_folder_one_is_in(capsys):
    """The files of `compare`, `run` and `report` lay there without a word."""
    commands = parser()._subparsers._group_actions[0].choices
    writing = [n for n, some in commands.items() if "--output" in some._option_string_actions]
    assert {"compare", "run", "report", "extract", "atlas"} <= {*writing}
    for argv in (*([name, "-o", ""] for name in writing), ["join", " ", "-o", "x.zarr"]):
        with pytest.raises(SystemExit, match="2"):
            parser().parse_args(argv)
        assert "got an empty path, expected a name" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["few", "few.what"])
def test_select_needs_an_ending_that_ase_can_write(capsys, tmp_path, name):
    """Before any work: no structures are read, either."""
    argv = ["select", "none.xyz", "--model", "sevennet-0", "--n", "3", "-o", str(tmp_path / name)]
    assert "expected a name such as OUT.xyz" in error_of(argv, capsys)


def test_select_needs_a_format_that_holds_as_many(capsys, tmp_path):
    argv = ["select", "none.xyz", "--model", "sevennet-0", "-o", str(tmp_path / "few.vasp")]
    assert "which ase writes one structure to; expected" in error_of([*argv, "--n", "3"], capsys)
    assert "no such structure file" in error_of([*argv, "--n", "1"], capsys)


def test_uncertainty_says_how_well_it_is_calibrated(capsys, tmp_path):
    frames = [bulk(s, cubic=True) for s in ("Cu", "Al", "Ag") for _ in range(12)]
    for i, atoms in enumerate(frames):
        atoms.rattle(0.05, seed=i)
        atoms.calc = SinglePointCalculator(atoms, energy=-3.0 * len(atoms) + 0.1 * (i % 3))
    some = {"last_layer": np.random.default_rng(0).normal(size=(144, 8)), "energy": np.zeros(36)}
    write(tmp_path / "known.xyz", frames)
    known, out = str(tmp_path / "known.xyz"), tmp_path / "out.csv"
    np.savez(tmp_path / "own.npz", **some, structures_sha256=structures_sha256(structures(known)))
    argv = ["uncertainty", f"features:{tmp_path / 'own.npz'}", known, "--known", known]
    assert main([*argv, "-o", str(out)]) == 0
    assert "calibrated on 36 structures: " in capsys.readouterr().out
    assert out.read_text().startswith("frame,energy,uncertainty\n0,")
    assert "none in info['dft'] of frame 0" in error_of([*argv, "--key", "dft"], capsys)


@pytest.mark.heavy
def test_faulty_frames_can_be_left_out_and_the_others_keep_their_numbers(capsys, tmp_path):
    made = [bulk(s, cubic=True) for s in ("Cu", "Al", "Si", "W")] * 3
    for i, atoms in enumerate(made):
        atoms.rattle(0.1, seed=i)
    made.insert(1, Atoms("H2", [[0, 0, 0], [0, 0, 0.1]]))
    write(tmp_path / "bad.xyz", made)
    bad, out = str(tmp_path / "bad.xyz"), str(tmp_path / "out.zarr")
    argv = ["extract", "mace-mini", bad, "--skip-faulty", "-o", out]
    assert "does not know W" in error_of(argv, capsys, starts="lumlip: left out, for a fault:\n")
    assert main([*argv, "--skip-unknown"]) == 0
    said = capsys.readouterr().err
    assert "left out, for a fault:\n  frame 1 (H2, bad.xyz): atoms 0" in said
    assert "9 of 13 structures" in said
    with xr.open_zarr(out, consolidated=False, chunks=None) as dataset:
        kept = [0, 2, 3, 5, 6, 7, 9, 10, 11]  # mace-mini knows no W
        assert dataset["frame"].to_numpy().tolist() == kept
        assert dataset["parent"].to_numpy().tolist() == [f"frame-{i}" for i in kept]
    pair = ["compare", "mace-mini", f"features:{out}", "--structures", bad]
    assert "frame 1 (H2" in error_of(pair, capsys)
    assert main([*pair, "--skip-faulty"]) == 0
    assert "left out: 4 structures, such as frame 1 (H2, bad.xyz): " in capsys.readouterr().out


@pytest.mark.heavy
def test_compare_prints_a_table_and_writes_files(capsys, crystals, tmp_path):
    out = tmp_path / "result"
    argv = ["compare", "sevennet-0", "chgnet-0.3.0", "--structures", crystals, "-o", str(out)]
    assert main([*argv, "--metric", "lfre", "--n-neighbors", "16", "--layer", "backbone"]) == 0
    text = capsys.readouterr().out
    assert "LFRE of backbone features" in text
    assert "16 neighbours" in text
    assert "sevennet-0 -> chgnet-0.3.0: 0." in text
    names = {"table.csv", "intervals.csv", "settings.json", "heatmap.png"}
    assert {path.name for path in out.iterdir()} == names


@pytest.mark.heavy
def test_check_passes_for_a_real_model(capsys, tmp_path):
    write(tmp_path / "two.xyz", [bulk("Cu"), bulk("NaCl", "rocksalt", a=5.64)])
    assert main(["check", "chgnet-0.3.0", "--structures", str(tmp_path / "two.xyz")]) == 0
    text = capsys.readouterr().out
    assert "energy_identity" in text
    assert "rotation" in text


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["doctor", "--clean", "--prepare", "mace"], "not allowed with argument"),
        (["atlas", "-o", "x.npz"], "are of the entry that `lumlip atlas add` writes"),
        (["atlas", "--licence", "MIT"], "are of the entry that `lumlip atlas add` writes"),
    ],
)
def test_options_that_would_do_nothing_are_refused(argv, said, capsys):
    with suppress(SystemExit):  # of argparse
        assert main(argv) == 2
    assert said in capsys.readouterr().err


def test_doctor_reports(capsys):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for word in ("torch", "cache", "uv", "environment sevennet"):
        assert word in text


def test_unknown_model_suggests_the_near_one(capsys, crystals):
    argv = ["compare", "sevenet-0", "chgnet-0.3.0", "--structures", crystals]
    assert "sevennet-0" in error_of(argv, capsys)


def test_unknown_structures_name_the_known_sets(capsys):
    text = error_of(["extract", "sevennet-0", "mini-mda"], capsys)
    assert "mini-mad" in text


def test_faulty_frame_is_named(capsys, tmp_path):
    write(tmp_path / "bad.xyz", [bulk("Cu"), Atoms("H2", [[0, 0, 0], [0, 0, 0.1]])])
    text = error_of(["extract", "sevennet-0", str(tmp_path / "bad.xyz")], capsys)
    assert "frame 1" in text


def test_wrong_choices_name_the_known_ones(capsys, crystals):
    argv = ["compare", "sevennet-0", "chgnet-0.3.0", "--structures", crystals]
    for option, wrong, known in (
        ("--metric", "cka", ("cka", "gfre", "lfre", "gfrd")),
        ("--layer", "head", ("head", "backbone", "last_layer")),
        ("--split", "year", ("year", "structure", "atom", "composition", "parent")),
        ("--n-test", "0", ("expected a whole number above 0",)),
    ):
        with pytest.raises(SystemExit, match="2"):
            main([*argv, option, wrong])
        said = capsys.readouterr().err.splitlines()[-1]
        assert f"argument {option}: " in said
        assert all(word in said for word in known)


def test_compare_overwrites_no_file_and_says_so_before_the_work(capsys, tmp_path):
    (tmp_path / "table.csv").write_text("mine")
    argv = ["compare", "no-such-model", "nor-this", "--structures", "none", "-o", str(tmp_path)]
    assert f"{tmp_path / 'table.csv'} is there already" in error_of(argv, capsys)
    assert (tmp_path / "table.csv").read_text() == "mine"
    for end in ("/table.csv", "/below"):
        argv[-1] += end
        assert "a file is there, expected a folder: " in error_of(argv, capsys)


def test_run_refuses_what_the_chapter_does_not_know(capsys):
    assert "known" in error_of(["run", "77"], capsys)
    assert "known" in error_of(["book", "--update", "77"], capsys)
    text = error_of(["run", "01", "-p", "sede=1"], capsys)
    assert "sede" in text
    assert "n_neighbors" in text
    assert "name=value" in error_of(["run", "01", "-p", "seed"], capsys)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([bulk("Cu"), bulk("Al")], "structures of a.xyz, each parent once: got 2, expected 20 or"),
        ([Atoms("H2", [[0, 0, 0], [0, 0, 0.1]])] * 20, "frame 0 (H2, a.xyz): atoms 0 (H) and 1"),
        ([], "no such structure file: a.xyz"),
    ],
)
def test_run_says_before_the_work_what_is_wrong_with_structures(
    tmp_path, monkeypatch, capsys, frames, said
):
    monkeypatch.chdir(tmp_path)
    if frames:
        write("a.xyz", frames)
    text = error_of(["run", "01", "-p", "structures=a.xyz", "-o", "out"], capsys)
    assert said in text
    assert not (tmp_path / "out").exists()


def test_output_that_nobody_reads_to_the_end_is_no_error():
    script = Path(sys.executable).with_name("lumlip")
    with subprocess.Popen([script, "models"], stdout=-1, stderr=-1) as process:
        process.stdout.close()  # as `lumlip models | head` does
        assert process.stderr.read() == b""


def test_readme_and_ci_run_the_same_test_command():
    command = 'pip install -c constraints.txt -e ".[test]" && pytest'
    assert command in README.read_text(encoding="utf-8")
    assert command in (README.parent / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["report", "check"])
def test_devices_are_the_same_for_all_commands(capsys, command):
    assert main([command, "sevennet-0", "--device", "gpu"]) == 2
    expected = "got device 'gpu'; expected one of: auto, cpu, cuda, cuda:N, mps"
    assert expected in capsys.readouterr().err
