"""Fits on parts, by atom, and the weights of pairs: analytic cases."""

import numpy as np
import pytest
import xarray as xr

from chapters.controls.minis import OTHER, SEED, TWIN, MiniFits
from chapters.controls.study import (
    fit_by_atom,
    fit_on_part,
    from_families,
    from_one,
    from_seeds,
    per_doubling,
    placed,
    to_seeds,
)
from chapters.shared.sources import ELEMENT, FIXED, SHUFFLED
from lumlip.metrics.repeated import CrossFit, Estimate

N = 240


@pytest.fixture(scope="module")
def atoms():
    """Return 60 structures of four atoms, two structures of each parent."""
    return xr.Dataset(
        coords={
            "structure": ("atom", np.repeat(np.arange(60), 4)),
            "subset": ("structure", ["bulk"] * 60),
            "parent": ("structure", np.repeat(np.arange(30), 2)),
        }
    )


def fit_of(sources, targets, errors):
    """Return a cross-fit with one group of one atom, so that sums are squared errors."""
    sums = np.square(np.array(errors, dtype=float))[None, :, :, None].repeat(3, axis=-1)
    return CrossFit(sources, targets, sums, np.ones(3), n_bootstrap=10)


def test_weights_are_placed_where_their_names_stand():
    fit = fit_of(["x", "a", "b"], ["b", "a"], np.ones((3, 2)))
    found = placed(fit, [[1, 2], [3, 4]], ["a", "b"], ["a", "b"])
    assert found.tolist() == [[0, 0], [2, 1], [4, 3]]


def test_each_target_counts_as_often_for_one_source_as_for_families():
    models = ["chgnet-0.3.0", "chgnet-0.2.0", "sevennet-0"]
    fit = fit_of([*models, FIXED], models, np.ones((4, 3)))
    families, fixed = from_families(fit, models), from_one(fit, FIXED, models)
    assert np.allclose(families.sum(axis=0), fixed.sum(axis=0))
    assert np.allclose(fixed[3], [0.25, 0.25, 0.5])


def test_pairs_of_seeds_leave_out_a_model_with_itself():
    fit = fit_of(["a", "b"], ["a", "b"], [[0, 0.2], [0.4, 0]])
    assert fit.mean(from_seeds(fit, ["a", "b"])).value == pytest.approx(0.3)
    assert np.isnan(fit.mean(to_seeds(fit, [], ["a", "b"])).value)


def test_fewer_train_atoms_make_larger_errors(atoms):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 20))
    Y = X @ rng.normal(size=(20, 3)) + 3 * rng.normal(size=(N, 3))
    options = {"n_seeds": 2, "n_bootstrap": 20}
    parts = {n: fit_on_part({"x": X}, {"y": Y}, atoms, n_parts=n, **options) for n in (1, 2)}
    assert all(fit.counts.tolist() == [8] * 30 for fit in parts.values())
    assert per_doubling(parts, lambda fit: np.ones((1, 1))).value > 0.01
    assert np.isnan(per_doubling({1: parts[1]}, lambda fit: np.ones((1, 1))).value)


def test_by_atom_what_relatives_share_is_known(atoms):
    """A source that names the parent tells a target of the parent only if relatives are seen."""
    parent = atoms["parent"].to_numpy()[atoms["structure"].to_numpy()]
    X = np.eye(30)[parent]
    Y = np.random.default_rng(1).normal(size=(30, 2))[parent]
    found = fit_by_atom({"x": X, "y": Y}, atoms, n_seeds=2, n_bootstrap=20)
    apart = fit_on_part({"x": X}, {"y": Y}, atoms, n_parts=1, n_seeds=2, n_bootstrap=20)
    assert found.table.loc["x", "y"] < 0.1
    assert apart.table.loc["x", "y"] > 0.9
    assert found.counts.tolist() == apart.counts.tolist()


def test_minis_tell_seeds_twins_and_architectures_apart():
    seeds = ["pet-mini", "pet-mini-seed2"]
    sources = [*seeds, "mace-mini", "pet-mini-untrained", SHUFFLED, ELEMENT, FIXED]
    errors = [[0, 0.4], [0.4, 0], *([e, e] for e in (0.7, 0.6, 1.0, 0.8, 0.5))]
    fit = fit_of(sources, seeds, errors)
    found = MiniFits(["pet-mini", "mace-mini"], {"pet-mini": seeds}, fit, fit)
    assert found.worse("pet-mini", OTHER, SEED).value == pytest.approx(0.3)
    assert found.worse("pet-mini", OTHER, TWIN).value == pytest.approx(0.1)
    assert found.worse("pet-mini", SHUFFLED, FIXED, local=True).value == pytest.approx(0.5)
    assert found.shares("pet-mini")[SEED].value == pytest.approx(1 - 0.4**2)
    assert np.isnan(found.worse("mace-mini", OTHER, SEED).value)
    assert np.isnan(found.misnumbered().value)


def test_without_minis_nothing_is_in_it():
    found = MiniFits.of([], "mini-mad", n_seeds=1, n_local=1, tested_every=9, n_neighbors=8)
    assert found.seeds == {}
    assert np.isnan(found.worse("mace-mini", OTHER, SEED).value)
    assert str(Estimate.missing()) == str(found.misnumbered())
