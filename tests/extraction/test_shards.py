"""Structures in parts: dealt, extracted, joined, and what does not belong together."""

import json
import shutil
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numcodecs
import numpy as np
import pytest
import xarray as xr
from ase.build import bulk, molecule
from ase.io import write

import lumlip
from lumlip import commands
from lumlip.cli import main
from lumlip.datasets.sets import structures_sha256
from lumlip.extraction import shards
from lumlip.extraction.files import SHA256
from lumlip.extraction.shards import dealt, extract_part, join, which_part

FRAMES = [bulk("Cu", cubic=True), bulk("Si"), bulk("NaCl", "rocksalt", a=5.64), molecule("CH4")]
MODEL = "chgnet-0.3.0"


@pytest.fixture(scope="module")
def structures():
    named = [atoms.copy() for atoms in FRAMES]
    for i, atoms in enumerate(named):
        atoms.info["parent"] = "a" * (1 + 9 * i)  # as long in no two parts
    return named


@pytest.fixture(scope="module")
def folder(structures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    for i in (1, 2, 3):
        extract_part(MODEL, structures, folder, shard=(i, 3), device="cpu")
    return folder


def test_parts_hold_every_structure_once_and_about_as_many_atoms():
    rng = np.random.default_rng(0)
    some = [bulk("Cu") * (int(n), 1, 1) for n in rng.integers(1, 40, size=300)]
    parts = dealt(some, 7)
    assert sorted(i for part in parts for i in part) == list(range(300))
    sizes = [sum(len(some[i]) for i in part) for part in parts]
    assert max(sizes) - min(sizes) <= 2


def test_the_task_of_a_job_array_is_a_part():
    task = {
        "SLURM_ARRAY_TASK_ID": "12",
        "SLURM_ARRAY_TASK_MIN": "10",
        "SLURM_ARRAY_TASK_COUNT": "5",
    }
    assert which_part("3/10") == (3, 10)
    assert which_part("slurm", task) == (3, 5)
    with pytest.raises(ValueError, match="no SLURM_ARRAY_TASK_ID; expected a job array"):
        which_part("slurm", {})
    for wrong in ("0/3", "4/3", "1", "a/b", "-1/3"):
        with pytest.raises(ValueError, match="expected I/N with I from 1 to N, or slurm"):
            which_part(wrong)


def test_tasks_with_gaps_are_refused():
    """Of --array=1-7:2 the last two would be parts 5 and 7 of 4."""
    gaps = {f"SLURM_ARRAY_TASK_{k}": v for k, v in (("ID", "5"), ("MIN", "1"), ("COUNT", "4"))}
    with pytest.raises(ValueError, match="got task 5 of 4 from 1; expected no gaps"):
        which_part("slurm", gaps)


def test_a_part_that_another_task_has_made_meanwhile_is_left(folder, structures, monkeypatch):
    path, written = folder / "0003-of-0003.zarr", shards.write
    other = path.rename(folder / "other")

    def late(*args):
        written(*args)
        shutil.copytree(other, path)

    monkeypatch.setattr(shards, "write", late)
    extract_part(MODEL, structures, folder, shard=(3, 3), device="cpu")
    shutil.rmtree(other)
    assert not [p.name for p in folder.iterdir() if not p.name.endswith("-of-0003.zarr")]


def test_joined_parts_are_the_features_of_all(folder, structures, tmp_path):
    join(folder, tmp_path / "all.zarr")
    stored = xr.open_zarr(tmp_path / "all.zarr", consolidated=False, zarr_format=2)
    assert sorted(stored["frame"].to_numpy().tolist()) == [0, 1, 2, 3]
    assert set(stored["parent"].to_numpy()) == {atoms.info["parent"] for atoms in structures}
    expected = lumlip.features(MODEL, structures, device="cpu")
    found = lumlip.features(f"features:{tmp_path / 'all.zarr'}", structures)
    for name in ("backbone", "last_layer", "energy"):
        assert np.allclose(found[name], expected[name], atol=1e-5), name
    assert found["structure"].to_numpy().tolist() == expected["structure"].to_numpy().tolist()


def test_a_part_that_is_there_is_not_made_again(folder, structures, capsys):
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    commands.extract(MODEL, structures, output=folder, shard="2/3", device="cpu")
    assert capsys.readouterr() == ("", f"lumlip: {folder / '0002-of-0003.zarr'} is there\n")
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_parts_of_another_whole_are_refused_before_any_work(folder, structures):
    with pytest.raises(ValueError, match=r"another whole: got model .*, expected 'chgnet-0.2.0'"):
        extract_part("chgnet-0.2.0", structures, folder, shard=(1, 3))
    with pytest.raises(ValueError, match=r"whole: got n_parts 3, expected 4; .* --shard I/N$"):
        extract_part(MODEL, structures, folder, shard=(1, 4))
    with pytest.raises(ValueError, match="got structures_sha256_of_all_parts"):
        extract_part(MODEL, structures[:3], folder, shard=(1, 3))
    with pytest.raises(ValueError, match="got dtype 'float32', expected 'float64'"):
        extract_part(MODEL, structures, folder, shard=(1, 3), dtype="float64")
    with pytest.raises(ValueError, match="got layers False, expected True"):
        extract_part(MODEL, structures, folder, shard=(1, 3), layers=True)


def test_scheduler_wants_the_number_of_parts(tmp_path):
    argv = ["extract", MODEL, "mini-mad", "-o", str(tmp_path / "parts"), "--scheduler", "tcp://a:1"]
    with pytest.raises(ValueError, match="--scheduler: expected --shard N"):
        commands.extract(MODEL, ["mini-mad"], output=tmp_path, scheduler="tcp://a:1")
    assert main([*argv, "--shard", "1/2"]) == 2
    assert not (tmp_path / "parts").exists()


@pytest.mark.heavy
def test_dask_does_all_parts(folder, structures, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    write("some.extxyz", structures)
    cluster = distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None)
    with cluster:
        address = cluster.scheduler_address
        argv = ["extract", MODEL, "some.extxyz", "-o", "parts", "--shard", "3", "--device", "cpu"]
        assert main([*argv, "--scheduler", address]) == 0
    for path in sorted(folder.glob("*.zarr")):
        there = xr.open_zarr(tmp_path / "parts" / path.name, consolidated=False)
        expected = xr.open_zarr(path, consolidated=False)
        assert np.array_equal(there["energy"], expected["energy"])


def kill_one_once_there_is_a_part(pool, folder):
    while not list(folder.glob("*-of-*.zarr")):
        time.sleep(0.02)
    next(iter(pool._processes.values())).kill()


@pytest.mark.usefixtures("own_cache")
def test_a_pool_of_which_a_process_is_killed_leaves_the_same_parts(folder, tmp_path, structures):
    parts = tmp_path / "parts"
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        threading.Thread(target=kill_one_once_there_is_a_part, args=(pool, parts)).start()
        how = {"n_parts": 3, "executor": pool, "device": "cpu"}
        made = lumlip.extract_parts(MODEL, structures, parts, **how)
    assert made == sorted(parts.glob("*.zarr"))
    for one, other in zip(made, sorted(folder.iterdir()), strict=True):
        xr.testing.assert_identical(*(xr.open_zarr(x, consolidated=False) for x in (one, other)))
    lumlip.join(parts, tmp_path / "all.zarr")
    assert sorted(parts.iterdir()) == made  # nothing else is left behind


def test_what_cannot_be_joined_is_said(folder, tmp_path):
    with pytest.raises(ValueError, match="got no part in"):
        join(tmp_path, tmp_path / "x.zarr")
    some = tmp_path / "some"
    shutil.copytree(folder, some)
    shutil.rmtree(some / "0002-of-0003.zarr")
    with pytest.raises(ValueError, match=r"lacks 1 of 3 parts: 0002-of-0003\.zarr"):
        join(some, tmp_path / "x.zarr")
    told = some / "0003-of-0003.zarr" / ".zattrs"
    told.write_text(json.dumps(json.loads(told.read_text()) | {"dtype": "float64"}))
    with pytest.raises(ValueError, match="got dtype 'float64', expected 'float32'"):
        join(some, tmp_path / "x.zarr")
    shutil.rmtree(some / "0003-of-0003.zarr")
    for i in (2, 3):
        shutil.copytree(folder / "0001-of-0003.zarr", some / f"000{i}-of-0003.zarr")
    with pytest.raises(ValueError, match=r"in two parts \(first: frame \d\); expected each in one"):
        join(some, tmp_path / "x.zarr")
    assert not (tmp_path / "x.zarr").exists()


def test_a_part_is_opened_like_any_features_file(folder, tmp_path):
    """A pickle among its arrays would be run where it is read."""
    some = tmp_path / "some"
    shutil.copytree(folder, some)
    array = some / "0001-of-0003.zarr" / "energy" / ".zarray"
    pickled = {"dtype": "|O", "compressor": numcodecs.Pickle().get_config()}
    array.write_text(json.dumps(json.loads(array.read_text()) | pickled))
    with pytest.raises(ValueError, match=r"energy: got dtype \|O, .*expected plain numbers"):
        join(some, tmp_path / "x.zarr")
    assert not (tmp_path / "x.zarr").exists()


@pytest.mark.parametrize("suffix", ["npz", "zarr"])
@pytest.mark.parametrize("when", ["before", "while"])
def test_parts_of_a_features_file_that_changes_are_not_joined(tmp_path, monkeypatch, suffix, when):
    def make(value):
        some = {"last_layer": np.full((len(owner), 2), value), "structure": owner, SHA256: sums}
        np.savez(tmp_path / "a.npz", **some)
        if suffix == "zarr":
            ds = lumlip.features(f"features:{tmp_path / 'a.npz'}", FRAMES)
            shutil.rmtree(path, ignore_errors=True)
            shards.write(ds.assign_attrs(lumlip_version="0"), FRAMES, path)

    sums = [structures_sha256([atoms]) for atoms in FRAMES]
    owner = np.repeat(range(4), list(map(len, FRAMES)))
    path, parts = tmp_path / f"a.{suffix}", tmp_path / "parts"
    make(1.0)
    extract_part(f"features:{path}", FRAMES, parts, shard=(1, 2))
    if when == "before":
        make(2.0)
    else:
        read = shards.features
        monkeypatch.setattr(shards, "features", lambda *args: [read(*args), make(2.0)][0].load())
    with pytest.raises(ValueError, match="belongs to another whole: got features_sha256 '"):
        extract_part(f"features:{path}", FRAMES, parts, shard=(2, 2))
    assert len(list(parts.iterdir())) == 1


def test_the_command_line_writes_parts_and_joins_them(tmp_path, capsys):
    write(tmp_path / "a.xyz", FRAMES)
    sums = [structures_sha256([atoms]) for atoms in lumlip.structures(tmp_path / "a.xyz")]
    rows = {"last_layer": np.eye(13), "structure": np.repeat(range(4), list(map(len, FRAMES)))}
    np.savez(own := tmp_path / "own.npz", **rows, structures_sha256=sums)
    for i in (1, 2):
        argv = ["extract", f"features:{own}", str(tmp_path / "a.xyz"), "--shard", f"{i}/2"]
        assert main([*argv, "-o", str(tmp_path / "parts")]) == 0
    assert main(["join", str(tmp_path / "parts"), "-o", str(tmp_path / "a.zarr")]) == 0
    assert f"as a model: features:{tmp_path / 'a.zarr'}" in capsys.readouterr().out
    assert main([*argv[:-2], "--shard", "1/2"]) == 2
    assert "--shard: expected -o FOLDER" in capsys.readouterr().err
