"""What DPA's features become if the elements of a structure are numbered by the alphabet.

A DPA model knows its elements by their numbers in its own list, the type map. The script published
with the paper numbers the elements of every structure anew, in alphabetical order: the model then
takes most atoms for other elements than they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Distances, Interval, interval

#: Ends the id of a model whose elements are numbered so.
ENDING = ":alphabetical"


def misnumbered(models: Sequence[str]) -> list[str]:
    """Return the controls of the DPA models among some: the same ones, wrongly numbered.

    Examples
    --------
    >>> misnumbered(["pet-mini", "dpa-mini@inorganic"])
    ['dpa-mini@inorganic:alphabetical']
    """
    branches = {"dpa-mini@inorganic", "dpa-3.1-3m@Omat24"}
    return [model + ENDING for model in models if model in branches]


def moved(found: Distances, models: Sequence[str]) -> pd.DataFrame:
    """Errors to and from every other model, with right and with wrong numbers.

    Parameters
    ----------
    found : Distances
        Among all models and the wrongly numbered ones.
    models : sequence of str
        The others.

    Returns
    -------
    DataFrame
        One row per other model and direction: ``model``, ``direction`` (``"from DPA"``,
        ``"to DPA"``), ``right``, ``wrong``.
    """
    rows = []
    for right, wrong in _pairs(found):
        for model in [m for m in models if m in found.table.index and m != right]:
            for direction, ends in (("from DPA", 0), ("to DPA", 1)):
                values = [
                    found.to(*((dpa, model) if ends == 0 else (model, dpa)))[0]
                    for dpa in (right, wrong)
                ]
                rows.append((model, direction, *values))
    return pd.DataFrame(rows, columns=["model", "direction", "right", "wrong"])


def change(found: Distances, models: Sequence[str], direction: str) -> FloatArray:
    """Mean over other models of the wrong error minus the right one, as draws.

    Parameters
    ----------
    direction : {"from DPA", "to DPA"}
    """
    changes = []
    for right, wrong in _pairs(found):
        for model in [m for m in models if m in found.table.index and m != right]:
            ends = [(d, model) if direction == "from DPA" else (model, d) for d in (right, wrong)]
            changes.append(found.to(*ends[1]) - found.to(*ends[0]))
    return np.asarray(np.mean(changes, axis=0)) if changes else np.full(1, np.nan)


def own_change(found: Distances) -> Interval:
    """Mean error between the rightly and the wrongly numbered model, with its interval."""
    own = [found.between(right, wrong) for right, wrong in _pairs(found)]
    return interval(np.mean(own, axis=0)) if own else Interval.missing()


def _pairs(found: Distances) -> list[tuple[str, str]]:
    names = [str(name) for name in found.table.index]
    return [
        (n.removesuffix(ENDING), n)
        for n in names
        if n.endswith(ENDING) and n.removesuffix(ENDING) in names
    ]
