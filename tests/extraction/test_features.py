"""features(): the real SevenNet-0 in its own environment, the cache, resuming, clear errors."""

import shutil
import zipfile

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.io import write

import lumlip
from lumlip.cli import main
from lumlip.extraction import jobs
from lumlip.extraction.worker import pick_device
from lumlip.minis.cards import CHECKPOINTS
from lumlip.runtime import records

MODEL = "sevennet-0"


@pytest.fixture(scope="module")
def structures():
    made = [bulk(symbol, cubic=True) for symbol in ("Cu", "Al", "Si", "Fe")]
    for i, atoms in enumerate(made):
        atoms.rattle(0.05, seed=i)
    return [*made, molecule("H2O"), bulk("NaCl", "rocksalt", a=5.64)]


def refuse(*_args, **_options):
    raise AssertionError("the model was run again")


@pytest.mark.heavy
def test_dataset_has_the_promised_form_and_hangs_on_no_batches(own_cache, structures, monkeypatch):
    ds = lumlip.features(MODEL, structures)
    n_atoms = [len(atoms) for atoms in structures]
    assert ds["backbone"].dims == ("atom", "backbone_channel")
    assert ds["last_layer"].dims == ("atom", "last_layer_channel")
    assert ds["backbone"].shape == (sum(n_atoms), 128)  # models.md: 128 scalars, then 64
    assert ds["last_layer"].shape == (sum(n_atoms), 64)
    assert ds["readout"].dims == ("atom", "readout_channel")
    assert ds.attrs["readout"] == "backbone"  # two linear maps follow it
    assert np.array_equal(ds["readout"], ds["backbone"])
    assert ds["energy"].dims == ("structure",)
    assert ds["backbone"].dtype == np.float32
    assert np.array_equal(ds["structure"], np.repeat(np.arange(len(structures)), n_atoms))
    assert np.array_equal(ds["atomic_number"], np.concatenate([a.numbers for a in structures]))
    assert {"subset", "part", "parent"} <= set(ds.coords)
    wanted = {"model", "family", "checkpoint_sha256", "package_versions", "structures_sha256"}
    assert wanted | {"dtype", "device"} <= set(ds.attrs)
    assert ds.attrs["model"] == MODEL
    ds.load()
    with monkeypatch.context() as patch:  # a second call comes from the cache
        patch.setattr(jobs, "_make", refuse)
        assert lumlip.features(MODEL, structures).identical(ds)
    (store,) = own_cache.glob("home/features/*/*.zarr")
    shutil.rmtree(store)
    single = lumlip.features(MODEL, structures, batch_atoms=1)
    for name in ("backbone", "last_layer", "energy"):
        assert np.abs(single[name] - ds[name]).max() <= 1e-5 * np.abs(ds[name]).max()


@pytest.mark.parametrize(
    ("option", "value", "known"),
    [("device", "gpu", "auto, cpu, cuda"), ("dtype", "float16", "float32, float64")],
)
def test_unknown_choice_names_the_known_ones(structures, option, value, known):
    with pytest.raises(ValueError, match=f"got {option} '{value}'; expected one of: {known}"):
        lumlip.features(MODEL, structures, **{option: value})


def test_unknown_elements_are_named_before_the_model_is_loaded(structures, monkeypatch):
    monkeypatch.setattr(jobs, "_make", refuse)
    with pytest.raises(ValueError, match=r"frame 1.*Po"):
        lumlip.features(MODEL, [structures[0], bulk("Po", "sc", a=3.35)])


def test_gpu_asked_for_but_not_there():
    import torch

    if torch.cuda.is_available():
        assert pick_device("auto") == "cuda"
    else:
        assert pick_device("auto") == "cpu"
        with pytest.raises(ValueError, match=r"'cuda:0', but torch .* sees no cuda here"):
            pick_device("cuda:0")


@pytest.mark.heavy
def test_the_command_line_writes_layers(own_cache):
    file, out = own_cache / "two.xyz", own_cache / "out.zarr"
    write(file, [bulk("Cu", cubic=True), bulk("Si")])
    assert main(["extract", "chgnet-0.3.0", str(file), "--layers", "-o", str(out)]) == 0
    with_layers = lumlip.features("chgnet-0.3.0", file, layers=True)
    names = [name for name in sorted(with_layers.data_vars) if name.startswith("layer_")]
    assert names == ["layer_00_embedding", *(f"layer_0{i}_interaction_{i}" for i in range(1, 5))]
    assert np.array_equal(with_layers["readout"], with_layers["last_layer"])  # an activation before


OWN = "mace-mini-organic"  # knows H, C, N, O and few others


@pytest.fixture
def own_checkpoint(tmp_path):
    """A mini's checkpoint packed anew: other bytes, which are in no table."""
    path = tmp_path / "mine.model"
    with zipfile.ZipFile(CHECKPOINTS / f"{OWN}.model") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return f"mace:{path}"


@pytest.mark.faults
@pytest.mark.heavy
def test_a_checkpoint_of_ones_own_is_asked_for_its_elements(own_cache, own_checkpoint, capfd):
    water, copper = molecule("H2O"), bulk("Cu")
    options = {"trust_checkpoint": True, "skip_unknown": True}
    ds = lumlip.features(own_checkpoint, [copper, water, copper], **options)
    assert ds.sizes["structure"] == 1
    assert "1 of 3 structures have only elements" in capfd.readouterr().err
    (known,) = records.read(jobs.ELEMENTS).values()
    assert {1, 6, 7, 8} < set(known["elements"]) < set(range(1, 54))
    panel = lumlip.panel([own_checkpoint, "mace-mini"], [copper, water], trust_checkpoint=True)
    assert list(panel.dropped) == [0]
    with pytest.raises(ValueError, match="knows the elements of none of the 1 structures"):
        lumlip.features(own_checkpoint, [copper], **options)


@pytest.mark.parametrize("model", ["mace-mini-organic"])
def test_frames_keep_the_number_that_they_have_in_the_file(model):
    overlap = Atoms("H2O", [[0, 0, 0], [0, 0, 0.1], [0, 0, 3]])
    frames = [bulk("Cu"), molecule("H2O"), bulk("Cu"), overlap]
    with pytest.raises(ValueError, match=r"frame 3 \(H2O\): atoms 0"):
        lumlip.features(model, frames, skip_unknown=True)
