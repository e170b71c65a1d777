"""A lineage beyond the structures of its fine-tuning."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

from lumlip import fine_tuning_maps as module
from lumlip.fine_tuning import SCRATCH, START
from lumlip.lineage import Lineage
from lumlip.panel import Panel

IDS = {START: "m", "FF": "m-ff", SCRATCH: "m-scratch"}


def panel_of(models, n_structures, *, energy=0.0):
    rng = np.random.default_rng(n_structures)
    coords = {
        "structure": ("atom", np.repeat(np.arange(n_structures), 2)),
        "subset": ("structure", ["s"] * n_structures),
    }
    layers = {
        k: (("atom", "c"), rng.normal(size=(2 * n_structures, 4)))
        for k in ("backbone", "last_layer")
    }
    datasets = {}
    for i, model in enumerate(models):
        off = rng.random(n_structures) if model == module.TEACHER else energy * i
        values = {"energy": ("structure", np.zeros(n_structures) + off)}
        datasets[model] = xr.Dataset(layers | values, coords=coords)
    frames = [Atoms(["HO", "OH", "H2"][i % 3]) for i in range(n_structures)]
    return Panel(frames, datasets)


@pytest.fixture
def found(monkeypatch):
    monkeypatch.setattr(module, "panel", lambda models, *_, **__: panel_of(models, 30))
    line = Lineage("m", IDS, panel_of(IDS.values(), 8), np.arange(8), np.arange(8, 16))
    return module.beyond(line, "anything")


def test_maps_have_both_sets_of_structures(found):
    maps = found.maps("backbone")
    assert set(maps) == set(IDS)
    assert all(base.shape == (30, 2) and other.shape == (8, 2) for base, other in maps.values())


def test_equal_features_are_at_no_distance(found):
    distances = found.distances("backbone", n_test=1000, seed=0, n_bootstrap=5)
    assert distances.between("FF", START)[0] < 1e-6


def test_energy_errors_are_per_atom(found):
    errors = found.energy_errors()
    assert set(errors) == set(IDS)
    assert all(0 < error < 500 for error in errors.values())


def test_without_the_teacher_there_are_no_maps(found):
    del found.panel.datasets[module.TEACHER]
    assert found.maps("backbone") == {}
    assert found.energy_errors() == {}


def test_structures_that_no_model_takes(monkeypatch):
    def refuse(*_, **__):
        raise ValueError("no structure suits all of the models")

    monkeypatch.setattr(module, "panel", refuse)
    line = Lineage("m", IDS, panel_of(IDS.values(), 8), np.arange(8), np.arange(8, 16))
    assert module.beyond(line, "anything") is None
