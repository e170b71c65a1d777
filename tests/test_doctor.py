"""What is here: the report of doctor, on a machine as it is."""

import subprocess
import sys
from pathlib import Path

import pytest

from lumlip.doctor import prepared, report
from lumlip.runtime import environments
from lumlip.runtime.paths import home as cache


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LUMLIP_MODELS", raising=False)


def test_report_counts_the_models_by_what_they_take():
    lines, healthy = report()
    assert healthy
    counts = next(line for line in lines if line.startswith("models: "))
    for how in ("offline", " download", "gated download"):
        assert how in counts
    assert any(line.startswith("LUMLIP_MODELS: not set") for line in lines)


def test_users_folder_of_weights_is_listed(tmp_path, monkeypatch):
    monkeypatch.setenv("LUMLIP_MODELS", str(tmp_path))
    (tmp_path / "mace-mh-1.model").write_bytes(b"weights")
    (tmp_path / "notes.txt").write_text("mine")
    lines, healthy = report()
    assert healthy
    told = next(line for line in lines if line.startswith(f"LUMLIP_MODELS {tmp_path}"))
    assert "mace-mh-1.model (mace-mh-1@omat_pbe)" in told
    assert "notes.txt (not in the table of models)" in told


def test_users_folder_that_is_not_there_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setenv("LUMLIP_MODELS", str(tmp_path / "no"))
    lines, healthy = report()
    assert not healthy
    assert any("no such folder" in line for line in lines)


def told(name, **options):
    return [line for line in report(**options)[0] if line.startswith(f"environment {name}")]


def test_only_environments_of_lumlips_are_removed():
    folder = cache() / "environments"
    for name, mark in (("mine-alone", "notes.txt"), ("chgnet-0", ".complete"), ("diep-0", "part")):
        (folder / name).mkdir(parents=True)
        (folder / name / mark).touch()
    (folder / "diep-0.lock").touch()  # stopped before it was complete
    assert told("mine") == []
    (line,) = told("chgnet-0")
    assert line.endswith("no longer used, `lumlip doctor --clean` removes it")
    report(clean=True)
    assert [path.name for path in folder.iterdir()] == ["mine-alone"]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks into /proc")
def test_environment_in_use_stays():
    old = cache() / "environments" / "chgnet-0"
    (old / "bin").mkdir(parents=True)
    (old / ".complete").touch()
    (old / "bin" / "python").symlink_to(sys.executable)
    code = "print('here', flush=True); input()"
    argv = [old / "bin" / "python", "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(argv, **pipes) as worker:
        worker.stdout.readline()
        assert told("chgnet-0", clean=True) == [
            "environment chgnet-0: no longer asked for, but in use"
        ]
        worker.communicate("\n")
    assert old.exists()
    assert told("chgnet-0", clean=True) == ["environment chgnet-0: removed"]


def test_broken_environment_is_seen():
    wanted = environments.pins("diep")
    site = wanted.folder / "lib" / "python3.11" / "site-packages"
    (site / "diep").mkdir(parents=True)
    (wanted.folder / "bin").mkdir()
    (wanted.folder / "bin" / "python").symlink_to(sys.executable)
    assert "broken, it is not complete; made anew at next use" in told("diep")[0]
    (wanted.folder / ".complete").touch()
    assert "broken, its diep, torch, numpy" in told("diep")[0]
    for name in wanted.versions:
        info = site / f"{name.replace('-', '_')}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    assert "diep: ready" in told("diep")[0]
    (wanted.folder / "bin" / "python").unlink()
    (wanted.folder / "bin" / "python").symlink_to("/nowhere/python")
    assert "broken, its Python is gone" in told("diep")[0]


def test_a_family_that_a_package_registers_wrongly_is_named_and_stops_no_other(
    tmp_path, monkeypatch
):
    (tmp_path / "cut.py").write_text("class Extractor(", encoding="utf-8")
    theirs = {name: tmp_path / f"{name}.py" for name in ("cut", "gone", "chgnet")}
    monkeypatch.setattr(environments, "registered", lambda: theirs)
    lines, healthy = report()
    assert not healthy
    wrong = [line for line in lines if line.startswith("family ")]
    for line, words in zip(
        wrong, ("chgnet.py is not used", "cut.py, line 1", "gone.py"), strict=True
    ):
        assert words in line
    assert any(line.startswith("environment sevennet: ") for line in lines)
    said = []
    monkeypatch.setattr(environments, "python", lambda _: None)
    monkeypatch.setattr("lumlip.doctor._size", lambda _: 0)
    assert prepared([], said.append) == 3
    assert said[-3:] == wrong
