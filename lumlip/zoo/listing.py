"""The list of models: what there is, and what of it is usable offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumlip.zoo import table as zoo_table

if TYPE_CHECKING:
    import pandas as pd


def models() -> pd.DataFrame:
    """List all models of the table: one row per id, columns as in `ModelEntry`.

    ``elements`` is a number here (missing if unknown); ``resolve(id).elements`` has the set.
    ``available`` says what it takes to use a model now: nothing (``"offline"``), a network
    (``"download"``), or also the leave of its authors (``"gated download"``).
    """
    import pandas as pd

    from lumlip.zoo.weights import availability

    known = zoo_table.entries().values()
    table = pd.DataFrame([vars(entry) for entry in known]).set_index("id")
    counts = [len(entry.elements) if entry.elements else None for entry in known]
    table["elements"] = pd.array(counts, dtype="Int64")
    table["parameters"] = table["parameters"].astype("Int64")
    table["available"] = availability(known)
    return table.drop(columns=["trusted", "task_pattern", "steps", "step"])
