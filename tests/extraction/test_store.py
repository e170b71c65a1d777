"""Batches become one data set, variables of a structure that only some families have included."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from ase.build import bulk, molecule

from chapters.depth.paths import depth_path
from lumlip.errors import ExtractionError
from lumlip.extraction.arrays import save_arrays
from lumlip.extraction.given import Given
from lumlip.extraction.panel import Panel
from lumlip.extraction.store import (
    assemble,
    damage,
    labelled,
    open_store,
    with_readout,
    write_job,
    written_whole,
)
from lumlip.extraction.worker import _extract_batch, finished
from lumlip.families.base import Features

STRUCTURES = [bulk("Cu", cubic=True), molecule("H2O"), bulk("Si")]


class Counting:
    """An extractor whose features say which structure they belong to."""

    def __init__(self, bad=False):
        self.bad = bad

    def extract(self, structures, *, layers=False):
        n_atoms = sum(map(len, structures))
        total = np.array([float(atoms.numbers.sum()) for atoms in structures])
        mixed = np.stack([total, -total, 2 * total], axis=1)
        if self.bad:
            mixed[0, 1] = np.nan
        owner = np.repeat(total, [len(atoms) for atoms in structures])[:, None]
        after = {"embedding": owner, "interaction_1": owner * [1, 2]} if layers else {}
        backbone, last_layer = np.zeros((n_atoms, 2)), np.ones((n_atoms, 3))
        return Features(backbone, last_layer, total, {"routing": mixed}, after)


def started(tmp_path, structures=STRUCTURES):
    """A folder of a worker's that has no features yet."""
    folder = tmp_path / "job.partial"
    folder.mkdir()
    write_job(folder, structures, {})
    return folder


def test_extra_variable_goes_from_the_worker_to_the_data_set(tmp_path):
    folder = started(tmp_path)
    for batch in ([2], [0, 1]):
        _extract_batch(Counting(), STRUCTURES, batch, folder)
    assert finished(folder) == {0, 1, 2}
    assemble(folder, tmp_path / "job.zarr", {"model": "counting"})
    dataset = open_store(tmp_path / "job.zarr")
    assert dataset["routing"].dims == ("structure", "routing_channel")
    assert dataset["routing"][:, 0].to_numpy().tolist() == [116.0, 10.0, 28.0]
    assert dataset["routing"][:, 2].equals(2 * dataset["routing"][:, 0])
    assert dataset["energy"].equals(dataset["routing"][:, 0])
    assert not Panel(STRUCTURES, {"counting": dataset}).atoms.data_vars


def test_layers_go_to_the_data_set_in_order_of_depth(tmp_path):
    folder = started(tmp_path)
    for batch in ([2], [0, 1]):
        _extract_batch(Counting(), STRUCTURES, batch, folder, layers=True)
    assemble(folder, tmp_path / "job.zarr", {})
    dataset = open_store(tmp_path / "job.zarr")
    second = dataset["layer_01_interaction_1"]
    assert second.dims == ("atom", "layer_01_interaction_1_channel")
    assert second[[0, 4, 7], 1].to_numpy().tolist() == [232.0, 20.0, 56.0]
    path = depth_path(dataset)
    assert list(path) == ["embedding", "interaction_1", "last_layer"]
    assert np.array_equal(2 * path["embedding"], path["interaction_1"][:, 1:])


def test_data_set_without_layers_has_no_path(tmp_path):
    folder = started(tmp_path)
    _extract_batch(Counting(), STRUCTURES, [0, 1, 2], folder)
    assemble(folder, tmp_path / "job.zarr", {})
    with pytest.raises(ValueError, match="layers=True"):
        depth_path(open_store(tmp_path / "job.zarr"))


def test_readout_is_a_layer_under_another_name(tmp_path):
    folder = started(tmp_path)
    _extract_batch(Counting(), STRUCTURES, [0, 1, 2], folder)
    assemble(folder, tmp_path / "job.zarr", {"model": "counting"})
    dataset = with_readout(open_store(tmp_path / "job.zarr"), "last_layer")
    assert not dataset["readout"].variable._in_memory  # read when it is used
    assert dataset["readout"].dims == ("atom", "readout_channel")
    assert np.array_equal(dataset["readout"], dataset["last_layer"])
    assert dataset.attrs == {"model": "counting", "readout": "last_layer"}
    assert not Panel(STRUCTURES, {"counting": dataset}).atoms.data_vars


def test_batches_without_one_make_no_variable(tmp_path):
    folder = started(tmp_path, STRUCTURES[2:])
    layers = {"backbone": np.zeros((2, 4)), "last_layer": np.zeros((2, 5))}
    save_arrays(folder / "batch-0.npz", index=np.array([0]), energy=np.array([1.0]), **layers)
    assemble(folder, tmp_path / "job.zarr", {})
    assert set(open_store(tmp_path / "job.zarr").data_vars) == {"backbone", "last_layer", "energy"}


def test_extra_variable_that_is_not_a_number_is_refused(tmp_path):
    failed = _extract_batch(Counting(bad=True), STRUCTURES, [1], tmp_path)
    assert failed == {1: "ValueError: NaN or inf in routing"}
    assert not finished(tmp_path)


@pytest.fixture
def store(tmp_path):
    folder = started(tmp_path)
    _extract_batch(Counting(), STRUCTURES, [0, 1, 2], folder)
    assemble(folder, tmp_path / "job.zarr", {})
    return tmp_path / "job.zarr"


def test_labels_are_not_stored_but_added(store):
    assert set(open_store(store).coords) == {"structure", "atomic_number"}
    frames = [atoms.copy() for atoms in STRUCTURES]
    frames[1].info["parent"] = "water"
    given = Given(frames, [2, 5, 7])
    added = labelled(open_store(store), given)
    assert added["parent"].dims == ("structure",)
    assert added["parent"].to_numpy().tolist() == ["", "water", ""]
    assert {"subset", "part"} <= set(added.coords)
    assert added["frame"].to_numpy().tolist() == [2, 5, 7]
    assert added["energy"].attrs["structures_sha256"] == given.sha256


def test_whole_store_is_read_through_once(store, monkeypatch):
    assert damage(store) == ""
    with monkeypatch.context() as patch:
        patch.setattr("lumlip.extraction.store._crc32", lambda _: pytest.fail("read again"))
        assert damage(store) == ""
    (store / "energy" / ".zattrs").touch()  # changed since, but not what is in it
    assert damage(store) == ""


@pytest.mark.faults
def test_damage_is_named(store):
    assert damage(store) == ""
    path = store / "routing" / "0.0"
    path.write_bytes(path.read_bytes()[:-1] + b"!")  # of the same size
    (store / "energy" / "0").unlink()
    (store / "last_layer" / "1.0").write_bytes(b"one too many")
    n_files = 2 + 3 * 6  # of the group, and metadata with one chunk of six arrays
    assert damage(store) == f"3 of {n_files} files, such as energy/0"


@pytest.mark.faults
def test_damage_of_any_kind_is_seen(store, monkeypatch):
    """Of a bit, at the end, or of the whole file; the file of the sums is no exception."""
    monkeypatch.setattr("lumlip.extraction.store._summed", {})  # as a new process
    rng = np.random.default_rng(0)
    files = [path for path in store.parent.rglob("*") if path.is_file() and store in path.parents]
    for path in [*files, store.with_name(f"{store.name}.crc32.json")]:
        whole = path.read_bytes()
        for place, bit in zip(rng.integers(0, len(whole), 20), rng.integers(0, 8, 20), strict=True):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            for content in (changed, whole[:place], None):
                path.unlink() if content is None else path.write_bytes(content)
                assert damage(store) or changed.split() == whole.split()  # of white space
        path.write_bytes(whole)
    assert damage(store) == ""


KILLED = """
import os, signal, sys
from pathlib import Path
from unittest.mock import patch
from lumlip.extraction.store import assemble
def kill(*_args, **_options):
    os.kill(os.getpid(), signal.SIGKILL)
folder = Path(sys.argv[1])
with patch(sys.argv[2], kill):
    assemble(folder, folder.parent / "job.zarr", {})
"""
MOMENTS = ("lumlip.extraction.store._scratch", "zarr.Group.create_array", "os.rename")


@pytest.mark.faults
@pytest.mark.parametrize("moment", [*MOMENTS, "lumlip.extraction.store._write_checksums"])
def test_killed_while_it_writes_leaves_no_store_and_can_be_done_again(tmp_path, moment):
    folder = started(tmp_path)
    _extract_batch(Counting(), STRUCTURES, [0, 1, 2], folder)
    argv = [sys.executable, "-c", KILLED, str(folder), moment]
    assert subprocess.run(argv, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "job.zarr").exists()
    assemble(folder, tmp_path / "job.zarr", {})
    assert damage(tmp_path / "job.zarr") == ""
    assert open_store(tmp_path / "job.zarr")["energy"].to_numpy().tolist() == [116.0, 10.0, 28.0]


def test_missing_batch_is_named(tmp_path):
    folder = started(tmp_path)
    _extract_batch(Counting(), STRUCTURES, [0], folder)
    with pytest.raises(ExtractionError, match=r"no features for frames \[1, 2\] of 3"):
        assemble(folder, tmp_path / "job.zarr", {})


@pytest.mark.faults
@pytest.mark.parametrize("left", [0, 100, -200])
def test_damaged_batch_is_dropped_and_the_others_stay(tmp_path, left):
    for batch in ([2], [0, 1]):
        _extract_batch(Counting(), STRUCTURES, batch, tmp_path)
    path = tmp_path / "batch-0000002.npz"
    path.write_bytes(path.read_bytes()[:left])
    assert finished(tmp_path) == {0, 1}
    assert not path.exists()


@pytest.mark.faults
def test_bit_that_flips_in_a_batch_is_seen(tmp_path):
    _extract_batch(Counting(), STRUCTURES, [0, 1, 2], tmp_path)
    (path,) = tmp_path.glob("batch-*.npz")
    content = bytearray(path.read_bytes())
    content[content.index(b"\x00\x00\xf0?")] ^= 1  # in a 1.0 of the last layer
    path.write_bytes(content)
    assert finished(tmp_path) == set()


FULL = """
import resource, sys
from pathlib import Path
from lumlip.extraction.store import assemble
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
try:
    assemble(folder, folder.parent / "job.zarr", {})
except OSError as error:
    print(error)
"""


@pytest.mark.faults
def test_disk_that_fills_is_an_error_and_leaves_nothing_half(tmp_path):
    many = STRUCTURES * 40
    folder = started(tmp_path, many)
    _extract_batch(Counting(), many, list(range(len(many))), folder)
    argv = [sys.executable, "-c", FULL, str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert list(tmp_path.iterdir()) == [folder]
    assemble(folder, tmp_path / "job.zarr", {})  # as soon as there is room


def test_what_is_not_written_to_the_end_does_not_get_its_name(tmp_path):
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "out.zarr") as part:
        (part / "half").write_text((part / "missing").read_text())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.npz", "out.zarr"])
def test_what_another_process_wrote_meanwhile_is_left(tmp_path, name):
    writing = written_whole(tmp_path / name)
    (writing.__enter__() / name).write_text("late")
    (tmp_path / name).write_text("first")
    with pytest.raises(FileExistsError, match=f"{name} is there already"):
        writing.__exit__(None, None, None)
    assert (tmp_path / name).read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == [name]
