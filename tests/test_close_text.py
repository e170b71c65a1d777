"""Texts that differ by rounding alone count as equal."""

import pytest

from tests.close_text import CloseText


@pytest.mark.parametrize(
    ("one", "two", "equal"),
    [
        ("GFRE 0.662", "GFRE 0.663", True),  # one unit of the last place, and 1.5e-3 relative
        ("GFRE 0.662", "GFRE 0.674", False),
        ("GFRE 0.662", "LFRE 0.662", False),
        ("12 models", "13 models", False),
        ("chgnet-0.3.0", "chgnet-0.2.0", False),  # a name, not a number
        ("sevennet-0", "sevennet-1", False),
        ("x 0.3", "x 0.2", False),  # one unit of a coarse number is a real change
        ("x 3.2e-07", "x 3.2e-05", False),
        ("x 0.0", "x 3e-9", True),  # rounding noise around zero
        ("x 1.1e-16", "x -2.2e-16", True),
        ("x 1e-3", "x -1e-3", False),
        ("a  0.123  b", "a   -0.00 b", False),
        ("a  0.00  b", "a -0.00  b", True),  # the sign of zero moves a column
        ("nan", "0.5", False),
        ("color:#3aadac .57", "color:#2aadac .58", True),  # the color follows from the number
        ("color:#3aadac .57", "color:#3aadac .67", False),
    ],
)
def test_close_text(one, two, equal):
    assert (CloseText(one) == CloseText(two)) is equal
    assert (CloseText(one) != CloseText(two)) is not equal


def test_a_color_is_no_number_with_an_exponent():
    assert CloseText("color:#3e3469 0.51") == "color:#190e18 0.51"
    assert CloseText("color:#3e3469 0.51") != "color:#3e3469 0.71"
