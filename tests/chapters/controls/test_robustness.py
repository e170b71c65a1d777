"""The rule of survival on checks that were made up, and what is said of them."""

import numpy as np
import pytest

from chapters.controls.robustness import (
    FAILS,
    HOLDS_UP,
    IN_PART,
    NO_DATA,
    RobustnessCheck,
    facts,
    numbers_table,
    of_answer,
    robustness_table,
)
from chapters.shared.variations import AS_IT_STANDS
from lumlip.book.findings import Claim


def claim(holds):
    value = np.nan if holds is None else 0.7 if holds else 0.3
    return Claim("above 0.5", value, value - 0.05, value + 0.05, bound=0.5)


def check(stands, others, controls=(), *, finding=1, models="real"):
    claims = {AS_IT_STANDS: claim(stands), **{f"way {i}": claim(x) for i, x in enumerate(others)}}
    return RobustnessCheck(
        finding, models, claims, {f"control {i}": claim(x) for i, x in enumerate(controls)}
    )


@pytest.mark.parametrize(
    ("made", "word", "why"),
    [
        (check(True, [True, True]), HOLDS_UP, "holds in all 3 ways"),
        (check(True, [True], [True]), HOLDS_UP, "holds in all 2 ways and against control 0"),
        (
            check(True, [True], [True, True]),
            HOLDS_UP,
            "holds in all 2 ways and against all controls",
        ),
        (check(True, [True], [False]), IN_PART, "holds in all 2 ways, but not against control 0"),
        (check(True, [True, False]), IN_PART, "fails when way 1"),
        (check(True, [True, False, False]), IN_PART, "fails in 2 of 4 ways"),
        (check(True, [False, False]), FAILS, "fails in 2 of 3 ways"),
        (
            check(True, [True, False], [False]),
            IN_PART,
            "fails when way 1, and against control 0",
        ),
        (check(False, [True, True, True]), FAILS, "does not hold as it stands"),
        (check(None, [None]), NO_DATA, "this run has no models for it"),
        (check(True, [None, True]), HOLDS_UP, "holds in all 2 ways"),
        (check(True, [True], [None]), HOLDS_UP, "holds in all 2 ways"),
    ],
)
def test_the_rule(made, word, why):
    assert made.word == word
    assert made.why == why


def test_published_models_come_first_and_minis_are_marked():
    real, minis = check(True, [True]), check(True, [False, False], models="minis")
    assert of_answer([minis, real], 1) is real
    assert of_answer([minis, check(None, [])], 1) is minis
    said = facts([minis])
    assert said["survives_1"] == FAILS
    assert said["why_1"].endswith("(minis)")
    assert said["survives_2"] == NO_DATA
    assert len(said) == 10


def test_the_reason_is_short():
    for made in (
        check(True, [False] * 4 + [True] * 6, [False, False]),
        check(True, [True], [True]),
    ):
        assert len(f"{made.why} (minis)".split()) <= 16


def test_the_table_has_a_row_for_each_trial_with_data():
    table = robustness_table([check(True, [False], [True]), check(None, [], finding=2)])
    assert list(table.index) == [(1, "published models")]
    row = table.iloc[0]
    assert row["ways to measure"] == "1 of 2"
    assert row["not when"] == "way 0"
    assert row["holds against"] == "control 0"


def test_numbers_that_do_not_hold_are_starred():
    table = numbers_table([check(True, [False, None])])
    assert table["1", "published models"].to_dict() == {
        AS_IT_STANDS: "0.70 (0.65 to 0.75)",
        "way 0": "0.30 (0.25 to 0.35) *",
    }
    assert numbers_table([]).empty
