"""What of a structure, beyond its composition, may be read off features."""

from __future__ import annotations

from collections.abc import Sequence

from chapters.shared.structure_properties import beyond_composition, coordination
from lumlip.array_types import FloatArray
from lumlip.extraction.panel import Panel
from lumlip.zoo.relations import family_of

#: Of the variance of a property: what is less is rounding.
NOTHING = 1e-9


def properties(panel: Panel, models: Sequence[str]) -> dict[str, FloatArray]:
    """Return properties of the structures less a linear function of composition: (n_structures,).

    Mean and spread of the coordination numbers, and the energy per atom (eV) by a model of another
    family than these models, if there is one. What composition alone determines is left out.
    """
    mean, spread = coordination(panel)
    found = {"mean coordination": mean, "spread of coordination": spread}
    known = {family_of(m) for m in models}
    for stranger in [m for m in panel.datasets if family_of(m) not in known][:1]:
        size = list(map(len, panel.structures))
        found[f"energy of {stranger}"] = panel.energies(stranger) / size
    left = beyond_composition(panel, found)
    return {name: y for name, y in left.items() if y.var() > NOTHING * found[name].var()}
