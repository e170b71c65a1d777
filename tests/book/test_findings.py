"""The rule for verdicts, on claims whose answer is plain."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumlip.book.findings import (
    FAILS,
    HOLDS,
    IN_PART,
    NO_DATA,
    Claim,
    Finding,
    claims_table,
    verdict,
)

YES = Claim("more than a half", 0.7, 0.6, 0.8, bound=0.5)
NO = Claim("more than a half", 0.6, 0.4, 0.8, bound=0.5)
UNKNOWN = Claim("more than a half", np.nan, np.nan, np.nan, bound=0.5)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([YES, YES], HOLDS),
        ([YES, NO], IN_PART),
        ([NO, NO], FAILS),
        ([], NO_DATA),
        ([UNKNOWN], NO_DATA),
        ([UNKNOWN, YES], HOLDS),
    ],
)
def test_verdict_follows_the_claims(claims, expected):
    assert verdict(claims) == expected


@given(st.floats(-2, 2), st.floats(0, 1), st.floats(-2, 2))
def test_a_claim_and_its_opposite_never_both_hold(value, half, bound):
    sides = [
        Claim("", value, value - half, value + half, bound=bound, side=side)
        for side in ("above", "below")
    ]
    assert not (sides[0].holds and sides[1].holds)
    if half == 0 and value != bound:
        assert sides[0].holds != sides[1].holds


def test_a_finding_tells_its_numbers_and_is_kept(tmp_path):
    finding = Finding(2, "mean GFRE", 0.344, {"real": [YES, NO], "minis": []})
    assert finding.facts() == {
        "paper_number": "0.34",
        "real_number": "0.70",
        "real_verdict": IN_PART,
        "minis_number": "none",
        "minis_verdict": NO_DATA,
    }
    finding.record(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["finding-2.json"]
    kept = json.loads((tmp_path / "finding-2.json").read_text())
    assert kept["claims"]["real"][0]["value"] == 0.7
    assert kept["verdicts"] == {"real": IN_PART, "minis": NO_DATA}
    assert claims_table(finding)["holds"].tolist() == ["yes", "no"]
