"""A lineage beyond the structures of its fine-tuning."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

from chapters.fine_tuning import maps as module
from chapters.shared.fine_tuning import SCRATCH, START
from chapters.shared.lineage import Lineage
from lumlip.extraction.panel import Panel

OFF = np.random.default_rng(5).random(30)
IDS = {START: "m", "FF": "m-ff", SCRATCH: "m-scratch"}


def panel_of(models, n_structures):
    """Equal features but for the model from scratch; fewer structures are the first of more."""
    coords = {
        "structure": ("atom", np.repeat(np.arange(n_structures), 2)),
        "subset": ("structure", ["s"] * n_structures),
    }
    datasets = {}
    for model in models:
        layers = {
            layer: (("atom", "c"), np.random.default_rng([i, model == IDS[SCRATCH]]).normal(
                size=(2 * n_structures, 4)))
            for i, layer in enumerate(("backbone", "last_layer"))
        }  # fmt: skip
        energy = OFF[:n_structures] if model == module.TEACHER else np.zeros(n_structures)
        datasets[model] = xr.Dataset(layers | {"energy": ("structure", energy)}, coords=coords)
    frames = [Atoms(["HO", "OH", "H2"][i % 3]) for i in range(n_structures)]
    return Panel(frames, datasets)


@pytest.fixture
def found(monkeypatch):
    monkeypatch.setattr(module, "panel", lambda models, *_, **__: panel_of(models, 30))
    line = Lineage("m", IDS, panel_of(IDS.values(), 8), np.arange(8), np.arange(8, 16))
    return module.beyond(line, "anything")


def test_structures_of_the_fine_tuning_are_projected_into_the_maps_of_all(found):
    maps, others = found.maps("backbone"), found.maps("last_layer")
    assert set(maps) == set(IDS)
    for base, other in maps.values():
        assert (base.shape, other.shape) == ((30, 2), (8, 2))
        assert other == pytest.approx(base[:8])  # they have the features of the first eight
    assert maps[START][0] == pytest.approx(maps["FF"][0])
    assert maps[START][0] != pytest.approx(maps[SCRATCH][0], abs=0.1)
    assert maps[START][0] != pytest.approx(others[START][0], abs=0.1)


def test_equal_features_are_at_no_distance(found):
    distances = found.distances("backbone", n_test=1000, seed=0, n_bootstrap=5)
    assert distances.between("FF", START)[0] < 1e-6
    assert distances.between(SCRATCH, START)[0] > 0.9  # noise of its own
    assert distances.draws.shape == (3, 3, 6)


def test_energy_errors_are_per_atom(found):
    in_mev = 1000 * np.median(OFF) / 2  # two atoms, and the models' energies are zero
    assert found.energy_errors() == pytest.approx(dict.fromkeys(IDS, in_mev))


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
