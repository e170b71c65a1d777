"""The paper's pairs of models that were trained on other data: which is the parent of which.

The paper lists them as variants by data set. Some were fine-tuned from each other, on the one
system that they are compared on (*near*) or on another data set of all kinds of materials (*far*);
some have a start in common; only the others share nothing but their architecture. Errors on lithium
thiophosphates and on materials of all kinds are on two scales: compare what is on the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lumlip.datasets.paper import paper_table
from lumlip.zoo.relations import lineage

NEAR, FAR, SIBLINGS, SCRATCH = "near fine-tuning", "far fine-tuning", "siblings", "from scratch"
_PET_MAD = "pet-mad-s-1.0.2"
#: Tables of variants by data: the name of each model there, and its id in the table of models.
#: One PET, trained on MPtrj, is not published. OMAT is of size L (the study's own script).
BY_DATA = {
    "variants/MACE-datasets/last_layer/MAD-test": {
        "MACE-MP-0b3": "mace-mp-0b3-medium",
        "MACE-OMAT-0": "mace-omat-0",
        "MACE-MATPES-PBE": "mace-matpes-pbe-0",
        "MACE-MATPES-r2SCAN": "mace-matpes-r2scan-0",
    },
    "variants/MACE-MP-vs-OFF23/last_layer/MAD-test-organics": {
        "MACE-MP-0b3": "mace-mp-0b3-medium",
        "MACE-OFF23-medium": "mace-off23-medium",
    },
    "variants/PET-datasets/last_layer/MAD-test": {
        "MAD": _PET_MAD,
        "MPtrj": "",
        "OMATPES": "pet-omatpes-l",
        "OMAT": "pet-omat-l",
        "OAM": "pet-oam-l",
        "OMAD": "pet-omad-l",
    },
}
#: PET-MAD on lithium thiophosphates: the paper's own models, all but one fine-tuned from it.
NEAR_TABLE = "fine_tuning/PET-MAD-on-LPS/last_layer"
COLUMNS = ("relation", "structures", "one", "other", "value", "there", "back")


def published_pairs(metric: str = "gfre") -> pd.DataFrame:
    """List the paper's pairs of one architecture and other data, a row each.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: relation (`NEAR`, `FAR`, `SIBLINGS` or `SCRATCH`); structures of the
        comparison; names in the table; mean error of both directions; there, and back.
    """
    ancestors = {
        table: {name: lineage(model) if model else [name] for name, model in ids.items()}
        for table, ids in BY_DATA.items()
    }
    names = paper_table(NEAR_TABLE, metric).index
    ancestors[NEAR_TABLE] = {
        name: [name] if name in ("bespoke", "PET-MAD") else [name, "PET-MAD"] for name in names
    }
    rows = [row for table, known in ancestors.items() for row in _rows(table, known, metric)]
    return pd.DataFrame(rows, columns=COLUMNS)


def by_relation(metric: str = "gfre") -> pd.DataFrame:
    """Count the pairs by structures and relation; mean, lowest and highest of their values."""
    values = published_pairs(metric).groupby(["structures", "relation"], sort=False)["value"]
    found: pd.DataFrame = values.agg(["count", "mean", "min", "max"])
    return found


def _rows(table: str, ancestors: dict[str, list[str]], metric: str) -> list[tuple[object, ...]]:
    """List the pairs of one table whose errors are published in both directions."""
    errors = paper_table(table, metric)
    structures = "LPS" if table == NEAR_TABLE else table.rpartition("/")[2]
    names = list(errors.index)
    rows: list[tuple[object, ...]] = []
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            ways = float(errors.loc[one, other]), float(errors.loc[other, one])
            if np.isfinite(ways).all():
                relation = relation_of(ancestors[one], ancestors[other], near=structures == "LPS")
                rows.append((relation, structures, one, other, float(np.mean(ways)), *ways))
    return rows


def relation_of(one: Sequence[str], other: Sequence[str], *, near: bool) -> str:
    """Tell how two models are related by what each was fine-tuned from, itself first."""
    if one[0] in other or other[0] in one:
        return NEAR if near else FAR
    return SIBLINGS if set(one) & set(other) else SCRATCH
