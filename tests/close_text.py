"""Text that equals another when its words are equal and its decimal numbers are close.

The notebooks' outputs are compared with it (``conftest.py``): the same code on another machine
may differ in the last digits, never in a word, a count or a model's name.
"""

from __future__ import annotations

import re

# Relative: float32 features reach 1e-5 across machines; the choice of a regularization more.
RTOL = 5e-3
# Absolute: rounding noise around zero; and between numbers that are written with an exponent.
ATOL = 1e-6
NOISE = 1e-12
# One unit of the last printed digit, for 0.66 and 0.67 may be 0.665 twice; no coarser than this.
LARGEST_UNIT = 0.01

# A decimal number on its own: not the version in chgnet-0.3.0, not an integer.
NUMBER = re.compile(
    r"(?<![\w.-])[-+]?(?:(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)(?!\w|\.\d)"
)
# Of a number's ground: it follows from the number.
COLOR = re.compile(r"#[0-9a-f]{6}\b")
SPACES = re.compile(r"[ \t]+")


class CloseText(str):
    """Text with a tolerant ``==``; the width of columns of spaces does not count.

    >>> CloseText("error 0.6617 of 12") == CloseText("error 0.6618 of 12")
    True
    >>> CloseText("error 0.66 of 12") == CloseText("error 0.66 of 13")
    False
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return False
        one, two = (COLOR.sub("", text) for text in (self, other))
        if _words(one) != _words(two):
            return False
        pairs = zip(NUMBER.findall(one), NUMBER.findall(two), strict=True)
        return all(close(*pair) for pair in pairs)

    def __ne__(self, other: object) -> bool:
        return not self == other


def _words(text: str) -> str:
    return SPACES.sub(" ", NUMBER.sub("#", text))


def close(one: str, two: str) -> bool:
    """Tell whether two printed numbers are equal within the tolerances of this module.

    >>> close("0.66", "0.67"), close("0.66", "0.69"), close("1.0e-05", "9.0e-05")
    (True, False, False)
    """
    first, second = float(one), float(two)
    unit = min(_last_place(one), _last_place(two), LARGEST_UNIT)
    # Both written with an exponent: small numbers that are results, not noise around zero.
    noise = NOISE if all("e" in text.lower() for text in (one, two)) else ATOL
    allowed = max(noise, RTOL * max(abs(first), abs(second)), 1.01 * unit)
    return abs(first - second) <= allowed


def _last_place(text: str) -> float:
    """Return the unit of the last printed digit: 0.01 for ``0.66``, 1e-6 for ``1.0e-05``."""
    digits, _, exponent = text.lower().partition("e")
    return float(10.0 ** (int(exponent or 0) - len(digits.partition(".")[2])))
