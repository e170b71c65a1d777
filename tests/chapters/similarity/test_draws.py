"""Draws of atoms: what is drawn, and what is measured on features whose likeness is known."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from chapters.similarity import draws, numbers
from chapters.similarity.all_measures import LABELS
from chapters.similarity.draws import AS_IS, BEFORE, MINIS, PERMUTED, SAME, SEEDS, WITHIN

GROUPS = {MINIS: [("a", "b")], BEFORE: [("a0", "b0")], SEEDS: [("a", "a2")]}
PAIRS = [pair for group in GROUPS.values() for pair in group]
OPTIONS = {"layer": "last_layer", "n_samples": 100, "n_halves": 2, "device": "cpu"}


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def panel_of(layer, *, n_structures=120, size=2):
    """Two atoms a structure, two structures a parent, two elements."""
    n = n_structures * size
    parents = [f"p{i // 2:03}" for i in range(n_structures)]
    coords = {
        "structure": ("atom", np.repeat(np.arange(n_structures), size)),
        "atomic_number": ("atom", 1 + np.arange(n) // 3 % 2),
        "parent": ("structure", parents),
        "subset": ("structure", ["bulk"] * n_structures),
    }
    return SimpleNamespace(atoms=xr.Dataset(coords=coords), layer=lambda _: dict(layer))


def test_groups_pair_models_with_their_twins_and_seeds():
    minis = ["mace-mini", "pet-mini", "dpa-mini@inorganic"]
    twins = ["mace-mini-untrained", "pet-mini-untrained", "dpa-mini-untrained@inorganic"]
    published = ["sevennet-0", "sevennet-l3i5", "chgnet-0.3.0"]
    found = draws.groups_of(published, [*minis, *twins, "pet-mini-seed2"])
    assert found[draws.PUBLISHED] == [("sevennet-0", "chgnet-0.3.0")]
    assert found[MINIS][1] == ("mace-mini", "dpa-mini@inorganic")
    assert found[BEFORE][1] == ("mace-mini-untrained", "dpa-mini-untrained@inorganic")
    assert found[SEEDS] == [("pet-mini", "pet-mini-seed2")]
    assert not any(draws.groups_of(["sevennet-0"], []).values())


def test_a_sample_has_one_atom_a_structure_and_no_copies(rng):
    X = rng.normal(size=(240, 3))
    panel = panel_of({"a": X})
    rows = draws.sample(panel, layer="last_layer", n_samples=100, seed=1)
    assert len(rows) == 100
    assert len(set(rows // 2)) == 100
    few = draws.sample(panel, layer="last_layer", n_samples=100, seed=1, among=["p001", "p003"])
    assert (few // 2).tolist() == [2, 3, 6, 7]
    assert draws.parents_of(panel, few) == ["p001", "p001", "p003", "p003"]
    X[few[1]] = X[few[0]]  # for one model only
    panel = panel_of({"a": X, "b": rng.normal(size=(240, 3))})
    again = draws.sample(panel, layer="last_layer", n_samples=100, seed=1, among=["p001", "p003"])
    assert again.tolist() == [few[0], few[2], few[3]]


def test_families_are_at_zero_as_their_twins_and_at_one_as_two_seeds(rng):
    a, b = rng.normal(size=(2, 240, 4))
    layer = {"a": a, "b": b, "a0": a, "b0": b, "a2": a}
    views = {AS_IS: PAIRS, WITHIN: PAIRS}
    table, *halves = draws.draw(panel_of(layer), views, PAIRS, seed=0, **OPTIONS)
    assert len(halves) == 2
    for view in views:  # nothing learned
        assert numbers.closer(table, GROUPS, view).to_numpy() == pytest.approx(0, abs=1e-9)
    layer["b"] = a  # as alike as two seeds
    table, *_ = draws.draw(panel_of(layer), views, PAIRS, seed=0, **OPTIONS)
    for view in views:
        at = numbers.scaled(table, GROUPS, MINIS, view)
        assert at.to_numpy() == pytest.approx(1, abs=0.02)  # PWCCA stops at 0.9999
    permuted = numbers.level(table, GROUPS, MINIS, AS_IS, PERMUTED)
    assert permuted[["cka", "gfre", "distance_correlation"]].abs().max() < 0.15
    assert permuted["pwcca"] > 0.1  # grows with the width: four of a hundred


def test_the_element_is_nothing_within_elements(rng):
    numbers_of = panel_of({}).atoms["atomic_number"].to_numpy()
    element = np.eye(2)[numbers_of - 1] * 50
    layer = {name: element + rng.normal(size=(240, 2)) for name in ("a", "b")}
    views = {AS_IS: [("a", "b")], WITHIN: [("a", "b")]}
    table, *_ = draws.draw(panel_of(layer), views, [("a", "b")], seed=0, **OPTIONS)
    assert table.at[(AS_IS, SAME, "a", "b"), "cka"] > 0.95
    assert abs(table.at[(WITHIN, SAME, "a", "b"), "cka"]) < 0.1


def test_errors_are_those_of_the_parents_that_may_be_drawn(rng):
    a = rng.normal(size=(240, 3))
    b = a @ rng.normal(size=(3, 3))
    b[:120] = rng.normal(size=(120, 3)) * 5  # the first 30 parents tell nothing
    last = [f"p{i:03}" for i in range(30, 60)]
    views, panel = {AS_IS: [("a", "b")]}, panel_of({"a": a, "b": b})
    whole, part = (
        draws.draw(panel, views, [("a", "b")], seed=0, among=among, **OPTIONS)[0]["gfre"].iloc[0]
        for among in (None, last)
    )
    assert part > whole


def test_too_few_atoms_give_no_number(rng):
    layer = {name: rng.normal(size=(40, 3)) for name in ("a", "b")}
    panel = panel_of(layer, n_structures=20)
    views = {AS_IS: [("a", "b")], WITHIN: []}
    table, *halves = draws.draw(panel, views, [("a", "b")], seed=0, **OPTIONS)
    assert table.notna().all(axis=None)
    assert halves[0].loc[(AS_IS, SAME)][["cka"]].isna().all(axis=None)
    assert (
        draws.draw(panel_of(layer, n_structures=4, size=10), views, [("a", "b")], seed=0, **OPTIONS)
        == []
    )
    assert list(table) == list(LABELS)


@pytest.mark.parametrize("among", [[], ["p003"]])
def test_parents_of_too_few_atoms_give_no_draw(rng, among):
    panel = panel_of({name: rng.normal(size=(240, 3)) for name in ("a", "b")})
    assert draws.draw(panel, {AS_IS: [("a", "b")]}, [], seed=0, among=among, **OPTIONS) == []
