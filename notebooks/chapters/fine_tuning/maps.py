"""Fine-tuned models beyond the structures of their fine-tuning: maps, distances, energies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chapters.shared.fine_tuning import SCRATCH, START
from chapters.shared.lineage import Lineage
from lumlip.array_types import FloatArray
from lumlip.extraction.panel import Panel, panel
from lumlip.metrics.bootstrap import Distances
from lumlip.metrics.maps import energy_target, pcovr
from lumlip.metrics.pooling import mean_over_atoms
from lumlip.metrics.reconstruction import pointwise_errors
from lumlip.metrics.splits import hold_out

#: Models of a map: before, after, and without the pre-training.
SHOWN = (START, "FF", SCRATCH)
TEACHER = "sevennet-0"


@dataclass(frozen=True)
class Beyond:
    """A lineage on structures of all kinds, with the teacher's energies.

    Attributes
    ----------
    found : Lineage
        On the structures of the fine-tuning.
    panel : Panel
        On the others; all models and the teacher.
    ids : dict of str to str
        Role to model id, of those in the panel.
    """

    found: Lineage
    panel: Panel
    ids: dict[str, str]

    def maps(self, layer: str) -> dict[str, tuple[FloatArray, FloatArray]]:
        """Map the structures by principal covariates, and project those of the fine-tuning into it.

        The maps weigh the spread of the features and the teacher's energy per atom beyond what the
        composition explains, half and half. Features are averaged over the atoms of a structure.

        Returns
        -------
        dict of str to (array of shape (n_structures, 2), array of shape (n_tuning_structures, 2))
        """
        if TEACHER not in self.panel.datasets:
            return {}
        energy = self.panel.datasets[TEACHER]["energy"].to_numpy()
        target = energy_target(energy, self.panel.structures)
        of_model, tuning = self.panel.layer(layer), self.found.features(layer, SHOWN)
        structure, other = (p.atoms["structure"].to_numpy() for p in (self.panel, self.found.panel))
        maps = {}
        for role, model in self.ids.items():
            X = mean_over_atoms(of_model[model], structure)
            Z = mean_over_atoms(tuning[role], other)
            made = pcovr(X, target)
            maps[role] = (made.transform(X), made.transform(Z))
        return maps

    def distances(self, layer: str, *, n_test: int, seed: int, n_bootstrap: int) -> Distances:
        """Distances on these structures; whole ones are held out."""
        atoms = self.panel.atoms
        train, test = hold_out(atoms, by="structure", n_test=n_test, seed=seed)
        of_model = self.panel.layer(layer)
        features = {role: of_model[model] for role, model in self.ids.items()}
        errors = pointwise_errors(features, train=train, test=test)
        groups = atoms["structure"].to_numpy()[test].tolist()
        return Distances.of(errors, groups, n_bootstrap=n_bootstrap, seed=seed)

    def energy_errors(self) -> dict[str, float]:
        """Median absolute error of the energy per atom in meV, against the teacher."""
        if TEACHER not in self.panel.datasets:
            return {}
        sizes = np.array([len(atoms) for atoms in self.panel.structures])
        energies = {k: self.panel.datasets[v]["energy"].to_numpy() for k, v in self.ids.items()}
        truth = self.panel.datasets[TEACHER]["energy"].to_numpy()
        return {
            role: 1000 * float(np.median(np.abs(energy - truth) / sizes))
            for role, energy in energies.items()
        }


def beyond(found: Lineage, structures: str, *, device: str = "auto") -> Beyond | None:
    """Run a lineage on other structures; None if it cannot be run on any."""
    ids = {role: found.ids[role] for role in SHOWN if role in found.ids}
    try:
        others = panel([*ids.values(), TEACHER], structures, device=device, skip_failing=True)
    except ValueError:  # none of the structures suits all of the models
        return None
    ids = {role: model for role, model in ids.items() if model in others.datasets}
    return Beyond(found, others, ids) if ids else None
