"""The table of models, and how a model id finds its row.

A model id is a row of ``zoo.toml`` (``chgnet-0.3.0``, ``sevennet-mf-0@PBE``: what follows ``@`` is
the task), or ``FAMILY:PATH[@TASK]`` for a checkpoint file of the user's.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ase.data import atomic_numbers, chemical_symbols

from lumlip.environments import families
from lumlip.paths import sha256_file

if TYPE_CHECKING:
    import pandas as pd

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """One model: where its weights are and what is known of it without loading them.

    Attributes
    ----------
    checkpoint : str
        A name that the family knows, or the path of a file (`weights` is then ``"file"``).
    task : str or None
        Task, head, branch or modality.
    weights : {"package", "download", "file"}
        Where the weights come from: inside the family's wheel, a download, or a user's file.
    sha256 : str or None
        Of the checkpoint file. None for a file of the user's, until somebody asks for it.
    trusted : bool
        False for a file that the table does not know: to load it may run code from it.
    elements : frozenset of int or None
        Atomic numbers that the model takes; None if only loading it would tell.
    cutoff : float or None
        In Å.
    """

    id: str
    family: str
    checkpoint: str
    task: str | None = None
    weights: Literal["package", "download", "file"] = "package"
    sha256: str | None = None
    trusted: bool = True
    parameters: int | None = None
    training_data: str = ""
    functional: str = ""
    elements: frozenset[int] | None = None
    cutoff: float | None = None
    licence: str = ""
    reference: str = ""
    notes: str = ""


def models() -> pd.DataFrame:
    """List all models of the table: one row per id, columns as in `ModelEntry`.

    ``elements`` is a number here; ``resolve(id).elements`` has the set.
    """
    import pandas as pd

    rows = [{**vars(entry), "elements": len(entry.elements or ())} for entry in _table().values()]
    return pd.DataFrame(rows).set_index("id").drop(columns="trusted")


def resolve(model_id: str) -> ModelEntry:
    """Find a model by its id.

    Parameters
    ----------
    model_id : str
        An id of the table, or ``FAMILY:PATH[@TASK]`` for a checkpoint file.

    Raises
    ------
    ValueError
        Unknown id (close matches and all known ids are named), task missing or unknown (the known
        ones are named), unknown family, no such file.

    Examples
    --------
    >>> resolve("chgnet-0.3.0").functional
    'PBE(+U)'
    >>> resolve("sevennet-mf-0")
    Traceback (most recent call last):
    ...
    ValueError: model 'sevennet-mf-0' needs a task; known: sevennet-mf-0@PBE, sevennet-mf-0@R2SCAN
    """
    if ":" in model_id:
        return _user_file(model_id)
    table = _table()
    if model_id in table:
        return table[model_id]
    name, _, task = model_id.partition("@")
    variants = [known for known in table if known.startswith(f"{name}@")]
    if variants:
        problem = f"has no task {task!r}" if task else "needs a task"
        raise ValueError(f"model {name!r} {problem}; known: {', '.join(variants)}")
    if name in table:
        raise ValueError(f"model {name!r} has no tasks, got {model_id!r}")
    close = get_close_matches(model_id, table, n=3)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise ValueError(
        f"unknown model {model_id!r}; {hint}known: {', '.join(table)}; "
        "or FAMILY:PATH[@TASK] for a checkpoint file"
    )


def _user_file(model_id: str) -> ModelEntry:
    """Make the entry of ``FAMILY:PATH[@TASK]``; a file of the table keeps its facts and trust."""
    family, _, rest = model_id.partition(":")
    if family not in families():
        raise ValueError(
            f"unknown family {family!r} in {model_id!r}; known: {', '.join(families())}"
        )
    path, task = _path_and_task(rest)
    if not path.is_file():
        raise ValueError(f"no checkpoint file {str(path)!r} (model {model_id!r})")
    sha256 = sha256_file(path)
    known = any(entry.sha256 == sha256 for entry in _table().values())
    return ModelEntry(
        id=model_id,
        family=family,
        checkpoint=str(path),
        task=task,
        weights="file",
        sha256=sha256,
        trusted=known,
    )


def _path_and_task(text: str) -> tuple[Path, str | None]:
    """Split ``PATH[@TASK]``; a path may itself hold an ``@``."""
    whole = Path(text).expanduser()
    if whole.exists() or "@" not in text:
        return whole, None
    path, _, task = text.rpartition("@")
    return Path(path).expanduser(), task


@cache
def _table() -> dict[str, ModelEntry]:
    """Read ``zoo.toml``."""
    rows = tomllib.loads((_HERE / "zoo.toml").read_text(encoding="utf-8"))
    return {name: _entry(name, row) for name, row in rows.items()}


def _entry(name: str, row: dict[str, Any]) -> ModelEntry:
    _, _, task = name.partition("@")
    elements = frozenset(_elements(row.pop("elements")))
    return ModelEntry(id=name, task=task or None, elements=elements, **row)


def _elements(text: str) -> set[int]:
    """Read a set of elements: ``"H-Pu, not Po-Ra"`` are Z = 1 to 94 without 84 to 88."""
    included, _, excluded = text.partition(", not ")
    return _span(included) - (_span(excluded) if excluded else set())


def _span(text: str) -> set[int]:
    first, _, last = text.partition("-")
    numbers = [atomic_numbers[first], atomic_numbers[last or first]]
    return set(range(numbers[0], min(numbers[1], len(chemical_symbols) - 1) + 1))
