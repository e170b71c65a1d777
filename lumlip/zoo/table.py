"""The table of models, and how a model id finds its row.

A model id is a row of ``zoo.toml`` (``chgnet-0.3.0``, ``sevennet-mf-0@PBE``: what follows ``@`` is
the task), ``FAMILY:PATH[@TASK]`` for a checkpoint file of the user's, or ``features:PATH`` for
features computed elsewhere. Where the weights lie, and how they get there, is told in
:mod:`lumlip.zoo.weights`.
"""

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ase.data import atomic_numbers

from lumlip.runtime.environments import families
from lumlip.runtime.paths import expanded
from lumlip.runtime.verified import checkpoint_sha256
from lumlip.zoo.features_file import FEATURES, attributes

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """One model: where its weights are and what is known of it without loading them.

    Empty or None is what is not known, or does not apply. The checkpoint is a name that the family
    knows (``"package"``; ``"download"``: its official loader knows it), a file in
    ``lumlip/minis/checkpoints`` (``"bundled"``), or the path of a user's (``"file"``). With
    ``"features"`` there are no weights, but features in a file, of that checkpoint.
    """

    id: str
    family: str
    checkpoint: str
    task: str | None = None  # task, head, branch or modality
    task_pattern: str | None = None  # regular expression: tasks that share all else with this one
    weights: Literal["package", "bundled", "download", "file", "features"] = "package"
    mini: bool = False  # a small model that lumlip's own recipes have trained, for tests
    file: str = ""  # name of the published file, or path of the features
    features_of: str = ""  # id of the model in the table whose features they are
    source: str = ""  # where its authors publish it
    access: str = ""  # where to ask for access, if the file is gated
    sha256: str | None = None  # of the checkpoint file
    trusted: bool = True  # False for a file that the table does not know: it may run code
    parameters: int | None = None
    training_data: str = ""
    functional: str = ""
    elements: frozenset[int] | None = None  # that it takes; None if only loading it would tell
    cutoff: float | None = None  # in Å; None if only loading it would tell
    licence: str = ""
    reference: str = ""
    notes: str = ""
    target: str = ""  # what it predicts, if that is no energy: nothing then proves its features
    refused: str = ""  # why lumlip takes no features from it
    parent: str = ""  # id of the model that it was fine-tuned from
    fine_tuned_on: str = ""
    parent_source: str = ""  # who says so


def shipped(*, mini: bool | None = None) -> list[str]:
    """Return the ids that work offline everywhere: weights inside a package, or inside lumlip.

    With ``mini`` only the minis, or only the others.
    """
    here = [e for e in entries().values() if e.weights in ("package", "bundled")]
    return [e.id for e in here if mini is None or e.mini == mini]


def resolve(model_id: str) -> ModelEntry:
    """Find a model by its id.

    Raises
    ------
    ValueError
        Unknown id (close matches and all known ids are named), task missing or unknown (the known
        ones are named), unknown family, no such file, or no file of features.

    Examples
    --------
    >>> resolve("chgnet-0.3.0").functional
    'PBE(+U)'
    >>> resolve("sevennet-mf-0")
    Traceback (most recent call last):
    ...
    ValueError: model 'sevennet-mf-0' needs a task; known: sevennet-mf-0@PBE, sevennet-mf-0@R2SCAN
    """
    if not isinstance(model_id, str):
        raise ValueError(f"got {model_id!r:.60}, expected the id of a model, a text")
    if model_id.startswith(FEATURES):
        return _features_file(model_id)
    name, _, task = model_id.partition("@")
    if ":" in name:  # a task may hold a colon, too: uma-mini@expert:2
        return _user_file(model_id)
    table = entries()
    if model_id in table:
        return table[model_id]
    variants = [entry for known, entry in table.items() if known.partition("@")[0] == name]
    for entry in variants:
        if entry.task_pattern and re.fullmatch(entry.task_pattern, task):
            return replace(entry, id=model_id, task=task, task_pattern=None)
    raise ValueError(_problem(model_id, variants))


def _problem(model_id: str, variants: list[ModelEntry]) -> str:
    """Say what is wrong with a model id, and what would be right."""
    table, (name, _, task) = entries(), model_id.partition("@")
    if name in table and not table[name].task_pattern:
        return f"model {name!r} has no tasks, got {model_id!r}"
    if variants:
        forms = dict.fromkeys(f"{name}@{v.task_pattern}" for v in variants if v.task_pattern)
        problem = f"has no task {task!r}" if task else "needs a task"
        return f"model {name!r} {problem}; known: {', '.join([*(v.id for v in variants), *forms])}"
    names = dict.fromkeys(known.partition("@")[0] for known in table)
    close = get_close_matches(model_id, table, n=3) or get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    if expanded(model_id).is_file():
        hint = f"it is a file, whose family is to be named, as in mace:{model_id}; "
    return (
        f"unknown model {model_id!r}; {hint}expected one that `lumlip models` lists, "
        f"FAMILY:PATH[@TASK] for a checkpoint file, or {FEATURES}PATH for features"
    )


def _features_file(model_id: str) -> ModelEntry:
    """Make the entry of ``features:PATH``: that of their model as far as the table knows it."""
    path = expanded(model_id.removeprefix(FEATURES))
    told = attributes(path)
    model, of = str(told.get("model", "")), ""
    entry = ModelEntry(id=model_id, family=str(told.get("family", path.name)), checkpoint=str(path))
    if model and ":" not in model.partition("@")[0]:
        with suppress(ValueError):
            entry, of = resolve(model), model
    here = replace(entry, id=model_id, weights="features", file=str(path), elements=None)
    return replace(here, features_of=of)


def _user_file(model_id: str) -> ModelEntry:
    """Make the entry of ``FAMILY:PATH[@TASK]``; a copy of a file of the table is trusted."""
    family, _, rest = model_id.partition(":")
    if family not in families():
        raise ValueError(
            f"unknown family {family!r} in {model_id!r}; known: {', '.join(families())}; "
            f"or {FEATURES}PATH for features"
        )
    path, task = expanded(rest), None
    if "@" in rest and not path.exists():  # a path may itself hold an "@"
        name, _, task = rest.rpartition("@")
        path = expanded(name)
    if (path / "state.pt").is_file():  # an exported DIEP potential is a folder
        path /= "state.pt"
    if not path.is_file():
        raise ValueError(f"no checkpoint file {str(path)!r} (model {model_id!r})")
    sha256 = checkpoint_sha256(path)
    known = any(entry.sha256 == sha256 for entry in entries().values())
    own: dict[str, Any] = {"id": model_id, "family": family, "checkpoint": str(path), "task": task}
    return ModelEntry(**own, weights="file", sha256=sha256, trusted=known)


@cache
def entries() -> dict[str, ModelEntry]:
    """Read ``zoo.toml``: every row by its id."""
    rows = tomllib.loads((_HERE / "zoo.toml").read_text(encoding="utf-8"))
    known = [_variants(name, _whole(row, rows)) for name, row in rows.items()]
    return {model: _entry(model, row) for some in known for model, row in some.items()}


def _whole(row: dict[str, Any], rows: dict[str, Any]) -> dict[str, Any]:
    """Fill in what a row leaves out and the row that it names under ``like`` has."""
    if "like" not in row:
        return row
    own = {key: value for key, value in row.items() if key != "like"}
    base = _whole(rows[row["like"]], rows) | {"notes": ""}
    if "TASK" not in (base.get("task_pattern") or ""):
        base["task_pattern"] = None  # it belongs to the task that it is written for
    return base | own


def _variants(name: str, row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Make a row of each task that a row lists, with the task's own functional."""
    tasks = row.get("tasks")
    if not tasks:
        return {name: row}
    pattern = row.get("task_pattern") or ""
    return {
        f"{name}@{task}": row | {"functional": of, "task_pattern": pattern.replace("TASK", task)}
        for task, of in tasks.items()
    }


def _entry(name: str, row: dict[str, Any]) -> ModelEntry:
    _, _, task = name.partition("@")
    elements = frozenset(_elements(row["elements"])) if row.get("elements") else None
    own = {**row, **row.get("origin", {}), "elements": elements, "task": task or None}
    for text in ("file", "source"):
        own[text] = own.get(text, "").format(**own)
    return ModelEntry(id=name, **{k: v for k, v in own.items() if k not in ("origin", "tasks")})


def _elements(text: str) -> set[int]:
    """Read a set of elements: ``"H-Pu, not Po-Ra"`` are Z = 1 to 94 without 84 to 88.

    >>> sorted(_elements("H, C-O, not N"))
    [1, 6, 8]
    """
    included, _, excluded = text.partition(", not ")
    return _spans(included) - _spans(excluded)


def _spans(text: str) -> set[int]:
    ends = [span.partition("-") for span in text.split(", ") if span]
    return {z for a, _, b in ends for z in range(atomic_numbers[a], atomic_numbers[b or a] + 1)}
