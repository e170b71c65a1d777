"""What two models differ in: the seed, the functional, the training data, and so on.

A pair of models differs in some *aspects*. A pair that differs in one shows what that alone does.
"""

from __future__ import annotations

import re
from pathlib import Path

from lumlip.minis.cards import CHECKPOINTS, card
from lumlip.zoo.relations import origin
from lumlip.zoo.table import ModelEntry, resolve

#: Kinds of difference, and what figures call them, in their order there.
KINDS = {
    "seed": "seed",
    "functional": "functional",
    "data": "training data",
    "fine-tuning": "fine-tuned from the other",
    "size": "size or version",
    "multi-task": "one task or many",
    "task": "task or branch",
    "expert": "single expert",
    "target": "target of the training",
    "several": "several of these",
    "seed and more": "seed and another",
    "training": "trained or not, for longer, at another rate",
    "part": "part of a task",
    "unknown": "not known",
    "architecture": "architecture",
}
#: Aspects of pairs that are not two variants as one would publish them.
APART = frozenset({"architecture", "seed", "training", "expert", "part"})
#: Settings of a mini's recipe, and the aspect that each belongs to.
RECIPE = {
    "seed": "seed",
    "level": "functional",
    "kinds": "data",
    "channels": "size",
    "dataset": "data",
    "start": "fine-tuning",
    "new_head": "fine-tuning",
    "heads_only": "fine-tuning",
    "learning_rate": "training",
    "steps": "training",
}
#: Parameters may differ by this share in models of one size: another input, another task.
SAME_SIZE = 0.02
_EXPERT = re.compile(r"(?:[^:]+:)?expert:\d+")


def kind_of(a: str, b: str) -> str:
    """Return what two models differ in: one of `KINDS`.

    Examples
    --------
    >>> kind_of("sevennet-mf-0@PBE", "sevennet-mf-0@R2SCAN")
    'task'
    >>> kind_of("mace-mini", "mace-mini-seed2")
    'seed'
    >>> kind_of("chgnet-0.3.0", "sevennet-0")
    'architecture'
    """
    found = aspects(a, b)
    if len(found) == 1:
        return next(iter(found))
    return "seed and more" if "seed" in found else "several"


def aspects(a: str, b: str) -> frozenset[str]:
    """Return all that two models differ in, as far as it is known: ``{"unknown"}`` if nothing is.

    Minis tell it by their recipes, other models by the rows of the table of models. Training data
    of another functional count as other data; so do not those of a model with several tasks, of
    which each has its own.
    """
    one, two = resolve(a), resolve(b)
    if one.family != two.family:
        return frozenset({"architecture"})
    if origin(a) == two.parent or origin(b) == one.parent:
        return frozenset({"fine-tuning"})
    if one.checkpoint == two.checkpoint:
        return frozenset({_of_tasks(one.task, two.task)})
    return _of_recipes(one, two) or _of_rows(one, two) or frozenset({"unknown"})


def _of_tasks(a: str | None, b: str | None) -> str:
    """What two tasks of the same weights differ in."""
    if all(_EXPERT.fullmatch(task or "") for task in (a, b)):
        return "expert"
    return "part" if ":" in f"{a}{b}" else "task"


def _of_recipes(one: ModelEntry, two: ModelEntry) -> frozenset[str]:
    """What the recipes of two minis differ in; nothing if one has no card of its own."""
    names = [Path(entry.checkpoint).stem for entry in (one, two)]
    if not all((CHECKPOINTS / f"{name}.json").exists() for name in names):
        return frozenset()
    first, second = (card(name)["recipe"] for name in names)
    found = frozenset(kind for key, kind in RECIPE.items() if first.get(key) != second.get(key))
    # Rate and steps go with what is trained; they count where nothing but the seed differs, too.
    return found if found <= {"training", "seed"} else found - {"training"}


def _of_rows(one: ModelEntry, two: ModelEntry) -> frozenset[str]:
    """What two rows of the table of models differ in."""
    found = set()
    data = (one.training_data, two.training_data)
    if one.target != two.target:
        return frozenset({"target"} if data[0] == data[1] else {"target", "data"})
    if any(text.startswith("nothing") for text in data):
        return frozenset({"training"})
    if bool(one.task) != bool(two.task):
        found.add("multi-task")
        found |= {"functional"} if one.functional != two.functional else set()
    elif one.task != two.task:
        found.add("task")
    elif data[0] != data[1]:
        found.add("data")
    elif one.functional != two.functional:
        found.add("functional")
    if _other_size(one, two) or (not found and all(data)):
        found.add("size")
    return frozenset(found)


def _other_size(one: ModelEntry, two: ModelEntry) -> bool:
    """Tell whether parameters or cutoff, where known, are not those of one size and version."""
    if one.cutoff and two.cutoff and one.cutoff != two.cutoff:
        return True
    if not one.parameters or not two.parameters:
        return False
    return abs(one.parameters / two.parameters - 1) > SAME_SIZE
