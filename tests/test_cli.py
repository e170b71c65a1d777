"""The command line as a new user meets it: each command really run, errors in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr
from ase import Atoms
from ase.build import bulk
from ase.io import write

from lumlip.cli import main
from lumlip.extraction.workers import WorkerPool

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def crystals(tmp_path):
    made = [bulk(s, cubic=True) * (2, 2, 1) for s in ("Cu", "Al", "Si", "Fe", "Ag", "W")] * 3
    for i, atoms in enumerate(made):
        atoms.rattle(0.1, seed=i)
    write(tmp_path / "crystals.xyz", made)
    return str(tmp_path / "crystals.xyz")


def error_of(argv, capsys):
    assert main(argv) == 2
    _, err = capsys.readouterr()
    assert err.startswith("lumlip: error: ")
    assert "Traceback" not in err
    return err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    names = "models lineage structures extract compare check report run book doctor"
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


def test_cache_that_cannot_be_is_one_line(crystals, tmp_path, capsys, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "file" / "below"))
    message = error_of(["extract", "chgnet-0.3.0", crystals], capsys)
    assert message.count("\n") == 1
    assert message.endswith("; set LUMLIP_HOME to a folder that you can write to\n")


def test_damaged_records_are_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path))
    for content in ("{bro", "[]", '{"a": 1}'):
        (tmp_path / "weights.json").write_text(content)
        message = error_of(["models"], capsys)
        assert "weights.json is damaged: remove it, lumlip fills it again\n" in message


@pytest.mark.parametrize("name", ["file/out", "a" * 300])
def test_output_that_cannot_be_is_found_before_the_work(
    crystals, tmp_path, capsys, monkeypatch, name
):
    (tmp_path / "file").touch()
    monkeypatch.setattr(WorkerPool, "run", lambda *_, **__: pytest.fail("a model was run"))
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "home"))
    out = str(tmp_path / name)
    assert error_of(["extract", "chgnet-0.3.0", crystals, "-o", out], capsys).count("\n") == 1
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


def test_lineage_of_an_unknown_model_names_the_known_ones(capsys):
    message = error_of(["lineage", "mace-omat-1"], capsys)
    assert "unknown model 'mace-omat-1'; did you mean mace-omat-0" in message
    assert "known: chgnet-0.2.0, chgnet-0.3.0" in message


def test_models_lists_published_ones_and_minis(capsys):
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    lines = {line.split()[0]: line for line in text.splitlines() if line}
    for model in ("chgnet-0.2.0", "sevennet-mf-0@R2SCAN", "diep-matpes-r2scan"):
        assert "published  offline" in lines[model]
    assert "mini       offline" in lines["mace-mini"]
    assert "published  " in lines["mace-mp-0b3-medium"]


def test_structures_lists_and_describes(capsys, crystals):
    assert main(["structures"]) == 0
    assert "mini-mad" in capsys.readouterr().out
    assert main(["structures", crystals]) == 0
    assert "18" in capsys.readouterr().out


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
    assert "is there already" in error_of(
        ["extract", "sevennet-0", crystals, "-o", str(out)], capsys
    )


@pytest.mark.heavy
def test_extract_can_skip_what_the_model_does_not_know(capsys, crystals):
    assert "does not know W" in error_of(["extract", "mace-mini", crystals], capsys)
    assert main(["extract", "mace-mini", crystals, "--skip-unknown"]) == 0
    assert "15 of 18 structures" in capsys.readouterr().err


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
def test_check_passes_for_a_real_model(capsys, crystals):
    assert main(["check", "sevennet-0", "--structures", crystals]) == 0
    text = capsys.readouterr().out
    assert "energy_identity" in text
    assert "rotation" in text


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


def test_run_refuses_what_the_chapter_does_not_know(capsys):
    assert "known" in error_of(["run", "77"], capsys)
    assert "known" in error_of(["book", "--update", "77"], capsys)
    text = error_of(["run", "01", "-p", "sede=1"], capsys)
    assert "sede" in text
    assert "n_neighbors" in text
    assert "name=value" in error_of(["run", "01", "-p", "seed"], capsys)


def test_output_that_nobody_reads_to_the_end_is_no_error():
    script = Path(sys.executable).with_name("lumlip")
    with subprocess.Popen([script, "models"], stdout=-1, stderr=-1) as process:
        process.stdout.close()  # as `lumlip models | head` does
        assert process.stderr.read() == b""


def test_readme_and_ci_run_the_same_test_command():
    command = 'pip install -c constraints.txt -e ".[test]" && pytest'
    assert command in README.read_text(encoding="utf-8")
    assert command in (README.parent / ".ci" / "run").read_text(encoding="utf-8")
