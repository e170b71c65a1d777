"""What of a structure, beyond its composition, may be read off features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lumlip.array_types import FloatArray
from lumlip.datasets.properties import composition, coordination_numbers
from lumlip.extraction.panel import Panel
from lumlip.zoo.relations import family_of

#: Of the variance of a property: what is less is rounding.
NOTHING = 1e-9


def properties(panel: Panel, models: Sequence[str]) -> dict[str, FloatArray]:
    """Return properties of the structures less a linear function of composition: (n_structures,).

    Mean and spread of the coordination numbers, and the energy per atom (eV) by a model of another
    family than these models, if there is one. What composition alone determines is left out.
    """
    structure = panel.atoms["structure"].to_numpy()
    size = np.bincount(structure)
    neighbors = coordination_numbers(panel.structures)
    mean = np.bincount(structure, neighbors) / size
    spread = np.sqrt(np.bincount(structure, (neighbors - mean[structure]) ** 2) / size)
    found = {"mean coordination": mean, "spread of coordination": spread}
    known = {family_of(m) for m in models}
    for stranger in [m for m in panel.datasets if family_of(m) not in known][:1]:
        found[f"energy of {stranger}"] = panel.datasets[stranger]["energy"].to_numpy() / size
    shares = composition(panel.structures)
    left = {name: y - shares @ np.linalg.lstsq(shares, y)[0] for name, y in found.items()}
    return {name: y for name, y in left.items() if y.var() > NOTHING * found[name].var()}
