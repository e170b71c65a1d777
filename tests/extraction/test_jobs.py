"""What makes features stale and what does not; damaged ones are made again; labels are in none."""

import errno
import shutil
import subprocess
import sys

import numpy as np
import pytest
from ase.build import bulk

import lumlip
from lumlip.errors import ExtractionError
from lumlip.extraction import jobs
from lumlip.extraction.given import Given
from lumlip.extraction.workers import WorkerPool
from lumlip.runtime import environments, records
from lumlip.zoo.table import ModelEntry, resolve

MODEL = "sevennet-0"
FAMILY = '''# /// script
# requires-python = ">=3.11"
# dependencies = ["toolz=={pin}"]
# ///
"""A family for tests."""
PACKAGE = "toolz"
{version}
CUTOFF = 5.0  # {comment}
'''


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Return the name of the store that a family file with these contents leads to."""
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path))
    monkeypatch.setattr(environments, "FAMILIES_DIR", tmp_path)
    (tmp_path / "base.py").write_text("")

    def name(pin="1.0.0", version="FEATURES_VERSION = 1", comment="in Å"):
        text = FAMILY.format(pin=pin, version=version, comment=comment)
        (tmp_path / "tiny.py").write_text(text, encoding="utf-8")
        entry = ModelEntry(id="tiny-1", family="tiny", checkpoint="1", sha256="5ha")
        return jobs.Job(entry, Given.of([bulk("Cu")]), "float32").store.name

    return name


@pytest.mark.parametrize("wrong", ["many", 0, 2.5, None, [128]])
def test_a_record_that_was_edited_is_named_before_the_work(tmp_path, monkeypatch, wrong):
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path))
    job = jobs.Job(resolve(MODEL), Given.of([bulk("Cu")]), "float32")
    records.remember(job.batches, {"NVIDIA H200": wrong}, jobs.BATCHES)
    with pytest.raises(ValueError, match=r"batches\.json \(remove it\), NVIDIA H200: got"):
        job.found_batch_atoms()


def test_a_comment_leaves_the_features_as_they_are(store, tmp_path):
    before = store()
    (tmp_path / "base.py").write_text("# another comment")
    assert store(comment="angstrom") == before


def test_versions_of_family_code_and_packages_make_features_anew(store, monkeypatch):
    names = [store(), store(version="FEATURES_VERSION = 2"), store(pin="0.12.1")]
    monkeypatch.setattr(jobs, "FEATURES_VERSION", jobs.FEATURES_VERSION + 1)
    assert len({*names, store()}) == 4


def test_every_change_of_a_file_without_a_version_makes_features_anew(store):
    assert store(version="") == store(version="")
    assert store(version="") != store(version="", comment="angstrom")


@pytest.mark.parametrize("family", environments.families())
def test_every_family_has_a_version(family):
    assert environments.pins(family).features_version.isdigit()


@pytest.fixture(scope="module")
def structures():
    made = [bulk("Cu", cubic=True), bulk("NaCl", "rocksalt", a=5.64)]
    for i, atoms in enumerate(made):
        atoms.rattle(0.05, seed=i)
    return lumlip.structures(made)


@pytest.fixture(scope="module")
def made(tmp_path_factory, shared_environments, structures):
    """Return a function that opens the features in a cache of its own, and the store's path."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "environments").symlink_to(shared_environments)
    with pytest.MonkeyPatch.context() as patch, WorkerPool() as pool:
        patch.setenv("LUMLIP_HOME", str(folder))

        def features(frames=structures):
            job = jobs.Job(resolve(MODEL), Given.of(frames), "float32")
            return jobs.made(job, pool, device="cpu").load(), job.store

        yield features


def flip_a_bit(store):
    """Change a number: the decompressor has no sums to check."""
    path = store / "backbone" / "0.0"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(store):
    path = store / "backbone" / "0.0"
    path.write_bytes(path.read_bytes()[:-100])


DAMAGES = {
    "a flipped bit": flip_a_bit,
    "a chunk less": lambda store: (store / "last_layer" / "0.0").unlink(),
    "no .zarray": lambda store: (store / "energy" / ".zarray").unlink(),
    "a truncated chunk": truncate,
    "no checksums": lambda store: store.with_name(f"{store.name}.crc32.json").unlink(),
}


@pytest.mark.faults
@pytest.mark.heavy
@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_features_are_set_aside_and_made_again(made, how, capfd, monkeypatch):
    right, store = made()
    monkeypatch.setattr("lumlip.extraction.store._summed", {})  # as a new process
    before = set(store.parent.glob("*.damaged"))
    DAMAGES[how](store)
    again, _ = made()
    assert again.identical(right)
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "damaged" in line]
    (aside,) = set(store.parent.glob("*.damaged")) - before
    assert line.startswith(f"lumlip: {MODEL}: damaged in the cache (")
    assert line.endswith(f"made again; was {aside}")


@pytest.mark.heavy
def test_labels_are_those_of_the_structures_at_hand(made, structures, monkeypatch):
    before, _ = made()
    edited = [atoms.copy() for atoms in structures]
    for i, atoms in enumerate(edited):
        atoms.info |= {"parent": f"a longer name {i}", "subset": "mine", "part": "train"}
    monkeypatch.setattr(jobs, "_make", lambda *_args, **_options: pytest.fail("was run again"))
    after, _ = made(edited)
    assert after["parent"].to_numpy().tolist() == ["a longer name 0", "a longer name 1"]
    assert after["subset"].to_numpy().tolist() == ["mine"] * 2
    assert after["part"].to_numpy().tolist() == ["train"] * 2
    assert np.array_equal(after["backbone"], before["backbone"])
    assert before["parent"].to_numpy().tolist() == ["frame-0", "frame-1"]


def test_a_moved_atom_another_precision_and_layers_have_stores_of_their_own():
    copper, moved, entry = bulk("Cu"), bulk("Cu"), resolve("chgnet-0.3.0")
    moved.positions[0, 0] += 1e-6
    asked = [(copper, "float32", False), (moved, "float32", False), (copper, "float64", False)]
    asked += [(copper, "float32", True), (copper.copy(), "float32", False)]
    stores = [jobs.Job(entry, Given.of([atoms]), *how).store for atoms, *how in asked]
    assert len(set(stores[:-1])) == 4
    assert stores[-1] == stores[0]


@pytest.mark.parametrize("batch_atoms", [0, -5, 2.5, "10", True])
def test_a_bound_on_batches_that_is_none_is_refused_before_work(batch_atoms):
    with pytest.raises(ValueError, match="batch_atoms: got"):
        lumlip.features("chgnet-0.3.0", [bulk("Cu")], batch_atoms=batch_atoms)


LOCK = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("locked", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_says_what_it_waits_for(tmp_path, capfd):
    argv = [sys.executable, "-c", LOCK, str(tmp_path / "a.zarr.lock"), "1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as other:
        other.stdout.readline()
        with environments.locked(tmp_path / "a.zarr", "the features of chgnet-0.3.0"):
            assert other.wait() == 0
    assert "waiting for another process that makes the features of chgnet-0.3.0 (it holds " in (
        capfd.readouterr().err
    )


@pytest.mark.faults
def test_lock_that_does_not_hold_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path))

    class Beside(WorkerPool):
        """While this worker runs, another process ends with the same features."""

        def run(self, _entry, folder):
            shutil.rmtree(folder)
            found = {"failed": {}, "done": {"found_batch_atoms": {}}}
            return {"device": "cpu", "cutoff": 5.0, "versions": {}, "no_energy": "", **found}

    job = jobs.Job(resolve(MODEL), Given.of([bulk("Cu")]), "float32")
    with pytest.raises(ExtractionError, match=r"file locks do not hold there .* LUMLIP_HOME"):
        jobs.made(job, Beside(), device="cpu")


@pytest.mark.faults
def test_what_a_killed_process_left_is_cleared(tmp_path, monkeypatch, structures):
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path))
    job = jobs.Job(resolve(MODEL), Given.of(structures), "float32")
    left = job.store.with_name(f"{job.store.name}.0123abcd.part")
    left.mkdir(parents=True)

    class Stopped(WorkerPool):
        def run(self, *_, **__):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.made(job, Stopped(), device="cpu")
    assert not left.exists()


@pytest.mark.faults
def test_disk_without_locks_is_said(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with (
        pytest.raises(OSError, match=r"has no file locks: set LUMLIP_HOME to a local folder"),
        environments.locked(tmp_path / "a.zarr", "features"),
    ):
        pass
