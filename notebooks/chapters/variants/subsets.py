"""Parts of a set of structures on which only some models can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from ase import Atoms

from lumlip.array_types import BoolArray
from lumlip.extraction.panel import Panel, select, takes
from lumlip.zoo.table import resolve

#: The elements of organic molecules in the published work: H C N O F P S Cl Br I.
ORGANIC = frozenset(Atoms("HCNOFPSClBrI").numbers.tolist())
#: A model is narrow if it takes less than this share of what the widest of a list takes.
NARROW = 0.75


def organic(structures: Sequence[Atoms]) -> BoolArray:
    """Tell which structures hold no other elements than those of organic molecules.

    Elemental crystals and inorganic compounds of these elements count, too, as in the published
    work.

    Parameters
    ----------
    structures : sequence of ase.Atoms, length n_structures

    Returns
    -------
    bool array of shape (n_structures,)

    Examples
    --------
    >>> from ase.build import bulk, molecule
    >>> organic([molecule("CH3Cl"), bulk("C"), bulk("Si")])
    array([ True,  True, False])
    """
    return np.array([takes(ORGANIC, atoms) for atoms in structures], dtype=bool)


def restricted(panel: Panel, keep: BoolArray) -> Panel:
    """Keep some structures of a panel, in all of its data sets.

    Parameters
    ----------
    panel : Panel
    keep : bool array of shape (n_structures,)

    Raises
    ------
    ValueError
        If the mask has another length, or keeps nothing.
    """
    n_structures = len(panel.structures)
    if keep.shape != (n_structures,) or not keep.any():
        got = f"{int(keep.sum())} of {len(keep)} structures"
        raise ValueError(f"keep: got {got}, expected some of {n_structures}")
    kept = [atoms for atoms, wanted in zip(panel.structures, keep, strict=True) if wanted]
    datasets = {model: select(ds, keep) for model, ds in panel.datasets.items()}
    return replace(panel, structures=kept, datasets=datasets)


def narrow_models(models: Sequence[str], structures: Sequence[Atoms]) -> list[str]:
    """Return the models that would shrink a comparison of all to the few structures they take.

    Parameters
    ----------
    models : sequence of str
        Model ids. Those whose elements are not known count as wide.
    structures : sequence of ase.Atoms
    """
    counts = {m: sum(takes(resolve(m).elements, atoms) for atoms in structures) for m in models}
    widest = max(counts.values(), default=0)
    return [model for model, count in counts.items() if count < NARROW * widest]


def organic_part(panel: Panel | None) -> Panel | None:
    """Keep the organic structures of a panel; None if it has none."""
    keep = organic(panel.structures) if panel else np.zeros(0, dtype=bool)
    return restricted(panel, keep) if panel and keep.any() else None
