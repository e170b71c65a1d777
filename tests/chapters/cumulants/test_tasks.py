"""Properties of structures, read off their features."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

import lumlip
from chapters.cumulants import tasks
from chapters.cumulants.probing import baselines, energy_task, mean_gain
from lumlip.extraction.panel import Panel

OPTIONS = {"n_bootstrap": 50}


@pytest.fixture(scope="module")
def structures():
    return lumlip.structures("mini-mad")[::40]


def test_tasks_of_real_structures(structures):
    found = {task.name: task for task in tasks.tasks_of_structures(structures)}
    assert list(found) == [tasks.SUBSET, tasks.VOLUME, tasks.MIX]
    assert set(found[tasks.SUBSET].values) == {a.info["subset"] for a in structures}
    periodic = np.array([a.info["subset"] in ("bulk", "rattled", "random") for a in structures])
    assert found[tasks.VOLUME].known[periodic].all()
    molecules = np.array([a.info["subset"] == "molfrags" for a in structures])
    assert not found[tasks.VOLUME].known[molecules].any()
    single = np.array([len(a) == 1 for a in structures])
    assert not found[tasks.MIX].values[single].any()


def test_what_features_hold_is_found_and_what_is_unknown_left_out():
    rng = np.random.default_rng(0)
    X, groups = rng.normal(size=(60, 3)), np.arange(60)
    values = np.where(np.arange(60) < 50, X @ [1.0, 2.0, 0.0], np.nan)
    number = tasks.StructureTask("number", "R²", values)
    kind = tasks.StructureTask("kind", "balanced accuracy", np.where(X[:, 0] > 0, "a", "b"))
    scores = tasks.ask_all(
        [number, kind], {"all": X, "last": X[:, 2:]}, groups, model="m", **OPTIONS
    )
    assert scores["m", "all", "number"].value > 0.99
    assert scores["m", "all", "kind"].value > 0.9
    assert scores["m", "last", "number"].value < 0.2
    table = tasks.score_table(scores, "number")
    assert table.loc["all", "m"] == scores["m", "all", "number"].value
    assert list(table.index) == ["all", "last"]


@pytest.mark.parametrize(
    ("values", "groups"),
    [
        (np.full(20, np.nan), np.arange(20)),
        (np.ones(20), np.arange(20)),
        (np.arange(20.0), np.zeros(20, dtype=int)),
        (np.arange(5.0), np.arange(5)),
    ],
)
def test_tasks_without_enough_structures_are_not_asked(values, groups):
    task = tasks.StructureTask("x", "R²", values)
    assert not task.can_be_asked(groups)
    assert tasks.ask_all([task], {"a": np.ones((len(values), 1))}, groups, model="m") == {}


def test_what_is_given_is_there_for_every_probe():
    rng = np.random.default_rng(0)
    given = rng.normal(size=(60, 2))
    task = tasks.StructureTask("x", "R²", given @ [1.0, 1.0], given)
    for X in (None, rng.normal(size=(60, 1))):
        assert task.ask(X, np.arange(60), **OPTIONS).value > 0.95


def test_gain_is_averaged_over_the_models_that_have_both():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    task = tasks.StructureTask(tasks.SUBSET, "R²", X.sum(axis=1))
    scores = {}
    for model in ("a", "b"):
        ways = {"mean": X[:, :1], "both": X}
        scores |= tasks.ask_all([task], ways, np.arange(80), model=model, **OPTIONS)
    scores |= tasks.ask_all([task], {"both": X}, np.arange(80), model="c", **OPTIONS)
    value, low, high = mean_gain(scores, tasks.SUBSET, "both")
    expected = scores["a", "both", tasks.SUBSET].value - scores["a", "mean", tasks.SUBSET].value
    assert value == pytest.approx(expected)
    assert 0 < low < value < high
    assert np.isnan(mean_gain(scores, tasks.VOLUME, "both")).all()


def test_baselines_know_composition_and_size():
    frames = [Atoms("H2O"), Atoms("H4O2"), Atoms("O2")]
    found = baselines(frames)
    assert found["composition"] == pytest.approx(np.array([[2 / 3, 1 / 3], [2 / 3, 1 / 3], [0, 1]]))
    assert found["composition, number of atoms"][:, 2].tolist() == [3, 6, 2]


def test_energy_is_that_of_another_family():
    frames = [Atoms("H2O"), Atoms("H4O2"), Atoms("O2"), Atoms("H2")]
    energies = {"chgnet-0.3.0": 1.0, "chgnet-r2scan": 2.0, "sevennet-0": 3.0}
    shape = np.array([1.0, -1.0, 0.0, 0.0])
    datasets = {m: xr.Dataset({"energy": ("structure", e * shape)}) for m, e in energies.items()}
    of = {m: energy_task(Panel(frames, datasets), m).values for m in energies}
    assert of["chgnet-0.3.0"] == pytest.approx(3 * of["sevennet-0"])
    assert of["chgnet-r2scan"] == pytest.approx(of["chgnet-0.3.0"])
    one_family = {m: datasets[m] for m in ("chgnet-0.3.0", "chgnet-r2scan")}
    sibling = energy_task(Panel(frames, one_family), "chgnet-0.3.0")
    assert sibling.values == pytest.approx(2 * of["sevennet-0"])
    assert energy_task(Panel(frames, {"sevennet-0": datasets["sevennet-0"]}), "sevennet-0") is None
