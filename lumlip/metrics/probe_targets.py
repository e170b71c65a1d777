"""What the probes ask of a layer: element, neighbors, volume, force, energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import BoolArray, FloatArray
from lumlip.datasets import properties
from lumlip.metrics.maps import mean_over_atoms
from lumlip.metrics.pcovr import energy_target
from lumlip.metrics.probes import ProbeScore, probe_class, probe_number

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Question:
    """A property of atoms or of structures to be read off features.

    Attributes
    ----------
    name : str
    values : array of shape (n_rows,)
        Rows are atoms, or structures if ``of_structures``. NaN: the property has no meaning there.
    groups : array of shape (n_rows,)
    of_structures : bool
        If so, the features are averaged over the atoms of each structure.
    given : array of shape (n_rows, n_given), optional
        Columns that every probe of this question gets for free.
    """

    name: str
    values: NDArray[np.generic]
    groups: NDArray[np.generic]
    of_structures: bool = False
    given: FloatArray | None = None


def questions(structures: Sequence[Atoms]) -> list[Question]:
    """Return the questions that some structures allow, for any model.

    Element and coordination number of an atom; the volume per atom of a bulk crystal, as a
    logarithm; the force on an atom, if the structures carry forces.

    Parameters
    ----------
    structures : list of ase.Atoms
        ``info["parent"]``, if there is one, keeps derived structures together.
    """
    parent = _parents(structures)
    of_atom = np.repeat(parent, [len(atoms) for atoms in structures])
    numbers = np.concatenate([atoms.numbers for atoms in structures])
    neighbors = properties.coordination_numbers(structures)
    volume = np.log10(properties.volume_per_atom(structures))
    force = properties.force_magnitudes(structures)
    asked = [
        Question("element", numbers, of_atom),
        Question("coordination number", neighbors, of_atom),
        Question("log volume per atom", volume, parent, of_structures=True),
    ]
    if force is not None:
        asked.append(Question("force magnitude", force, of_atom))
    return [question for question in asked if can_be_asked(question)]


def energy_question(structures: Sequence[Atoms], energy: ArrayLike) -> list[Question]:
    """Ask for the energy per atom that the composition does not explain, if that varies.

    The composition is given: an energy is known up to the energies of the free atoms, which a
    model adds after its last layer.

    Parameters
    ----------
    structures : list of ase.Atoms
    energy : array of shape (n_structures,)
        A model's own, in eV.
    """
    shares = properties.composition(structures)
    beyond = energy_target(energy, structures)
    question = Question(
        "energy beyond composition", beyond, _parents(structures), of_structures=True, given=shares
    )
    return [question] if can_be_asked(question) else []


def _parents(structures: Sequence[Atoms]) -> NDArray[np.str_]:
    return np.array([str(a.info.get("parent", i)) for i, a in enumerate(structures)])


def can_be_asked(question: Question) -> bool:
    """Tell whether a property is there for at least ten rows in two groups, and varies."""
    known = _known(question)
    values = question.values[known]
    groups = np.unique(question.groups[known])
    return len(values) >= 10 and len(groups) >= 2 and len(np.unique(values)) >= 2


def _known(question: Question) -> BoolArray:
    known: BoolArray = np.isfinite(question.values.astype(float))
    return known


def ask(
    question: Question, X: ArrayLike | None, structure: ArrayLike, *, seed: int = 0
) -> ProbeScore:
    """Probe features of atoms for one property.

    Parameters
    ----------
    question : Question
    X : array of shape (n_atoms, n_channels), or None
        None: what is given alone, else the mean, or the most frequent class.
    structure : int array of shape (n_atoms,)
        Index of every atom's structure.
    seed : int
        Of the bootstrap.
    """
    known = _known(question)
    probe = probe_class if question.name == "element" else probe_number
    parts = [] if question.given is None else [question.given]
    if X is not None:
        rows = mean_over_atoms(X, structure) if question.of_structures else np.asarray(X, float)
        parts.insert(0, rows)
    features = np.hstack(parts)[known] if parts else None
    return probe(features, question.values[known], groups=question.groups[known], seed=seed)
