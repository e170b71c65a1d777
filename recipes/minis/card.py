"""The card of a mini: how it was made, and what it reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lumlip.runtime.paths import sha256_file
from recipes.minis.data import TEACHERS, data_sha256


def write_card(
    path: str | Path,
    *,
    name: str,
    recipe: dict[str, Any],
    data: str | Path,
    scores: dict[str, Any],
    seconds: float,
    steps: int,
    parameters: int,
    weights: str | Path,
    versions: dict[str, str],
) -> None:
    """Write a card as JSON.

    Parameters
    ----------
    path : path
        The file to write, NAME.json beside the weights.
    name : str
        Model id, such as ``mace-mini``.
    recipe : dict
        Settings; ``family``, ``seed`` and ``level`` must be among them, and ``branches`` if there
        are several levels.
    data : path
        Folder of the labelled structures; the hashes of its files go into the card.
    scores : dict
        From :func:`recipes.minis.scores.scores`; one such dict per branch if there are several.
    seconds : float
        Wall-clock time of the training.
    steps, parameters : int
    weights : path
        The model file that the card is about.
    versions : dict of str to str
        Of the packages that trained it.

    Raises
    ------
    ValueError
        If the recipe lacks a setting that every card has.
    """
    lacking = {"family", "seed", "level"} - set(recipe)
    if lacking:
        raise ValueError(f"the recipe of {name} lacks {', '.join(sorted(lacking))}")
    card = {
        "name": name,
        "command": f"python -m recipes.minis {name} --out OUT",
        "recipe": recipe,
        "teacher": [TEACHERS[level] for level in _levels(recipe)],
        "data_sha256": data_sha256(data),
        "weights_sha256": sha256_file(Path(weights)),
        "bytes": Path(weights).stat().st_size,
        "steps": steps,
        "seconds": round(seconds),
        "parameters": parameters,
        "scores": _rounded(scores),
        "versions": versions,
    }
    Path(path).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _levels(recipe: dict[str, Any]) -> list[str]:
    """Level of theory of each branch: its own name if that is a level, else the first one's."""
    level = recipe["level"]
    if isinstance(level, str):
        return [level]
    return [branch if branch in TEACHERS else level[0] for branch in recipe["branches"]]


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return round(value, 5) if isinstance(value, float) else value
