"""Numbers of the second finding, on features whose distances are known."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from chapters.shared.headlines import seed_floor
from chapters.variants import claims as variant_claims
from chapters.variants import study, tables
from lumlip.comparison import panel_distances
from lumlip.extraction.panel import Panel, only
from lumlip.metrics.bootstrap import Distances, interval, subset_of
from lumlip.zoo import relations

MINIS = ["mace-mini", "mace-mini-seed2", "mace-mini-r2scan", "uma-mini@omat", "uma-mini@omol"]
MODELS = ["chgnet-0.2.0", "chgnet-0.3.0", "sevennet-0", "sevennet-l3i5", "sevennet-0-22may2024"]


def distances(models, value, *, n_bootstrap=3):
    """Distances by a function of two models, the same in every resample."""
    table = pd.DataFrame(
        [[0.0 if a == b else value(a, b) for b in models] for a in models], models, models
    )
    return Distances(table, np.repeat(table.to_numpy()[..., None], 1 + n_bootstrap, axis=-1))


def by_kind(values, default=0.9):
    return lambda a, b: values.get(relations.kind_of(a, b), default)


@pytest.fixture
def panel():
    """Two CHGNets, of which one holds half of the other's features, and a SevenNet of noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    features = {
        "chgnet-0.2.0": X,
        "chgnet-0.3.0": X[:, :2],
        "sevennet-0": rng.normal(size=(120, 2)),
    }
    coords = {
        "structure": ("atom", np.repeat(np.arange(40), 3)),
        "subset": ("structure", ["user"] * 40),
    }
    datasets = {
        name: xr.Dataset({"last_layer": (("atom", "channel"), values)}, coords=coords)
        for name, values in features.items()
    }
    return Panel([None] * 40, datasets)


def test_measured_errors_are_those_of_the_features(panel):
    found = panel_distances(panel, n_test=1000, n_bootstrap=10, n_neighbors=1000)
    table = found["gfre"].table
    assert table.loc["chgnet-0.2.0", "chgnet-0.3.0"] < 1e-6
    assert table.loc["chgnet-0.3.0", "chgnet-0.2.0"] == pytest.approx(0.7, abs=0.1)
    assert table.loc["sevennet-0", "chgnet-0.2.0"] > 0.9
    assert found["gfre"].draws.shape == (3, 3, 11)


def test_local_errors_stay_within_families(panel):
    table = panel_distances(panel, metrics=("lfre",), n_bootstrap=2)["lfre"].table
    assert table.isna().to_numpy().sum() == 4
    assert np.isfinite(table.loc["chgnet-0.3.0", "chgnet-0.2.0"])


def test_nothing_is_measured_of_nothing():
    found = panel_distances(None)
    assert set(found) == {"gfre", "lfre"}
    assert len(study.kind_rows(found["gfre"], source="real")) == 0
    assert variant_claims.claims(found["gfre"], floor=np.nan) == []
    assert variant_claims.ends(found["gfre"]) == {}
    assert np.isnan(interval(seed_floor(found["gfre"]))).all()


def test_only_keeps_some_models(panel):
    kept = only(panel, ["sevennet-0", "not-there"])
    assert list(kept.datasets) == ["sevennet-0"]
    assert only(panel, ["not-there"]) is None
    assert only(None, ["sevennet-0"]) is None


def test_rows_by_kind_and_family():
    found = distances(MINIS, by_kind({"seed": 0.2, "functional": 0.3, "task": 0.5}))
    rows = study.kind_rows(found, source="minis").set_index(["kind", "name"])
    assert rows["value"].round(6).to_dict() == {
        ("seed", "mace"): 0.2,
        ("functional", "mace"): 0.3,
        ("task", "uma"): 0.5,
        ("seed and more", "mace"): 0.9,
        ("architecture", "all"): 0.9,
    }
    assert rows["n_pairs"].to_dict()["architecture", "all"] == 12
    assert study.of_family(found, "task", "uma") == pytest.approx(0.5)
    assert np.isnan(study.of_family(found, "task", "mace"))


def test_single_experts_are_no_architectures():
    found = distances(["mace-mini", "uma-mini@omat", "uma-mini@expert:0"], lambda a, b: 0.5)
    rows = study.kind_rows(found, source="minis").set_index("kind")
    assert rows["n_pairs"].to_dict() == {"part": 2, "architecture": 2}


def test_parts_of_a_task_and_their_shares():
    swapped = relations.Swaps("a", "b", {"routing": "c"})
    found = distances(["a", "b", "c"], lambda a, b: 0.1 if {a, b} == {"a", "c"} else 0.2)
    rows = tables.part_rows({"backbone": found}, swapped).set_index("part")
    assert rows["value"].to_dict() == pytest.approx({"routing": 0.1, "whole task": 0.2})
    assert rows["share"].to_dict() == pytest.approx({"routing": 0.25, "whole task": 1.0})
    assert tables.part_rows({}, None).empty


def test_pairs_on_both_sets():
    wide = distances(MINIS[:2], lambda a, b: 0.25)
    organic = distances([*MINIS[:2], "mace-mini-organic"], lambda a, b: 0.5)
    rows = tables.in_both_sets(wide, organic, kinds=("seed", "data"))
    assert rows["to"].tolist() == ["mace-mini-seed2", "mace-mini-organic"]
    assert rows["all, there"].tolist() == ["0.25 (0.25 to 0.25)", "-"]
    assert rows["organic, back"].tolist() == ["0.50 (0.50 to 0.50)"] * 2
    assert tables.in_both_sets(wide, organic, kinds=("size",)).empty


def test_contents(panel):
    whole = Panel([[0] * 3] * 40, panel.datasets)
    counts = tables.contents({"published": whole, "minis": None})
    assert counts.loc["published"].tolist() == [3, 40, 120]
    assert counts.loc["minis"].tolist() == [0, 0, 0]


def test_missing_models_are_named_with_the_reason(panel):
    some = Panel(panel.structures, panel.datasets, missing={"uma": "no weights"})
    asked = {"published": ["sevennet-0", "uma"], "minis": ["mace-mini"], "none": []}
    said = tables.missing({"published": some, "minis": None, "none": None}, asked)
    assert said.splitlines() == [
        "missing: uma (no weights)",
        "missing: mace-mini (could not be run, or takes no structure that others take)",
    ]


def test_too_few_structures_to_split(panel):
    few = Panel(panel.structures[:4], panel.datasets)
    assert panel_distances(few)["gfre"].table.empty


def test_the_papers_numbers():
    rows = variant_claims.paper_rows().set_index(["kind", "name"])
    assert rows.loc[("task", "UMA"), ["low", "high"]].tolist() == [0.34, 0.978]
    assert rows.loc[("size", "MACE-MP"), "n_pairs"] == 6
    assert variant_claims.paper_mean() == pytest.approx(0.336, abs=1e-3)
    assert variant_claims.paper_mean("lfre") < variant_claims.paper_mean()


def test_claims_of_published_models():
    values = {"data": 0.2, "size": 0.3, "several": 0.7, "architecture": 0.6}
    found = distances(MODELS, by_kind(values))
    first, second, third = variant_claims.claims(found, floor=0.35)
    assert first.value == pytest.approx((0.2 + 2 * 0.3 + 0.7) / 4)
    assert (first.bound, first.holds) == (0.35, True)
    assert second.value == pytest.approx(0.6 - first.value)
    assert (third.value, third.bound, third.holds) == (pytest.approx(3.5), 3.0, True)
    unknown = variant_claims.claims(found, floor=np.nan)[0]
    assert (unknown.bound, unknown.holds) == (0.0, True)
    assert "no two seeds" in unknown.text


def test_claims_of_minis_compare_tasks_with_others_and_with_seeds():
    found = distances(MINIS, by_kind({"seed": 0.4, "functional": 0.3, "task": 0.5}))
    claims = variant_claims.claims(found, floor=0.4, mixture=True)
    assert [claim.value for claim in claims[3:]] == pytest.approx([0.2, 0.1])
    assert all(claim.holds for claim in claims[3:])
    no_seed = subset_of(found, [m for m in MINIS if m != "mace-mini-seed2"])
    assert len(variant_claims.claims(no_seed, floor=np.nan, mixture=True)) == 4


def test_one_family_or_one_pair_leaves_claims_out():
    found = distances(MODELS[:2], lambda a, b: 0.3)
    assert [claim.value for claim in variant_claims.claims(found, floor=0.2)] == pytest.approx(
        [0.3]
    )


def test_closest_and_furthest_pair():
    found = distances(MODELS, by_kind({"data": 0.2, "size": 0.3, "several": 0.7}))
    ends = variant_claims.ends(found)
    assert ends["closest"] == ("sevennet-0", "sevennet-0-22may2024", pytest.approx(0.2))
    assert ends["furthest"] == ("sevennet-l3i5", "sevennet-0-22may2024", pytest.approx(0.7))


def test_swapped_parts_are_measured_in_both_layers(panel):
    names = ("uma-mini@omat", "uma-mini@omol", "uma-mini@omat:routing:omol")
    datasets = {
        name: ds.assign(backbone=ds["last_layer"])
        for name, ds in zip(names, panel.datasets.values(), strict=True)
    }
    found, parts = study.swapped_parts(
        [None, panel, Panel(panel.structures, datasets)], n_bootstrap=2
    )
    assert found.parts == {"routing": names[2]}
    assert set(parts) == {"backbone", "last_layer"}
    assert list(parts["backbone"].table.index) == list(names)
    assert study.swapped_parts([None, panel]) == (None, {})
