"""Pairs of models by every measure, on several draws of atoms, beside what permuted atoms give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from chapters.shared.elements import without_element_mean
from chapters.shared.models import seeds_of
from chapters.similarity.all_measures import LABELS, Prepared, similarities
from lumlip.array_types import IntArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.repeated import CrossFit, orders_of
from lumlip.zoo.relations import first_of_families, untrained_twin

Pair = tuple[str, str]
Features = Mapping[str, Any]  # (n_atoms, n_features) by model
#: A whole draw, then random halves of its parents: (view, atoms, first, second) x measure.
Draw = list[pd.DataFrame]
AS_IS, WITHIN = "as they are", "within elements"
SAME, PERMUTED = "same atoms", "permuted atoms"
PUBLISHED, MINIS, BEFORE = "published families", "families of minis", "untrained twins"
SEEDS = "two seeds of a mini"
_COPY = 1e-5  # of the median distance: below, two atoms are copies by symmetry
_RARE = 5  # samples of an element, below which it has no mean to speak of
_FEWEST = 12  # samples, for the ten neighbors that some measures ask for


def groups_of(published: Sequence[str], small: Sequence[str]) -> dict[str, list[Pair]]:
    """Return the pairs of each group: one model a family; minis, untrained twins, other seeds.

    Examples
    --------
    >>> groups_of([], ["mace-mini", "mace-mini-seed2", "mace-mini-untrained"])[SEEDS]
    [('mace-mini', 'mace-mini-seed2')]
    """
    trained = [m for m in small if untrained_twin(m) in small or set(seeds_of(m)[1:]) & set(small)]
    paired = list(combinations(first_of_families(trained), 2))
    twins = [(untrained_twin(a), untrained_twin(b)) for a, b in paired]
    firsts = first_of_families(published)
    return {
        PUBLISHED: list(combinations(firsts if len(firsts) > 1 else published, 2)),
        MINIS: paired,
        BEFORE: [pair for pair in twins if set(pair) <= set(small)],
        SEEDS: [(m, other) for m in trained for other in seeds_of(m)[1:] if other in small],
    }


def sample(
    panel: Panel, *, layer: str, n_samples: int, seed: int, among: Sequence[str] | None = None
) -> IntArray:
    """Draw one atom of each of n_samples structures (of parents ``among``), none a copy."""
    structure, rng = panel.atoms["structure"].to_numpy(), np.random.default_rng(seed)
    order = rng.permutation(len(structure))
    chosen = order[np.unique(structure[order], return_index=True)[1]]
    if among is not None:
        chosen = chosen[np.isin(parents_of(panel, chosen), among)]
    chosen = np.sort(np.random.default_rng(seed).permutation(chosen)[:n_samples])
    if len(chosen) < 2:
        return np.asarray(chosen)
    copied = np.zeros(len(chosen), dtype=bool)
    for X in panel.layer(layer).values():
        distance = Prepared(X[chosen]).distance
        copied |= np.tril(distance <= _COPY * np.median(distance), -1).any(axis=1)
    return np.asarray(chosen[~copied])


def parents_of(panel: Panel, atoms: IntArray) -> list[str]:
    """Return the parent of the structure of each of some atoms (n_atoms,)."""
    structures = panel.atoms["structure"].to_numpy()[atoms]
    return list(panel.atoms["parent"].to_numpy()[structures])


def draw(
    panel: Panel,
    pairs: Mapping[str, Sequence[Pair]],
    permuted: Sequence[Pair],
    *,
    seed: int,
    layer: str,
    n_samples: int,
    n_halves: int,
    device: str,
    among: Sequence[str] | None = None,
) -> Draw:
    """Measure pairs of models by view on one draw of atoms, and on random halves of its parents.

    Those of ``permuted`` are measured with the atoms of one model permuted, too. Reconstruction
    errors come from one order of ten folds over all atoms of the panel.
    """
    rows = sample(panel, layer=layer, n_samples=n_samples, seed=seed, among=among)
    numbers, features = panel.atoms["atomic_number"].to_numpy(), panel.layer(layer)
    options: dict[str, Any] = {"orders": orders_of(panel.atoms, n_seeds=1, seed=seed)}
    options |= {"tested": np.arange(len(numbers)), "device": device}
    if among is not None:
        options["tested"] = np.flatnonzero(np.isin(parents_of(panel, options["tested"]), among))
    parts: list[Draw] = []
    for view, some in pairs.items():
        X = {name: features[name] for pair in some for name in pair}
        _, code, count = np.unique(numbers[rows], return_inverse=True, return_counts=True)
        kept = rows if view == AS_IS else rows[count[code] >= _RARE]
        if len(kept) < _FEWEST or not some:
            continue
        own = {m: x[kept] for m, x in X.items()}
        if view == WITHIN:
            X = {m: without_element_mean(x, numbers) for m, x in X.items()}
            own = {m: without_element_mean(x, numbers[kept]) for m, x in own.items()}
        with threadpool_limits(1):  # small matrices keep no team of threads busy
            null = [pair for pair in permuted if pair in some]
            found = _measured(own, kept, X, some, null, options, n_halves, seed)
        parts.append([pd.concat({view: table}) for table in found])
    return [pd.concat(tables) for tables in zip(*parts, strict=True)]


def _measured(
    own: Features,
    rows: IntArray,
    features: Features,
    pairs: Sequence[Pair],
    permuted: Sequence[Pair],
    options: dict[str, Any],
    n_halves: int,
    seed: int,
) -> Draw:
    rng, groups = np.random.default_rng(seed), np.asarray(options["orders"][0].groups)
    prepared = {m: Prepared(x) for m, x in own.items()}
    fit = CrossFit.of(features, pairs=_partners(pairs, features), **options)
    found = [_table(prepared, prepared, fit, pairs)]
    for _ in range(n_halves):
        half = rng.permutation(groups.max() + 1) < (groups.max() + 1) // 2
        part = np.flatnonzero(half[groups[rows]])
        cut = {name: some.subset(part) for name, some in prepared.items()}
        rest = fit.without_groups(~half[np.unique(groups[options["tested"]])])
        found.append(_table(cut, cut, rest, pairs))
    few, everyone = rng.permutation(len(rows)), rng.permutation(len(groups))
    names = dict.fromkeys(name for pair in permuted for name in pair)
    moved = {name: Prepared(own[name][few]) for name in names}
    sources = {name: features[name][everyone] for name in names}
    wanted = {name: features[name] for name in names}
    chance = CrossFit.of(sources, wanted, pairs=_partners(permuted, names), **options)
    null = _table(moved, prepared, chance, permuted)
    return [pd.concat({SAME: table, PERMUTED: null}) for table in found]


def _partners(pairs: Sequence[Pair], names: Iterable[str]) -> dict[str, set[str]]:
    """Return the other models of each model's pairs: no other maps are fitted."""
    return {name: {m for pair in pairs if name in pair for m in pair} for name in names}


def _table(
    a: Mapping[str, Prepared], b: Mapping[str, Prepared], fit: CrossFit, pairs: Sequence[Pair]
) -> pd.DataFrame:
    """Similarities (n_pairs, n_measures), NaN on too few samples; errors are of both ways."""
    both = 1 - (fit.table**2 + fit.table.T**2).to_numpy() / 2
    rows = [
        {"gfre": float(both[fit.sources.index(i), fit.sources.index(j)])}
        | (similarities(a[i], b[j]) if len(a[i].X) >= _FEWEST else {})
        for i, j in pairs
    ]
    index = pd.MultiIndex.from_tuples(pairs, names=["first", "second"])
    return pd.DataFrame(rows, index=index).reindex(columns=list(LABELS))
