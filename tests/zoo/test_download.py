"""The program that asks a family's official loader; the real loaders run in test_weights.py."""

import json
import subprocess
import sys

import pytest

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
