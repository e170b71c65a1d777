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
