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
# Same architecture, different training: different latent spaces

## The answer

{glue:text}`real_answer:s`

{glue:text}`seed_answer:s`

{glue:text}`task_answer:s` {glue:text}`parts_answer:s`

:::{admonition} In plain words
:class: in-plain-words

Two potentials may be built to the same plan and still have learned from different examples, or from the same examples
in another order.
We ask whether they then describe an atom in words that can be translated into each other; they do so better than
potentials of different build, but the translation loses something, and part of what it loses is due to mere chance.
It is as with two pupils of one school: they were taught to write in the same way, yet from the diary of one nobody
could write the diary of the other.
:::

## What the paper says

{cite:t}`Chorna2025` compare variants within each of four families.
How far apart they are depends on what differs: very little for MACE models of different size, more for models trained on
other data, and most for UMA {cite:p}`Wood2025`, whose tasks share all weights of the backbone but mix its experts
differently. Two tasks of that one model are as far apart as two architectures.

Two things are added here. A distance between two variants says little without its *noise floor*: how far apart are
two models that differ in the random seed of their training alone? Published models come without such twins; our
[minis]{.mini} have them. And a task enters UMA in three places: it chooses how the experts are mixed (the
*routing*), it is added to every atom as an *embedding*, and it has linear maps of its own in the *head*. Each
can be swapped alone.

## Parameters

Rerun this page with other models: `lumlip run 02 -p models="[paper]"` takes those of the paper,
`lumlip run 02 -p models="[chgnet-0.2.0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz` two on your structures.
"""

# %% tags=["parameters"]
models: list = [
    "chgnet-0.2.0",
    "chgnet-0.3.0",
    "chgnet-r2scan",
    "sevennet-0",
    "sevennet-0-22may2024",
    "sevennet-l3i5",
    "sevennet-mf-0@PBE",
    "sevennet-mf-0@R2SCAN",
    "diep-matpes-r2scan",
]  # model ids, see `lumlip models`; or paper: the published study's
minis: list = [
    *["mace-mini", "mace-mini-seed2", "mace-mini-r2scan", "mace-mini-inorganic"],
    *["mace-mini-organic", "mace-mini-half", "mace-mini-double"],
    *["pet-mini", "pet-mini-seed2"],
    *["dpa-mini@inorganic", "dpa-mini@molecules", "dpa-mini@r2scan"],
    *["uma-mini@omat", "uma-mini@omol", "uma-mini@oc20"],
    *["uma-mini@expert:0", "uma-mini@expert:1", "uma-mini@expert:2"],
    *["uma-mini@omat:routing:omol", "uma-mini@omat:embedding:omol", "uma-mini@omat:head:omol"],
]  # small models trained by this project, shown apart; [] for none
controls: list = ["uma-mini-untrained@omat", "uma-mini-untrained@omol"]  # untrained; or []
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
split: str = "structure"  # what is kept whole: structure, atom, composition, parent
n_test: int = 1000  # test atoms; at most a fifth of all
n_neighbors: int = 64  # train atoms in a neighborhood (LFRE); at most a quarter of all
n_bootstrap: int = 500  # resamples of the test structures
seed: int = 0  # of the split and the resamples
device: str = "auto"  # auto, cpu or cuda

# %% [markdown]
"""
## Data

Published models are compared on [mini-mad](../book/structures.ipynb), minis on those of its structures whose elements
they know. A model that takes much fewer structures than the others, such as one that has seen organic
molecules only, is left for [the organic subset](#organic-molecules). Test atoms come in whole structures.
"""

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from myst_nb import glue

import lumlip
from chapters.shared.headlines import seed_floor
from chapters.variants import claims as variant_claims
from chapters.variants import figures, mixture_words, routing, study, subsets, words
from chapters.variants import tables as variant_tables
from lumlip.book import findings
from lumlip.book.chapters import data_folder
from lumlip.comparison import panel_distances
from lumlip.datasets.paper import chosen_models
from lumlip.extraction.panel import panel_if_any
from lumlip.metrics.bootstrap import interval, subset_of
from lumlip.plotting import style
from lumlip.zoo import relations

style.use_style()
pd.set_option("display.max_colwidth", None)  # claims are whole sentences

# %% tags=["hide-input"]
frames = lumlip.structures(structures)
published = chosen_models(models, chapter=2)
narrow = subsets.narrow_models(published, frames) + subsets.narrow_models(minis, frames)
asked = {
    "published": [m for m in published if m not in narrow],
    "minis": [m for m in minis if m not in narrow],
    "organic": relations.whole_models([*minis, *(m for m in published if m in narrow)]),
    "untrained": controls if minis else [],
}
panels = {name: panel_if_any(ids, frames, device=device) for name, ids in asked.items()}
panels["organic"] = subsets.organic_part(panels["organic"])
options = {"n_neighbors": n_neighbors, "by": split, "n_test": n_test, "n_bootstrap": n_bootstrap}
options |= {"seed": seed, "device": device}
print(variant_tables.missing(panels, asked) or "all models could be run")
variant_tables.contents(panels)

# %% [markdown]
"""
## Published variants

All pairs within a family, with the interval from resampling the test structures. {glue:text}`real_kinds:s`
SevenNet-MF-0 is one set of weights that was trained on two functionals at once and is told by a one-hot input
which of them is meant: a model with two tasks, beside those of SevenNet that have one.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-02-published", "caption": "GFRE (left) and LFRE (right) between published variants of one architecture, last layer (no unit). Row = source, column = target; below each number its 95 % interval over test structures."}}
real = panel_distances(panels["published"], **options)
figures.family_tables(plt.figure(), real)
plt.show()

# %% [markdown]
"""
## Variants of minis, and two seeds

Minis differ in exactly one thing, or in two: the seed, the functional of their teacher, the structures that they
learned from, the number of channels. {glue:text}`minis_kinds:s`

Why can two seeds be so far apart? In part because one linear map is asked for: {glue:text}`local_sentence:s` In part because
a network of few channels keeps a random choice of what could be known of an atom, and another one a different choice:
{glue:text}`wider_sentence:s` Published models are wider and were trained far longer, so their noise floor may well
be lower, but nobody has published it. {glue:text}`apart_sentence:s` The paper's MACE models of three sizes, trained
apart as well, are {glue:text}`paper_size_low:.2f` to {glue:text}`paper_size_high:.2f` apart.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-02-minis", "caption": "GFRE (left) and LFRE (right) between minis of one architecture, last layer (no unit), as in the figure before. Of UMA, the tasks only."}}
small = panel_distances(panels["minis"], **options)
whole = relations.whole_models(small["gfre"].table.index)
figures.family_tables(plt.figure(), {m: subset_of(d, whole) for m, d in small.items()})
plt.show()

# %% [markdown]
"""
(organic-molecules)=
## Organic molecules

Models that learned organic matter are compared on structures of H, C, N, O, F, P, S, Cl, Br and I alone, as in
the paper; pairs that take all structures are shown on both sets. {glue:text}`organic_sentence:s`
"""

# %% tags=["hide-input"]
organic = panel_distances(panels["organic"], metrics=("gfre",), **options)
both_sets = variant_tables.in_both_sets(
    small["gfre"], organic["gfre"], kinds=("seed", "data", "task")
)
display(both_sets.set_index("from") if len(both_sets) else "no such pairs in this run")

# %% [markdown]
"""
## One model, several tasks

A task of UMA chooses the mixture of experts, is added to the atoms as an embedding, and has its own maps in the head.
{numref}`fig-02-parts` gives one task a single part of another one and keeps the rest.
{glue:text}`parts_answer:s` {glue:text}`backbones_sentence:s` The shares need not add up to one, as the parts act on each
other. {glue:text}`controls_sentence:s`

A single expert, with all the weight of the mixture, is a network that was never trained to work alone.
{glue:text}`task_answer:s` The branches of DPA share the descriptor, and so their backbones are the same by construction.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-02-parts", "caption": "GFRE (no unit, mean of both directions) between a task of a mixture of experts and itself with one part of another task; at the bottom, the other task as it is. The head comes after the backbone and cannot change it."}}
swapped, parts = study.swapped_parts([panels["minis"], panels["published"]], **options)
part_rows = variant_tables.part_rows(parts, swapped)
figures.parts_plot(plt.figure(figsize=(6.4, 2.6)), part_rows)
plt.show()
untrained = {
    name: panel_distances(panels["untrained"], name, metrics=("gfre",), **options)["gfre"]
    for name in ("last_layer", "backbone")
}

# %% [markdown]
"""
## Where the routing sends which structures

The coefficients of the experts follow from the composition, the charge, the spin and the task, never from where the
atoms are. {glue:text}`routing_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-02-routing", "caption": "Top: coefficient of each expert (no unit; all add up to slightly more than one), averaged over the structures that contain an element; grey: fewer than three structures. Bottom: averaged over the structures of each subset, for each task."}}
mixtures = routing.mixtures([panels["minis"], panels["published"]])
routing.routing_figure(plt.figure(), mixtures)
plt.show()

# %% [markdown]
"""
## All distances side by side

{numref}`fig-02-kinds` sorts all pairs by what they differ in. Pairs that share weights, such as tasks and branches, or
that began with the same random weights, can be closer than the dashed line; pairs trained apart cannot be expected to.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-02-kinds", "caption": "GFRE of last-layer features (no unit) by what two models differ in. Grey bars: range and mean of the paper's tables. Filled circles: published models; open circles: minis; bars: 95 % interval of the mean; small dots: single ordered pairs. Colors mark the family. Dashed: mean between two seeds."}}
floor = interval(seed_floor(small["gfre"]))
rows = [
    variant_claims.paper_rows(),
    study.kind_rows(real["gfre"], source="real"),
    study.kind_rows(small["gfre"], source="minis"),
]
every = variant_tables.together(rows)
figures.kinds_plot(plt.figure(), every[~every["kind"].isin(["part", "training"])], noise=floor[0])
plt.show()

# %% [markdown]
"""
## Paper against here

Over all its pairs of variants, the paper has a mean GFRE of {glue:text}`paper_variants:.2f`, against
{glue:text}`paper_families:.2f` between its four architectures. Here published variants have
{glue:text}`here_variants:s` and minis {glue:text}`here_minis:s`.
The tasks of the paper's UMA are {glue:text}`paper_uma_low:.2f` to {glue:text}`paper_uma_high:.2f` apart, those of the mini
{glue:text}`here_uma:s`; the paper's MACE models of different size {glue:text}`paper_size_low:.2f` to
{glue:text}`paper_size_high:.2f`, minis of MACE {glue:text}`here_size:s`.

What differs: the models (published MACE, PET, DPA and UMA there; CHGNet, SevenNet and small models of those four
families here), the structures (the MAD test set against mini-mad), the split (atoms against whole structures), and
that we know the seeds.

Does the finding hold? {ref}`The rule <verdicts>` compares variants with two seeds and with families, and the
furthest pair with the closest: for published models the finding {glue:text}`real_verdict:s`, for minis it
{glue:text}`minis_verdict:s`. The noise floor of published models is not known. That of minis stands in for it,
which is likely too high.
"""

# %% tags=["hide-input"]
claims = {
    "real": variant_claims.claims(real["gfre"], floor=floor[2]),
    "minis": variant_claims.claims(small["gfre"], floor=floor[2], mixture=True),
}
paper = variant_claims.paper_mean()
finding = findings.Finding(2, "mean GFRE between variants of one architecture", paper, claims)
finding.record(data_folder())
shown = every[["kind", "name", "source", "n_pairs", "value", "low", "high"]]
display(shown[shown["kind"] != "part"].round(3).set_index(["kind", "source", "name"]))
findings.claims_table(finding)

# %% tags=["remove-cell"]
last_layers = panels["minis"].layer("last_layer") if panels["minis"] else {}
widths = {model: values.shape[1] for model, values in last_layers.items()}
facts = {
    "real_answer": words.of_published(real["gfre"]),
    "seed_answer": words.of_seeds(small["gfre"]),
    "apart_sentence": words.of_trained_apart(real["gfre"]),
    "task_answer": mixture_words.of_tasks(small["gfre"]),
    "parts_answer": mixture_words.of_parts(part_rows, swapped),
    "backbones_sentence": mixture_words.of_backbones(part_rows, swapped),
    "controls_sentence": mixture_words.of_controls(untrained["last_layer"], untrained["backbone"]),
    "local_sentence": words.of_local_seeds(small),
    "wider_sentence": words.of_wider_sources(small["gfre"], widths),
    "organic_sentence": words.of_organic(organic["gfre"]),
    "routing_sentence": mixture_words.of_routing(mixtures),
}
facts |= {f"{source}_kinds": words.of_kinds(every, source) for source in claims}
facts |= words.of_paper(every, finding)
for name, value in (facts | finding.facts()).items():
    glue(name, value if isinstance(value, str) else float(value), display=False)

# %% [markdown]
"""
## What changes when you turn the knobs

- `models="[paper]"` compares the paper's checkpoints by the same rules (a download, and leave of the authors for UMA).
- `minis` and `models` take any pair of tasks with a part swapped: `uma-s-1.1@omat:routing:omol` is the published
  UMA's omat with the routing of omol; `uma-mini@omol:expert:2` is a single expert with the embedding and head of omol.
- `split="atom"` is the paper's protocol; distances become a little smaller.
- `n_test`, `seed`: other test structures. The intervals tell how far the means then move.

## Checks

Facts that hold by construction, or by the models' own make; the page fails if one does not.
"""

# %%
for tables in (real, small, organic, untrained):
    for name, found in tables.items():
        assert name == "lfre" or np.isfinite(found.table.to_numpy(dtype=float)).all()
if "head" in (swapped.parts if swapped else {}):  # the head comes after the backbone
    assert parts["backbone"].between(swapped.parts["head"], swapped.base)[0] < 1e-3
for model, dataset in mixtures.items():  # softmax, and 0.005 for each expert
    total = dataset["routing"].sum("routing_channel")
    assert np.allclose(total, 1 + 0.005 * dataset.sizes["routing_channel"], atol=1e-4), model
print(f"{len(every)} rows of distances: checks passed")

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](../book/references.md).
"""
