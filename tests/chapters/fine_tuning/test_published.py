"""A published pair and its control, on random features."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

from chapters.fine_tuning.published import RealModels, margins_of_other_draws
from lumlip.extraction.panel import Panel

N = 30


def panel(models):
    """Make features in which b is a turned, c has lost a part and d is noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2 * N, 3))
    layers = {"a": X, "b": X[:, ::-1], "c": X * [1, 1, 0], "d": rng.normal(size=(2 * N, 3))}
    coords = {
        "structure": ("atom", np.repeat(np.arange(N), 2)),
        "subset": ("structure", ["bulk", "slab"] * (N // 2)),
    }
    datasets = {
        model: xr.Dataset(
            dict.fromkeys(("backbone", "last_layer"), (("atom", "channel"), layers[model])),
            coords=coords,
        )
        for model in models
    }
    return Panel([Atoms("H2")] * N, datasets)


def measured(models, there=None):
    found = panel(there or models)
    return RealModels.of(found, models, by="structure", n_test=1000, n_bootstrap=20, seed=0)


def test_distances_from_the_start():
    real = measured(["a", "b", "d"])
    assert real.from_start("tuned", "backbone")[0] < 1e-6
    assert real.from_start("control", "last_layer")[0] > 0.5
    assert real.median_from_start("tuned", "backbone") < real.median_from_start(
        "control", "backbone"
    )
    assert len(real.subset) == 2 * N // 5


def test_errors_by_subset_take_both_directions():
    tables = measured(["a", "c", "d"]).by_subset("backbone")
    assert set(tables) == {"c and a", "d and a"}
    assert set(tables["c and a"].index) == {"bulk", "slab"}


def test_share_of_the_worst_atoms():
    real = measured(["a", "c"])
    assert 1 / len(real.subset) <= real.on_worst("tuned", "backbone") <= 1


@pytest.mark.parametrize("there", [["a", "b"], ["a", "d"], ["a"]])
def test_missing_models_give_nan(there):
    real = measured(["a", "b", "d"], there)
    lacking = {"tuned": "b", "control": "d"}
    for role, model in lacking.items():
        assert np.isnan(real.from_start(role, "backbone")[0]) == (model not in there)
        assert np.isnan(real.median_from_start(role, "backbone")) == (model not in there)
        assert np.isnan(real.on_worst(role, "backbone")) == (model not in there)


def test_two_models_have_no_control():
    real = measured(["a", "b"])
    assert np.isnan(real.from_start("control", "backbone")).all()
    assert list(real.by_subset("backbone")) == ["b and a"]


def test_margins_of_other_draws():
    options = {"by": "structure", "n_test": 1000, "n_bootstrap": 20}
    found = panel(["a", "b", "d"])
    margins = margins_of_other_draws(found, ["a", "b", "d"], "backbone", seeds=[1, 2], **options)
    assert len(margins) == 2
    assert all(low > 0.5 for _, low, _ in margins)
    assert margins_of_other_draws(found, ["a", "b"], "backbone", seeds=[1], **options) == []
