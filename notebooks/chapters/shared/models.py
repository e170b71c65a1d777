"""The models of a page: words for whole lists."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lumlip.datasets.paper import paper_models
from lumlip.zoo.relations import PUBLISHED, other_seed
from lumlip.zoo.table import entries


def chosen(models: Sequence[str], *, chapter: int) -> list[str]:
    """Return model ids as given, those of `PUBLISHED`, or the paper's.

    Parameters
    ----------
    models : sequence of str
        Ids, or ``["published"]``, or ``["paper"]``, see `lumlip.datasets.paper.paper_models`.
    chapter : int

    Examples
    --------
    >>> chosen(["published"], chapter=1)[:2], chosen(["mace-mini"], chapter=1)
    (['chgnet-0.3.0', 'chgnet-0.2.0'], ['mace-mini'])
    """
    if list(models) == ["published"]:
        return list(PUBLISHED)
    return paper_models(chapter) if list(models) == ["paper"] else list(models)


def seeds_of(mini: str) -> list[str]:
    """Return a mini and all trainings of it from other random weights that the table knows.

    Examples
    --------
    >>> seeds_of("mace-mini")[:2]
    ['mace-mini', 'mace-mini-seed2']
    """
    one = re.escape(other_seed(mini)).replace("seed2", r"seed\d+")
    return [mini, *sorted(name for name in entries() if re.fullmatch(one, name))]


def with_seeds(minis: Sequence[str]) -> list[str]:
    """Return minis, each with its other seeds, none twice."""
    return list(dict.fromkeys(seed for mini in minis for seed in seeds_of(mini)))
