"""Energies of one model against others: of the same unit, sign and order, or not.

Beyond what a linear function of the composition tells, models agree on energies: of all published
ones and the minis, on the structures that come with lumlip, slopes are between 0.6 and 1.4.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from ase import Atoms

from lumlip.array_types import FloatArray
from lumlip.datasets.properties import composition, energy_target
from lumlip.zoo.features_file import FEATURES

#: Energies that go with others in less or more than this are of another unit.
SLOPES = (0.5, 2.0)
#: Structures beyond as many as there are elements, below which nothing can be told.
FEWEST = 20
#: Energies below, in eV/atom, are rounding.
ROUNDING = 1e-9
EXPECTED = (
    "expected about 1: are they total energies in eV, with their sign, and in the order of the "
    "structures?"
)


def slope(others: FloatArray, own: FloatArray) -> tuple[float, bool]:
    """Return how much other energies change for one of these, and whether that makes sense.

    Both are beyond composition, (n_structures,) in eV/atom.
    """
    with np.errstate(all="ignore"):  # a model without energies of its own
        found, left = others @ own / (own @ own), np.square(others - own).sum()
    return float(found), bool(SLOPES[0] < found < SLOPES[1] and left < np.square(others).sum())


def strange_energies(energies: Mapping[str, FloatArray], structures: Sequence[Atoms]) -> list[str]:
    """Name features files whose energies do not go with those of any other model.

    Untrained models, and other such files, are no witnesses; with none nothing can be told. Where
    the structures have ``info["energy"]``, that is one, too.
    """
    own = [model for model in energies if model.startswith(FEATURES)]
    if not own or len(structures) - composition(structures).shape[1] < FEWEST:
        return []
    known = [atoms.info.get("energy") for atoms in structures]
    is_known = all(isinstance(energy, float) and np.isfinite(energy) for energy in known)
    others = [e for m, e in energies.items() if m not in own and "-untrained" not in m]
    raw = [*others, *([np.array(known)] if is_known else [])]
    witnesses = [energy_target(energy, structures) for energy in raw]
    found = []
    for model in own:
        rest = energy_target(energies[model], structures)
        slopes = [slope(other, rest) for other in witnesses if np.abs(rest).max() > ROUNDING]
        if slopes and not any(makes_sense for _, makes_sense in slopes):
            changes = f"other energies change by {slopes[0][0]:.3g} eV for each eV of these"
            found.append(f"{model}: beyond composition, {changes}, {EXPECTED}")
    return found
