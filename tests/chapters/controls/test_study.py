"""Fits on parts, by atom, and the weights of pairs: analytic cases."""

import numpy as np
import pytest
import xarray as xr

from chapters.controls.minis import OTHER, SEED, TWIN, MiniFits
from chapters.controls.study import (
    fit_by_atom,
    from_families,
    from_one,
    from_seeds,
    per_doubling,
    placed,
    to_seeds,
)
from chapters.shared.sources import ELEMENT, FIXED, SHUFFLED
from lumlip.metrics.repeated import CrossFit, orders_of

N = 240
SMALL = {"device": "cpu", "n_bootstrap": 20}


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
    models, options = {"sevennet-0": X, "chgnet-0.3.0": Y}, {"n_seeds": 2, **SMALL}
    found = per_doubling(models, atoms, **options)
    assert found.low > 0.01
    few = atoms.isel(atom=slice(24), structure=slice(6))  # of three parents
    small = {name: values[:24] for name, values in models.items()}
    assert np.isnan(per_doubling(small, few, **options).value)


def test_by_atom_what_relatives_share_is_known(atoms):
    """A source that names the parent tells a target of the parent only if relatives are seen."""
    parent = atoms["parent"].to_numpy()[atoms["structure"].to_numpy()]
    X = np.eye(30)[parent]
    Y = np.random.default_rng(1).normal(size=(30, 2))[parent]
    found = fit_by_atom({"x": X, "y": Y}, atoms, n_seeds=2, **SMALL)
    apart = CrossFit.of({"x": X}, {"y": Y}, orders=orders_of(atoms, n_seeds=2))
    assert found.table.loc["x", "y"] < 0.1
    assert apart.table.loc["x", "y"] > 0.9
    assert found.counts.tolist() == apart.counts.tolist()


def test_minis_tell_seeds_twins_and_architectures_apart():
    seeds = ["pet-mini", "pet-mini-seed2"]
    sources = [*seeds, "mace-mini", "pet-mini-untrained", SHUFFLED, ELEMENT, FIXED]
    errors = [[0, 0.4], [0.4, 0], *([e, e] for e in (0.7, 0.6, 1.0, 0.8, 0.5))]
    fit = fit_of(sources, seeds, errors)
    found = MiniFits(["pet-mini", "mace-mini"], {"pet-mini": seeds}, fit)
    assert found.worse("pet-mini", OTHER, SEED).value == pytest.approx(0.3)
    assert found.worse("pet-mini", OTHER, TWIN).value == pytest.approx(0.1)
    assert found.worse("pet-mini", SHUFFLED, FIXED).value == pytest.approx(0.5)
    assert found.shares("pet-mini")[SEED].value == pytest.approx(1 - 0.4**2)
    assert np.isnan(found.worse("mace-mini", OTHER, SEED).value)
    assert np.isnan(found.farther("pet-mini", "quarter").value)  # without a shorter training


def test_two_seeds_after_some_and_after_all_steps():
    names = ["pet-mini", "pet-mini-seed2", "pet-mini-sixteenth", "pet-mini-seed2-sixteenth"]
    errors = np.full((4, 4), 0.9)
    errors[:2, :2], errors[2:, 2:] = [[0, 0.6], [0.4, 0]], [[0, 0.3], [0.3, 0]]
    found = MiniFits(["pet-mini"], {"pet-mini": names[:2]}, fit_of(names, names, errors))
    apart = {share: e.value for share, e in found.apart("pet-mini").items()}
    assert apart == pytest.approx({1 / 16: 0.3, 1.0: 0.5})
    assert found.farther("pet-mini", "sixteenth").value == pytest.approx(0.2)


def test_without_minis_nothing_is_in_it():
    found = MiniFits.of([], "mini-mad", n_seeds=1, seed=0, device="cpu")
    assert found.seeds == {}
    assert np.isnan(found.worse("mace-mini", OTHER, SEED).value)
    assert np.isnan(found.farther("mace-mini", "sixteenth").value)
    assert found.apart("mace-mini") == {}
