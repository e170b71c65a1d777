# ---
# jupytext:
#   cell_markers: '"""'
#   text_representation:
#     extension: .py
#     format_name: percent
# kernelspec:
#   display_name: Python 3
#   language: python
#   name: python3
# ---

# %% [markdown]
"""
# Converging or diverging? Both headlines are right

## The answer

{glue:text}`answer_spread:s` {glue:text}`answer_headline:s`

:::{admonition} In plain words
:class: in-plain-words

Whether two models see the same world depends on what you call the same, and there are a dozen ways to say it with a number.
Some ask whether the same atoms are close together, some whether one list of numbers can be turned into the other, and each is
led by what is largest or easiest to see, such as which element an atom is.
It is as with two maps of one city, a subway plan and a street map: "the same stations are next to each other" and "one can be
redrawn from the other" are both fair questions, with different answers, and only maps drawn by someone who has never been
there show how much of the agreement is luck.
:::

## What the papers say

Three papers of one month compare the features of potentials.
{cite:t}`Chorna2025` rebuild one model's features from another's and find different latent spaces.
{cite:t}`Edamadaka2025` compare nearly sixty models by CKNNA, distance correlation, information imbalance and intrinsic
dimension; they find that potentials converge as they get better, though not far from what they were trained on.
{cite:t}`Li2025` tell every atom by its cosines to a few anchor atoms, and find one geometry in seven potentials.
Each used its own models, structures and measures. Here all measures look at the same atoms and the same models, beside
controls which none of these headlines has: untrained networks, the same network trained twice, and the bare element.
[The methods page](../book/methods.md) has the formulas.

## Parameters

Rerun this page with other models, structures or settings:
`lumlip run 07 -p models="[sevennet-0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz`.
"""

# %% tags=["parameters"]
models: list = [
    "chgnet-0.3.0",
    "chgnet-r2scan",
    "sevennet-0",
    "sevennet-mf-0@PBE",
    "sevennet-mf-0@R2SCAN",
    "sevennet-l3i5",
    "diep-matpes-r2scan",
]  # model ids, see `lumlip models`; at least two; or paper: the published study's
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # small models trained by this project, shown apart; [] for none
controls: list = [
    "mace-mini-untrained",
    "pet-mini-untrained",
    "dpa-mini-untrained@inorganic",
    "uma-mini-untrained@omat",
    "mace-mini-seed2",
    "pet-mini-seed2",
]  # untrained twins and other seeds of the minis; [] for none
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
layer: str = "last_layer"  # features: last_layer or backbone
n_samples: int = 400  # structures, one atom of each
n_bootstrap: int = 16  # random halves of the samples, for the intervals; 2 or more
n_redraws: int = 4  # more draws of atoms, for the headline; 0 for none
seed: int = 0  # of the samples and the halves
device: str = "auto"  # auto, cpu or cuda

# %% [markdown]
"""
## Data

One atom of each structure, drawn at random: atoms of one structure are near each other for every model, which would flatter all
measures of neighbors. For the reconstruction errors, maps are fitted on other structures. Errors become similarities as one
minus the error, and measures with a direction are averaged over both.
"""

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

from chapters.shared.breakdown import mean_between
from chapters.similarity import (
    agreement,
    all_measures,
    calibration,
    figures,
    groups,
    hypotheses,
    words,
)
from chapters.similarity.measured import measured
from chapters.similarity.redrawn import redrawn_medians
from chapters.similarity.study import LABELS, study_of
from chapters.similarity.views import AS_IS, WITHIN, against_truncated
from lumlip.datasets.paper import chosen_models, paper_table
from lumlip.extraction.panel import panels_of
from lumlip.metrics.similarity.imbalance import imbalance
from lumlip.plotting import style
from lumlip.zoo.relations import first_of_families

style.use_style()
wanted = {"real": chosen_models(models, chapter=7), "minis": [*minis, *controls]}
panels = panels_of(wanted, structures, device=device)
studies = {
    name: study_of(panel, layer=layer, n_samples=n_samples, seed=seed)
    for name, panel in panels.items()
}
for name, study in studies.items():
    print(f"{name}: {len(study.rows)} atoms that are no copies of each other")

# %% [markdown]
"""
## What each measure does not notice

Before any model: what does a measure take for the same? The table is computed on random features that are changed in a known way.
PWCCA weighs by columns, and so notices even a rotation. A measure that does not notice column scales asks what a linear reader could find; one that does asks what is
near what. GFRE, from [chapter 01](01_different_latent_spaces.ipynb), fits its own linear map: it does not notice rotation or
repetition in the source, but does in the target.
"""

# %% tags=["hide-input"]
table = pd.DataFrame(all_measures.invariances(seed=seed)).T
table.index = pd.Index([LABELS[name] for name in table.index], name="does not notice")
table.replace({True: "yes", False: "notices"})

# %% [markdown]
"""
## All measures, the same atoms

{numref}`fig-07-measures` is the whole contradiction in one picture. Within one panel, models and atoms are the same in every row.
{glue:text}`agree_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-measures", "caption": "Mean similarity (no unit; 1: the same) of groups of pairs of models, by each measure, with 95 % intervals over structures where the measure allows them. Left: published models. Right: minis and their controls. Two families: the first model of each. A cross: a model and the bare element of the atom."}}
known = {
    "real": groups.published_groups(list(studies["real"].features)) if "real" in studies else {},
    "minis": groups.mini_groups(
        *([m for m in some if m in studies["minis"].features] for some in (minis, controls))
    )
    if "minis" in studies
    else {},
}
options = {"n_draws": max(2, n_bootstrap), "device": device}
sets = {
    name: measured(study, known[name], every_pair=name == "real", **options)
    for name, study in studies.items()
    if known[name]
}
titles = {"real": "published models", "minis": "minis"}
tables = {titles[n]: groups.with_intervals(s.means, s.halves) for n, s in sets.items()}
figures.measures_plot(plt.figure(), tables)
plt.show()

# %% [markdown]
"""
## Do the measures agree with each other?

A scale may be stretched and still put the pairs of models in the same order. {glue:text}`order_sentence:s`
{glue:text}`families_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-agreement", "caption": "Left: rank agreement (Spearman's coefficient, no unit) between measures over all pairs of published models, clustered so that measures that agree are neighbors. Right: how well clustering the models by the measure finds the families (adjusted Rand index; 1: exactly, 0: as by chance)."}}
ranks = found = None
if "real" in sets and len(studies["real"].pairs) >= 3:
    every = sets["real"].table.loc[studies["real"].pairs].drop(columns="explained")
    ranks = agreement.rank_agreement(every)
    found = agreement.families_found(every, list(studies["real"].features))
    figures.agreement_plot(plt.figure(), ranks, found)
    plt.show()
else:
    print("this run has too few pairs of published models")

# %% [markdown]
"""
## What could explain it? Four guesses, tested

**Elements make models look alike.** Which element an atom is, is the easiest thing to know. If that is why models agree,
agreement falls once every sample loses the mean of its element.

**One direction decides.** CKA and Procrustes weigh directions by variance. {glue:text}`leading_sentence:s`
If the largest direction is why models agree, agreement falls without it.

**Measures differ in scale only.** A GFRE is a root: half of it leaves a quarter of the variance. If that were all, measures would
put pairs in the same order.

**Untrained networks score as well.** Then similarity says nothing about learning.

{numref}`fig-07-views` shows what becomes of each measure; the table holds the guesses against numbers, by
{ref}`the rule of verdicts <verdicts>`: a claim holds if its whole interval is on the right side.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-views", "caption": "Mean similarity (no unit) of two families by each measure, with the features as they are, with the mean of each element subtracted, without the leading principal direction, and with all principal directions scaled to the same variance. GFRE has the first two only."}}
shown = {
    titles[n]: s.views for n, s in sets.items() if any(groups.APART in v for v in s.views.values())
}
if shown:
    figures.views_plot(plt.figure(), shown)
    plt.show()
else:
    print("this run has no two families")

# %% tags=["hide-input"]
tested = hypotheses.hypotheses(sets)
hypotheses.hypothesis_table(tested)

# %% [markdown]
"""
{glue:text}`element_sentence:s`

What a measure misses can also be tried out: take features, keep only the leading directions, and ask how similar the rest is to the
whole. {numref}`fig-07-truncated` does so. A measure near one at the left end is content with one direction.
{glue:text}`truncated_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-truncated", "caption": "Similarity (no unit) of features to their own leading principal directions, averaged over the first model of each family. What is missing is known; a measure that stays at one does not miss it."}}
chosen = next(iter(studies.values()))
firsts = first_of_families(list(chosen.features))
numbers = [1, 2, 4, 8, 16, 32, 64]
curves = [against_truncated(chosen.features[m], numbers=numbers) for m in firsts]
truncated = sum(curves) / len(curves)
lines = ("cka", "rsa", "procrustes", "imbalance", "mutual_knn", "cknna", "gfre")
fig, ax = plt.subplots(figsize=(6.8, 3.2))
figures.truncation_plot(ax, truncated, lines)
plt.show()

# %% [markdown]
"""
## One language for all measures

A similarity means something only beside what chance and repetition give. For the minis there are both: untrained twins, which
share nothing but elements and architecture, and a second training from another seed. The calibrated similarity of two
families is zero if training has brought them no closer than their untrained twins, and one if they are as alike as two seeds:

$$
c = \frac{s(\text{two families}) - s(\text{untrained twins})}{s(\text{two seeds}) - s(\text{untrained twins})} .
$$

A measure that cannot tell two seeds from untrained twins has no scale, and is left out.
{glue:text}`training_sentence:s`

All minis have learned the same labels of one teacher from the same structures. So this scale says what learning the same thing
does; whether larger published models, each with its own data, converge as far cannot be said without *their* untrained twins and
second seeds, which nobody has published.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-calibrated", "caption": "Calibrated similarity of two families of minis (no unit), with 95 % intervals over structures where the measure allows them; 0: as untrained twins, 1: as two seeds. Values beyond the axis are drawn at its edge; no point: no scale."}}
scaled, redrawn = {}, []
if "minis" in sets and calibration.can_be_calibrated(sets["minis"].means):
    for view in (AS_IS, WITHIN):
        if view in sets["minis"].views:
            whole, halves = (of[view] for of in (sets["minis"].views, sets["minis"].view_halves))
            scaled[view] = calibration.calibrated_with_intervals(whole, halves)
    if WITHIN in scaled:
        with_scale = scaled[WITHIN]["value"].dropna().index
        draws = {"layer": layer, "n_samples": n_samples, "device": device}
        draws["seeds"] = range(seed + 1, seed + 1 + n_redraws)
        redrawn = redrawn_medians(panels["minis"], known["minis"], with_scale, **draws)
    fig, ax = plt.subplots(figsize=(6.4, 4.6))
    figures.calibrated_plot(ax, scaled)
    plt.show()
else:
    print("this run has no scale: it takes minis of two families, their twins, and second seeds")

# %% [markdown]
"""
## How many directions, and who holds whom?

{cite:t}`Edamadaka2025` also count directions and compare neighborhoods one way and back. {glue:text}`dimension_sentence:s`
Models far below the diagonal at the right are pairs of which one holds the neighborhoods of the other but not the reverse.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-dimension", "caption": "Left: intrinsic dimension (number of directions) of each model's features by two estimators. Right: information imbalance (no unit; 0: the source holds all neighborhoods of the target, 1: none) of each pair of published models in its better against its worse direction."}}
dimensions = {name: study.dimensions() for name, study in studies.items()}
prepared = chosen.prepared
both = {
    name: [
        tuple(imbalance(prepared[s].order, prepared[t].order, k=1) for s, t in ((a, b), (b, a)))
        for a, b in pairs_of
    ]
    for name, pairs_of in known["real" if "real" in sets else "minis"].items()
}
rows = sum(len(table) for table in dimensions.values())
fig, axs = plt.subplots(1, 2, figsize=(7.4, 1.4 + 0.19 * rows), width_ratios=(1.1, 1))
figures.dimension_plot(axs[0], dimensions)
figures.imbalance_plane(axs[1], both)
plt.show()

# %% [markdown]
"""
## Paper against here

Numbers of the papers on other models and other structures, beside ours. Of the two papers that find convergence we have read the
abstracts and excerpts, not their tables: their headline is put beside what the same measure says here.
"""

# %% tags=["hide-input"]
first = sets["real"] if "real" in sets else next(iter(sets.values()))
group = groups.APART if groups.APART in first.means else next(iter(first.means))
chorna = mean_between(paper_table(f"cross_model/{layer}/MAD-test", "gfre"))
says = {
    "gfre": ("Chorna et al.: different latent spaces", f"{1 - chorna:.2f}"),
    "cknna": ("Edamadaka et al.: potentials converge", "no table"),
    "distance_correlation": ("Edamadaka et al.: potentials converge", "no table"),
    "imbalance": ("Edamadaka et al.: potentials converge", "no table"),
    "anchors": ("Li and Walsh: one geometry", "no table"),
}
against = [
    {
        "measure": LABELS[name],
        "paper": paper,
        "paper's number": number,
        f"here, published, {group}": f"{first.means.at[name, group]:.2f}",
        "here, minis, calibrated within elements": f"{scaled[WITHIN].at[name, 'value']:.2f}"
        if WITHIN in scaled
        else "no scale",
    }
    for name, (paper, number) in says.items()
]
pd.DataFrame(against).set_index("measure")

# %% [markdown]
"""
What differs: the models, the structures (here one atom of each structure, of all kinds), the layer, and the anchors, which are evenly
spread here and may be chosen otherwise there.
None of the three can be called wrong by these numbers; the point is that their measures give different numbers for the same features.

## What changes when you turn the knobs

- `n_samples`: shared neighbors of ten fall as atoms get denser, and so do CKNNA and mutual kNN; compare them at one number only.
- `layer="backbone"`: the features that enter the energy head.
- `controls`: without them there is no scale, and the page says so.
- `n_redraws`: how much the headline's number depends on the atoms that happened to be drawn.
- `n_bootstrap`: more random halves make the intervals smoother.

## Checks

Facts that hold by construction; the page fails if one does not.
"""

# %%
for all_of in sets.values():
    values = all_of.table.drop(columns=["explained", "gfre", "gfrd", "lfre"], errors="ignore")
    assert values.max(axis=None) < 1 + 1e-9 or len(all_of.study.rows) < 100  # debiased: noise
one = next(iter(chosen.prepared.values()))
assert all(
    abs(value - 1) < 3 / len(one.X) for value in all_measures.similarities(one, one).values()
)
assert np.allclose(truncated["gfre"].iloc[-1], 1, atol=0.2)
print(f"{len(sets)} sets of models, {len(all_measures.METRICS)} measures: checks passed")

# %% tags=["remove-cell"]
facts = {
    "answer_spread": words.spread(first),
    "order_sentence": words.order(tested),
    "training_sentence": words.by_training(scaled),
    "answer_headline": words.headline(scaled, redrawn),
    "agree_sentence": words.agree(ranks),
    "families_sentence": words.families(found),
    "leading_sentence": words.leading(dimensions),
    "dimension_sentence": words.dimensions(dimensions),
    "truncated_sentence": words.truncated(truncated),
    "element_sentence": words.elements(sets),
}
for name, value in facts.items():
    glue(name, value, display=False)

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](../book/references.md).
"""
