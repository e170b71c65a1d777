"""Published variants by relation, on features with known answers."""

import json

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

from chapters.fine_tuning.variants import Variants, related
from chapters.shared.paper_pairs import FAR, SCRATCH
from lumlip.extraction.panel import Panel
from lumlip.metrics.repeated import orders_of

CHILD = ("chgnet-0.3.0", "chgnet-r2scan")


def panel(models, *, outlier=0.0):
    """Make features of which the older CHGNet is unrelated, and the child has a column more."""
    rng = np.random.default_rng(0)
    X, other = rng.normal(size=(2, 80, 2))
    child = np.column_stack([X, rng.normal(size=80)])
    child[0] += outlier
    coords = {
        "structure": ("atom", np.repeat(np.arange(20), 4)),
        "subset": ("structure", ["s"] * 20),
        "parent": ("structure", [f"p{i:02}" for i in range(20)]),
    }
    features = {"chgnet-0.3.0": X, "chgnet-0.2.0": other, "chgnet-r2scan": child}
    datasets = {
        model: xr.Dataset({"last_layer": (("atom", "c"), features.get(model, X))}, coords=coords)
        for model in models
    }
    return Panel([Atoms("H4")] * 20, datasets)


def variants(models, **options):
    made = panel(models, **options)
    return Variants.of(made, "last_layer", orders_of(made.atoms, n_seeds=2), n_bootstrap=20)


def test_tasks_of_one_checkpoint_and_other_families_are_no_pairs():
    tasks = ["sevennet-mf-0@PBE", "sevennet-mf-0@R2SCAN", "chgnet-0.2.0", "chgnet-0.3.0"]
    assert related(tasks) == {("chgnet-0.2.0", "chgnet-0.3.0"): SCRATCH}


def test_a_child_is_nearer_than_an_unrelated_variant():
    found = variants(["chgnet-0.3.0", "chgnet-0.2.0", "chgnet-r2scan", "diep-matpes-r2scan"])
    far, own = found.pairs(FAR), found.of_the_parent()
    assert far == [CHILD]
    assert own == [("chgnet-0.3.0", "chgnet-0.2.0")]
    # Nothing is lost one way, one of three columns of equal variance the other way.
    assert found.distance(far).value == pytest.approx(np.sqrt(1 / 3) / 2, abs=0.05)
    assert found.farther(own, far).low > 0
    assert found.worst_share(far) < 0.2


def test_features_computed_elsewhere_are_variants_as_their_models_are(tmp_path):
    parent, child, older = (f"features:{tmp_path / name}.npz" for name in "pco")
    known = zip("pco", (*CHILD, "chgnet-0.2.0"), strict=True)
    for name, model in known:
        np.savez(tmp_path / f"{name}.npz", attributes=json.dumps({"model": model}))
    found = variants([child, parent, older])
    assert found.pairs(FAR) == [(child, parent)]
    assert found.of_the_parent() == [(parent, older)]


def test_one_parent_that_carries_an_error_is_left_out():
    found = variants(["chgnet-0.3.0", "chgnet-r2scan"], outlier=100.0)
    without = found.without_worst([CHILD])
    assert found.worst_share([CHILD]) > 0.9
    assert len(without.fits["chgnet"].counts) == 19
    assert without.worst_share([CHILD]) < found.worst_share([CHILD])


def test_without_variants_all_is_missing():
    found = variants(["chgnet-0.3.0", "sevennet-0"])
    assert not found.relations
    assert np.isnan(found.distance(found.pairs(FAR)).value)
    assert np.isnan(found.farther(found.pairs(SCRATCH), found.of_the_parent()).value)
    assert np.isnan(found.worst_share([]))
    assert found.without_worst([]) is found
