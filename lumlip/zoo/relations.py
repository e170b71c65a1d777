"""How models are related: families, twins of minis, and which was fine-tuned from which."""

from collections.abc import Sequence

from lumlip.zoo.table import entries, resolve, shipped

_WRITTEN = ("CHGNet", "SevenNet", "DIEP", "MACE", "PET", "DPA", "UMA", "HIENet")
#: Families, as :func:`family_name` writes them; others are written as they are called.
NAMES = {name.lower(): name for name in _WRITTEN}

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

    >>> untrained_twin("uma-mini@omat")
    'uma-mini-untrained@omat'
    """
    return _with_ending(model, "-untrained")


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
