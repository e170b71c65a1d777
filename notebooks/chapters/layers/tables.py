"""Tables of the chapter on layers: both ways, the leading direction, pairs of families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from chapters.layers.fits import LayerFits, family_pairs
from chapters.shared.breakdown import mean_between
from chapters.shared.spectrum import energy_in_leading, leading_share
from lumlip.choices import ANY_LAYER
from lumlip.datasets.paper import paper_rows, paper_table
from lumlip.extraction.panel import Panel
from lumlip.metrics.repeated import Estimate
from lumlip.zoo.relations import family_name, family_of


def way_rows(fits: LayerFits, kinds: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Errors back and forth within each model.

    Parameters
    ----------
    fits : LayerFits
    kinds : dict of heading to list of models
        Those that the fits do not have are left out.

    Returns
    -------
    DataFrame
        Columns ``kind``, ``model``, ``family``, and ``forth`` and ``back``: `Estimate` each.
    """
    rows = [
        [kind, m, family_of(m), fits.error("forth", [m]), fits.error("back", [m])]
        for kind, models in kinds.items()
        for m in models
        if m in fits.models
    ]
    return pd.DataFrame(rows, columns=["kind", "model", "family", "forth", "back"])


def paper_ways(published: pd.DataFrame) -> pd.DataFrame:
    """Means of the paper's families, as `way_rows`; its numbers have no intervals."""
    family = published.index.str.extract("^([A-Z]+)", expand=False)
    ways = ["gfre_bb_to_ll", "gfre_ll_to_bb"]
    means = published[ways].groupby(family).mean().map(lambda value: Estimate(*[value] * 3))
    means.columns = pd.Index(["forth", "back"])
    names = [f"{name}, mean of {(family == name).sum()}" for name in means.index]
    return means.assign(kind="paper", model=names, family=means.index.str.lower())


def leading_table(panel: Panel) -> pd.DataFrame:
    """What the first principal component of each last layer holds.

    Returns
    -------
    DataFrame indexed by model
        ``share`` of the variance, and ``energy``: R^2 with the energy of the atom.
    """
    structure, numbers = (panel.atoms[name].to_numpy() for name in ("structure", "atomic_number"))
    rows = {
        m: [
            leading_share(X, train=np.arange(len(X))),
            energy_in_leading(X, structure, numbers, panel.energies(m))
            if "energy" in panel.datasets[m]
            else np.nan,
        ]
        for m, X in panel.layer("last_layer").items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["share", "energy"])


def family_table(fits: LayerFits) -> pd.DataFrame:
    """Mean error between each pair of families: (pair, layer), `Estimate` each."""
    rows = {}
    for one, two in combinations(dict.fromkeys(map(family_of, fits.models)), 2):
        models = [m for m in fits.models if family_of(m) in (one, two)]
        name = f"{family_name(one)} and {family_name(two)}"
        rows[name] = [fits.between(a, models).mean(family_pairs(models)) for a in ANY_LAYER]
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(ANY_LAYER))


def against_paper(here: Mapping[str, tuple[Estimate, Estimate]]) -> pd.DataFrame:
    """Write the paper's numbers beside ours.

    Parameters
    ----------
    here : dict of title to (back minus forth, last layers minus backbones)
    """
    ways = paper_ways(paper_rows("last_layer_vs_backbone"))
    pairs = zip(ways["family"], ways["back"], ways["forth"], strict=True)
    within = [f"{family.upper()} {back.value - forth.value:+.2f}" for family, back, forth in pairs]
    last, backbone = (
        mean_between(paper_table(f"cross_model/{layer}/MAD-test", "gfre"))
        for layer in ("last_layer", "backbone")
    )
    columns = {"paper": [", ".join(within), f"{last - backbone:.2f}"]}
    columns |= {title: [str(some) for some in found] for title, found in here.items()}
    index = ["within a model, back minus forth", "between families, last layers minus backbones"]
    return pd.DataFrame(columns, index=index).T
