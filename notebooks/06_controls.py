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
# Is it real? Most findings survive in part

## The answer

{glue:text}`answer_survival:s` {glue:text}`answer_seeds:s` {glue:text}`answer_blind:s`

:::{admonition} In plain words
:class: in-plain-words

A number means something only beside what it would be if there were nothing to find, and only if it does not hang on
the way it was measured.
So we measure every finding again in other ways, and put features beside it that nobody trained: a formula, the bare
list of elements, random numbers, networks before their first lesson, and the same network taught twice.
It is as with a new medicine: that patients get well is not enough, until one knows how many get well on sugar pills,
and whether another clinic counts the same.
:::

## What the paper says

{cite:t}`Chorna2025` report five findings, which chapters 01 to 05 repeat with other models.
They have one split, by atom, with one seed; one regressor; one scaling; local errors with as many neighbors as the
narrower features have columns; and no features that know nothing, except one untrained network.
The published script also numbers the elements that DPA gets by the alphabet; whether the published features were made so
is not known. None of that makes a finding wrong. It leaves open how much of each number is due to the models, and how much to the way of
measuring. Here every finding goes through robustness checks, by {ref}`a rule <survival>` that a program applies.

## Parameters

Rerun this page with other models, structures or settings:
`lumlip run 06 -p models="[sevennet-0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz`.
"""

# %% tags=["parameters"]
models: list = [
    "chgnet-0.3.0",
    "chgnet-r2scan",
    "sevennet-0",
    "sevennet-l3i5",
    "sevennet-mf-0@PBE",
    "sevennet-mf-0@R2SCAN",
    "diep-matpes-r2scan",
]  # model ids, see `lumlip models`; or paper: the published study's
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # small models trained by this project, shown apart; [] for none
controls: list = [
    "mace-mini-untrained",
    "pet-mini-untrained",
    "mace-mini-seed2",
    "pet-mini-seed2",
]  # untrained twins and other seeds of the minis; [] for none
tuned: list = ["mace-mini", "pet-mini"]  # minis with fine-tuned ones, if among the minis
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
tuning: str = "mini-lps"  # structures of the fine-tuned minis
n_test: int = 1000  # test atoms; at most a fifth of all
neighbors: list = [8, 16, 32, 64, 128, 256, 512]  # sizes of the neighborhood (LFRE)
local_every: int = 10  # of the test atoms, every n-th has a local error: it takes long
n_bootstrap: int = 500  # resamples of the test structures
seed: int = 0  # of the splits, the baseline features and the resamples
device: str = "auto"  # auto, cpu or cuda

# %% [markdown]
"""
## Data

Structures, scaling and metrics are those of [chapter 01](01_different_latent_spaces.ipynb), and so is the split where nothing
else is said: whole structures are held out. Published models are tried on all structures. Where they stand beside
[minis]{.mini}, which know fewer elements, all get the structures that all of them take.
"""

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
from myst_nb import glue

from chapters.controls import baselines as knowledge
from chapters.controls import element_numbering, figures, noise_floor, robustness, sweeps, words
from chapters.controls.checks import all_checks
from chapters.shared import baselines, headlines
from chapters.shared.lineage import lineages
from chapters.shared.variations import VARIATIONS, Variation, sample_of_atoms
from lumlip.datasets.paper import chosen_models, paper_table
from lumlip.extraction.panel import panels_of
from lumlip.metrics.bootstrap import interval
from lumlip.plotting import style
from lumlip.plotting.intervals import interval_plot
from lumlip.zoo.relations import first_of_families

style.use_style()

# %% tags=["hide-input"]
draws = {"n_bootstrap": n_bootstrap, "seed": seed, "device": device}
published = chosen_models(models, chapter=6)
wrong = element_numbering.misnumbered([*published, *minis])
every = list(dict.fromkeys([*published, *minis, *controls, *wrong]))
named = {"real": published, "minis": minis, "all": every}
panels = panels_of({k: v for k, v in named.items() if v}, structures, device=device)
panel = panels.pop("all")
lines, ran = lineages([m for m in tuned if m in minis], tuning, n_steps=0, device=device)
print(ran)

# %% [markdown]
"""
## How far apart is the same model?

Before a distance between two models can mean anything, one must know how far apart two models are that should not
differ. {numref}`fig-06-floor` sets the floor: two trainings of one mini that differ in nothing but the random seed.
{glue:text}`seed_sentence:s`
A caveat: the floor is that of minis, for nobody publishes two seeds of a universal potential. A larger network trained for longer may
be easier to repeat. The variants of published models are no seeds: they differ in training data, functional or size, but some
of them start from the weights of another.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-06-floor", "caption": "Mean GFRE (no unit, last layer) between models that share more and more, with 95 % intervals over test structures. Blue: published models; orange: minis; grey: with a network that was not trained."}}
plain = Variation(by="structure")
sample = sample_of_atoms(panel.atoms, variation=plain, n_test=n_test, seed=seed)
learned = panel.layer("last_layer")
together = sample.distances(learned, variation=plain, **draws)
rows = noise_floor.floor_rows(together, published, minis, controls)
fig, ax = plt.subplots(figsize=(6.2, 0.8 + 0.28 * len(rows)))
interval_plot(ax, rows, label="mean GFRE")
plt.show()

# %% [markdown]
"""
## What features that know nothing tell

A control source has seen no energy and no force: random numbers; the element of the atom; with it the composition of its
structure; SOAP {cite:p}`Bartok2013`, a fixed formula of the surroundings, whose many pairs of elements are
compressed {cite:p}`Willatt2018`; a random network on top of these; and the untrained minis.
How well do they rebuild learned features ({numref}`fig-06-baselines`)?

{glue:text}`blind_real:s` {glue:text}`width_real:s` {glue:text}`blind_minis:s`

Does another model tell no more than the formula, then? {glue:text}`beyond_sentence:s`
None of this is an objection to the finding that models differ. It is one to reading an error between two models, low or high,
without knowing what features leave that have learned nothing.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-06-baselines", "caption": "Mean GFRE (no unit) from sources of all kinds to the last layers of published models (left) and of minis (right), with 95 % intervals over test structures. Grey: sources that learned nothing; dotted: as bad as the mean."}}
known = baselines.baseline_features(
    panel.structures, panel.atoms["structure"].to_numpy(), seed=seed
)
column = int(np.median([X.shape[1] for X in learned.values()]))
known = knowledge.with_cut(known, sample, width=column)
tables = knowledge.table_of_controls(learned, known, sample, **draws)
one_each = {m: learned[m] for m in first_of_families(published) if m in learned}
gained = knowledge.added(one_each, known, sample, **draws)
targets = {"published models": published, "minis": minis}
kinds = {"minis": minis, "controls": [*controls, *wrong]}
from_all = {
    name: knowledge.source_rows(tables, together, some, **kinds) for name, some in targets.items()
}
figures.two_interval_plots(plt.figure(), from_all)
plt.show()

# %% [markdown]
"""
And the other way around: what do learned features tell of what is there without learning? Below is the mean GFRE
from last layers to such features. With the element, for example, zero would mean that a linear map gives back which element an
atom is.
"""

# %% tags=["hide-input"]
sources = {**targets, "untrained minis": [m for m in controls if "untrained" in m]}
back = {
    name: {
        t: interval(knowledge.mean_of(tables["to baselines"], some, [t])) for t in knowledge.TARGETS
    }
    for name, some in sources.items()
}
knowledge.as_text(back)

# %% [markdown]
"""
## How many neighbors, how many atoms?

The paper takes as many neighbors for a local map as the narrower features have columns. That is just where the map
begins to be determined. {glue:text}`neighbor_sentence:s`
Nor is a global map beyond doubt if it was fitted to few atoms. {glue:text}`train_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-06-sweeps", "caption": "Left: mean LFRE between families of published models (no unit; one model of each family) against the number of neighbors, with its 95 % interval, on a part of the test atoms; grey: fewer neighbors than source columns. Right: mean GFRE of the same models against the number of train atoms, and a curve a + b / nᶜ fitted to the filled points."}}
main = next(iter(panels.values()))
firsts = first_of_families(list(main.datasets))
features = {m: X for m, X in main.layer("last_layer").items() if m in firsts}
widths = [X.shape[1] for X in features.values()]
split = sample_of_atoms(main.atoms, variation=plain, n_test=n_test, seed=seed)
local = sweeps.by_neighbors(features, split, neighbors, every=local_every, **draws)
whole = sweeps.global_on_part(features, split, every=local_every, device=device)
of_atom = main.atoms["structure"].to_numpy()
shares = [1 / 32, 1 / 16, *np.geomspace(1 / 8, 1, 7)]
train, curves = sweeps.by_train(features, split, of_atom, shares, **draws)
used = sweeps.determined(train.index, features)
limit, slope = (
    f(train.index[used], curves[used]) for f in (sweeps.limit_with_interval, sweeps.per_doubling)
)
curve = sweeps.fitted(train.index[used], train["value"][used]) if used.sum() > 3 else None
fig, axs = plt.subplots(1, 2, figsize=(7.4, 3.3))
figures.neighbor_curves(axs[0], local, widths=widths, gfre=whole[0])
figures.train_curve(axs[1], train, curve, fitted=list(train.index[used]))
plt.show()

# %% [markdown]
"""
## Every finding, measured in ten ways

Each finding has one headline number ({ref}`the rule <survival>` lists them). It is measured again with other splits; with
Tikhonov's ridge, or no penalty at all, in place of the truncated map; with every column scaled to the same
variance, or whitened, so that every direction counts the same; and with half of the train structures
({numref}`fig-06-robustness`). Below the line stand the controls, each as a difference that is to be positive.

{glue:text}`outlier_sentence:s` {glue:text}`few_sentence:s`

{glue:text}`one_hot_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-06-robustness", "caption": "Headline number of each finding (no unit) under every variation, with 95 % intervals over test structures; dashed: its bound. Below the line: the same number minus that of a control; dashed: zero. Open: the whole interval does not lie beyond the bound. Arrows: beyond the frame. Missing rows are no variation of that finding, or the same as its own split."}}
checks = all_checks(panels, lines, together, variations=VARIATIONS, n_test=n_test, **draws)
figures.check_panels(plt.figure(), checks)
plt.show()

# %% [markdown]
"""
The numbers behind the figure; a star marks those whose interval is not beyond the bound.
"""

# %% tags=["hide-input", "hide-output"]
robustness.numbers_table(checks)

# %% [markdown]
"""
## Numbered by the alphabet

DPA knows an element by its place in the list of its own. The published script gives every structure a
list of its own, in alphabetical order: water's hydrogen and oxygen then get the numbers of the list's first two elements. We
do the same to a DPA mini, which leaves its weights alone.

{glue:text}`numbering_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-06-numbering", "caption": "GFRE (no unit, last layer) from DPA (left) and to it (right), by the other model; filled: elements numbered by the model's own list; open: by the alphabet, structure by structure. Orange: minis."}}
moved = element_numbering.moved(together, [*published, *minis])
if len(moved):
    figures.numbering_plot(plt.figure(), moved, minis=minis)
    plt.show()

# %% [markdown]
"""
## Does it survive?

A finding *survives* if its headline claim holds in every way of measuring and against its controls, *in part* if it holds as
it stands and in at least half of the ways.
"""

# %% tags=["hide-input"]
robustness.robustness_table(checks)

# %% [markdown]
"""
## Paper against here

The paper prints no controls to set ours beside, except an untrained PET. What can be compared are the numbers that the controls
are about. In the paper's table of last layers, a local error exceeds the global one in {glue:text}`paper_worse:s`
of the published pairs with both: its neighborhoods are as large as the narrower features are wide.
DPA is the worst target there, with {glue:text}`paper_to_dpa:.2f` on average, and the others' mean is
{glue:text}`paper_to_others:.2f`; the DPA mini is so, too, with right numbers.
"""

# %% tags=["hide-input"]
paper = paper_table("cross_model/last_layer/MAD-test", "gfre")
sides = words.asymmetries(moved, paper)
words.beside_paper(paper, moved, sides)

# %% tags=["remove-cell"]
changes = {
    way: element_numbering.change(together, [*published, *minis], way)
    for way in ("from DPA", "to DPA")
}
part = tables["from baselines"]
facts = {
    **robustness.facts(checks),
    **words.of_paper(paper),
    "answer_survival": words.robustness(checks),
    "answer_seeds": words.seeds(together, minis, controls),
    "seed_sentence": words.seeds_and_families(together, published, minis, controls),
    "beyond_sentence": words.beyond(gained),
    "neighbor_sentence": words.neighbors(local, whole, widths),
    "train_sentence": words.train_size(train, slope, limit, train.index[used]),
    "outlier_sentence": words.outliers(checks),
    "few_sentence": words.few_columns(main.layer("last_layer"), split.train),
    "one_hot_sentence": words.one_hot(checks),
    "numbering_sentence": words.numbering(changes, element_numbering.own_change(together), sides),
}
for name, some in {"real": published, "minis": minis}.items():
    title = "published models" if name == "real" else "minis"
    other = knowledge.from_others(together, some, some)
    whole, cut = (knowledge.mean_of(part, [s], some) for s in (baselines.ALL, knowledge.CUT))
    facts[f"blind_{name}"] = words.against(other, whole, title)
    facts[f"width_{name}"] = words.width(whole, cut, column)
facts["answer_blind"] = f"{facts['blind_real']} {facts['beyond_sentence']}"
for name, value in facts.items():
    glue(name, value if isinstance(value, (str, int)) else float(value), display=False)

# %% [markdown]
"""
## What changes when you turn the knobs

- `models`, `minis`, `controls`: without controls there is no floor, and findings 1 and 2 have nothing to be held against.
- `tuned`: minis whose fine-tuned relatives exist; `tuning` is what they were tuned on.
- `neighbors`, `local_every`: the sweep of the local error; with all test atoms the curve is smoother.
- `n_test`, `seed`: other test structures. Where a bound is near, such as that of finding 1 when split by composition, another draw
  may put the interval on the other side.
- `structures`: with few atoms the curves of train sizes are left out.

## Checks

Facts that hold by construction; the page fails if one does not.
"""

# %%
numbers = panel.atoms["atomic_number"].to_numpy()
element = {"element": baselines.one_hot(numbers)}
both = headlines.cumulants_of(element, panel)["element"]
share, spread = (
    both[:, i * element["element"].shape[1] :][:, : element["element"].shape[1]] for i in (0, 1)
)
assert np.allclose(
    spread**2, share * (1 - share)
)  # all that the mean of one-hot elements leaves open
random = knowledge.mean_of(part, [baselines.NOISE], list(learned))[0]
assert random > 0.85 or len(sample.train) < 2000, "random numbers tell something"
for claim in (claim for check in checks for claim in check.tested.values()):
    assert claim.low <= claim.high
assert len(checks) == len({(check.finding, check.models) for check in checks})
print(f"{len(checks)} trials, {len(known)} blind sources: checks passed")

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](../book/references.md).
"""
