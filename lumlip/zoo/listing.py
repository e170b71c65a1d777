"""The list of models: what there is, and what of it is usable offline."""

import pandas as pd

from lumlip.zoo import table as zoo_table
from lumlip.zoo.relations import children_of, lineage
from lumlip.zoo.weights import availability


def models() -> pd.DataFrame:
    """List all models of the table: one row per id, columns as in `ModelEntry`.

    ``elements`` is a number here (missing if unknown); ``resolve(id).elements`` has the set.
    ``available`` says what it takes to use a model now: nothing (``"offline"``), a network
    (``"download"``), or also the leave of its authors (``"gated download"``); ``refused`` says why
    nothing helps (``"not supported"``).
    """
    known = zoo_table.entries().values()
    table = pd.DataFrame([vars(entry) for entry in known]).set_index("id")
    counts = [len(entry.elements) if entry.elements else None for entry in known]
    table["elements"] = pd.array(counts, dtype="Int64")
    table["parameters"] = table["parameters"].astype("Int64")
    table["available"] = availability(known)
    return table.drop(columns=["trusted", "task_pattern", "features_of"])


def lineage_text(model: str) -> str:
    """Write what a model was fine-tuned from, who says so, and what was fine-tuned from it.

    >>> print(lineage_text("chgnet-0.3.0"))
    chgnet-0.3.0: trained on MPtrj; no parent is known
    children of chgnet-0.3.0: chgnet-r2scan
    """
    lines, own = [], zoo_table.resolve(model)
    if own.weights == "features":
        of = own.features_of or "a model that is not in the table of models"
        lines.append(f"{model}: features of {of}, computed elsewhere")
    for entry in map(zoo_table.resolve, lineage(model)):
        made = f"{entry.id}: trained on {entry.training_data or '?'}; no parent is known"
        if entry.parent:
            made = f"{entry.id} <- {entry.parent}, fine-tuned on {entry.fine_tuned_on}"
            made += f" (source: {entry.parent_source})"
        lines.append(made)
    children = ", ".join(children_of(model)) or "none known"
    return "\n".join([*lines, f"children of {model}: {children}"])
