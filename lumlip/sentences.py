"""Pieces of computed sentences: lists of names, numbers with their intervals."""

from __future__ import annotations

from collections.abc import Sequence


def listed(words: Sequence[str], *, comma: bool = False) -> str:
    """Join words as in a sentence.

    Parameters
    ----------
    words : sequence of str
    comma : bool
        With a comma before the "and": for parts of a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"]), listed(["a", "b"], comma=True)
    ('a', 'a, b and c', 'a, and b')
    """
    last = ", and " if comma else " and "
    return last.join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def with_interval(found: Sequence[float], *, digits: int = 2, sign: str = "") -> str:
    """Write (value, low, high).

    Parameters
    ----------
    found : sequence of three floats
    digits : int
        After the point.
    sign : str
        ``"+"`` to write it before positive numbers, too.

    Examples
    --------
    >>> with_interval((0.5, 0.4, 0.61)), with_interval((0.5, -0.4, 0.6), digits=1, sign="+")
    ('0.50 (0.40 to 0.61)', '+0.5 (-0.4 to +0.6)')
    """
    value, low, high = (f"{number:{sign}.{digits}f}" for number in found)
    return f"{value} ({low} to {high})"
