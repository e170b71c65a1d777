"""Errors between the steps of made-up models, by stage and kind of pair."""

import numpy as np
import pytest
from ase.build import bulk

from chapters.depth import reports, stages
from chapters.depth.study import thinned
from lumlip.metrics.reconstruction import gfre

OPTIONS = {"n_bootstrap": 50, "seed": 0}


@pytest.fixture(scope="module")
def report(study):
    return reports.StageReport(study, n_bootstrap=50)


def test_within_a_model_what_is_contained_is_rebuilt(study):
    table = study.within("sevennet-0")
    assert table.loc["interaction_2", "interaction_1"] < 1e-6
    assert table.loc["interaction_2", "embedding"] < 1e-6
    assert table.loc["interaction_3", "embedding"] > 0.9  # noise forgets the element
    assert table.loc["interaction_1", "interaction_2"] > 0.5


def test_errors_are_those_of_single_pairs(study):
    X, Y = study.paths["chgnet-0.3.0"]["interaction_2"], study.paths["mace-mini"]["interaction_1"]
    pair = study.errors.sel(source="chgnet-0.3.0|interaction_2", target="mace-mini|interaction_1")
    wanted = gfre(X, Y, train=study.train, test=study.test)
    assert float((pair**2).mean() ** 0.5) == pytest.approx(wanted)


def test_kinds_of_pairs(study):
    kinds = stages.pairs_by_kind(study)
    assert len(kinds[stages.FAMILIES]) == 10  # ordered: 4 models, of which two are SevenNets
    assert kinds[stages.VARIANTS] == [
        ("sevennet-0", "sevennet-l3i5"), ("sevennet-l3i5", "sevennet-0"),
    ]  # fmt: skip
    assert set(kinds[stages.SEEDS]) == {
        ("mace-mini", "mace-mini-seed2"), ("mace-mini-seed2", "mace-mini"),
    }  # fmt: skip
    assert len(kinds[stages.BOTH_UNTRAINED]) == 2
    assert stages.BOTH_TRAINED not in kinds or kinds[stages.BOTH_TRAINED]


def test_models_agree_at_first_and_part_at_last(report):
    table = report.lines[reports.AS_THEY_ARE][stages.FAMILIES]
    assert table.loc["first", "value"] < 1e-6
    assert table.loc["last", "value"] > 0.9
    assert table.loc["last layer", "value"] < 1e-6
    assert (table["low"] <= table["value"] + 1e-12).all()
    assert (table["value"] <= table["high"] + 1e-12).all()


def test_untrained_twin_agrees_about_elements_only(report):
    plain, left = (
        report.lines[variation][stages.UNTRAINED]["value"]
        for variation in (reports.AS_THEY_ARE, reports.NO_ELEMENTS)
    )
    assert plain["embedding"] < 1e-6
    assert plain["first"] < left["first"]
    assert left["first"] > 0.9
    assert "embedding" not in left.index


def test_change_is_the_difference_of_two_stages(report):
    table = report.lines[reports.AS_THEY_ARE][stages.FAMILIES]["value"]
    value, low, high = report.change(reports.AS_THEY_ARE, ("first", "last"))
    assert value == pytest.approx(table["last"] - table["first"])
    assert 0 < low < value < high


def test_stage_table_has_the_stages_on_its_diagonal(study, report):
    table = stages.stage_table(study, study.errors, report.families)
    lines = report.lines[reports.AS_THEY_ARE][stages.FAMILIES]["value"]
    assert np.allclose(np.diag(table), lines)
    assert table.loc["middle", "first"] < 1e-6


def test_without_the_leading_direction_the_other_is_left(study):
    one, other = (study.without_directions(n).to_numpy() for n in (0, 1))
    assert np.isfinite(one).all()
    assert np.isfinite(other).all()
    assert not np.allclose(one, other)


def test_table_of_contents_tells_elements_and_widths(report):
    table = report.table()
    assert table.loc["embedding", "variance between elements"] == "1.00"
    assert table.loc["first", "channels"] == "5.00"
    assert table.loc["embedding", "GFRE without elements"] == "none"


def test_small_sets_are_thinned_less():
    frames = [bulk("Cu")] * 450
    assert len(thinned(frames, 3, least=100)) == 150
    assert len(thinned(frames, 3, least=200)) == 225
    assert len(thinned(frames[:31], 3)) == 31
