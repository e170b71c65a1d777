"""Pairs of models by what they differ in: weights for means over them, and rows for a figure."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from chapters.shared.paper_pairs import SCRATCH, SIBLINGS, published_pairs
from chapters.variants.kinds import KINDS, kind_of
from lumlip.array_types import FloatArray
from lumlip.datasets.paper import paper_table
from lumlip.extraction.panel import Panel
from lumlip.metrics.repeated import CrossFit, orders_of
from lumlip.zoo.relations import family_name, family_of

#: Kinds of difference between two variants as one would publish them. A model and what was
#: fine-tuned from it are the subject of the third finding.
VARIANTS = ("functional", "data", "size", "multi-task", "task", "target", "several", "unknown")
FAMILIES = "architecture"
COLUMNS = ["kind", "name", "source", "value", "low", "high", "pairs"]
#: The paper's tables of variants that each show one kind of difference.
PAPER = (
    ("size", "MACE-MP", "variants/MACE-MP-0a-sizes/last_layer/MAD-test"),
    ("size", "PET-OMAT", "variants/PET-OMAT-sizes/last_layer/MAD-test"),
    ("multi-task", "MACE", "variants/MACE-OMAT-vs-MH/last_layer/MAD-test"),
    ("task", "DPA", "variants/DPA-branches/last_layer/MAD-test"),
    ("task", "UMA", "variants/UMA-tasks/last_layer/MAD-test"),
    ("target", "PET-MAD, energy or DOS", "variants/PET-target/last_layer/MAD-test"),
    (FAMILIES, "four families", "cross_model/last_layer/MAD-test"),
)


def weights(fit: CrossFit, *kinds: str, family: str = "") -> FloatArray:
    """Weights (n_models, n_models) of the pairs that differ in certain ways; they add up to 1.

    Every family counts once, and for `FAMILIES` every pair of families; all 0 without such pairs.

    Parameters
    ----------
    fit : CrossFit
        Of models against themselves.
    kinds : str
        See :data:`chapters.variants.kinds.KINDS`.
    family : str
        Only pairs of this family.
    """
    models = fit.sources
    groups = {
        (i, j): frozenset({family_of(a), family_of(b)})
        for i, a in enumerate(models)
        for j, b in enumerate(models)
        if a != b and kind_of(a, b) in kinds and family in ("", family_of(a))
    }
    size = Counter(groups.values())
    found = np.zeros((len(models), len(models)))
    for pair, group in groups.items():
        found[pair] = 1 / size[group] / len(size)
    return found


def fitted(panel: Panel | None, *, n_seeds: int, n_bootstrap: int, device: str) -> CrossFit:
    """Cross-fit of the last layers of a panel; of nothing without one."""
    if panel is None:
        return CrossFit.empty()
    orders = orders_of(panel.atoms, n_seeds=n_seeds)
    features = panel.layer("last_layer")
    return CrossFit.of(features, orders=orders, n_bootstrap=n_bootstrap, device=device)


def families_minus_variants(fit: CrossFit, places: list[int]) -> float:
    """How much farther apart families are than variants, among the models at some places."""
    part = fit.only([fit.sources[i] for i in places])
    both = weights(part, FAMILIES), weights(part, *VARIANTS)
    if not all(some.any() for some in both):
        return float("nan")
    between, within = (float((part.table.to_numpy() * some).sum()) for some in both)
    return between - within


def kind_rows(fit: CrossFit, source: str) -> pd.DataFrame:
    """List the mean error of each kind of difference: a row per family, one for all families.

    Parameters
    ----------
    fit : CrossFit
    source : {"published", "minis"}

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; ``pairs``: errors of all ordered pairs of the row.
    """
    families = list(dict.fromkeys(map(family_of, fit.sources)))
    rows = []
    for kind in ("seed", *VARIANTS, FAMILIES):
        for family in [""] if kind == FAMILIES else families:
            chosen = weights(fit, kind, family=family)
            if chosen.any():
                found = fit.mean(chosen)
                pairs = fit.table.to_numpy()[chosen > 0]
                rows.append((kind, family, source, found.value, found.low, found.high, pairs))
    return pd.DataFrame(rows, columns=COLUMNS)


def paper_rows() -> pd.DataFrame:
    """List the paper's tables of variants likewise; low and high: the range of their pairs."""
    rows = [(kind, name, _published(table)) for kind, name, table in PAPER]
    every = published_pairs()
    for relation, name in ((SCRATCH, "MACE, PET"), (SIBLINGS, "MACE, PET: one parent")):
        own = every[(every["relation"] == relation) & (every["structures"] == "MAD-test")]
        rows.append(("data", name, own[["there", "back"]].to_numpy().ravel()))
    return pd.DataFrame(
        [(k, name, "paper", x.mean(), x.min(), x.max(), x) for k, name, x in rows], columns=COLUMNS
    )


def _published(table: str) -> FloatArray:
    """Errors of all ordered pairs of different models in a table of the paper."""
    values = paper_table(table, "gfre").to_numpy()
    pairs: FloatArray = values[~np.eye(len(values), dtype=bool)]
    return pairs


def paper_value(kind: str, name: str, column: str = "value") -> float:
    """Return one number of `paper_rows`."""
    rows = paper_rows()
    return float(rows[(rows["kind"] == kind) & (rows["name"] == name)][column].iloc[0])


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the means of `kind_rows` and `paper_rows` beside each other: a row per kind."""
    said = [
        f"{family_name(name)} {value:.2f}".strip()
        for name, value in zip(rows["name"], rows["value"], strict=True)
    ]
    table = rows.assign(said=said).groupby(["kind", "source"])["said"].agg("; ".join).unstack()
    kinds = [kind for kind in KINDS if kind in table.index]
    found = table.reindex(index=kinds, columns=["paper", "published", "minis"])
    found = found.astype(object).fillna("–")
    return found.rename(index=KINDS).rename_axis("what differs").rename_axis(None, axis=1)
