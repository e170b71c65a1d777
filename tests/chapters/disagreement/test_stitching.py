"""Energies through one linear map."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from chapters.disagreement.energies import composition_baseline
from chapters.disagreement.stitching import (
    ALPHAS,
    Readout,
    Stitch,
    direct,
    rebuilt,
    total_deviation,
    without_energy,
)
from lumlip.metrics.pooling import mean_over_atoms
from lumlip.metrics.reconstruction import gfre

RNG = np.random.default_rng(0)
OWNER = np.repeat(np.arange(120), 3)
Y = RNG.normal(size=(360, 4)) * [3, 1, 1, 0.5]
SHARES = RNG.dirichlet([1, 1], size=120)
WEIGHTS = np.array([1.0, -2, 0.5, 1])
MEANS = mean_over_atoms(Y, OWNER)
ENERGY = MEANS @ WEIGHTS + SHARES @ [5.0, -3]
TRAIN, TEST = np.arange(80), np.arange(80, 120)
ATOMS = {"train": np.flatnonzero(OWNER < 80), "test": np.flatnonzero(OWNER >= 80)}


def test_a_source_that_holds_the_features_loses_nothing_and_noise_loses_all():
    split = {"train": TRAIN, "test": TEST}
    found = direct(MEANS @ RNG.normal(size=(4, 4)), SHARES, {"b": ENERGY}, **split)["b"]
    assert found.lost < 1e-4
    nothing = direct(RNG.normal(size=(120, 4)), SHARES, {"b": ENERGY}, **split)["b"]
    assert 0.9 < nothing.lost < 1.2
    value, low, high = nothing.interval(n_bootstrap=50)
    assert low < value < high


def test_units_are_milli_electronvolts():
    found = Stitch(miss=np.array([3.0, -4.0]), spread=np.array([10.0, 0.0]))
    assert found.rmse == pytest.approx(np.sqrt(12.5))
    assert found.median == 3.5
    assert found.lost == pytest.approx(0.5)


def test_the_readout_comes_back_and_gives_the_energy():
    readout = Readout.recovered(MEANS, SHARES, ENERGY, train=TRAIN)
    np.testing.assert_allclose(readout.weights, WEIGHTS)
    np.testing.assert_allclose(readout.of_element, [5, -3])
    np.testing.assert_allclose(readout.energy(MEANS[TEST], SHARES[TEST]), ENERGY[TEST])


def test_rebuilt_features_miss_by_the_gfre():
    X = RNG.normal(size=(360, 3)) + Y[:, :3]
    again = rebuilt(X, {"y": Y, "z": 2 * X}, **ATOMS)
    miss = np.sqrt(((again["y"] - Y[ATOMS["test"]]) ** 2).sum(axis=1).mean())
    expected = gfre(X, Y, **ATOMS)
    assert miss / total_deviation(Y[ATOMS["train"]]) == pytest.approx(expected)
    np.testing.assert_allclose(again["z"], 2 * X[ATOMS["test"]])


def test_without_energy_nothing_linear_tells_the_energy_of_the_fitted_structures():
    own = Y @ WEIGHTS
    rest = without_energy(Y, own, OWNER, SHARES, train=TRAIN)
    averaged = mean_over_atoms(rest, OWNER)[TRAIN]
    beyond = averaged - SHARES[TRAIN] @ np.linalg.lstsq(SHARES[TRAIN], averaged)[0]
    assert np.abs(beyond.T @ ENERGY[TRAIN]).max() < 1e-9
    np.testing.assert_allclose(rest @ WEIGHTS, 0, atol=1e-9)
    lost = direct(mean_over_atoms(rest, OWNER), SHARES, {"b": ENERGY}, train=TRAIN, test=TEST)
    kept = direct(MEANS @ WEIGHTS[:, None], SHARES, {"b": ENERGY}, train=TRAIN, test=TEST)
    assert lost["b"].lost > 0.9
    assert kept["b"].lost < 1e-4


def test_the_penalty_is_that_of_scikit_learn():
    X, noisy = MEANS[:, :2], ENERGY + RNG.normal(size=120)
    found = direct(X, SHARES, {"b": noisy}, train=TRAIN, test=TEST)["b"]
    columns = StandardScaler().fit(np.hstack([X, SHARES])[TRAIN])
    baseline = composition_baseline(noisy, SHARES, train=TRAIN)
    model = RidgeCV(ALPHAS).fit(
        columns.transform(np.hstack([X, SHARES])[TRAIN]), (noisy - baseline)[TRAIN]
    )
    expected = baseline[TEST] + model.predict(columns.transform(np.hstack([X, SHARES])[TEST]))
    np.testing.assert_allclose(found.miss, 1000 * (expected - noisy[TEST]), atol=1e-6)
