"""Principal covariates regression, against scikit-matter and in cases that can be told."""

import numpy as np
import pytest
from ase import Atoms
from sklearn.decomposition import PCA
from skmatter.decomposition import PCovR
from skmatter.preprocessing import StandardFlexibleScaler

from chapters.latent_spaces.pcovr import pcovr
from lumlip.datasets.properties import energy_target

RNG = np.random.default_rng(3)
X = RNG.normal(size=(90, 6)) * [5, 3, 2, 1, 0.5, 0.2] + 7
Y = X @ [0.1, 0, 0, 1, 2, 5] + RNG.normal(size=90)


@pytest.mark.parametrize("mixing", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("space", ["feature", "sample"])
def test_equals_scikit_matter_up_to_sign(mixing, space):
    x = StandardFlexibleScaler().fit_transform(X)
    y = StandardFlexibleScaler(column_wise=True).fit_transform(Y[:, None])
    n = 1 if mixing == 0 else 2  # with 0 there is one direction only
    theirs = PCovR(mixing=mixing, n_components=n, space=space, svd_solver="full").fit(x, y)
    ours = pcovr(X, Y, mixing=mixing, n_components=n)
    assert np.abs(ours) == pytest.approx(np.abs(theirs.transform(x)), abs=1e-6)


def test_mixing_one_is_principal_component_analysis():
    points = pcovr(X, Y, mixing=1)
    theirs = PCA(2).fit_transform(X) / np.sqrt(X.var(axis=0).sum())
    assert np.abs(points) == pytest.approx(np.abs(theirs), abs=1e-9)


def test_mixing_zero_is_the_regression():
    points = pcovr(X, Y, mixing=0, n_components=1)[:, 0]
    design = np.column_stack([X, np.ones(90)])
    fitted = design @ np.linalg.lstsq(design, Y, rcond=None)[0]
    assert abs(np.corrcoef(points, fitted)[0, 1]) == pytest.approx(1, abs=1e-6)


def test_map_does_not_change_with_rotation_scale_or_shift():
    turn = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    moved = 4 * X @ turn - 3
    assert pcovr(moved, 2 * Y + 1) == pytest.approx(pcovr(X, Y), abs=1e-8)


def test_more_features_than_samples_and_repeated_ones():
    wide = np.hstack([X[:10], X[:10], RNG.normal(size=(10, 8))])
    assert np.isfinite(pcovr(wide, Y[:10])).all()


def test_errors_name_what_came_and_what_was_expected():
    with pytest.raises(ValueError, match="mixing: got 2, expected 0 to 1"):
        pcovr(X, Y, mixing=2)
    with pytest.raises(ValueError, match=r"y: got shape \(3,\), expected \(90,\)"):
        pcovr(X, Y[:3])
    with pytest.raises(ValueError, match="n_components: got 7, expected 1 to 6"):
        pcovr(X, Y, n_components=7)
    with pytest.raises(ValueError, match="y: got a standard deviation of 0, expected above 0"):
        pcovr(X, np.ones(90))
    with pytest.raises(ValueError, match="X: got a standard deviation of inf"):
        pcovr(X * 1e170, Y)


def test_composition_is_subtracted():
    frames = [Atoms("H2O"), Atoms("H4O2"), Atoms("CO2"), Atoms("C2"), Atoms("O2"), Atoms("H2")]
    energies = {"H": -1.0, "C": -5.0, "O": -3.0}
    exact = [sum(energies[s] for s in a.get_chemical_symbols()) for a in frames]
    assert energy_target(exact, frames) == pytest.approx(np.zeros(6), abs=1e-12)
    with pytest.raises(ValueError, match=r"energies: got shape \(2,\), expected \(6,\)"):
        energy_target(exact[:2], frames)
