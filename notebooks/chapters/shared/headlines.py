"""The headline number of each finding, as draws of the test structures, under any variation.

Each is the number of one claim of the chapter's verdict: the one that the chapter's title makes.
Values are arrays (1 + n_bootstrap,): on all test structures, then on every resample; NaN where a
run lacks the models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np
import pandas as pd

from chapters.shared.breakdown import across
from chapters.shared.fine_tuning import OTHER_SEED, SCRATCH, START, UNTRAINED, answers
from chapters.shared.lineage import Lineage
from chapters.shared.spectrum import narrowed
from chapters.shared.variations import Sample, Variation, sample_of_atoms, thinned
from lumlip.array_types import FloatArray
from lumlip.choices import LAYERS
from lumlip.extraction.panel import Panel, as_samples
from lumlip.metrics.bootstrap import NOTHING, Distances, Resampling, mean_over, pooled, subset_of
from lumlip.metrics.cumulants import cumulant_features
from lumlip.metrics.splits import hold_out
from lumlip.zoo.relations import family_of, pairs_by_kind, variant_pairs

#: A head whose last layer is rebuilt from the backbone with less than this is linear.
LINEAR = 1e-3
#: What is claimed to be farther from the start than fine-tuned models are.
CONTROLS = {
    SCRATCH: "bespoke and start",
    UNTRAINED: "untrained and start",
    OTHER_SEED: "other seed and start",
}

#: Highest cumulant of the fifth finding.
ORDER = 8
#: Roles of a lineage that the third finding needs.
ROLES = (START, SCRATCH, "FF", UNTRAINED, OTHER_SEED)
_BACKBONE = "backbone:"


def between_families(found: Distances) -> FloatArray:
    """Finding 1: mean GFRE between models of different families."""
    return mean_over(found, across(list(found.table.index), family_of))


def nearer_than_families(found: Distances) -> FloatArray:
    """Finding 2: by how much families are further apart than variants of one architecture."""
    return between_families(found) - mean_over(found, variant_pairs(list(found.table.index)))


def harder_back(found: Distances, models: Sequence[str]) -> FloatArray:
    """Finding 4: mean over models of GFRE back minus GFRE forth, between last layer and backbone.

    Parameters
    ----------
    found : Distances
        Among `both_layers`.
    models : sequence of str
        Those whose head is not linear.
    """
    if not models or not len(found.table):
        return NOTHING
    excess = [found.to(m, _BACKBONE + m) - found.to(_BACKBONE + m, m) for m in models]
    return np.asarray(np.mean(excess, axis=0))


def both_layers(panel: Panel, models: Sequence[str]) -> dict[str, FloatArray]:
    """Last layers of all models of a panel, and backbones of some under names of their own."""
    last, backbone = panel.layer("last_layer"), panel.layer("backbone")
    return {**last, **{_BACKBONE + m: backbone[m] for m in models}}


def of_one_width(
    panel: Panel,
    models: Sequence[str],
    sample: Sample,
    *,
    device: str = "auto",
    **draws: Unpack[Resampling],
) -> Distances:
    """Errors between both layers of some models, the wider cut by PCA to the other's width."""
    joined = {}
    for model in models:
        layers = {name: panel.layer(name)[model] for name in LAYERS}
        width = min(X.shape[1] for X in layers.values())
        for name, X in layers.items():
            key = model if name == "last_layer" else _BACKBONE + model
            same = X.shape[1] == width
            joined[key] = X if same else narrowed(X, width, train=sample.train)
    if not joined:
        return Distances(pd.DataFrame(), np.empty((0, 0, 2)))
    return sample.distances(joined, variation=Variation(by="structure"), device=device, **draws)


def curved(panel: Panel, sample: Sample) -> list[str]:
    """Return the models whose last layer is not a linear function of their backbone."""
    last, backbone = panel.layer("last_layer"), panel.layer("backbone")
    found = []
    for model in panel.datasets:
        forth = sample.errors(
            {"x": backbone[model]}, {"y": last[model]}, variation=Variation(by="structure")
        )
        if float(np.sqrt((forth**2).mean())) >= LINEAR:
            found.append(model)
    return found


def of_panel(
    panel: Panel,
    models: Sequence[str],
    variation: Variation,
    *,
    n_test: int,
    seed: int = 0,
    n_bootstrap: int = 200,
    device: str = "auto",
) -> tuple[dict[int, FloatArray], dict[int, float]]:
    """Findings 1, 2 and 4 of a panel of models.

    Parameters
    ----------
    panel : Panel
    models : sequence of str
        Those whose head is not linear, see `curved`.
    variation : Variation
        With a split.
    n_test, seed, n_bootstrap : int
    device : str

    Returns
    -------
    (dict of int to array of shape (1 + n_bootstrap,), dict of int to float)
        By finding; then the same of the median atom in place of the root mean square.
    """
    sample = sample_of_atoms(panel.atoms, variation=variation, n_test=n_test, seed=seed)
    features = both_layers(panel, models)
    errors = sample.errors(features, variation=variation, device=device)
    groups = sample.groups.tolist()
    found = Distances.of(errors, groups, n_bootstrap=n_bootstrap, seed=seed)
    medians = np.median(errors.to_numpy(), axis=-1)
    typical = Distances.exact(found.table * 0 + medians)
    names = list(panel.datasets)
    return _numbers(found, names, models), {
        number: float(draws[0]) for number, draws in _numbers(typical, names, models).items()
    }


def _numbers(found: Distances, names: list[str], models: Sequence[str]) -> dict[int, FloatArray]:
    last = subset_of(found, names)
    return {
        1: between_families(last),
        2: nearer_than_families(last),
        4: harder_back(found, models),
    }


def of_lineages(
    lines: Mapping[str, Lineage],
    variation: Variation,
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
    device: str = "auto",
) -> dict[str, FloatArray]:
    """Finding 3: how much farther from the start than a fine-tuned model some others are.

    Returns
    -------
    dict of str to array of shape (1 + n_bootstrap,)
        By role: trained from scratch (the headline), untrained, of another seed (controls); means
        over the families.
    """
    families = []
    options = {"n_bootstrap": n_bootstrap, "seed": seed}
    for line in lines.values():
        sample = _sample_of_lineage(line, variation, seed=seed)
        features = line.features("last_layer", ROLES)
        found = sample.distances(features, variation=variation, device=device, **options)
        families.append(found)
    return {role: margin(families, role) for role in (SCRATCH, UNTRAINED, OTHER_SEED)}


def _sample_of_lineage(line: Lineage, variation: Variation, *, seed: int) -> Sample:
    """Split as the lineage is parted, unless the variation has a split of its own."""
    atoms = line.panel.atoms
    if variation.by:
        return sample_of_atoms(atoms, variation=variation, n_test=len(line.test), seed=seed)
    structure = atoms["structure"].to_numpy()
    train = thinned(line.train, structure[line.train], share=variation.share, seed=seed)
    return Sample(train, line.test, structure[line.test])


def lost_by_mean(
    features: Mapping[str, FloatArray],
    panel: Panel,
    variation: Variation,
    *,
    n_test: int = 1000,
    n_bootstrap: int = 200,
    seed: int = 0,
    device: str = "auto",
) -> FloatArray:
    """Finding 5: GFRE from the mean over atoms to all cumulants, mean over some features.

    Parameters
    ----------
    features : dict of str to array of shape (n_structures, ORDER * n_channels)
        From `cumulants_of`.
    panel : Panel
        Where the structures come from.
    variation : Variation
        Split by parent unless it says otherwise; a split by atom is none of structures.
    n_test : int
        Structures, at most a fifth.
    """
    if variation.by == "atom" or not features:
        return NOTHING
    sample = _sample_of_structures(panel, variation.on("parent"), n_test=n_test, seed=seed)
    found = []
    for F in features.values():
        pair = {"mean": F[:, : F.shape[1] // ORDER]}, {"all": F}
        errors = sample.errors(*pair, variation=variation, device=device)
        groups = sample.groups.tolist()
        distances = Distances.of(errors, groups, n_bootstrap=n_bootstrap, seed=seed)
        found.append(distances.draws[0, 0])
    return np.asarray(np.mean(found, axis=0))


def cumulants_of(features: Mapping[str, FloatArray], panel: Panel) -> dict[str, FloatArray]:
    """Cumulants up to `ORDER` of some features (n_atoms, n_channels) over the atoms."""
    structure = panel.atoms["structure"].to_numpy()
    return {name: cumulant_features(X, structure, order=ORDER) for name, X in features.items()}


def _sample_of_structures(panel: Panel, variation: Variation, *, n_test: int, seed: int) -> Sample:
    samples = as_samples(panel, by=variation.by)
    train, test = hold_out(samples, by="parent", n_test=n_test, seed=seed)
    groups = np.unique(samples["parent"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    kept = thinned(train, groups[train], share=variation.share, seed=seed)
    return Sample(kept, test, groups[test])


def over(families: Sequence[Distances], name: str) -> FloatArray:
    """One of the answers, as a mean over families (1 + n_bootstrap,)."""
    return pooled([answers(found)[name] for found in families])


def margin(families: Sequence[Distances], control: str) -> FloatArray:
    """By how much a control is farther from the start than the fine-tuned models are."""
    both = [answers(found) for found in families]
    return pooled([each[CONTROLS[control]] - each["fine-tuned and start"] for each in both])


def seed_floor(distances: Distances) -> FloatArray:
    """Mean error between models that differ in the seed alone, as draws; NaN if there are none."""
    models = list(distances.table.index)
    nothing = np.zeros((len(models), len(models)), dtype=bool)
    return mean_over(distances, pairs_by_kind(models).get("seed", nothing))
