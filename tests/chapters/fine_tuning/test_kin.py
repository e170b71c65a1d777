"""Distances of fine-tuned models and their controls, of features with known answers."""

import numpy as np
import pytest
import xarray as xr

from chapters.fine_tuning.kin import WAYS, Kinship, kin_of, seen_in_training
from chapters.shared.models import seeds_of
from lumlip.metrics.repeated import orders_of

RNG = np.random.default_rng(0)
PARENT = np.repeat(np.arange(30), 4)
ATOMS = xr.Dataset(
    coords={
        "structure": ("atom", PARENT),
        "subset": ("structure", ["s"] * 30),
        "parent": ("structure", [f"p{i}" for i in range(30)]),
    }
)
OPTIONS = {"n_bootstrap": 20, "device": "cpu"}


def kinship(features):
    kin = {("pet-mini", "FF"): ["tuned"], ("pet-mini", "bespoke"): ["other", "missing"]}
    return Kinship.of(features, kin, orders_of(ATOMS, n_seeds=2), **OPTIONS)


@pytest.fixture(scope="module")
def family():
    X, noise = RNG.normal(size=(2, 120, 3))
    # A linear map of the parent with one column left out, and features unrelated to it.
    return kinship({"pet-mini": X, "tuned": X[:, :2] @ [[1, 1], [1, -1]], "other": noise})


def test_both_ways_of_a_model_that_lost_one_of_three_columns(family):
    table = family.fit.table
    assert list(table) == list(WAYS)
    # One of three columns of equal variance is lost; nothing is lost the other way.
    assert table.loc["tuned", "parent from it"] == pytest.approx(np.sqrt(1 / 3), abs=0.05)
    assert table.loc["tuned", "it from parent"] == pytest.approx(0, abs=1e-3)
    assert (table.loc["other"] > 0.95).all()
    share = family.share("FF", minis=["pet-mini"])
    assert share.value == pytest.approx(2 / 3, abs=0.05)


def test_unrelated_features_are_farther(family):
    found = family.farther(["bespoke"], ["FF"], minis=["pet-mini"])
    assert found.value == pytest.approx(1 - np.sqrt(1 / 3) / 2, abs=0.1)
    assert found.low > 0
    assert family.worst_share("bespoke", minis=["pet-mini"]) < 0.2


def test_a_role_that_a_mini_lacks_is_missing(family):
    assert np.isnan(family.distance("HF", minis=["pet-mini"]).value)
    assert np.isnan(family.distance("FF", minis=["pet-mini", "mace-mini"]).value)
    assert np.isnan(family.worst_share("HF", minis=["pet-mini"]))


def test_without_minis_all_is_missing():
    nothing = Kinship.of({}, {}, [], **OPTIONS)
    assert not nothing.kin
    assert np.isnan(nothing.share("FF", minis=[]).value)
    assert np.isnan(nothing.farther(["bespoke"], ["FF"], minis=[]).value)
    assert nothing.without_groups(np.zeros(0, dtype=bool)) is nothing


def test_kin_whose_mini_has_no_features_is_left_out():
    assert not kinship({"tuned": np.ones((120, 2))}).kin


def test_groups_that_training_saw_are_left_out(family):
    part = np.array(["train"] * 20 + ["test"] * 10)
    seen = seen_in_training(part, PARENT, PARENT)
    assert seen.tolist() == [True] * 20 + [False] * 10
    assert family.without_groups(seen).fit.sums.shape == (2, 2, 2, 10)
    assert family.without_groups(np.ones(30, dtype=bool)) is family


def test_all_kin_of_a_mini_are_in_the_table_of_models():
    found = kin_of(["mace-mini"])
    assert len(found) == 9
    assert found["mace-mini", "other seeds"] == seeds_of("mace-mini")[1:]
    rates = ("FF, high rate", "bespoke, low rate")
    assert not {("pet-mini", role) for role in rates} & set(kin_of(["pet-mini"]))


def test_several_seeds_are_one_role():
    X, noise = RNG.normal(size=(2, 120, 3))
    kin = {("pet-mini", "other seeds"): ["same", "other"], ("pet-mini", "FF"): ["tuned"]}
    features = {"pet-mini": X, "same": X, "other": noise, "tuned": X}
    found = Kinship.of(features, kin, orders_of(ATOMS, n_seeds=1), **OPTIONS)
    # The mean of 0 and of about 1; with FF, which is at 0, each role counts once.
    assert found.distance("other seeds", minis=["pet-mini"]).value == pytest.approx(0.5, abs=0.05)
    both = found.distance("other seeds", "FF", minis=["pet-mini"])
    assert both.value == pytest.approx(0.25, abs=0.03)
