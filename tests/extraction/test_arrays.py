"""Structures cross the border between environments unchanged, to the last bit."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lumlip.extraction.arrays import StoredStructures, load_arrays, save_arrays, save_structures


def test_charge_spin_and_multiplicity_come_back_as_integers(tmp_path):
    states = [{"charge": -1}, {"spin": np.float64(3)}, {"spin_multiplicity": np.array(2)}, {}]
    frames = [Atoms("O", info=state | {"note": "not kept"}) for state in states]
    save_structures(tmp_path / "s.npz", frames)
    found = [atoms.info for atoms in StoredStructures(tmp_path / "s.npz")]
    assert found == [{"charge": -1}, {"spin": 3}, {"spin_multiplicity": 2}, {}]
    assert all(type(value) is int for info in found for value in info.values())


@pytest.mark.parametrize("value", [0.5, np.nan, None, "one", [1, 2]])
def test_nothing_is_rounded_to_a_whole_charge(tmp_path, value):
    with pytest.raises(ValueError, match=r"charge is .*, expected one whole number"):
        save_structures(tmp_path / "s.npz", [Atoms("O", info={"charge": value})])
    assert not (tmp_path / "s.npz").exists()


def test_crystals_and_molecules_come_back(tmp_path):
    ion = molecule("CH3CO")
    ion.info.update(charge=-1, spin=2)
    structures = [bulk("NaCl", "rocksalt", a=5.64), ion, Atoms("He")]
    save_structures(tmp_path / "s.npz", structures)
    for got, wanted in zip(StoredStructures(tmp_path / "s.npz"), structures, strict=True):
        assert got == wanted  # numbers, positions, cell and pbc
    assert StoredStructures(tmp_path / "s.npz")[1].info == {"charge": -1, "spin": 2}


@given(
    positions=hnp.arrays(
        float, st.tuples(st.integers(1, 9), st.just(3)), elements=st.floats(-1e6, 1e6)
    ),
    cell=hnp.arrays(float, (3, 3), elements=st.floats(-1e3, 1e3)),
)
def test_every_bit_is_kept(tmp_path_factory, positions, cell):
    path = tmp_path_factory.mktemp("bits") / "s.npz"
    save_structures(path, [Atoms(numbers=[1] * len(positions), positions=positions, cell=cell)])
    (got,) = StoredStructures(path)
    assert np.array_equal(got.positions, positions)
    assert np.array_equal(got.cell.array, cell)


def test_failed_write_leaves_nothing_under_the_name(tmp_path):
    class Unwritable:
        def __array__(self, *_args, **_options):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        save_arrays(tmp_path / "a.npz", good=np.ones(3), bad=Unwritable())
    assert not (tmp_path / "a.npz").exists()


@pytest.fixture
def batch(tmp_path):
    """A file of arrays: one of more than the 4 kB that numpy reads at once, a small one, and both
    of several rows, so that a flipped digit makes another shape that fits.
    """
    rng = np.random.default_rng(0)
    arrays = {"index": np.arange(3), "backbone": rng.normal(size=(30, 24)), "energy": rng.random(3)}
    save_arrays(tmp_path / "b.npz", **arrays)
    return tmp_path / "b.npz", arrays


def damaged(content, rng):
    """Every bit of the ends and of the headers between, flipped; and 300 cuts and holes."""
    names = [i for i, byte in enumerate(content) if byte in b"(),0123456789<"]
    for i in {*range(600), *range(len(content) - 700, len(content)), *names}:
        for bit in range(8):
            changed = bytearray(content)
            changed[i] ^= 1 << bit
            yield changed
    for start, length in rng.integers(0, len(content), (100, 2)):
        yield content[:start]
        yield content[:start] + bytes(length) + content[start + length :]
        yield content + content[start:]


@pytest.mark.faults
def test_damage_of_any_kind_is_seen(batch):
    path, arrays = batch
    content = path.read_bytes()
    n_seen = 0
    for changed in damaged(content, np.random.default_rng(1)):
        path.write_bytes(changed)
        if found := load_arrays(path):  # a hole where there were zeros
            assert found.keys() == arrays.keys()
            assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
        else:
            assert not path.exists()
            n_seen += 1
    assert n_seen > 10_000
