"""Sentences on variants, from the numbers of a run; true also where something is missing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from chapters.shared.breakdown import across
from chapters.shared.headlines import seed_floor
from chapters.variants.claims import ends
from chapters.variants.study import of_family
from lumlip.book.findings import Finding
from lumlip.datasets.paper import paper_table
from lumlip.metrics.bootstrap import Distances, interval, mean_over, with_interval
from lumlip.zoo.relations import (
    KINDS,
    aspects,
    family_name,
    family_of,
    kind_of,
    pairs_by_kind,
    variant_pairs,
)

ORGANIC = "variants/MACE-MP-vs-OFF23/last_layer/MAD-test-organics"
_PAPER_RANGES = (
    ("paper_families", "architecture", "all four"),
    ("paper_uma", "task", "UMA"),
    ("paper_size", "size", "MACE-MP"),
)


def of_published(distances: Distances) -> str:
    """Say how far apart published variants are, beside architectures, and what decides."""
    models = list(distances.table.index)
    pairs = variant_pairs(models)
    if not pairs.any():
        return "This run has no two published variants of one architecture."
    other = across(models, family_of)
    beside = ""
    if other.any():
        beside = f"; models of different families have {mean_over(distances, other)[0]:.2f}"
    found = ends(distances)
    (a, b, near), (c, d, far) = found["closest"], found["furthest"]
    span = f" The closest pair has {near:.2f} ({a} and {b})"
    span += f", the furthest {far:.2f} ({c} and {d})." if (a, b) != (c, d) else "."
    within = with_interval(interval(mean_over(distances, pairs)))
    return (
        "Two published variants of one architecture rebuild each other's last-layer features with "
        f"a mean GFRE of {within}{beside}.{span}"
    )


def of_seeds(distances: Distances) -> str:
    """Say how far apart two seeds are, and whether another functional or other data do more."""
    models = list(distances.table.index)
    kinds = pairs_by_kind(models)
    if "seed" not in kinds:
        return "This run has no two models that differ in the seed alone."
    families = list(dict.fromkeys(map(family_of, models)))
    values = {f: of_family(distances, "seed", f) for f in families}
    each = [f"{family_name(f)} {value:.2f}" for f, value in values.items() if np.isfinite(value)]
    text = (
        "Among minis, another seed alone puts two models of the same recipe "
        f"{with_interval(interval(seed_floor(distances)))} apart ({', '.join(each)})"
    )
    for kind, what in (("functional", "another functional"), ("data", "other training data")):
        for family, noise in values.items():
            value = of_family(distances, kind, family)
            if np.isfinite(noise) and np.isfinite(value):
                word = "more" if value > noise else "less"
                text += (
                    f"; {what} with the same seed does {word} ({family_name(family)} {value:.2f})"
                )
    return text + "."


def of_local_seeds(by_metric: Mapping[str, Distances]) -> str:
    """Say whether maps of their own around every atom bring two seeds closer."""
    one, many = (float(seed_floor(by_metric[metric])[0]) for metric in ("gfre", "lfre"))
    if not np.isfinite([one, many]).all():
        return "this run has no two seeds to compare."
    word = "lower" if many < one else "do not lower"
    return f"maps of their own around every atom {word} the mean: {many:.2f} (LFRE) for {one:.2f}."


def of_trained_apart(distances: Distances) -> str:
    """Name the closest variants of different size: trained apart, they bound the noise floor."""
    models = list(distances.table.index)
    apart = variant_pairs(models)
    for i, j in np.argwhere(apart):
        apart[i, j] = "size" in aspects(models[i], models[j])
    if not apart.any():
        return ""
    table = distances.table.to_numpy(dtype=float)
    values = np.where(apart, (table + table.T) / 2, np.inf)
    i, j = divmod(int(values.argmin()), len(models))
    return (
        f"Of the published models here, {models[i]} and {models[j]} differ in size, so they were "
        f"trained apart, and are {values[i, j]:.2f} apart: their noise floor can hardly be higher."
    )


def of_wider_sources(distances: Distances, widths: Mapping[str, int]) -> str:
    """Say whether a wider model rebuilds another seed better.

    If so, part of the distance of two seeds is what so few features cannot hold.

    Parameters
    ----------
    distances : Distances
    widths : dict of str to int
        Number of features of each model.
    """
    models = list(distances.table.index)
    seeds = pairs_by_kind(models).get("seed")
    if seeds is None:
        return "this run has no two seeds to look into."
    a, b = (models[i] for i in np.argwhere(seeds)[0])
    family = [m for m in models if m == a or kind_of(m, a) == "size"]
    if len(family) < 2:
        return "this run has no model of another width to look into it."
    sources = sorted(family, key=lambda model: widths[model])
    values = [float(distances.to(source, b)[0]) for source in sources]
    said = [
        f"from {m} ({widths[m]} features) with {v:.2f}"
        for m, v in zip(sources, values, strict=True)
    ]
    word = "a wider source finds more of it" if values[-1] < values[0] else "width does not help"
    return f"{b} is rebuilt {', '.join(said)}: {word}."


def of_kinds(rows: pd.DataFrame, source: str) -> str:
    """List the mean error of each kind of difference and family, of published models or minis.

    Parameters
    ----------
    rows : DataFrame
        From :func:`chapters.variants.study.kind_rows`.
    source : str
        ``"real"`` or ``"minis"``.
    """
    own = rows[(rows["source"] == source) & ~rows["kind"].isin(["architecture", "part"])]
    if own.empty:
        return "This run has none."
    said = []
    for kind in dict.fromkeys(own["kind"]):
        of_kind = own[own["kind"] == kind]
        each = [
            f"{family_name(name)} {value:.2f}"
            for name, value in zip(of_kind["name"], of_kind["value"], strict=True)
        ]
        said.append(f"{KINDS[kind]} ({', '.join(each)})")
    return f"Mean GFRE by what differs: {'; '.join(said)}."


def of_organic(distances: Distances) -> str:
    """Say how far apart seeds, data and tasks are on organic structures, beside the paper's."""
    models = list(distances.table.index)
    pairs = pairs_by_kind(models)
    said = [
        f"{KINDS[kind]} {mean_over(distances, pairs[kind])[0]:.2f}"
        for kind in ("seed", "data", "task")
        if kind in pairs
    ]
    published = paper_table(ORGANIC, "gfre").to_numpy()
    here = f"Here the means are: {', '.join(said)}. " if said else "This run has no such pairs. "
    return here + (
        "In the paper, the MACE for all matter rebuilds the organic one with "
        f"{published[0, 1]:.2f}, and the other way round it is {published[1, 0]:.2f}."
    )


def of_paper(rows: pd.DataFrame, finding: Finding) -> dict[str, str | float]:
    """Return the numbers that stand beside the paper's.

    Parameters
    ----------
    rows : DataFrame
        From :func:`chapters.variants.study.kind_rows` and `paper_rows`, put together.
    """
    published = rows[rows["source"] == "paper"]
    found: dict[str, str | float] = {"paper_variants": finding.paper}
    for name, kind, label in _PAPER_RANGES:
        row = published[(published["kind"] == kind) & (published["name"] == label)].iloc[0]
        found |= {name: row["value"], f"{name}_low": row["low"], f"{name}_high": row["high"]}
    for name, source in (("here_variants", "real"), ("here_minis", "minis")):
        claims = finding.claims.get(source, ())
        found[name] = with_interval(claims[0].interval) if claims else "none in this run"
    for name, kind, family in (("here_uma", "task", "uma"), ("here_size", "size", "mace")):
        own = rows[(rows["source"] == "minis") & (rows["kind"] == kind) & (rows["name"] == family)]
        pairs = np.concatenate([*own["pairs"], np.empty(0)])
        span = f"{pairs.min():.2f} to {pairs.max():.2f}" if len(pairs) else "not in this run"
        found[name] = span
    return found
