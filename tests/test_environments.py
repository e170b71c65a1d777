"""Environments made on demand: pins, reuse, two processes at once, clear failures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lumlip import environments

# A family file that must never be run: reading the pins stops at its text.
TINY = '''# /// script
# requires-python = ">=3.11"
# dependencies = ["{requirement}"]
# [tool.lumlip.env]
# SOME_SWITCH = "0"
# ///
"""A family for tests."""
PACKAGE = "toolz"
raise RuntimeError("a family file was run to read its pins")
'''


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A family folder with one family, whose package is small and not installed here."""
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(environments, "FAMILIES_DIR", tmp_path)
    environments.pins.cache_clear()
    write_tiny(tmp_path)
    yield tmp_path
    environments.pins.cache_clear()


def write_tiny(folder: Path, requirement: str = "toolz==1.0.0") -> None:
    (folder / "tiny.py").write_text(TINY.format(requirement=requirement), encoding="utf-8")
    environments.pins.cache_clear()


def test_families_are_the_files_of_the_folder():
    assert {"chgnet", "diep", "sevennet"} <= set(environments.families())
    assert not {"base", "__init__"} & set(environments.families())


@pytest.mark.parametrize("family", environments.families())
def test_every_family_pins_exactly(family):
    dependencies = environments.pins(family).dependencies
    assert dependencies
    assert all("==" in d or " @ " in d for d in dependencies), dependencies


def test_pins_are_read_without_running_the_file(tiny):
    pins = environments.pins("tiny")
    assert pins.dependencies == ("toolz==1.0.0",)
    assert pins.package == "toolz"
    assert pins.env == (("SOME_SWITCH", "0"),)


def test_unknown_family_names_the_known_ones(tiny):
    with pytest.raises(ValueError, match=r"unknown family 'mcae'; known: tiny"):
        environments.pins("mcae")


def test_file_without_pins_is_refused(tiny):
    (tiny / "bare.py").write_text("PACKAGE = 'x'\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bare\.py needs a '# /// script' block"):
        environments.pins("bare")


def test_current_interpreter_is_used_if_it_has_the_package(tiny):
    (tiny / "tiny.py").write_text(
        TINY.format(requirement="numpy==2.0.0").replace('"toolz"', '"numpy"'), encoding="utf-8"
    )
    environments.pins.cache_clear()
    assert environments.python("tiny") == Path(sys.executable)


def test_changed_pins_ask_for_another_environment(tiny):
    before = environments.pins("tiny").folder
    write_tiny(tiny, "toolz==0.12.1")
    assert environments.pins("tiny").folder != before


def test_environment_is_isolated_and_can_import_lumlip(tiny):
    code = (
        "import json, sys, importlib.util as u, toolz;"
        "print(json.dumps([toolz.__version__, u.find_spec('lumlip') is not None,"
        "u.find_spec('xarray') is not None]))"
    )
    argv = [str(environments.python("tiny")), "-c", code]
    done = subprocess.run(
        argv, env=environments.variables(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ["1.0.0", True, False]


def test_two_processes_make_one_environment(tiny):
    code = (
        "import sys; from pathlib import Path; from lumlip import environments as e;"
        f"e.FAMILIES_DIR = Path({str(tiny)!r}); print(e.python('tiny'))"
    )
    pair = [
        subprocess.Popen([sys.executable, "-c", code], stdout=-1, stderr=-1, text=True)
        for _ in range(2)
    ]
    told = [process.communicate() for process in pair]
    assert [process.returncode for process in pair] == [0, 0], told
    assert told[0][0] == told[1][0]
    assert sum("making the environment" in errors for _, errors in told) == 1


def test_unfinished_environment_is_made_again(tiny):
    folder = environments.pins("tiny").folder
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text("not an interpreter", encoding="utf-8")
    interpreter = environments.python("tiny")
    assert subprocess.run([interpreter, "-c", "import toolz"], check=False).returncode == 0


def test_impossible_pins_say_what_was_wanted(tiny):
    write_tiny(tiny, "toolz==0.0.0.dev999")
    with pytest.raises(
        environments.FamilyEnvironmentError, match=r"wanted: toolz==0\.0\.0\.dev999"
    ):
        environments.python("tiny")
    assert not environments.pins("tiny").folder.exists()


def test_a_folder_named_like_a_package_is_not_the_package(tmp_path, monkeypatch):
    (tmp_path / "sevenn").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not environments._is_installed("sevenn")
    assert environments._is_installed("numpy")
