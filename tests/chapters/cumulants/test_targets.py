"""Properties of structures, read off their features."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

import lumlip
from chapters.cumulants import targets
from chapters.cumulants.probing import baselines, energy_of_another, mean_gain
from lumlip.extraction.panel import Panel
from lumlip.metrics.probe_targets import VOLUME, ProbeTarget

OPTIONS = {"n_bootstrap": 50}


@pytest.fixture(scope="module")
def structures():
    return lumlip.structures("mini-mad")[::40]


def test_targets_of_real_structures(structures):
    groups = np.arange(len(structures))
    found = {target.name: target for target in targets.targets_of(structures, groups)}
    assert list(found) == [targets.SUBSET, VOLUME, targets.MIX]
    assert set(found[targets.SUBSET].values) == {a.info["subset"] for a in structures}
    periodic = np.array([a.info["subset"] in ("bulk", "rattled", "random") for a in structures])
    assert found[VOLUME].known[periodic].all()
    molecules = np.array([a.info["subset"] == "molfrags" for a in structures])
    assert not found[VOLUME].known[molecules].any()
    single = np.array([len(a) == 1 for a in structures])
    assert not found[targets.MIX].values[single].any()


def test_what_features_hold_is_found_and_what_is_unknown_left_out():
    rng = np.random.default_rng(0)
    X, groups = rng.normal(size=(60, 3)), np.arange(60)
    values = np.where(np.arange(60) < 50, X @ [1.0, 2.0, 0.0], np.nan)
    number = ProbeTarget("number", values, groups)
    kind = ProbeTarget("kind", np.where(X[:, 0] > 0, "a", "b"), groups, is_class=True)
    ways = {"all": X, "last": X[:, 2:]}
    scores = targets.probe_all([number, kind], ways, model="m", **OPTIONS)
    assert scores["m", "all", "number"].value > 0.99
    assert scores["m", "all", "kind"].value > 0.9
    assert scores["m", "last", "number"].value < 0.2
    table = targets.score_table(scores, "number")
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
def test_targets_without_enough_structures_are_not_probed(values, groups):
    target = ProbeTarget("x", values, groups)
    assert not target.can_be_probed
    assert targets.probe_all([target], {"a": np.ones((len(values), 1))}, model="m") == {}


def test_what_is_given_is_there_for_every_probe():
    rng = np.random.default_rng(0)
    given = rng.normal(size=(60, 2))
    target = ProbeTarget("x", given @ [1.0, 1.0], np.arange(60), given=given)
    for X in (None, rng.normal(size=(60, 1))):
        assert target.probe(X, **OPTIONS).value > 0.95


def test_gain_is_averaged_over_the_models_that_have_both():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    target = ProbeTarget(targets.SUBSET, X.sum(axis=1), np.arange(80))
    scores = {}
    for model in ("a", "b"):
        ways = {"mean": X[:, :1], "both": X}
        scores |= targets.probe_all([target], ways, model=model, **OPTIONS)
    scores |= targets.probe_all([target], {"both": X}, model="c", **OPTIONS)
    value, low, high = mean_gain(scores, targets.SUBSET, "both")
    expected = scores["a", "both", targets.SUBSET].value - scores["a", "mean", targets.SUBSET].value
    assert value == pytest.approx(expected)
    assert 0 < low < value < high
    assert np.isnan(mean_gain(scores, VOLUME, "both")).all()


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
    of = {m: energy_of_another(Panel(frames, datasets), m)[0].values for m in energies}
    assert of["chgnet-0.3.0"] == pytest.approx(3 * of["sevennet-0"])
    assert of["chgnet-r2scan"] == pytest.approx(of["chgnet-0.3.0"])
    one_family = {m: datasets[m] for m in ("chgnet-0.3.0", "chgnet-r2scan")}
    (sibling,) = energy_of_another(Panel(frames, one_family), "chgnet-0.3.0")
    assert sibling.values == pytest.approx(2 * of["sevennet-0"])
    alone = Panel(frames, {"sevennet-0": datasets["sevennet-0"]})
    assert energy_of_another(alone, "sevennet-0") == []
