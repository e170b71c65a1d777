"""Claims, parts and tables of the chapter on fine-tuning."""

import numpy as np
import pandas as pd
import pytest

from chapters.fine_tuning import tables as report
from chapters.shared.fine_tuning import (
    OTHER_SEED,
    PROTOCOLS,
    PUBLISHED,
    SCRATCH,
    START,
    UNTRAINED,
    published,
)
from chapters.shared.headlines import margin
from lumlip.metrics.bootstrap import Distances, interval
from tests.chapters.fine_tuning.test_published import measured

#: Distances from the start; all others are far apart.
PLACES = {START: 0.0, SCRATCH: 0.4, "FF": 0.1, "HF": 0.1, UNTRAINED: 0.8, OTHER_SEED: 0.3}


def family(**changed):
    places = {**PLACES, **changed}
    table = pd.DataFrame(1.0, index=list(places), columns=list(places))
    for name, place in places.items():
        table.loc[name, START] = table.loc[START, name] = place
        table.loc[name, name] = 0
    return Distances.exact(table)


def test_parts_add_up_to_the_whole():
    found = {name: draws[0] for name, draws in report.parts(family()).items()}
    assert found == pytest.approx({"moved": 0.25, "own": 0.5, "shared": 0.25})
    two = report.mean_parts([family(), family(FF=0.2, HF=0.2)])
    assert sum(two.values())[0] == pytest.approx(1)
    assert two["moved"][0] == pytest.approx(0.375)


def test_claims_hold_for_models_that_stay_and_fail_for_those_that_leave():
    near, *nearer = report.mini_claims([family(FF=0.05, HF=0.05)])
    assert near.value == pytest.approx(0.05)
    assert near.holds
    assert all(claim.holds for claim in nearer)
    assert len(nearer) == 3
    assert not any(claim.holds for claim in report.mini_claims([family(FF=0.9, HF=0.9)]))


def test_claims_without_their_models_are_left_out():
    table = family().table.drop(index=UNTRAINED, columns=UNTRAINED)
    assert len(report.mini_claims([Distances.exact(table)])) == 3
    assert report.mini_claims([]) == []
    assert [
        len(report.real_claims(measured(m), "backbone"))
        for m in (["a", "b", "d"], ["a", "b"], ["a"])
    ] == [2, 1, 0]


def test_real_claims_are_about_the_start():
    near, nearer = report.real_claims(measured(["a", "b", "d"]), "last_layer")
    assert near.holds
    assert nearer.holds
    assert nearer.text == "d is farther from it than that (difference)"


def test_margin_is_the_difference_to_a_control():
    assert interval(margin([family()], SCRATCH))[0] == pytest.approx(0.3)
    assert np.isnan(margin([], SCRATCH)).all()


def test_percent():
    assert report.percent(np.array([0.25, 0.2, 0.2])) == "25 % (20 to 20)"
    assert report.percent(np.array([np.nan])) == "no data"


def test_tables_take_what_is_there():
    columns = {"paper": published(), "here": family()}
    table = report.beside_paper(columns, {"paper": published("lfre"), "here": family()})
    assert table.loc["GFRE, untrained → bespoke"].tolist() == ["0.192", "1.000"]
    assert table.loc["GFRE, start → untrained", "paper"] == "no data"
    assert list(report.parts_table({"here": family()})) == ["here"]
    assert list(report.parts_table({"a": family(), "b": family()})) == ["a", "b", "mean"]


def test_errors_beside_distances():
    own = pd.DataFrame({"energy": 10.2, "energy_mae": 5, "force_mae": np.nan}, index=[START, "FF"])
    table = report.errors_table({"here": own}, {"here": family()})
    assert table.loc["FF", "here"].tolist() == ["0.10", "10", ""]
    assert table.loc["FF", ("PET-MAD (paper)", "energy RMSE")] == "9"
    assert set(table.index) <= set(PROTOCOLS)
    assert set(PUBLISHED) <= set(table.index)
