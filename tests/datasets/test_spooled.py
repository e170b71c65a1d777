"""Many structures: the same as in a list, without the memory of one."""

import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import ase.io
import numpy as np
import pytest
import xarray as xr
from ase.build import bulk

from lumlip.datasets import spooled
from lumlip.datasets.reading import frames
from lumlip.datasets.sets import read_structures, structures, structures_sha256
from lumlip.datasets.spooled import Spooled, chosen
from lumlip.extraction.arrays import save_structures
from lumlip.extraction.given import Given
from lumlip.extraction.store import labelled


def salts(n):
    rng = np.random.default_rng(0)
    for i in range(n):
        atoms = bulk("NaCl", "rocksalt", a=rng.uniform(5.4, 6.0))
        atoms.positions += rng.normal(scale=0.05, size=(2, 3))
        atoms.info |= {"charge": i % 3, "parent": f"salt-{i // 2}", "energy": -i / 7}
        yield atoms


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(spooled, "MANY", 20)


@pytest.mark.parametrize("name", ["a.xyz", "a.xyz.gz", "a.traj", "a.db"])
def test_many_structures_of_a_file_are_those_of_a_list(tmp_path, few, name):
    ase.io.write(tmp_path / name, [*salts(50)])
    listed, lazy = structures(tmp_path / name), read_structures(tmp_path / name)
    assert isinstance(lazy, Spooled)
    assert type(listed) is list
    assert type(read_structures(listed[:19])) is list
    assert list(lazy) == listed
    assert [atoms.info for atoms in lazy] == [atoms.info for atoms in listed]
    assert structures_sha256(lazy) == structures_sha256(listed)
    assert read_structures(lazy) is lazy
    for i, given in enumerate((lazy, listed)):
        save_structures(tmp_path / f"{i}.npz", given)
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()


def test_parts_are_those_of_a_list_and_outlive_the_whole():
    listed = [*salts(30)]
    lazy = Spooled(iter(listed))
    part = lazy[5:25:2]
    for got, expected in (
        (lazy[-1], listed[-1]),
        (lazy[-30], listed[0]),
        (list(lazy[-3:]), listed[-3:]),
        (list(lazy[::-1]), listed[::-1]),
        (list(part[-2:]), listed[5:25:2][-2:]),
        (list(chosen(part, [4, 0, -1])), [listed[13], listed[5], listed[23]]),
        (chosen(listed, [4, 0]), [listed[4], listed[0]]),
        (list(lazy[30:]), []),
    ):
        assert got == expected
    for index in (30, -31):
        with pytest.raises(IndexError):
            lazy[index]
    del lazy
    assert part[0] == listed[5]
    part[0].positions += 1  # each access makes a new one
    assert part[0] == listed[5]


def _strange(lazy, seed):
    """Read at random, and count what is another structure than the one asked for."""
    numbers = np.random.default_rng(seed).integers(0, len(lazy), 3000).tolist()
    return sum(lazy[i].info["energy"] != -i / 7 for i in numbers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_threads_and_forks_that_read_at_once_get_what_they_ask_for():
    lazy = Spooled(salts(1000))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_strange, [lazy] * 4, range(4))) == [0] * 4
    children = []
    for seed in range(2):
        if not (child := os.fork()):
            os._exit(_strange(lazy, seed) > 0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]


def test_a_part_from_the_end_of_a_file_is_that_of_a_list(tmp_path, few):
    ase.io.write(tmp_path / "a.xyz", [*salts(50)])
    assert [a.info["energy"] for a in structures(f"{tmp_path / 'a.xyz'}@-3:")] == [
        pytest.approx(-i / 7) for i in (47, 48, 49)
    ]


def test_memory_does_not_grow_with_the_structures(tmp_path, monkeypatch):
    monkeypatch.setattr(spooled, "MANY", 500)
    many = [*salts(1000)] * 10  # shared: as a list they take no room themselves
    tracemalloc.start()
    lazy = read_structures(many)
    added = labelled(xr.Dataset(), Given.of(lazy))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(lazy) == added.sizes["structure"] == 10_000
    assert peak < 10_000 * 500  # bytes; copies in a list take 1,900 of each


def test_a_file_that_is_written_to_while_it_is_read_is_told(tmp_path):
    path = tmp_path / "a.xyz"
    ase.io.write(path, [*salts(30)])
    found = frames(path)
    next(found)
    ase.io.write(path, [*salts(3)], append=True)
    with pytest.raises(
        ValueError, match=r"a\.xyz has changed while its \d+ frames were read: wait"
    ):
        list(found)
    assert len(structures(f"{path}@:33")) == 33
