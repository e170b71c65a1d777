"""features(layers=True): another store, the same backbone; the option reaches the command line."""

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

import lumlip
from lumlip.cli import main
from lumlip.extraction.jobs import prepared
from lumlip.zoo.table import resolve


def job(layers):
    entry, atoms = resolve("chgnet-0.3.0"), [bulk("Cu")]
    return prepared(entry, atoms, dtype="float32", trust_checkpoint=False, layers=layers)


def test_features_with_layers_have_a_store_of_their_own():
    assert job(True).store != job(False).store
    assert job(False).store == job(False).store


@pytest.mark.heavy
def test_command_line_writes_layers(tmp_path, monkeypatch, shared_environments):
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "environments").symlink_to(shared_environments)
    write(tmp_path / "two.xyz", [bulk("Cu", cubic=True), bulk("Si")])
    out = tmp_path / "out.zarr"
    argv = ["extract", "chgnet-0.3.0", str(tmp_path / "two.xyz"), "--layers", "-o", str(out)]
    assert main(argv) == 0
    with_layers = lumlip.features("chgnet-0.3.0", tmp_path / "two.xyz", layers=True)
    names = [name for name in sorted(with_layers.data_vars) if name.startswith("layer_")]
    assert names == ["layer_00_embedding", *(f"layer_0{i}_interaction_{i}" for i in range(1, 5))]
    without = lumlip.features("chgnet-0.3.0", tmp_path / "two.xyz")
    assert set(without.data_vars) == {"backbone", "last_layer", "energy"}
    for name in without.data_vars:
        assert np.array_equal(without[name], with_layers[name])
