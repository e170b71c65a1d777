"""Features as files: what is written is read again, of the right structures, without a pickle."""

import json
import os

import ase.io
import numcodecs
import numpy as np
import pytest
import xarray as xr
from ase.build import bulk, molecule
from pyarrow import parquet

import lumlip
from lumlip.datasets.sets import structures, structures_sha256
from lumlip.extraction import files
from lumlip.extraction.files import SHA256
from lumlip.extraction.given import Given
from lumlip.extraction.panel import panel
from lumlip.extraction.store import labelled, with_readout
from lumlip.metrics.cumulants import mean_over_atoms

FRAMES = structures(
    [bulk("Cu", cubic=True), molecule("H2O"), bulk("Si"), bulk("NaCl", "rocksalt", a=5.64)]
)
N_ATOMS = [len(atoms) for atoms in FRAMES]


def features_of(frames=FRAMES, numbers=None, **attributes):
    """Features that say which atom they are of, as lumlip.features returns them."""
    lengths = [len(atoms) for atoms in frames]
    count = np.arange(sum(lengths), dtype=np.float32)[:, None]
    dataset = xr.Dataset(
        {
            "backbone": (("atom", "backbone_channel"), count * [1, 2, 3]),
            "last_layer": (("atom", "last_layer_channel"), count + np.array([0.25, 0.5])),
            "layer_00_embedding": (("atom", "layer_00_embedding_channel"), -count),
            "routing": (("structure", "routing_channel"), np.ones((len(frames), 2))),
            "energy": ("structure", -np.arange(len(frames), dtype=float)),
        },
        {
            "structure": ("atom", np.repeat(np.arange(len(frames)), lengths)),
            "atomic_number": ("atom", np.concatenate([atoms.numbers for atoms in frames])),
        },
        {"model": "chgnet-0.3.0", "family": "chgnet", "lumlip_version": "0", **attributes},
    )
    given = Given(frames, numbers or range(len(frames)))
    return with_readout(labelled(dataset, given), attributes.get("readout", "last_layer"))


@pytest.fixture(params=[".zarr", ".npz"])
def written(request, tmp_path, monkeypatch):
    """A file of features of the structures, written in three pieces."""
    monkeypatch.setattr(files, "PIECE", 4)
    path = tmp_path / f"mine{request.param}"
    files.write(features_of(), FRAMES, path)
    return path


def test_what_is_written_is_read_again(written):
    found = lumlip.features(f"features:{written}", FRAMES, layers=True)
    if written.suffix == ".zarr":
        assert not found["backbone"].variable._in_memory  # read when it is used
    expected = features_of()
    assert set(found.data_vars) == set(expected.data_vars)
    assert found.drop_vars("structures_sha256").identical(expected)


@pytest.mark.parametrize("chosen", [[2, 0], [1], [3, 3, 1]])
def test_other_choices_and_orders_of_its_structures_are_found(written, chosen):
    found = lumlip.features(f"features:{written}", [FRAMES[i] for i in chosen])
    expected = features_of()
    owner = expected["structure"].to_numpy()
    atoms = np.concatenate([np.flatnonzero(owner == i) for i in chosen])
    assert np.array_equal(found["last_layer"], expected["last_layer"][atoms])
    assert np.array_equal(found["atomic_number"], expected["atomic_number"][atoms])
    assert found["energy"].to_numpy().tolist() == [-i for i in chosen]
    assert np.array_equal(np.bincount(found["structure"]), np.array(N_ATOMS)[chosen])


def test_parts_of_a_store_without_energies_are_found(tmp_path):
    files.write(features_of().drop_vars(["energy", "routing"]), FRAMES, tmp_path / "mine.zarr")
    with xr.open_zarr(tmp_path / "mine.zarr", consolidated=False) as store:  # as others read it
        assert {"structure", "frame", "parent", "structures_sha256"} <= {*store.coords}
    found = lumlip.features(f"features:{tmp_path / 'mine.zarr'}", FRAMES[2:])
    assert np.array_equal(found["last_layer"], features_of()["last_layer"][7:])


def test_structures_that_it_lacks_are_named_or_left_out(written, capfd):
    more = [FRAMES[0], bulk("Al"), FRAMES[1], bulk("Fe")]
    with pytest.raises(ValueError, match=r"mine\S+ lacks 2 of 4 structures \(first: frame 1, Al\)"):
        lumlip.features(f"features:{written}", more)
    found = lumlip.features(f"features:{written}", more, skip_unknown=True)
    assert found["energy"].to_numpy().tolist() == [0, -1]
    assert found["frame"].to_numpy().tolist() == [0, 2]
    shown = panel([f"features:{written}"], more)
    assert shown.dropped[3] == f"frame 3, Fe: not for features:{written}"
    assert shown.energies(f"features:{written}").tolist() == [0, -1]


def test_what_another_model_does_not_take_is_left_out_of_it(written, tmp_path):
    files.write(features_of(FRAMES[1::2]), FRAMES[1::2], tmp_path / "half.npz")
    whole, half = f"features:{written}", f"features:{tmp_path / 'half.npz'}"
    shown = panel([whole, half], FRAMES)
    assert list(shown.dropped) == [0, 2]
    assert shown.atoms["frame"].to_numpy().tolist() == [1, 3]
    expected = features_of()["last_layer"].to_numpy()[[4, 5, 6, 9, 10]]  # 4 + 3 + 2 + 2 atoms
    assert np.array_equal(shown.layer("last_layer")[whole], expected)
    assert shown.energies(whole).tolist() == [-1, -3]
    assert shown.energies(half).tolist() == [0, -1]


def test_features_of_other_structures_are_refused(written):
    moved = [atoms.copy() for atoms in FRAMES]
    for atoms in moved:
        atoms.positions[0, 0] += 1e-5
    sums = [structures_sha256(frames) for frames in (FRAMES, moved)]
    match = f"{written} holds features of other structures: got 4 others, expected 4 of {sums[1]}"
    with pytest.raises(ValueError, match=match):
        lumlip.features(f"features:{written}", moved)
    with pytest.raises(ValueError, match=match):
        panel([f"features:{written}"], moved, skip_failing=True)


def test_what_a_model_failed_on_is_not_of_the_file(tmp_path):
    files.write(features_of(failed=json.dumps({"1": "NaN"})), FRAMES, tmp_path / "mine.npz")
    shown = panel([f"features:{tmp_path / 'mine.npz'}"], FRAMES)
    assert not shown.dropped


def test_layers_are_there_if_they_were_written(tmp_path):
    files.write(features_of().drop_vars("layer_00_embedding"), FRAMES, tmp_path / "mine.npz")
    with pytest.raises(ValueError, match=r"no layer_00_NAME, .*; write it with --layers"):
        lumlip.features(f"features:{tmp_path / 'mine.npz'}", FRAMES, layers=True)


def test_readout_is_what_the_file_says(tmp_path):
    files.write(features_of(readout="backbone"), FRAMES, tmp_path / "mine.npz")
    found = lumlip.features(f"features:{tmp_path / 'mine.npz'}", FRAMES)
    assert np.array_equal(found["readout"], found["backbone"])


def test_parquet_has_means_and_a_row_per_structure(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PIECE", 4)
    files.write(features_of(), FRAMES, tmp_path / "mine.parquet")
    whole = features_of()
    stored = parquet.read_table(tmp_path / "mine.parquet")
    table = stored.to_pandas()
    expected = mean_over_atoms(whole["last_layer"], whole["structure"])
    assert np.allclose(table[["last_layer_0", "last_layer_1"]], expected, atol=0, rtol=1e-12)
    assert table["energy"].tolist() == [0, -1, -2, -3]
    assert table["structures_sha256"].tolist() == [structures_sha256([a]) for a in FRAMES]
    assert stored.schema.metadata[b"model"] == b"chgnet-0.3.0"


def test_extxyz_has_features_at_the_atoms(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PIECE", 4)
    files.write(features_of(), FRAMES, tmp_path / "mine.extxyz")
    frames, whole = ase.io.read(tmp_path / "mine.extxyz", ":"), features_of()
    assert [atoms.get_chemical_formula() for atoms in frames] == ["Cu4", "H2O", "Si2", "ClNa"]
    read = np.concatenate([atoms.arrays["last_layer"] for atoms in frames])
    assert np.array_equal(read, whole["last_layer"])
    assert [atoms.get_potential_energy() for atoms in frames] == [0, -1, -2, -3]
    assert [atoms.info["frame"] for atoms in frames] == [0, 1, 2, 3]


def test_frames_count_those_that_were_given(tmp_path):
    """Features of the last two structures, as of --skip-unknown, go with these."""
    files.write(features_of(FRAMES[2:], [2, 3]), FRAMES, tmp_path / "mine.extxyz")
    assert len(ase.io.read(tmp_path / "mine.extxyz", ":")[0]) == len(FRAMES[2])


def plain(path, **arrays):
    """Write what a user of another code writes."""
    rows = np.random.default_rng(0).normal(size=(sum(N_ATOMS), 3))
    np.savez(path, **{"last_layer": rows, "structures_sha256": structures_sha256(FRAMES), **arrays})
    return f"features:{path}"


def test_plain_arrays_need_features_and_the_sum_of_the_structures(tmp_path):
    found = lumlip.features(plain(tmp_path / "mine.npz"), FRAMES)
    assert set(found.data_vars) == {"last_layer", "backbone", "readout"}
    assert np.array_equal(found["backbone"], found["last_layer"])
    assert found.sizes["structure"] == 4
    shown = panel([f"features:{tmp_path / 'mine.npz'}"], FRAMES)
    with pytest.raises(ValueError, match=r"mine\.npz has no energies"):
        shown.energies(f"features:{tmp_path / 'mine.npz'}")
    with pytest.raises(ValueError, match=r"other structures: got those of .* the very file$"):
        lumlip.features(f"features:{tmp_path / 'mine.npz'}", FRAMES[:2])
    np.savez(tmp_path / "bare.npz", last_layer=np.zeros((9, 2)))
    with pytest.raises(ValueError, match=r"does not say of which .*; expected 2 of [0-9a-f]{64} "):
        lumlip.features(f"features:{tmp_path / 'bare.npz'}", FRAMES[:2])


def test_atoms_in_another_order_are_refused(tmp_path):
    """Other programs put atoms in the order of their elements."""
    numbers = np.concatenate([atoms.numbers for atoms in FRAMES])
    right = lumlip.features(plain(tmp_path / "a.npz", atomic_number=numbers), FRAMES)
    assert np.array_equal(right["atomic_number"], numbers)
    numbers[[4, 6]] = numbers[[6, 4]]  # oxygen of the water last
    with pytest.raises(ValueError, match="got atomic_number 1 for atom 4, expected 8: its atoms"):
        lumlip.features(plain(tmp_path / "b.npz", atomic_number=numbers), FRAMES)


@pytest.mark.parametrize(
    ("structure", "said"),
    [
        (np.repeat([1, 2, 3], 2), "got 3 different indices from 1 to 3, expected 0 to n_struct"),
        (np.repeat([0, 2, 3], 2), "got 3 different indices from 0 to 3"),
        (np.repeat([0.0, 1.0, 2.0], 2), r"of float64, expected \(6,\) of int"),
        (np.repeat(["0", "1", "2"], 2), r"of <U1, expected \(6,\) of int"),
        (np.zeros((6, 2), int), r"got shape \(6, 2\)"),
    ],
)
def test_structures_are_counted_from_0_and_none_is_left_out(tmp_path, structure, said):
    """Counted from 1, a part of structures of equal sizes would get features of others."""
    some = [bulk("Si", a=a) for a in (5.4, 5.5, 5.6)]
    sums = [structures_sha256([atoms]) for atoms in some]
    rows = {"last_layer": np.arange(6.0)[:, None], "structure": structure}
    np.savez(tmp_path / "mine.npz", structures_sha256=sums, **rows)
    for chosen in (some, some[1:]):
        with pytest.raises(ValueError, match=rf"cannot read .*mine.npz .*{said}"):
            lumlip.features(f"features:{tmp_path / 'mine.npz'}", chosen)


def test_copies_of_a_structure_keep_the_features_that_each_was_given(tmp_path):
    """Of two spin states, say: the sum of a structure covers no magnetic moments."""
    twice = [FRAMES[2]] * 2
    mine = {
        "last_layer": np.arange(8.0).reshape(4, 2),
        "structure": np.repeat([0, 1], 2),
        "structures_sha256": [structures_sha256([atoms]) for atoms in twice],
    }
    np.savez(tmp_path / "mine.npz", **mine)
    for frames in (twice, twice[:1]):
        found = lumlip.features(f"features:{tmp_path / 'mine.npz'}", frames)["last_layer"]
        assert np.array_equal(found, mine["last_layer"][: 2 * len(frames)])


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"last_layer": np.zeros((9, 3))}, "got features of 9 atoms, expected 11, as many in"),
        ({"last_layer": np.zeros(11)}, r"got last_layer of shape \(11,\) and dtype float64"),
        ({"last_layer": np.full((11, 2), "a")}, "dtype <U1, expected real numbers"),
        (
            {"lastlayer": np.zeros((11, 2))},
            "got lastlayer; expected last_layer, structures_sha256; if known",
        ),
        ({"energy": np.zeros(3)}, "got energies of 3 structures, expected 4"),
        ({"backbone": np.zeros((10, 2))}, "mine.npz: conflicting sizes for dimension 'atom'"),
        ({"structures_sha256": "0" * 64}, "got those of structures_sha256 0000"),
        ({"attributes": "{"}, "cannot read .*mine.npz"),
        ({"last_layer": np.array([[None]])}, r"cannot read .*mine\.npz .*allow_pickle=False"),
        ({"last_layer": np.zeros((11, 0))}, r"got last_layer of shape \(11, 0\)"),
        ({"last_layer": np.zeros((11, 2, 1))}, r"got last_layer of shape \(11, 2, 1\)"),
        ({"energy": np.zeros(4) + 1j}, "got energy of shape .* complex128, .*n_structures"),
        ({"energy": np.zeros((4, 1))}, r"got energy of shape \(4, 1\)"),
    ],
)
def test_what_is_wrong_with_plain_arrays_is_one_line(tmp_path, arrays, said):
    with pytest.raises(ValueError, match=said) as caught:
        lumlip.features(plain(tmp_path / "mine.npz", **arrays), FRAMES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["last_layer", "backbone", "layer_00_a", "energy"])
@pytest.mark.parametrize("wrong", [np.nan, -np.inf])
def test_what_is_no_number_is_refused_with_its_row_when_it_is_read(
    tmp_path, monkeypatch, name, wrong
):
    monkeypatch.setattr(files, "PIECE", 4)
    rows = np.ones(4) if name == "energy" else np.ones((11, 3))
    rows[2] = wrong
    sums = [structures_sha256([atoms]) for atoms in FRAMES]
    owner = np.repeat(range(4), N_ATOMS)
    model = plain(tmp_path / "a.npz", **{name: rows, SHA256: sums, "structure": owner})
    with pytest.raises(ValueError, match=f"a.npz: got NaN or infinity in row 2 of {name}: leave"):
        lumlip.features(model, FRAMES)
    with pytest.raises(ValueError, match="row 2"):
        panel([model], [*FRAMES[::-1], bulk("Fe")], skip_failing=True)
    kept = [FRAMES[i] for i in ((0, 1, 3) if name == "energy" else (1, 2, 3))]
    assert lumlip.features(model, kept).sizes["structure"] == 3


def test_a_damaged_array_names_the_file(tmp_path):
    model = plain(tmp_path / "mine.npz")
    content = bytearray((tmp_path / "mine.npz").read_bytes())
    content[content.index(b"last_layer") + 150] ^= 1
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot read .*mine\.npz \(BadZipFile: Bad CRC-32"):
        lumlip.features(model, FRAMES)


@pytest.mark.parametrize("name", ["last_layer/0.0", "energy/0", "structure/0", "frame/.zattrs"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "endless"])
def test_a_damaged_store_is_refused(tmp_path, name, how):
    """Zarr reads zeros, NaN or other numbers from it without a word."""
    store = tmp_path / "mine.zarr"
    files.write(features_of(), FRAMES, store)
    lumlip.features(f"features:{store}", FRAMES)
    content = bytearray((store / name).read_bytes())
    content[-1] ^= 1
    (store / name).write_bytes(content if how == "flipped" else content[:-2])
    if how in ("gone", "endless"):
        (store / name).unlink()
    if how == "endless":  # a device, here one that blocks, is not read
        os.mkfifo(store / name)
    said = rf"mine\.zarr is damaged in 1 of \d+ files, such as {name}|{name} is a pipe or a device"
    with pytest.raises(ValueError, match=said):
        lumlip.features(f"features:{store}", FRAMES)


def test_attributes_of_a_store_may_be_changed(tmp_path):
    store = tmp_path / "mine.zarr"
    files.write(features_of(), FRAMES, store)
    told = json.loads((store / ".zattrs").read_text())
    (store / ".zattrs").write_text(json.dumps(told | {"family": "mace"}))
    found = lumlip.features(f"features:{store}", FRAMES)
    assert found.attrs["family"] == "mace"
    assert files.SUMS not in found.attrs


@pytest.mark.parametrize("name", ["mine.csv", "none.npz", "none.zarr", "text.npz", "text.zarr"])
def test_what_is_no_features_file_is_one_line(tmp_path, name):
    for text in ("text.npz", "text.zarr"):
        (tmp_path / text).write_text("text")
    with pytest.raises(ValueError, match=name) as caught:
        lumlip.features(f"features:{tmp_path / name}", FRAMES)
    assert "\n" not in str(caught.value)


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
@pytest.mark.parametrize("name", ["a.npz", "a.zarr/.zattrs", "a.zarr/energy/0"])
def test_pipes_are_not_waited_for(tmp_path, name):
    pipe = tmp_path / name
    pipe.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match=f"{pipe} is a pipe or a device, expected a file"):
        lumlip.features(f"features:{tmp_path / name.partition('/')[0]}", FRAMES)


@pytest.mark.parametrize("name", ["layers", "skip_unknown", "skip_faulty"])
@pytest.mark.parametrize("wrong", ["no", 0, None])
def test_what_is_neither_yes_nor_no_is_refused(tmp_path, name, wrong):
    model = plain(tmp_path / "mine.npz")
    with pytest.raises(ValueError, match=f"{name}: got {wrong!r}, expected True or False"):
        lumlip.features(model, FRAMES, **{name: wrong})
    assert lumlip.features(model, FRAMES, **{name: np.False_}).sizes["atom"] == 11


@pytest.mark.parametrize("model", [None, 5, b"chgnet-0.3.0", ["chgnet-0.3.0"]])
def test_a_model_is_a_text(model):
    for act in (lumlip.features, lambda m, s: panel([m], s)):
        with pytest.raises(ValueError, match="expected the id of a model, a text"):
            act(model, FRAMES)


class Evil:
    """What a pickle may hold."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


PICKLE = numcodecs.Pickle().get_config()


@pytest.mark.parametrize(
    "told",
    [
        {"filters": [{"id": "vlen-utf8"}, PICKLE], "compressor": None},
        {"filters": None, "compressor": PICKLE},
        {"filters": None, "compressor": None},
    ],
)
def test_no_pickle_in_a_store_is_opened(tmp_path, told):
    files.write(features_of(), FRAMES, tmp_path / "mine.zarr")
    array = tmp_path / "mine.zarr" / "energy"
    told = {**json.loads((array / ".zarray").read_text()), "dtype": "|O", "fill_value": "", **told}
    (array / ".zarray").write_text(json.dumps(told))
    evil = np.array([Evil(tmp_path / "ran")], dtype=object)
    (array / "0").write_bytes(numcodecs.Pickle().encode(evil))
    with pytest.raises(ValueError, match=r"energy: got dtype \|O, filters .*expected plain"):
        lumlip.features(f"features:{tmp_path / 'mine.zarr'}", FRAMES)
    assert not (tmp_path / "ran").exists()


def test_no_pickle_among_arrays_is_opened(tmp_path):
    model = plain(tmp_path / "mine.npz", energy=np.array([Evil(tmp_path / "ran")], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        lumlip.features(model, FRAMES)
    assert not (tmp_path / "ran").exists()


@pytest.mark.heavy
def test_rows_in_another_order_are_found_by_the_sum_of_each_structure(tmp_path):
    """The sum of the whole is still there, and as many atoms in each: nothing else says it."""
    frames = [bulk("Cu", cubic=True) for _ in range(5)]
    for seed, atoms in enumerate(frames):
        atoms.rattle(0.1, seed=seed)
    mine = lumlip.features("mace-mini", frames)
    files.write(mine, frames, tmp_path / "mine.npz")
    with np.load(tmp_path / "mine.npz") as file:
        arrays = dict(file)
    order = np.array([3, 0, 4, 1, 2])
    rows = (4 * order[:, None] + np.arange(4)).ravel()
    arrays = {n: x[{20: rows, 5: order}[len(x)]] if x.ndim else x for n, x in arrays.items()}
    arrays["structure"] = np.repeat(np.arange(5), 4)
    np.savez(tmp_path / "other.npz", **arrays)
    again = lumlip.features(f"features:{tmp_path / 'other.npz'}", frames)
    for name in ("last_layer", "energy"):
        assert np.array_equal(again[name], mine[name])


def test_features_that_lost_digits_are_told(tmp_path, capfd):
    said = json.dumps({"dtype": "float32"})
    half = np.zeros((sum(map(len, FRAMES)), 2), dtype=np.float16)
    path = plain(tmp_path / "half.npz", last_layer=half, attributes=said)
    found = lumlip.features(path, FRAMES)
    assert found.attrs["dtype"] == "float16"
    assert "half.npz: float16 keeps three digits of the features" in capfd.readouterr().err
