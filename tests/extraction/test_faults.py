"""Faults of the machine while a real model runs: kills, a full disk, a cache that is read only.

Whatever happens, there is one line and no half of a result, and the same call goes on from there
to the numbers of an undisturbed run.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

import lumlip
from lumlip.extraction.store import damage, open_store

pytestmark = [
    pytest.mark.faults,
    pytest.mark.heavy,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc"),
]
MODEL = "chgnet-0.3.0"
N_FRAMES = 60
EXTRACT = [sys.executable, "-m", "lumlip.cli", "extract", MODEL]


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    made = [bulk("Cu", cubic=True) for _ in range(N_FRAMES)]
    for i, atoms in enumerate(made):
        atoms.rattle(0.1, seed=i)
    path = tmp_path_factory.mktemp("frames") / "many.xyz"
    write(path, made)
    return str(path)


@pytest.fixture(scope="module")
def whole(frames, shared_environments, tmp_path_factory):
    """A cache with the features of an undisturbed run."""
    home = tmp_path_factory.mktemp("whole")
    (home / "environments").symlink_to(shared_environments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LUMLIP_HOME", str(home))
        lumlip.features(MODEL, frames)
    return home


@pytest.fixture
def home(own_cache):
    """An empty cache."""
    return own_cache / "home"


def started(home, *argv):
    env = {**os.environ, "LUMLIP_HOME": str(home)}
    return subprocess.Popen(argv, stdout=-1, stderr=-1, text=True, env=env)


def ended(home, *argv):
    """Return what a command told, and its code."""
    with started(home, *argv) as command:
        out, errors = command.communicate()
    return out + errors, command.returncode


def n_batches(home):
    return len(list(home.glob("features/*/*.partial/batch-*.npz")))


def wait_for_batches(home, count):
    end = time.monotonic() + 120
    while n_batches(home) < count:
        assert time.monotonic() < end, "the worker wrote no batches"
        time.sleep(0.002)


def worker_of(parent):
    """Return the process of the worker that another one has started."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if "lumlip.extraction.worker" in Path(f"/proc/{child}/cmdline").read_text():
            return int(child)
    raise AssertionError("no worker")


def assert_same_numbers(home, whole):
    """Batches are others than in one go, so that sums round otherwise: 1e-5 of float32's 1e-7."""
    (store,), (right,) = home.glob("features/*/*.zarr"), whole.glob("features/*/*.zarr")
    assert store.name == right.name
    assert damage(store) == ""
    assert not list(home.glob("features/*/*.part*"))
    got, wanted = open_store(store), open_store(right)
    for name in ("backbone", "last_layer", "energy"):
        np.testing.assert_allclose(got[name], wanted[name], rtol=1e-5, atol=1e-5)


def test_worker_that_is_killed_is_started_again(home, whole, frames):
    with started(home, *EXTRACT, frames, "--batch-atoms", "8") as command:
        for count in (2, 8):  # of 60
            wait_for_batches(home, count)
            os.kill(worker_of(command.pid), signal.SIGKILL)
        told = command.communicate()[1]
    assert command.returncode == 0, told
    assert_same_numbers(home, whole)


def test_who_waits_takes_over_from_a_process_that_is_killed(home, whole, frames):
    with started(home, *EXTRACT, frames, "--batch-atoms", "4") as first:
        wait_for_batches(home, 2)
        worker = worker_of(first.pid)
        os.kill(worker, signal.SIGSTOP)
        with started(home, *EXTRACT, frames) as second:
            assert "waiting for another process" in second.stderr.readline()
            first.kill()
            assert not list(home.glob("features/*/*.zarr"))
            os.kill(worker, signal.SIGCONT)
            told = second.communicate()[1]
        first.communicate()
    assert second.returncode == 0, told
    assert "structures are done already, going on" in told
    assert_same_numbers(home, whole)


LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
os.execv(sys.argv[2], sys.argv[2:])
"""


def on_full_disk(n_bytes):
    """Beginning of a command whose files end at some size, as on a disk without more room."""
    return [sys.executable, "-c", LIMITED, str(n_bytes)]


def test_disk_that_fills_while_batches_are_written(home, whole, frames):
    """The structures take 12 kB, a batch of all of them 190 kB, one of 4 structures 13 kB."""
    told, code = ended(home, *on_full_disk(60_000), *EXTRACT, frames, "--batch-atoms", "500")
    assert code == 2
    assert f"lumlip: error: {MODEL} failed: [Errno 27] File too large" in told
    assert "Traceback (most recent call last):\n  File" not in told.partition("  | ")[0]
    assert not list(home.glob("features/*/*.zarr"))
    told, code = ended(home, *EXTRACT, frames)
    assert code == 0, told
    assert_same_numbers(home, whole)


@pytest.mark.parametrize("n_bytes", [100, 20_000])
def test_disk_that_fills_while_a_copy_is_written(whole, frames, tmp_path, n_bytes):
    out = tmp_path / "out.zarr"
    told, code = ended(whole, *on_full_disk(n_bytes), *EXTRACT, frames, "-o", str(out))
    assert code == 2
    (line,) = [line for line in told.splitlines() if line.startswith("lumlip: error")]
    assert line.endswith("; free some space and call it again: it goes on where it was")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def read_only(whole, tmp_path):
    """Give a folder, and all in it, to nobody to write to; even root, who may not overrule that."""
    folders = []

    def close(folder):
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o555 if path.is_dir() else 0o444)
        folders.append(folder)
        return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []

    yield close
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def test_features_in_a_read_only_cache_are_read(whole, frames, read_only, tmp_path):
    shutil.copytree(whole, tmp_path / "cache", symlinks=True)
    as_user = read_only(tmp_path / "cache")
    out = str(tmp_path / "out.zarr")
    told, code = ended(tmp_path / "cache", *as_user, *EXTRACT, frames, "-o", out)
    assert code == 0, told
    assert open_store(out).sizes["structure"] == N_FRAMES
    told, code = ended(tmp_path / "cache", *as_user, sys.executable, "-m", "lumlip.cli", "models")
    assert code == 0, told


def test_new_features_in_a_read_only_cache_are_one_line(home, frames, read_only):
    told, code = ended(home, *read_only(home), *EXTRACT, frames)
    assert code == 2
    assert told.count("\n") == 1
    assert told.endswith("; set LUMLIP_HOME to a folder that you can write to\n")


def test_copy_into_a_read_only_folder_is_refused_before_the_work(home, frames, read_only, tmp_path):
    (tmp_path / "closed").mkdir()
    as_user = read_only(tmp_path / "closed")
    told, code = ended(
        home, *as_user, *EXTRACT, frames, "-o", str(tmp_path / "closed" / "out.zarr")
    )
    assert code == 2
    assert told.count("\n") == 1
    assert "Permission denied" in told
    assert not (home / "features").exists()
