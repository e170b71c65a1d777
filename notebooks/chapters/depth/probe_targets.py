"""What probes read off features: element, neighbors, volume, force, energy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import BoolArray, FloatArray
from lumlip.datasets import properties
from lumlip.metrics.pcovr import energy_target
from lumlip.metrics.pooling import mean_over_atoms
from lumlip.metrics.probes import ProbeScore, probe_class, probe_number

Key = tuple[str, str, str]
ELEMENT, VOLUME, ENERGY = "element", "log volume per atom", "energy beyond composition"
#: Fewer rows than this are not probed.
FEWEST = 10


@dataclass(frozen=True)
class ProbeTarget:
    """A property of atoms or of structures to be read off features by a linear probe.

    Attributes
    ----------
    name : str
    values : array of shape (n_rows,)
        Rows are atoms, or structures if ``of_structures``. NaN: the property has no meaning there.
    groups : array of shape (n_rows,)
        Rows of one group are left out together.
    is_class : bool
        The score is the balanced accuracy; else the share of the variance that is predicted.
    of_structures : bool
    given : array of shape (n_rows, n_given), optional
        Columns that every probe of this target gets for free.
    """

    name: str
    values: NDArray[np.generic]
    groups: NDArray[np.generic]
    is_class: bool = False
    of_structures: bool = False
    given: FloatArray | None = None

    @property
    def known(self) -> BoolArray:
        """Where the property has a meaning (n_rows,)."""
        if self.values.dtype.kind != "f":
            return np.ones(len(self.values), dtype=bool)
        return np.asarray(np.isfinite(self.values.astype(float)))

    @property
    def can_be_probed(self) -> bool:
        """Tell whether the property is there for ten rows or more in two groups, and varies."""
        values, groups = self.values[self.known], self.groups[self.known]
        return len(values) >= FEWEST and len(np.unique(values)) > 1 and len(np.unique(groups)) > 1

    def probe(self, X: ArrayLike | None, *, n_bootstrap: int = 500, seed: int = 0) -> ProbeScore:
        """Probe features of the rows.

        Parameters
        ----------
        X : array of shape (n_rows, n_channels), or None
            None: what is given alone, else the mean, or the most frequent class.
        n_bootstrap, seed : int
        """
        known, probe = self.known, probe_class if self.is_class else probe_number
        parts = [rows for rows in (X, self.given) if rows is not None]
        features = np.hstack(parts)[known] if parts else None
        groups = self.groups[known]
        return probe(
            features, self.values[known], groups=groups, n_bootstrap=n_bootstrap, seed=seed
        )

    def probe_atoms(self, X: ArrayLike, structure: ArrayLike, *, seed: int = 0) -> ProbeScore:
        """Probe features of atoms, averaged over those of each structure if it is of structures.

        Parameters
        ----------
        X : array of shape (n_atoms, n_channels)
        structure : int array of shape (n_atoms,)
            Index of every atom's structure.
        seed : int
            Of the bootstrap.
        """
        return self.probe(mean_over_atoms(X, structure) if self.of_structures else X, seed=seed)


def allowed(targets: Iterable[ProbeTarget]) -> list[ProbeTarget]:
    """Return those that can be probed."""
    return [target for target in targets if target.can_be_probed]


def targets_of(structures: Sequence[Atoms]) -> list[ProbeTarget]:
    """Return the targets that some structures allow, for any model.

    Element and coordination number of an atom; the volume per atom of a bulk crystal; the force on
    an atom, if the structures carry forces.

    Parameters
    ----------
    structures : list of ase.Atoms
        ``info["parent"]``, if there is one, keeps derived structures together.
    """
    parent = _parents(structures)
    of_atom = np.repeat(parent, [len(atoms) for atoms in structures])
    numbers = np.concatenate([atoms.numbers for atoms in structures])
    neighbors = properties.coordination_numbers(structures)
    force = properties.force_magnitudes(structures)
    forces = [] if force is None else [ProbeTarget("force magnitude", force, of_atom)]
    return allowed(
        [
            ProbeTarget(ELEMENT, numbers, of_atom, is_class=True),
            ProbeTarget("coordination number", neighbors, of_atom),
            volume(structures, parent),
            *forces,
        ]
    )


def volume(structures: Sequence[Atoms], groups: NDArray[np.generic]) -> ProbeTarget:
    """Return the volume per atom of bulk crystals, as a logarithm.

    Parameters
    ----------
    structures : list of ase.Atoms
    groups : array of shape (n_structures,)
    """
    values = np.log10(properties.volume_per_atom(structures))
    return ProbeTarget(VOLUME, values, groups, of_structures=True)


def energy_beyond_composition(
    structures: Sequence[Atoms], energy: ArrayLike, groups: NDArray[np.generic] | None = None
) -> ProbeTarget:
    """Return the energy per atom that the composition does not explain.

    The composition is given: an energy is known up to the energies of the free atoms, which a
    model adds after its last layer.

    Parameters
    ----------
    structures : list of ase.Atoms
    energy : array of shape (n_structures,)
        A model's, in eV.
    groups : array of shape (n_structures,), optional
        By default structures of one parent are together.
    """
    return ProbeTarget(
        ENERGY,
        energy_target(energy, structures),
        _parents(structures) if groups is None else groups,
        of_structures=True,
        given=properties.composition(structures),
    )


def _parents(structures: Sequence[Atoms]) -> NDArray[np.str_]:
    return np.array([str(a.info.get("parent", i)) for i, a in enumerate(structures)])
