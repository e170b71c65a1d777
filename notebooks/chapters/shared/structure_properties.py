"""Properties of structures to be predicted, and what composition does not tell of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lumlip.array_types import FloatArray
from lumlip.datasets.properties import composition, coordination_numbers
from lumlip.extraction.panel import Panel


def coordination(panel: Panel) -> tuple[FloatArray, FloatArray]:
    """Mean and spread of the coordination numbers of each structure: (n_structures,) each."""
    structure = panel.atoms["structure"].to_numpy()
    size = np.bincount(structure)
    neighbors = coordination_numbers(panel.structures)
    mean = np.bincount(structure, neighbors) / size
    spread = np.sqrt(np.bincount(structure, (neighbors - mean[structure]) ** 2) / size)
    return mean, spread


def beyond_composition(panel: Panel, found: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Subtract from properties (n_structures,) a linear function of the composition."""
    shares = composition(panel.structures)
    return {name: y - shares @ np.linalg.lstsq(shares, y)[0] for name, y in found.items()}
