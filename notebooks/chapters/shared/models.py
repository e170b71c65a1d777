"""The models of a page: one list of published ones for all chapters, and words for whole lists."""

from __future__ import annotations

from collections.abc import Sequence

from lumlip.datasets.paper import chosen_models

#: All published models whose weights come with their packages; the first of a family stands for it.
PUBLISHED = (
    "chgnet-0.3.0",
    "chgnet-0.2.0",
    "chgnet-r2scan",
    "sevennet-0",
    "sevennet-0-22may2024",
    "sevennet-l3i5",
    "sevennet-mf-0@PBE",
    "sevennet-mf-0@R2SCAN",
    "diep-matpes-r2scan",
    "hienet-v3",
)


def chosen(models: Sequence[str], *, chapter: int) -> list[str]:
    """Return model ids as given, those of `PUBLISHED`, or the paper's.

    Parameters
    ----------
    models : sequence of str
        Ids, or ``["published"]``, or ``["paper"]``, as `lumlip.datasets.paper.chosen_models`.
    chapter : int

    Examples
    --------
    >>> chosen(["published"], chapter=1)[:2], chosen(["mace-mini"], chapter=1)
    (['chgnet-0.3.0', 'chgnet-0.2.0'], ['mace-mini'])
    """
    if list(models) == ["published"]:
        return list(PUBLISHED)
    return chosen_models(models, chapter=chapter)
