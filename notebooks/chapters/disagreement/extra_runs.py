"""Run models on structures made for the purpose: displaced atoms, and changed crystals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from chapters.disagreement.crossfit import some_atoms
from chapters.disagreement.displaced import Displaced, bulk_crystals, compressed, displaced
from chapters.disagreement.distribution_shifts import (
    Shift,
    changed,
    held_out_elements,
    held_out_subsets,
)
from chapters.disagreement.energies import disagreements
from chapters.disagreement.ood_scores import Material
from chapters.disagreement.study import PairStudy
from lumlip.array_types import IntArray
from lumlip.choices import LAYERS
from lumlip.datasets.neighbors import neighbor_pairs
from lumlip.datasets.properties import composition
from lumlip.datasets.sets import structures as read_structures
from lumlip.extraction.panel import Panel, panel_if_any, takes
from lumlip.minis.data import STRUCTURES, read_labelled
from lumlip.zoo.table import resolve

#: Name of the change -> factor on the cell, standard deviation of the displacements in Å.
CHANGES = {"compressed": (0.85, 0.0), "shaken": (1.0, 0.3)}
#: Å; copies with atoms closer than this are not made.
CLOSEST = 0.8


def structures_to_move(which: str, models: Sequence[str]) -> list[Atoms]:
    """Return the structures for forces that all the models take.

    Parameters
    ----------
    which : str
        ``"labelled"``: those that the minis were validated on, with forces of SevenNet-0. Else a
        set or a file, see :func:`lumlip.structures`.
    models : sequence of str
    """
    labelled = which == "labelled"
    frames = read_labelled(STRUCTURES, "validation") if labelled else read_structures(which)
    known = [resolve(model).elements for model in models]
    return [atoms for atoms in frames if all(takes(elements, atoms) for elements in known)]


@dataclass(frozen=True)
class Probes:
    """Models run on displaced structures, then on changed crystals.

    Attributes
    ----------
    panel : Panel or None
        None if no model could be run on all of the structures.
    moves : Displaced
    originals : int array of shape (n,)
        The structures of the study that were changed.
    changes : dict of name to list of ase.Atoms, length n
    """

    panel: Panel | None
    moves: Displaced
    originals: IntArray
    changes: Mapping[str, list[Atoms]]


def changed_crystals(
    study: PairStudy, *, n: int, seed: int = 0
) -> tuple[IntArray, dict[str, list[Atoms]]]:
    """Compress and shake some bulk crystals among the test structures of a study.

    Returns
    -------
    (int array, dict of str to list of ase.Atoms)
        Indices of the crystals, and for each of `CHANGES` a copy of each.
    """
    tested = np.flatnonzero((study.fold == 0) & study.kept)
    frames = [study.panel.structures[i] for i in tested]
    order = np.random.default_rng(seed).permutation(tested[bulk_crystals(frames)])
    made: dict[int, list[Atoms]] = {}
    for i in order:
        copies = _copies(study.panel.structures[i], seed=int(i))
        if len(made) < n and not any(_touch(atoms) for atoms in copies):
            made[int(i)] = copies
    chosen = np.array(sorted(made), dtype=np.int64)
    return chosen, {name: [made[i][k] for i in chosen] for k, name in enumerate(CHANGES)}


def _copies(atoms: Atoms, *, seed: int) -> list[Atoms]:
    return [compressed(atoms, factor=f, rattle=r, seed=seed) for f, r in CHANGES.values()]


def _touch(atoms: Atoms) -> bool:
    """Tell whether two atoms are too close for any model: hydrogen in a shaken molecule."""
    return len(neighbor_pairs(atoms, CLOSEST)[0]) > 0


def probe(
    models: Sequence[str],
    frames: Sequence[Atoms],
    *,
    n_forces: int,
    step: float = 0.01,
    study: PairStudy | None = None,
    n_changed: int = 0,
    seed: int = 0,
    device: str = "auto",
) -> Probes:
    """Run models in double precision: energy differences of small displacements are small.

    Parameters
    ----------
    models : sequence of str
    frames : sequence of ase.Atoms
        Structures in which an atom is displaced.
    n_forces : int
    step : float
        In Å.
    study : PairStudy, optional
        Whose test crystals are changed; none without it.
    n_changed : int
        How many.
    seed : int
    device : str
    """
    moves = displaced(frames, n=n_forces, step=step, seed=seed)
    originals, copies = np.zeros(0, dtype=np.int64), dict[str, list[Atoms]]()
    if study is not None:
        originals, copies = changed_crystals(study, n=n_changed, seed=seed)
    every = moves.structures + [atoms for made in copies.values() for atoms in made]
    found = panel_if_any(models, every, device=device, dtype="float64") if every else None
    whole = found is not None and not found.dropped
    return Probes(found if whole else None, moves, originals, copies)


def material_of(
    study: PairStudy,
    probes: Probes,
    models: Sequence[str],
    *,
    n_neighbors: int = 64,
    local_atoms: int = 2,
    seed: int = 0,
) -> Material:
    """Join the features of a study with those of its changed crystals.

    Parameters
    ----------
    study : PairStudy
    probes : Probes
        Changed crystals count only for models that were run on them.
    models : sequence of str
    n_neighbors : int
        Of the local error.
    local_atoms : int
        At most so many atoms of each structure have one.
    seed : int
    """
    known, extra = study.panel, probes.panel
    models = [m for m in models if extra is None or m in extra.datasets]
    layers = {name: {m: known.layer(name)[m] for m in models} for name in LAYERS}
    owner, fold = study.owner, study.fold
    energy = {model: study.energy(model) for model in models}
    frames = list(known.structures)
    if extra is not None and probes.changes:
        first = len(probes.moves.structures)
        added = extra.structures[first:]
        sizes = [len(atoms) for atoms in added]
        n_rows = sum(sizes)
        owner = np.concatenate([owner, len(frames) + np.repeat(np.arange(len(added)), sizes)])
        fold = np.concatenate([fold, np.zeros(len(added), dtype=np.int64)])
        frames += added
        for name in LAYERS:
            tail = {model: X[len(X) - n_rows :] for model, X in extra.layer(name).items()}
            layers[name] = {m: np.vstack([X, tail[m]]) for m, X in layers[name].items()}
        for model in models:
            total = extra.datasets[model]["energy"].to_numpy()[first:]
            energy[model] = np.concatenate([energy[model], total / sizes])
    shares = composition(frames)
    return Material(
        layers["backbone"],
        layers["last_layer"],
        owner,
        shares,
        disagreements(energy, shares, fold=fold),
        some_atoms(owner, at_most=local_atoms, seed=seed),
        n_neighbors=n_neighbors,
        device=study.device,
    )


def shifts_of(
    study: PairStudy,
    probes: Probes,
    *,
    n_elements: int = 8,
    n_usual: int = 150,
    seed: int = 0,
) -> tuple[list[Shift], IntArray]:
    """Return every shift, and all train atoms: the shifts' own lack what is left out.

    Parameters
    ----------
    study : PairStudy
    probes : Probes
    n_elements : int
        That are left out together.
    n_usual : int
        At most so many usual structures in a shift.
    seed : int
    """
    atoms = study.panel.atoms
    train = np.flatnonzero(study.fold[study.owner] != 0)
    test = np.flatnonzero((study.fold[study.owner] == 0) & study.kept[study.owner])
    found = held_out_subsets(atoms, train=train, test=test)
    found += held_out_elements(atoms, train=train, test=test, n_elements=n_elements, seed=seed)
    n, n_changed = len(study.fold), len(probes.originals)
    for i, name in enumerate(probes.changes if probes.panel is not None else ()):
        copies = n + i * n_changed + np.arange(n_changed)
        found += changed(name, train=train, originals=probes.originals, copies=copies)
    return [shift.fewer(n_usual, seed=seed) for shift in found], train
