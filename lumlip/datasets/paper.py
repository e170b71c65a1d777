"""The published numbers of arXiv:2512.05717, to stand beside ours."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd


@cache
def _tables() -> dict[str, Any]:
    text = files("lumlip.datasets").joinpath("data/paper_tables.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["tables"])


def paper_tables() -> list[str]:
    """Return the names of the published tables."""
    return sorted(_tables())


def paper_entry(name: str) -> dict[str, Any]:
    """Return all that is published with a table, as it stands in the data file."""
    if name not in _tables():
        raise ValueError(f"got table {name!r}; known: {', '.join(paper_tables())}")
    return dict(_tables()[name])


def paper_table(name: str, metric: str) -> pd.DataFrame:
    """Published errors, row = source, column = target, NaN if not published; else ValueError."""
    table = paper_entry(name)
    if "models" not in table.get(metric, {}):
        raise ValueError(f"got metric {metric!r}; table {name!r} has: {', '.join(table)}")
    models = table[metric]["models"]
    return pd.DataFrame(table[metric]["values"], index=models, columns=models, dtype=float)


def paper_rows(name: str) -> pd.DataFrame:
    """Published numbers, one row per model, protocol or order, NaN if not published."""
    entry = paper_entry(name)
    if "rows" in entry:
        rows = entry["rows"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=entry["columns"], dtype=float)
    lists = {key: value for key, value in entry.items() if isinstance(value, dict)}
    if any("models" in value for value in lists.values()):
        raise ValueError(f"got {name!r}, a table between models; expected paper_table for it")
    by_order = {key: {int(k): v for k, v in value.items()} for key, value in lists.items()}
    return pd.DataFrame(by_order, dtype=float).sort_index()


_HEADLINE = ("mace-mp-0b3-medium", "pet-mad-s-1.0.2", "dpa-3.1-3m@Omat24", "uma-s-1.1@omat")
#: Ids of lumlip's table of models for the checkpoints that the paper compares, by chapter; another
#: chapter takes up the first one's. Of those that it fine-tuned the table has none.
PAPER_MODELS = {
    1: _HEADLINE,
    3: (
        *("mace-mp-0b3-medium", "mace-omat-0", "mace-matpes-pbe-0", "mace-matpes-r2scan-0"),
        *("mace-mp-0a-small", "mace-mp-0a-medium", "mace-mp-0a-large", "mace-mh-1@omat_pbe"),
        *("pet-mad-s-1.0.2", "pet-omat-xs", "pet-omat-s", "pet-omat-m", "pet-omat-l"),
        *("pet-omatpes-l", "pet-oam-l", "pet-omad-l", "pet-mad-dos"),
        *("dpa-3.1-3m@Omat24", "dpa-3.1-3m@MP_traj_v024_alldata_mixu", "dpa-3.1-3m@OC20M"),
        *("dpa-3.1-3m@ODAC23", "dpa-3.1-3m@SPICE2"),
        *(f"uma-s-1.1@{task}" for task in ("omat", "oc20", "odac", "omc", "omol")),
    ),
    4: (),
    5: (
        *("pet-mad-s-1.0.2", "pet-omatpes-l", "pet-omat-m", "pet-oam-l", "pet-omad-l"),
        *(f"uma-s-1.1@{task}" for task in ("oc20", "odac", "omat", "omc", "omol")),
    ),
}


def paper_models(chapter: int) -> list[str]:
    """Ids of the models that the paper compares on the subject of a chapter, if published."""
    models = PAPER_MODELS.get(chapter, _HEADLINE)
    if not models:
        raise ValueError(f"none of the paper's models of chapter {chapter} are known; name others")
    return list(models)
