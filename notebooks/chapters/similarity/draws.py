"""Pairs of models by every measure, on several draws of atoms, beside what permuted atoms give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from chapters.shared.elements import without_element_mean
from chapters.similarity.all_measures import LABELS, Prepared, similarities
from lumlip.array_types import FloatArray, IntArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.folds import Folds
from lumlip.metrics.repeated import CrossFit, orders_of
from lumlip.zoo.relations import first_of_families, other_seed, untrained_twin

Pair = tuple[str, str]
#: A whole draw, then random halves of its parents: (view, atoms, first, second) x measure.
Draw = list[pd.DataFrame]
AS_IS, WITHIN = "as they are", "within elements"
SAME, PERMUTED = "same atoms", "permuted atoms"
PUBLISHED, MINIS, BEFORE, SEEDS = (
    "published families",
    "families of minis",
    "untrained twins",
    "two seeds of a mini",
)
_COPY = 1e-5  # of the median distance: below, two atoms are copies by symmetry
_RARE = 5  # samples of an element, below which it has no mean to speak of
_FEWEST = 12  # samples, for the ten neighbors that some measures ask for


def groups_of(published: Sequence[str], small: Sequence[str]) -> dict[str, list[Pair]]:
    """Return the pairs of each group: one model a family, and what belongs to the minis.

    Parameters
    ----------
    published : sequence of str
    small : sequence of str
        Minis, their untrained twins and their second seeds.

    Examples
    --------
    >>> groups_of([], ["mace-mini", "mace-mini-seed2"])["two seeds of a mini"]
    [('mace-mini', 'mace-mini-seed2')]
    """
    trained = [m for m in small if untrained_twin(m) in small or other_seed(m) in small]
    paired = list(combinations(first_of_families(trained), 2))
    twins = [(untrained_twin(a), untrained_twin(b)) for a, b in paired]
    firsts = first_of_families(published)
    return {
        PUBLISHED: list(combinations(firsts if len(firsts) > 1 else published, 2)),
        MINIS: paired,
        BEFORE: [pair for pair in twins if set(pair) <= set(small)],
        SEEDS: [(m, other_seed(m)) for m in trained if other_seed(m) in small],
    }


def sample(
    panel: Panel, *, layer: str, n_samples: int, seed: int, among: Sequence[str] | None = None
) -> IntArray:
    """Draw one atom of each of some structures, none a copy of another for any model.

    Parameters
    ----------
    panel : Panel
    layer : {"backbone", "last_layer"}
    n_samples, seed : int
    among : sequence of str, optional
        Parents whose structures may be drawn; all by default.
    """
    structure, rng = panel.atoms["structure"].to_numpy(), np.random.default_rng(seed)
    order = rng.permutation(len(structure))
    chosen = order[np.unique(structure[order], return_index=True)[1]]
    if among is not None:
        chosen = chosen[np.isin(parents_of(panel, chosen), among)]
    chosen = np.sort(np.random.default_rng(seed).permutation(chosen)[:n_samples])
    copied = np.zeros(len(chosen), dtype=bool)
    for X in panel.layer(layer).values():
        distance = Prepared(X[chosen]).distance
        copied |= np.tril(distance <= _COPY * np.median(distance), -1).any(axis=1)
    found: IntArray = chosen[~copied]
    return found


def parents_of(panel: Panel, atoms: IntArray) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """Return the parent of the structure of each of some atoms (n_atoms,)."""
    atom_of = panel.atoms["structure"].to_numpy()[atoms]
    found: np.ndarray[tuple[int], np.dtype[np.str_]] = panel.atoms["parent"].to_numpy()[atom_of]
    return found


def unseen_parents(panel: Panel, rows: IntArray) -> list[str]:
    """Return the parents of which no structure is among those of some atoms (n_rows,)."""
    everyone = panel.atoms["parent"].to_numpy()
    return sorted(set(everyone.tolist()) - set(parents_of(panel, rows).tolist()))


def joined(one: Sequence[Draw], other: Sequence[Draw]) -> list[Draw]:
    """Put the tables of two panels, draw by draw, into one."""
    return [
        [pd.concat(tables) for tables in zip(*two, strict=False)]
        for two in zip(one, other, strict=True)
    ]


def draw(
    panel: Panel,
    pairs: Mapping[str, Sequence[Pair]],
    permuted: Sequence[Pair],
    *,
    seed: int,
    layer: str,
    n_samples: int,
    n_halves: int,
    among: Sequence[str] | None = None,
    device: str = "auto",
) -> Draw:
    """Measure pairs of models on one draw of atoms, and on random halves of its parents.

    Reconstruction errors come from one order of ten folds over all atoms of the panel.

    Parameters
    ----------
    panel : Panel
    pairs : dict of {"as they are", "within elements"} to list of pairs
    permuted : list of pairs
        Those that are measured with the atoms of one model permuted, too.
    """
    rows = sample(panel, layer=layer, n_samples=n_samples, seed=seed, among=among)
    numbers, features = panel.atoms["atomic_number"].to_numpy(), panel.layer(layer)
    order = orders_of(panel.atoms, n_seeds=1, seed=seed)[0]
    tested = np.arange(len(numbers))
    if among is not None:
        tested = np.flatnonzero(np.isin(parents_of(panel, tested), among))
    parts: list[Draw] = []
    for view, some in pairs.items():
        names = dict.fromkeys(name for pair in some for name in pair)
        X = {name: features[name] for name in names}
        kept = rows if view == AS_IS else rows[_common(numbers[rows])]
        if len(kept) < _FEWEST or not some:
            continue
        own = {m: x[kept] for m, x in X.items()}
        if view == WITHIN:
            X, own = _within(X, numbers), _within(own, numbers[kept])
        with threadpool_limits(1):  # small matrices keep no team of threads busy
            null = [pair for pair in permuted if pair in some]
            found = _measured(own, kept, X, some, null, order, tested, n_halves, seed, device)
        parts.append([pd.concat({view: table}) for table in found])
    return [pd.concat(tables) for tables in zip(*parts, strict=True)]


def _measured(
    own: Mapping[str, FloatArray],
    rows: IntArray,
    features: Mapping[str, FloatArray],
    pairs: Sequence[Pair],
    permuted: Sequence[Pair],
    order: Folds,
    tested: IntArray,
    n_halves: int,
    seed: int,
    device: str,
) -> Draw:
    rng, groups = np.random.default_rng(seed), np.asarray(order.groups)
    options = {"orders": [order], "tested": tested, "device": device}
    prepared = {name: Prepared(x) for name, x in own.items()}
    fit = CrossFit.of(features, **options)  # type: ignore[arg-type]
    found = [_table(prepared, prepared, fit, pairs)]
    for _ in range(n_halves):
        half = rng.permutation(groups.max() + 1) < (groups.max() + 1) // 2
        part = np.flatnonzero(half[groups[rows]])
        cut = {name: some.subset(part) for name, some in prepared.items()}
        found.append(_table(cut, cut, fit.without_groups(~half[np.unique(groups[tested])]), pairs))
    names = dict.fromkeys(name for pair in permuted for name in pair)
    few, everyone = rng.permutation(len(rows)), rng.permutation(len(groups))
    moved = {name: Prepared(own[name][few]) for name in names}
    sources = {name: features[name][everyone] for name in names}
    chance = CrossFit.of(sources, {name: features[name] for name in names}, **options)  # type: ignore[arg-type]
    null = _table(moved, prepared, chance, permuted)
    return [pd.concat({SAME: table, PERMUTED: null}) for table in found]


def _table(
    a: Mapping[str, Prepared], b: Mapping[str, Prepared], fit: CrossFit, pairs: Sequence[Pair]
) -> pd.DataFrame:
    """Similarities (n_pairs, n_measures), NaN on too few samples; errors are of both ways."""
    share = 1 - np.square(fit.table.to_numpy())
    places = [(fit.sources.index(i), fit.sources.index(j)) for i, j in pairs]
    rows = [
        {"gfre": float(share[p, q] + share[q, p]) / 2}
        | (similarities(a[i], b[j]) if len(a[i].X) >= _FEWEST else {})
        for (i, j), (p, q) in zip(pairs, places, strict=True)
    ]
    index = pd.MultiIndex.from_tuples(pairs, names=["first", "second"])
    return pd.DataFrame(rows, index=index).reindex(columns=list(LABELS))


def _common(numbers: IntArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    _, code, count = np.unique(numbers, return_inverse=True, return_counts=True)
    return np.asarray(count[code] >= _RARE)


def _within(features: Mapping[str, FloatArray], numbers: IntArray) -> dict[str, FloatArray]:
    return {name: without_element_mean(x, numbers) for name, x in features.items()}
