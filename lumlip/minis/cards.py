"""The minis that come with lumlip, and their cards as one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CHECKPOINTS = Path(__file__).parent / "checkpoints"


def card(name: str) -> dict[str, Any]:
    """Read the card of a mini.

    Raises
    ------
    ValueError
        If there is no such mini; the known ones are named.
    """
    path = CHECKPOINTS / f"{name}.json"
    if not path.exists():
        known = sorted(p.stem for p in CHECKPOINTS.glob("*.json"))
        raise ValueError(f"no card of {name!r}; known: {', '.join(known)}")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def cards() -> pd.DataFrame:
    """Validation errors of every mini beside the trivial baselines: one row per branch and part.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``mini``, ``branch`` (empty if there is one only) and ``part`` (``all`` or
        ``unseen``); columns as in :func:`recipes.minis.scores.scores`, and ``teacher``.
    """
    import pandas as pd

    rows = []
    for path in sorted(CHECKPOINTS.glob("*.json")):
        found = card(path.stem)
        scores = found["scores"]
        branches = {"": scores} if "all" in scores else scores  # one only, or several by name
        for (branch, parts), teacher in zip(branches.items(), found["teacher"], strict=True):
            for part, values in parts.items():
                row = {"mini": path.stem, "branch": branch, "part": part, **values}
                rows.append({**row, "teacher": teacher})
    return pd.DataFrame(rows).set_index(["mini", "branch", "part"])
