"""Probes of both layers: what is read off them, and how the scores compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
from ase import Atoms
from threadpoolctl import threadpool_limits

from lumlip.array_types import IntArray
from lumlip.choices import LAYERS
from lumlip.datasets import properties
from lumlip.datasets.sets import structures as read_structures
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.probe_targets import (
    ELEMENT,
    Key,
    ProbeTarget,
    allowed,
    energy_beyond_composition,
    targets_of,
)
from lumlip.metrics.probes import ProbeScore
from lumlip.minis.data import STRUCTURES, read_labelled


def structures_to_probe(which: str) -> list[Atoms]:
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


def probe_layers(panel: Panel, *, seed: int = 0) -> dict[Key, ProbeScore]:
    """Probe every layer of every model for everything: (model, layer, target) -> score.

    The baselines stand under the model ``"baseline"``, see `_baselines`; the model's own energy is
    there that of the first model.
    """
    with threadpool_limits(1):  # small matrices keep no team of threads busy
        return _probe_layers(panel, seed=seed)


def _probe_layers(panel: Panel, *, seed: int) -> dict[Key, ProbeScore]:
    structure = panel.atoms["structure"].to_numpy()
    found: dict[Key, ProbeScore] = {}
    for_all = targets_of(panel.structures)
    for model, dataset in panel.datasets.items():
        own = energy_beyond_composition(panel.structures, dataset["energy"].to_numpy())
        targets = for_all + allowed([own])
        if not found:
            numbers = panel.atoms["atomic_number"].to_numpy()
            found |= _baselines(targets, structure, numbers, seed=seed)
        for layer in LAYERS:
            X = dataset[layer].to_numpy().astype(float)
            for target in targets:
                found[model, layer, target.name] = target.probe_atoms(X, structure, seed=seed)
    return found


def _baselines(
    targets: Sequence[ProbeTarget],
    structure: IntArray,
    numbers: IntArray,
    *,
    seed: int,
) -> dict[Key, ProbeScore]:
    """Return what one knows without a model.

    Under ``"mean"``: the mean, or the most frequent class. Under ``"element"``: what the element of
    an atom or the composition of a structure tells; not for the element itself.
    """
    elements = properties.one_hot(numbers)
    found: dict[Key, ProbeScore] = {}
    for target in targets:
        found["baseline", "mean", target.name] = replace(target, given=None).probe(None, seed=seed)
        if target.name != ELEMENT:
            found["baseline", "element", target.name] = (
                target.probe_atoms(elements, structure, seed=seed)
                if target.given is None
                else target.probe(None, seed=seed)
            )
    return found


def score_table(found: Mapping[Key, ProbeScore]) -> pd.DataFrame:
    """Scores as a table: rows (model, layer), a column for each target."""
    series = pd.Series({key: score.value for key, score in found.items()})
    order = list(dict.fromkeys(key[2] for key in found))
    table = series.unstack(sort=False)
    table.index.names = ["model", "layer"]
    return table[order]


def dropped(found: Mapping[Key, ProbeScore], target: str) -> dict[str, Interval]:
    """Score of the backbone minus that of the last layer, with its 95 % interval, by model."""
    models = dict.fromkeys(key[0] for key in found if key[0] != "baseline")
    differences = {}
    for model in models:
        backbone, last = (found[model, layer, target] for layer in LAYERS)
        differences[model] = Interval.of(backbone.value - last.value, backbone.draws - last.draws)
    return differences
