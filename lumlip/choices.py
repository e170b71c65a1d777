"""Options with a few known values."""

import re
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

METRICS = ("gfre", "lfre", "gfrd")
#: How maps are fitted, see :func:`lumlip.gfre` and :func:`lumlip.lfre`.
PROTOCOLS = ("robust", "scikit-matter")
LAYERS = ("backbone", "last_layer")  # the paper's
#: What can be asked for: the readout is the widest of these that the energy is linear in.
ANY_LAYER = (*LAYERS, "readout")
#: What a split can keep whole.
SPLITS = ("structure", "atom", "composition", "parent")
#: What `lumlip.select` chooses among.
CHOSEN = ("structure", "atom")
DTYPES = ("float32", "float64")
#: What to do when a model fails on some structures: stop, or leave them out and say so.
ON_ERROR = ("stop", "skip")
#: Variable, set for the notebooks of chapters: a model that fails stops them all the same.
STOP = "LUMLIP_STOP"
#: Draws below which their middle 95 % is no interval: hardly any lies outside.
FEWEST_DRAWS = 20
DEVICES = ("auto", "cpu", "cuda", "cuda:N", "mps")


def check_choice(name: str, got: str, known: Sequence[str]) -> None:
    """Refuse a value that is not among the known ones; ``"cuda:N"`` stands for any number N.

    >>> check_choice("dtype", "float16", ["float32", "float64"])
    Traceback (most recent call last):
    ...
    ValueError: got dtype 'float16'; expected one of: float32, float64
    """
    if re.sub(r":\d+$", ":N", str(got).replace(":N", ":?")) not in known:
        raise ValueError(f"got {name} {got!r}; expected one of: {', '.join(known)}")


def check_count(name: str, got: Any, low: int, high: int | None = None, note: str = "") -> None:
    """Refuse what is no whole number from ``low`` to ``high`` (None: no bound), saying a note.

    >>> check_count("k", 9, 1, 4, " of 5 samples")
    Traceback (most recent call last):
    ...
    ValueError: k: got 9, expected 1 to 4 of 5 samples
    """
    if isinstance(got, bool) or not isinstance(got, Integral):
        raise ValueError(f"{name}: got {got!r}, expected an integer")
    if int(got) < low or (high is not None and int(got) > high):
        limit = "or more" if high is None else f"to {high}{note}"
        raise ValueError(f"{name}: got {got}, expected {low} {limit}")


def check_flags(**flags: Any) -> None:
    """Refuse what is neither True nor False: the text "no" would count as True.

    >>> check_flags(layers="no")
    Traceback (most recent call last):
    ...
    ValueError: layers: got 'no', expected True or False
    """
    for name, got in flags.items():
        if type(got).__name__ not in ("bool", "bool_"):  # numpy's, too
            raise ValueError(f"{name}: got {got!r}, expected True or False")


def as_number(name: str, got: Any) -> float:
    """Return a number, or refuse what is none.

    >>> as_number("reach", "far")
    Traceback (most recent call last):
    ...
    ValueError: reach: got 'far', expected a number
    """
    if isinstance(got, bool) or not isinstance(got, Real):
        raise ValueError(f"{name}: got {got!r}, expected a number")
    return float(got)
