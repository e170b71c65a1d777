"""Forces of several models by finite differences, beside the distance of the moved atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from chapters.disagreement.crossfit import of_pairs, over_structures
from chapters.disagreement.displaced import Displaced
from chapters.disagreement.energies import model_pairs
from lumlip.array_types import FloatArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.reconstruction import pointwise_errors

#: eV/Å; differences below this are those of the arithmetic.
NOISE = 1e-3


@dataclass(frozen=True)
class Forces:
    """Force components of some models on the same moved atoms.

    Attributes
    ----------
    moves : Displaced
    component : dict of model to array of shape (n,)
        Force along the displacement, in eV/Å.
    distance : array of shape (n_pairs, n)
        Global error of the moved atom, both directions joined, by maps fitted on other structures.
    """

    moves: Displaced
    component: Mapping[str, FloatArray]
    distance: FloatArray

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Unordered pairs of models."""
        return model_pairs(list(self.component))

    @property
    def disagreement(self) -> FloatArray:
        """Difference of the two models' components, its magnitude (n_pairs, n), in eV/Å."""
        rows = [np.abs(self.component[a] - self.component[b]) for a, b in self.pairs]
        return np.array(rows).reshape(len(rows), -1)

    @property
    def magnitude(self) -> FloatArray:
        """Mean magnitude of the two models' components (n_pairs, n), in eV/Å."""
        size = {model: np.abs(force) for model, force in self.component.items()}
        rows = [(size[a] + size[b]) / 2 for a, b in self.pairs]
        return np.array(rows).reshape(len(rows), -1)


def forces_of(
    known: Panel, probed: Panel, moves: Displaced, *, layer: str, device: str = "auto"
) -> Forces:
    """Forces by central differences, and errors of the moved atoms from maps of known structures.

    Parameters
    ----------
    known : Panel
        Features of the structures that the maps are fitted on.
    probed : Panel
        Features and energies of the displaced structures first, perhaps of others after them.
    moves : Displaced
    layer : str
    device : str
    """
    models = [model for model in probed.datasets if model in known.datasets]
    n, rows = len(moves.structures), moves.moved
    fitted, moved = known.layer(layer), probed.layer(layer)
    stacked = {model: np.vstack([fitted[model], moved[model][rows]]) for model in models}
    n_known = known.atoms.sizes["atom"]
    train, test = np.arange(n_known), n_known + np.arange(len(rows))
    errors = pointwise_errors(stacked, train=train, test=test, device=device).to_numpy()
    averaged = over_structures(errors, moves.owner, n_structures=len(moves.atom))
    energies = {model: probed.datasets[model]["energy"].to_numpy()[:n] for model in models}
    component = {model: moves.forces(energy) for model, energy in energies.items()}
    return Forces(moves, component, of_pairs(averaged))


def reference(moves: Displaced, structures: Sequence[Atoms], name: str) -> FloatArray | None:
    """Components of the forces that the structures carry under a name, if all of them do."""
    if not all(name in structures[i].arrays for i in moves.frame):
        return None
    known = [atoms.arrays.get(name, np.zeros((len(atoms), 3))) for atoms in structures]
    return moves.along(known)
