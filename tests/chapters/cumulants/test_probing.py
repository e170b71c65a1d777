"""Ridge regressions over folds, and the properties that they predict."""

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk

from chapters.cumulants.probing import ENERGY, MIX, predicted, properties, ridge_fit
from lumlip.extraction.panel import Panel
from lumlip.metrics.repeated import orders_of

RNG = np.random.default_rng(0)
N = 120


def test_a_linear_property_is_predicted_and_noise_is_not():
    X = RNG.normal(size=(N, 3))
    coords = {"structure": ("atom", np.arange(N)), "subset": ("structure", ["bulk"] * N)}
    orders = orders_of(xr.Dataset(coords=coords), by="structure", n_folds=5, n_seeds=2)
    targets = {"linear": 5 * X @ [1.0, 2.0, 3.0] + 7, "noise": RNG.normal(size=N)}
    fit = ridge_fit(X, targets, orders, n_bootstrap=20)
    assert fit.sums.shape == (2, 1, 2, N)
    assert fit.table.loc["X", "linear"] < 0.15
    assert fit.table.loc["X", "noise"] == pytest.approx(1, abs=0.1)


def panel_of(models):
    frames = [bulk("Cu"), bulk("NaCl", "rocksalt", a=5.6), bulk("Si"), bulk("Si") * (2, 1, 1)]
    structure = np.repeat(np.arange(4), [len(atoms) for atoms in frames])
    coords = {"structure": ("atom", structure)}
    energy = {"energy": ("frame", np.array([1.0, 2.0, 3.0, 8.0]))}
    return Panel(frames, {model: xr.Dataset(energy, coords) for model in models})


def test_properties_are_what_composition_leaves_open():
    found = properties(panel_of(["chgnet-0.3.0", "sevennet-0"]), "chgnet-0.3.0")
    # Two frames of silicon differ in energy per atom (1.5 and 2 eV), by nothing else here.
    assert found[ENERGY] == pytest.approx([0, 0, -0.25, 0.25])
    assert found[MIX] == pytest.approx(np.zeros(4))


def test_a_single_model_has_no_energy_of_another():
    assert ENERGY not in properties(panel_of(["sevennet-0"]), "sevennet-0")


def test_energies_are_predicted_only_if_all_models_have_some():
    """Else each has other properties, and their fits cannot stand in one table."""
    frames = [bulk(s, cubic=True) * (1, 1, 1 + i % 3) for s in ("Cu", "Al") for i in range(12)]
    for i, atoms in enumerate(frames):
        atoms.rattle(0.3, seed=i)
    structure = np.repeat(np.arange(24), [len(atoms) for atoms in frames])
    subset = ("structure", ["bulk"] * 24)
    with_energy, without = (
        xr.Dataset(some, {"structure": ("atom", structure), "subset": subset})
        for some in ({"energy": ("structure", RNG.normal(size=24))}, {})
    )
    samples = xr.Dataset(coords={"structure": ("atom", np.arange(24)), "subset": subset})
    orders = orders_of(samples, by="structure", n_folds=4, n_seeds=1)
    features = {model: RNG.normal(size=(24, 16)) for model in ("chgnet-0.3.0", "sevennet-0")}
    for second, targets in ((with_energy, [MIX, ENERGY]), (without, [MIX])):
        panel = Panel(frames, dict(zip(features, (with_energy, second), strict=True)))
        found = predicted(panel, features, orders, n_bootstrap=20)
        assert all(fit.targets == targets and fit.sources == [*features] for fit in found.values())
