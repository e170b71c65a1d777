"""Every score of every structure under a shift, and how well each detects the unusual ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import pandas as pd

from chapters.disagreement.auroc import Auroc, auroc
from chapters.disagreement.crossfit import over_structures
from chapters.disagreement.distribution_shifts import Shift
from chapters.disagreement.novelty import distance_to_train, last_layer_uncertainty, new_composition
from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.metrics.bootstrap import Interval, Resampling
from lumlip.metrics.pooling import mean_over_atoms
from lumlip.metrics.reconstruction import neighborhood_size, pointwise_errors

GFRE, GFRE_BACKBONE, LFRE = "GFRE", "GFRE, backbone", "LFRE"
DISTANCE, DISTANCE_BACKBONE = "distance", "distance, backbone"
LLPR, ENERGY, COMPOSITION = "LLPR", "energies differ", "composition"
#: In the order of the figure.
SCORES = (GFRE, GFRE_BACKBONE, LFRE, DISTANCE, DISTANCE_BACKBONE, LLPR, ENERGY, COMPOSITION)


@dataclass(frozen=True)
class Material:
    """What scores are made of: features of all structures, changed copies included.

    Attributes
    ----------
    backbone, last_layer : dict of model to array of shape (n_atoms, n_channels)
    owner : int array of shape (n_atoms,)
        The structure of every atom.
    shares : array of shape (n_structures, n_elements)
    energy : array of shape (n_pairs, n_structures)
        Disagreement of the pairs of models, in meV/atom.
    local_atoms : int array
        The atoms that may have a local error: it takes long.
    n_neighbors : int
        Of the local error.
    device : str
    """

    backbone: Mapping[str, FloatArray]
    last_layer: Mapping[str, FloatArray]
    owner: IntArray
    shares: FloatArray
    energy: FloatArray
    local_atoms: IntArray
    n_neighbors: int = 64
    device: str = "auto"


def scores(
    material: Material, train: IntArray, asked: IntArray
) -> Iterator[tuple[str, FloatArray]]:
    """Score structures with maps fitted on some atoms: (name, array of shape (n_members, n_asked)).

    Members are ordered pairs of models, models, or pairs.

    Parameters
    ----------
    material : Material
    train : int array
        Atoms.
    asked : int array
        Structures.
    """
    test = np.flatnonzero(np.isin(material.owner, asked))
    some = np.intersect1d(test, material.local_atoms)
    options: dict[str, Any] = {"train": train, "device": material.device}
    pairs = _ordered(len(material.last_layer))
    layers = {"": material.last_layer, ", backbone": material.backbone}
    for suffix, features in layers.items():
        if len(features) > 1:
            errors = pointwise_errors(features, test=test, **options).to_numpy()[pairs]
            yield GFRE + suffix, _averaged(errors, material, test, asked)
        away = [distance_to_train(X, train=train, test=test) for X in features.values()]
        yield DISTANCE + suffix, _averaged(np.array(away), material, test, asked)
    if len(material.last_layer) > 1 and len(some):
        k = neighborhood_size(len(train), material.n_neighbors)
        local = pointwise_errors(
            material.last_layer, metric="lfre", test=some, n_neighbors=k, **options
        )
        yield LFRE, _averaged(local.to_numpy()[pairs], material, some, asked)
    known = np.unique(material.owner[train])
    means = [mean_over_atoms(X, material.owner) for X in material.last_layer.values()]
    yield LLPR, np.array([last_layer_uncertainty(F, train=known)[asked] for F in means])
    if len(material.energy):
        yield ENERGY, material.energy[:, asked]
    yield COMPOSITION, new_composition(material.shares, train=known, asked=asked)[None]


def _ordered(n_models: int) -> BoolArray:
    return ~np.eye(n_models, dtype=bool)


def _averaged(
    errors: FloatArray, material: Material, atoms: IntArray, asked: IntArray
) -> FloatArray:
    n = len(material.shares)
    found: FloatArray = over_structures(errors, material.owner[atoms], n_structures=n)[:, asked]
    return found


def detected(
    material: Material, shifts: Sequence[Shift], train: IntArray, **options: Unpack[Resampling]
) -> dict[str, dict[str, Auroc]]:
    """Tell how well each score detects the unusual structures of shifts with the same train atoms.

    Parameters
    ----------
    material : Material
    shifts : sequence of Shift
        Their own train atoms do not count.
    train : int array
        The atoms that all of the maps are fitted on.
    options
        ``n_bootstrap`` and ``seed``.

    Returns
    -------
    dict of shift to dict of score to Auroc
    """
    if not shifts:
        return {}
    asked = np.unique(np.concatenate([np.r_[shift.usual, shift.unusual] for shift in shifts]))
    found: dict[str, dict[str, Auroc]] = {shift.name: {} for shift in shifts}
    for name, values in scores(material, train, asked):
        for shift in shifts:
            sides = [values[:, np.searchsorted(asked, own)] for own in (shift.usual, shift.unusual)]
            good = [np.asarray(np.isfinite(side).all(axis=0)) for side in sides]
            if shift.paired:  # both or none
                good = [good[0] & good[1]] * 2
            usual, unusual = (side[:, mask] for side, mask in zip(sides, good, strict=True))
            if usual.size and unusual.size:
                found[shift.name][name] = auroc(usual, unusual, paired=shift.paired, **options)
    return found


def unseen_and_seen(
    material: Material, shifts: Sequence[Shift], train: IntArray, **options: Unpack[Resampling]
) -> tuple[dict[str, dict[str, Auroc]], dict[str, dict[str, Auroc]]]:
    """Detect every shift with its own train atoms, and, as a control, with all of them.

    Parameters
    ----------
    material : Material
    shifts : sequence of Shift
    train : int array
        All train atoms. Changed crystals are detected with these alone, and have no control.
    options
        ``n_bootstrap`` and ``seed``.
    """
    with_all = detected(material, shifts, train, **options)
    own: dict[str, dict[str, Auroc]] = {}
    for shift in shifts:
        if shift.kind == "changed":
            own[shift.name] = with_all.pop(shift.name)
        else:
            own |= detected(material, [shift], shift.train, **options)
    return own, with_all


def table(found: Mapping[str, Mapping[str, Auroc]]) -> pd.DataFrame:
    """Return the areas: a row for each shift, a column for each score, in their order."""
    rows = {shift: {name: area.value for name, area in own.items()} for shift, own in found.items()}
    values = pd.DataFrame.from_dict(rows, orient="index", columns=None)
    return values[[name for name in SCORES if name in values]]


def mean_area(areas: Sequence[Auroc]) -> Interval:
    """Mean over shifts of the area, with its 95 % interval; NaN without any."""
    if not areas:
        return Interval.missing()
    draws = np.mean([area.draws for area in areas], axis=0)
    return Interval.of(np.mean([area.value for area in areas]), draws)


def mean_gain(unseen: Sequence[Auroc], seen: Sequence[Auroc]) -> Interval:
    """Mean area minus that of the controls, whose kind the maps have seen; NaN without any."""
    if not unseen:
        return Interval.missing()
    value = np.mean([new.value - old.value for new, old in zip(unseen, seen, strict=True)])
    draws = np.mean([n.draws - o.draws for n, o in zip(unseen, seen, strict=True)], axis=0)
    return Interval.of(value, draws)
