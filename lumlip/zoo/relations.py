"""Variants of one architecture: what two of them differ in, and which was fine-tuned from which.

A pair of models differs in some *aspects*: the seed, the functional, the training data, and so on.
A pair that differs in one aspect shows what that aspect alone does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from lumlip.minis.cards import CHECKPOINTS, card
from lumlip.zoo.table import ModelEntry, entries, resolve, shipped

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
#: Families, as :func:`family_name` writes them; others are written as they are called.
NAMES = {
    "chgnet": "CHGNet",
    "sevennet": "SevenNet",
    "diep": "DIEP",
    "mace": "MACE",
    "pet": "PET",
    "dpa": "DPA",
    "uma": "UMA",
    "hienet": "HIENet",
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
_UNTRAINED = "-untrained"
_EXPERT = re.compile(r"(?:[^:]+:)?expert:\d+")

#: All published models whose weights come with their packages; the first of a family stands for it.
PUBLISHED = ("chgnet-0.3.0", *(m for m in shipped(mini=False) if m != "chgnet-0.3.0"))


def family_name(family: str) -> str:
    """Return how figures and sentences write a family.

    >>> family_name("sevennet"), family_name("mypotential")
    ('SevenNet', 'mypotential')
    """
    return NAMES.get(family, family)


def untrained_twin(model: str) -> str:
    """Return the id of a mini's own initial weights.

    >>> untrained_twin("uma-mini@omat"), trained("uma-mini-untrained@omat")
    ('uma-mini-untrained@omat', 'uma-mini@omat')
    """
    return _with_ending(model, _UNTRAINED)


def trained(twin: str) -> str:
    """Return the id of what the model of an `untrained_twin` became."""
    name, at, task = twin.partition("@")
    return f"{name.removesuffix(_UNTRAINED)}{at}{task}"


def other_seed(model: str) -> str:
    """Return the id of a mini trained alike from other random weights.

    >>> other_seed("mace-mini")
    'mace-mini-seed2'
    """
    return _with_ending(model, "-seed2")


def _with_ending(model: str, ending: str) -> str:
    """Put an ending between the name of a model and its task."""
    name, at, task = model.partition("@")
    return f"{name}{ending}{at}{task}"


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


def origin(model: str) -> str:
    """Return the id of the table's model that features computed elsewhere are of; else the id."""
    entry = resolve(model)
    return entry.features_of or entry.id


def children_of(model: str) -> list[str]:
    """Return the ids of the models that are known to be fine-tuned from one."""
    own = origin(model)
    return [entry.id for entry in entries().values() if entry.parent == own]


def lineage(model: str) -> list[str]:
    """Return a model, the one that it was fine-tuned from, and so on, as far as it is known.

    >>> lineage("mace-matpes-pbe-0")
    ['mace-matpes-pbe-0', 'mace-omat-0']
    """
    parent = resolve(model).parent
    return [origin(model), *(lineage(parent) if parent else [])]


def company(model: str) -> list[str]:
    """Return the models to see one beside, of those that work offline everywhere.

    A published one of each family, the parents of the model, and its children.

    >>> company("chgnet-r2scan")
    ['chgnet-0.3.0', 'sevennet-0', 'diep-matpes-r2scan', 'hienet-v3']
    """
    kin = [*lineage(model)[1:], *children_of(model)]
    wanted = dict.fromkeys([*first_of_families(PUBLISHED), *kin])
    return [name for name in wanted if name in shipped() and name != model]


def family_of(model: str) -> str:
    """Return the family that a model's color and group come from."""
    return resolve(model).family


def first_of_families(models: Sequence[str]) -> list[str]:
    """Return one model of each family, in the order of the list; SevenNet-0 for its family."""
    firsts: dict[str, str] = {}
    for model in models:
        if model == "sevennet-0":
            firsts["sevennet"] = model
        firsts.setdefault(family_of(model), model)
    return [model for model in models if model in firsts.values()]
