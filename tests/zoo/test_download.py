"""The program that asks a family's official loader; the real loaders run in test_weights.py."""

import json
import os
import pickle
import subprocess
import sys

import pytest

from lumlip.runtime import environments
from lumlip.zoo import download


def test_what_goes_wrong_is_told_as_one_object():
    argv = [sys.executable, "-m", "lumlip.zoo.download", "nonet", "big"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told == {"message": "ModuleNotFoundError: No module named 'lumlip.families.nonet'"}


def test_loader_that_leaves_no_file_is_an_error(tmp_path, monkeypatch):
    family = type(sys)("lumlip.families.tiny")
    family.download = lambda name: tmp_path / name
    monkeypatch.setitem(sys.modules, "lumlip.families.tiny", family)
    with pytest.raises(FileNotFoundError, match="the loader of tiny left no file"):
        download.fetch("tiny", "big")
    (tmp_path / "big").touch()
    assert download.fetch("tiny", "big") == (tmp_path / "big").resolve()


class Payload:
    """Leaves a folder when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.heavy
def test_what_is_fetched_is_not_opened_before_it_is_checked(tmp_path, monkeypatch):
    """MACE's loader of MACE-OFF opens what lies in its cache, and its pickle runs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = tmp_path / "mace" / "MACE-OFF23_small.model"
    file.parent.mkdir()
    file.write_bytes(pickle.dumps(Payload(tmp_path / "marker"), protocol=2))
    argv = environments.command("mace", "lumlip.zoo.download", "mace", "off-small")
    done = subprocess.run(
        argv, env=environments.variables(), stdout=subprocess.PIPE, text=True, check=False
    )
    assert json.loads(done.stdout) == {"path": str(file.resolve())}
    assert not (tmp_path / "marker").exists()


def test_no_download_fills_the_disk():
    code = (
        "import resource\n"
        "from lumlip.zoo import download\n"
        "download._bound_files()\n"
        "print(resource.getrlimit(resource.RLIMIT_FSIZE)[0] <= download.LARGEST)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
