"""Checkpoints that somebody puts in the place of trusted ones: their code must not run."""

import json
import os
import pickle
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from ase.build import bulk

import lumlip
from lumlip.conformance.check_model import measure
from lumlip.errors import UntrustedCheckpointError
from lumlip.extraction.store import write_job
from lumlip.runtime import environments
from lumlip.runtime.paths import sha256_file
from lumlip.runtime.verified import checkpoint_sha256, private_copy
from lumlip.zoo import table
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import ready
from tests.conftest import run_in

COPPER = [bulk("Cu", cubic=True)]


class Payload:
    """Leaves a folder when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


@pytest.fixture
def models(own_cache, monkeypatch):
    """The user's folder of downloaded weights, and an empty cache."""
    monkeypatch.setenv("LUMLIP_MODELS", str(own_cache / "models"))
    (own_cache / "models").mkdir()
    return own_cache / "models"


def evil(marker, size=0):
    """A checkpoint that runs code, of at least some bytes."""
    data = pickle.dumps(Payload(marker), protocol=2)
    return data + b"\0" * (size - len(data))


def test_payload_works(marker):
    pickle.loads(evil(marker))
    assert marker.is_dir()


def test_copy_is_private_and_keeps_the_name(tmp_path):
    path = tmp_path / "pet-mad-s-v1.0.2.ckpt"
    path.write_bytes(b"weights")
    with private_copy(path, [sha256_file(path)]) as copy:
        assert copy.read_bytes() == b"weights"
        assert copy.name == path.name
        assert copy.parent.stat().st_mode & 0o077 == 0
        path.write_bytes(b"altered")
        assert copy.read_bytes() == b"weights"
    assert not copy.parent.exists()


@pytest.mark.parametrize("trusted", [[], [None], ["0" * 64]])
def test_other_bytes_are_refused(tmp_path, trusted):
    (tmp_path / "mine.pth").write_bytes(b"weights")
    known = [sum_ for sum_ in trusted if sum_]
    with (
        pytest.raises(ValueError, match=r"mine\.pth does not hold the bytes that were trusted"),
        private_copy(tmp_path / "mine.pth", known),
    ):
        raise AssertionError("lent")


def test_what_a_loader_says_names_the_file_of_the_user(tmp_path):
    path = tmp_path / "mine.pth"
    path.write_bytes(b"weights")
    with (
        pytest.raises(ValueError, match=f"^{path} is no checkpoint$"),
        private_copy(path, [sha256_file(path)]) as copy,
    ):
        raise ValueError(f"{copy} is no checkpoint")


def test_sum_counts_everything_that_is_read_beside_a_checkpoint(tmp_path):
    for name in ("state.pt", "model.pt", "model.json", "notes.txt"):
        (tmp_path / name).write_text(name)
    whole = checkpoint_sha256(tmp_path / "state.pt")
    assert whole != sha256_file(tmp_path / "state.pt")
    (tmp_path / "notes.txt").write_text("other")
    with private_copy(tmp_path / "state.pt", [whole]) as copy:
        assert {path.name for path in copy.parent.iterdir()} == {
            "state.pt",
            "model.pt",
            "model.json",
        }
    (tmp_path / "model.pt").write_text("other")
    assert checkpoint_sha256(tmp_path / "state.pt") != whole
    assert checkpoint_sha256(tmp_path / "notes.txt") == sha256_file(tmp_path / "notes.txt")


def work(path, sha256, folder):
    """What SevenNet's worker tells about a job with this checkpoint."""
    order = {"model": "mine", "family": "sevennet", "checkpoint": str(path), "task": None}
    order |= {"sha256": sha256, "device": "cpu", "dtype": "float32", "batch_atoms": None}
    order |= {"found_batch_atoms": {}, "frames": [0]}
    folder.mkdir()
    write_job(folder, COPPER, order | {"packages": []})
    argv = environments.command("sevennet", "lumlip.extraction.worker")
    done = subprocess.run(
        argv,
        env=environments.variables(),
        input=f"{folder}\n",
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.heavy
def test_file_that_is_swapped_while_the_worker_starts_is_not_loaded(own_cache, tmp_path, marker):
    path = tmp_path / "mine.pth"
    path.write_bytes(b"weights")
    trusted = ready(resolve(f"sevennet:{path}"), trust_checkpoint=True)
    path.write_bytes(evil(marker))
    (told,) = work(path, trusted.sha256, tmp_path / "job")
    assert told["kind"] == "ValueError"
    assert f"{path} does not hold the bytes that were trusted" in told["message"]
    assert not marker.exists()


def test_file_of_the_same_size_and_time_is_not_loaded(models, marker, monkeypatch):
    row = {"family": "sevennet", "checkpoint": "tiny", "weights": "download", "file": "tiny.pth"}
    published = table._entry("tiny", row | {"elements": "H-Pu", "source": "us"})
    monkeypatch.setattr(table, "entries", lambda: {"tiny": published})
    path = models / "tiny.pth"
    path.write_bytes(b"weights" * 100)
    ready(published, trust_checkpoint=True)
    before = path.stat()
    path.write_bytes(evil(marker, before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with pytest.raises(UntrustedCheckpointError, match="it has changed"):
        lumlip.features("tiny", COPPER)
    assert not marker.exists()


@pytest.mark.heavy
def test_conformance_loads_no_file_without_its_sum(own_cache, tmp_path, marker):
    path = tmp_path / "mine.pth"
    path.write_bytes(evil(marker))
    for sums in ("0" * 64, "1" * 64):
        entry = replace(resolve(f"sevennet:{path}"), sha256=sums)
        with pytest.raises(ValueError, match="does not hold the bytes that were trusted"):
            measure([entry], COPPER, [{"device": "cpu", "dtype": "float32"}])
    assert not marker.exists()


def test_known_weights_beside_an_unknown_description_need_trust(tmp_path, monkeypatch):
    """The description of a DIEP potential says which classes are made, so it is code, too."""
    path = tmp_path / "state.pt"
    path.write_bytes(b"weights")
    row = {"family": "diep", "checkpoint": "known", "sha256": sha256_file(path)}
    monkeypatch.setattr(table, "entries", lambda: {"known": table._entry("known", row)})
    assert resolve(f"diep:{path}").trusted
    (tmp_path / "model.pt").write_bytes(b"anything")
    with pytest.raises(UntrustedCheckpointError):
        ready(resolve(f"diep:{path}"))


@pytest.mark.heavy
def test_checkpoint_of_several_files_is_run_from_its_copy(own_cache, tmp_path):
    code = "import importlib.util as u; print(u.find_spec('diep').submodule_search_locations[0])"
    package = run_in("diep", "-c", code).strip()
    shutil.copytree(Path(package) / "pretrained_models" / "diep_fold1", tmp_path / "mine")
    folder = tmp_path / "mine"
    assert resolve(f"diep:{folder}").checkpoint == str(folder / "state.pt")
    models = [f"diep:{folder}", "diep-matpes-r2scan"]
    one, other = lumlip.panel(models, COPPER, trust_checkpoint=True).datasets.values()
    assert one["energy"].equals(other["energy"])
