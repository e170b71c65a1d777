"""Headline numbers on a panel that was made up, with known answers."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from ase import Atoms

from chapters.controls.checks import ONE_HOT, WIDTH, of_panel
from chapters.controls.robustness import NO_DATA
from chapters.shared import headlines
from chapters.shared.variations import AS_IT_STANDS, VARIATIONS, Variation, sample_of_atoms
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import Distances, interval

MODELS = ("chgnet-0.3.0", "chgnet-r2scan", "diep-matpes-r2scan")
SETTING = {"n_test": 60, "n_bootstrap": 10, "seed": 0, "device": "cpu"}


def made_up(n_structures=60, size=6):
    """Return a panel whose last layers are the backbones, bent and with a column less."""
    rng = np.random.default_rng(0)
    numbers = rng.integers(1, 5, size=n_structures * size)
    coords = {
        "structure": ("atom", np.repeat(np.arange(n_structures), size)),
        "subset": ("structure", ["a"] * n_structures),
        "parent": ("structure", np.arange(n_structures)),
        "atomic_number": ("atom", numbers),
    }
    datasets = {}
    for model in MODELS:
        backbone = rng.normal(size=(len(numbers), 5))
        last = np.tanh(backbone[:, :4])
        data = {"backbone": (("atom", "backbone_channel"), backbone),
                "last_layer": (("atom", "last_layer_channel"), last)}  # fmt: skip
        datasets[model] = xr.Dataset(data, coords=coords)
    frames = [Atoms(numbers[i : i + size]) for i in range(0, len(numbers), size)]
    return Panel(frames, datasets)


@pytest.fixture(scope="module")
def panel():
    return made_up()


def test_unrelated_models_of_two_families_are_far_apart(panel):
    variation = Variation(by="structure")
    options = {k: SETTING[k] for k in ("n_test", "n_bootstrap", "seed", "device")}
    found, typical = headlines.of_panel(panel, MODELS, variation, **options)
    assert found[1][0] > 0.9
    assert abs(found[2][0]) < 0.1  # variants are as unrelated as families here
    assert found[4][0] > 0.1  # the fifth column of the backbone is lost
    assert found[1].shape == (11,)
    assert set(typical) == {1, 2, 4}


def test_only_models_with_a_nonlinear_head_count(panel):
    plain = sample_of_atoms(panel.atoms, variation=Variation(by="structure"), n_test=60)
    assert headlines.curved(panel, plain) == list(MODELS)
    linear = {}
    for model, ds in panel.datasets.items():
        last = ("atom", "last_layer_channel"), 2.0 * ds["backbone"].to_numpy()
        linear[model] = ds.drop_vars("last_layer").assign(last_layer=last)
    assert headlines.curved(Panel(panel.structures, linear), plain) == []
    assert np.isnan(headlines.harder_back(Distances.exact(pd.DataFrame()), [])[0])


def test_at_one_width_the_lost_column_is_gone(panel):
    plain = sample_of_atoms(panel.atoms, variation=Variation(by="structure"), n_test=60)
    found = headlines.of_one_width(panel, MODELS, plain, n_bootstrap=5)
    assert len(found.table) == 6
    assert headlines.of_one_width(panel, [], plain, n_bootstrap=5).table.empty


def test_of_one_hot_elements_the_mean_determines_all_cumulants(panel):
    """Of a column of zeros and ones, kappa_2 = p (1 - p) and kappa_3 = kappa_2 (1 - 2 p)."""
    element = (panel.atoms["atomic_number"].to_numpy()[:, None] == [1, 2, 3, 4]).astype(float)
    found = headlines.cumulants_of({"e": element}, panel)["e"].reshape(-1, 8, 4)
    p = found[:, 0]
    assert np.allclose(found[:, 1] ** 2, p * (1 - p))
    assert np.allclose(found[:, 2] ** 3, p * (1 - p) * (1 - 2 * p))


def test_a_split_of_structures_by_atom_is_none(panel):
    means = headlines.cumulants_of(panel.layer("last_layer"), panel)
    options = {"n_bootstrap": 5, "seed": 0, "device": "cpu"}
    assert np.isnan(headlines.lost_by_mean(means, panel, Variation(by="atom"), **options)[0])
    value, low, high = interval(headlines.lost_by_mean(means, panel, Variation(), **options))
    assert low <= value <= high
    assert value > 0.5


def test_a_panel_is_tried_once_in_every_way(panel):
    few = {name: VARIATIONS[name] for name in (AS_IT_STANDS, "split by structure", "whitened")}
    together = Distances.exact(pd.DataFrame(0.5, index=MODELS, columns=MODELS))
    found = {t.finding: t for t in of_panel("real", panel, together, few, **SETTING)}
    assert set(found[1].tested) == {AS_IT_STANDS, "whitened"}  # by structure as it stands
    assert set(found[5].tested) == {AS_IT_STANDS, "split by structure", "whitened"}
    assert set(found[4].opposed) == {WIDTH}
    assert set(found[5].opposed) == {ONE_HOT}
    assert not found[1].opposed  # no seeds here
    assert found[2].word != NO_DATA
