"""The published numbers of arXiv:2512.05717, to stand beside ours."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd


@cache
def _tables() -> dict[str, Any]:
    text = files("lumlip").joinpath("data/paper_tables.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)["tables"]
    return tables


def paper_tables() -> list[str]:
    """Return the names of the published tables."""
    return sorted(_tables())


def paper_table(name: str, metric: str) -> pd.DataFrame:
    """Return a published table of errors: row = source, column = target, NaN if not published.

    Parameters
    ----------
    name : str
        One of :func:`paper_tables`, such as ``"cross_model/last_layer/MAD-test"``.
    metric : {"gfre", "lfre"}

    Raises
    ------
    ValueError
        Unknown table, or a metric that was not published for it.

    Examples
    --------
    >>> table = paper_table("cross_model/last_layer/MAD-test", "gfre")
    >>> float(table.loc["PET-MAD-1.0.2", "MACE-MP-0b3-medium"])
    0.261
    """
    if name not in _tables():
        raise ValueError(f"got table {name!r}; known: {', '.join(paper_tables())}")
    table = _tables()[name]
    if "models" not in table.get(metric, {}):
        raise ValueError(f"got metric {metric!r}; table {name!r} has: {', '.join(table)}")
    models = table[metric]["models"]
    return pd.DataFrame(table[metric]["values"], index=models, columns=models, dtype=float)
