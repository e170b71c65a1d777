"""A mini and its relatives, with stand-ins for the models."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

from chapters.shared import lineage as module
from chapters.shared.fine_tuning import START
from chapters.shared.lineage import is_known, lineage, lineages, some, steps_along
from lumlip.extraction.panel import Panel

N = 12  # structures of four atoms, the last four for testing


def made(model, parts):
    rng = np.random.default_rng(len(model))
    n_atoms = 4 * len(parts)
    return xr.Dataset(
        {
            "last_layer": (("atom", "last_layer_channel"), rng.random((n_atoms, 3))),
            "backbone": (("atom", "backbone_channel"), rng.random((n_atoms, 2))),
            "energy": ("structure", np.full(len(parts), 8.0)),
        },
        coords={
            "structure": ("atom", np.repeat(np.arange(len(parts)), 4)),
            "subset": ("structure", ["s"] * len(parts)),
            "part": ("structure", parts),
        },
    )


@pytest.fixture
def models(monkeypatch):
    """Let every model run but one; the structures' parts can be set."""
    parts = ["train"] * (N - 4) + ["test"] * 4

    def panel(ids, structures, **_):
        frames = [Atoms("H4", info={"energy_pbe": 6.0}) for _ in parts]
        there = [model for model in ids if not model.endswith("seed2")]
        return Panel(frames, {model: made(model, parts) for model in there})

    monkeypatch.setattr(module, "panel", panel)
    return parts


def test_parts_are_kept_apart_and_missing_models_left_out(models):
    line = lineage("pet-mini", "some", runs={"FF": 2})
    assert set(line.groups) == {8, 9, 10, 11}
    assert len(line.train) == 32
    assert "other seed" not in line.ids
    assert "pet-mini-lps-ff.step0240" in line.ids
    assert list(line.features("backbone", [START, "other seed"])) == [START]
    table = line.distances("last_layer", names=[START, "FF"], n_bootstrap=5).table
    assert list(table) == [START, "FF"]


def test_without_parts_a_fifth_is_for_testing(models):
    models[:] = ["test"] * N
    line = lineage("pet-mini", "some", runs={})
    assert len(line.test) == pytest.approx(4 * N / 5, abs=4)
    assert not set(line.train) & set(line.test)


def test_steps_along_a_run_by_the_share_that_was_done():
    steps = steps_along("pet-mini-lps-ff")
    assert steps[0.2] == "pet-mini-lps-ff.step0240"
    assert list(steps) == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert steps_along("pet-mini") == steps_along("no-such-model") == {}


@pytest.mark.parametrize(
    ("count", "wanted"), [(0, ""), (1, "a"), (2, "ac"), (4, "abcd"), (9, "abcd")]
)
def test_some_steps_are_evenly_spaced(count, wanted):
    assert "".join(some(dict(enumerate("abcd")), count)) == wanted


def test_some_of_no_steps():
    assert some({}, 3) == []


def test_known_models():
    assert is_known("pet-mini")
    assert not is_known("pet-maxi")


def test_several_minis_go_on_without_one_that_fails(models, monkeypatch):
    run = module.lineage

    def failing(mini, *arguments, **options):
        if mini == "mace-mini":
            raise ValueError("no model could be run")
        return run(mini, *arguments, **options)

    monkeypatch.setattr(module, "lineage", failing)
    found, said = lineages(["mace-mini", "pet-mini"], "some", n_steps=1)
    assert list(found) == ["pet-mini"]
    assert "mace-mini: no model could be run" in said
    assert "pet-mini-lps-bespoke.step0240" in found["pet-mini"].ids
    assert "pet-mini-lps-hf.step0240" not in found["pet-mini"].ids
    assert lineages([], "some", n_steps=1) == ({}, "no minis in this run")
    with pytest.raises(ValueError, match="unknown model 'pet-maxi'"):
        lineages(["pet-maxi"], "some", n_steps=1)
