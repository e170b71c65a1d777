"""How linear maps are fitted: by scikit-matter's protocol, or so that near-copies break none."""

from dataclasses import dataclass

import numpy as np

from lumlip.array_types import FloatArray
from lumlip.choices import PROTOCOLS, check_choice

#: Cutoffs of ``skmatter.metrics``, relative to the largest singular value.
ALPHAS = np.geomspace(1e-9, 0.9, 20)
#: An error, ten times that of no map at all, from which on a map counts as broken down.
BROKEN = 10.0
#: So does a local map whose weights on its train atoms have a larger norm: 1 would do for each of
#: these atoms themselves. Robust maps keep below 60 on mini-mad; others are far above, or below 30.
LARGEST_WEIGHTS = 100.0
#: So does a larger global map, in scaled units: it turns the rounding of features in single
#: precision into 0.06 of the target's standard deviation.
LARGEST_MAP = 1e6


@dataclass(frozen=True)
class Protocol:
    """Settings of a fit."""

    #: No cutoff is smaller, relative to the largest singular value.
    floor: float = 0.0
    #: Singular values up to this, in scaled units, are rounding of the features.
    rounding: float = 0.0
    #: Cutoffs count as equally good if their scores differ by less, relative to the best; the
    #: largest of them is taken. 0: the smallest of exactly equal ones.
    tie: float = 0.0
    #: Train atoms nearer to each other, in the scaled source space, are one. 0: none are.
    copies: float = 0.0

    @classmethod
    def named(cls, name: str, *, local: bool) -> "Protocol":
        """Return the settings of ``robust`` or ``scikit-matter``, of local or of global maps."""
        check_choice("protocol", name, PROTOCOLS)
        robust = ROBUST if local else GLOBAL
        return robust if name == "robust" else SCIKIT_MATTER

    @property
    def alphas(self) -> FloatArray:
        """Cutoffs to choose from, relative to the largest singular value, in rising order."""
        return np.unique(np.maximum(ALPHAS, self.floor))


SCIKIT_MATTER = Protocol()
# Local maps break down where neighbors are near-copies: their differences are rounding, and maps
# that blow them up may win a cross-validation of two halves. Chosen on four sets of structures, see
# the methods page: errors change little around these values, and not with the machine.
ROBUST = Protocol(floor=1e-3, rounding=1e-5, tie=1e-2, copies=1e-4)
# Global maps: well determined but for directions that hold one atom in a million.
GLOBAL = Protocol(floor=1e-6, tie=1e-2)
