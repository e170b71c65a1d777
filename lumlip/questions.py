"""What the probes ask of a layer: element, neighbors, volume, force, energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from ase import Atoms
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from lumlip import properties
from lumlip.maps import mean_over_atoms
from lumlip.minis.data import STRUCTURES, read_labelled
from lumlip.panel import LAYERS, Panel
from lumlip.pcovr import energy_target
from lumlip.probes import ProbeScore, probe_class, probe_number
from lumlip.splits import interval_95
from lumlip.structure_sets import structures as read_structures

FloatArray = NDArray[np.float64]
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


def structures_to_ask(which: str) -> list[Atoms]:
    """Return the structures for the probes.

    Parameters
    ----------
    which : str
        ``"labelled"``: those that the minis were validated on, with forces of SevenNet-0. Else a
        set or a file, see :func:`lumlip.structures`.
    """
    if which == "labelled":
        return read_labelled(STRUCTURES, "validation")
    return read_structures(which)


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


def _known(question: Question) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = np.isfinite(question.values.astype(float))
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


def answers(everything: Panel, *, seed: int = 0) -> dict[Key, ProbeScore]:
    """Ask every layer of every model everything: (model, layer, question) -> score.

    The baselines stand under the model ``"baseline"``, see `_baselines`; questions about the
    model's own energy take it from the first model there.
    """
    with threadpool_limits(1):  # small matrices keep no team of threads busy
        return _answers(everything, seed=seed)


def _answers(everything: Panel, *, seed: int) -> dict[Key, ProbeScore]:
    structure = everything.atoms["structure"].to_numpy()
    found: dict[Key, ProbeScore] = {}
    for_all = questions(everything.structures)
    for model, dataset in everything.datasets.items():
        own = energy_question(everything.structures, dataset["energy"].to_numpy())
        asked = for_all + own
        if not found:
            numbers = everything.atoms["atomic_number"].to_numpy()
            found |= _baselines(asked, structure, numbers, seed=seed)
        for layer in LAYERS:
            X = dataset[layer].to_numpy().astype(float)
            for question in asked:
                found[model, layer, question.name] = ask(question, X, structure, seed=seed)
    return found


def _baselines(
    asked: Sequence[Question],
    structure: NDArray[np.int64],
    numbers: NDArray[np.int64],
    *,
    seed: int,
) -> dict[Key, ProbeScore]:
    """Return what one knows without a model.

    Under ``"mean"``: the mean, or the most frequent class. Under ``"element"``: what the element of
    an atom or the composition of a structure tells; not for the element itself.
    """
    elements = properties.one_hot(numbers)
    found: dict[Key, ProbeScore] = {}
    for question in asked:
        nothing_given = replace(question, given=None)
        found["baseline", "mean", question.name] = ask(nothing_given, None, structure, seed=seed)
        if question.name != "element":
            hot = elements if question.given is None else None
            found["baseline", "element", question.name] = ask(question, hot, structure, seed=seed)
    return found


def score_table(found: Mapping[Key, ProbeScore]) -> pd.DataFrame:
    """Scores as a table: rows (model, layer), a column for each question."""
    series = pd.Series({key: score.value for key, score in found.items()})
    order = list(dict.fromkeys(key[2] for key in found))
    table = series.unstack(sort=False)
    table.index.names = ["model", "layer"]
    return table[order]


def dropped(
    found: Mapping[Key, ProbeScore], question: str
) -> dict[str, tuple[float, float, float]]:
    """Score of the backbone minus that of the last layer, with its 95 % interval, by model."""
    models = dict.fromkeys(key[0] for key in found if key[0] != "baseline")
    differences = {}
    for model in models:
        backbone, last = (found[model, layer, question] for layer in LAYERS)
        low, high = interval_95(backbone.draws - last.draws)
        differences[model] = (backbone.value - last.value, float(low), float(high))
    return differences
