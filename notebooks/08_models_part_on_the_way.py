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
# Through the layers: models part on the way

## The answer

{glue:text}`answer_parting:s` {glue:text}`answer_beyond:s` {glue:text}`answer_training:s`

:::{admonition} In plain words
:class: in-plain-words

A potential builds its description of an atom in steps: first only which element it is, then, round after round of
messages from the neighbors, where it sits, and at the very end what energy follows.
We look at the description after every step and ask at which steps two potentials say the same.
It is as with two cooks who get the same basket and must serve the same soup: the baskets are equal, the soups are
similar, and what stands on the stove in between is not.
:::

## What the paper says

{cite:t}`Chorna2025` take features at two places of a model only: the *backbone* that enters the energy head, and the
*last layer*. What happens before is not in the paper. {cite:t}`Edamadaka2025` find that representations of many
scientific models converge. Both look at the ends of models; here every step is on the table:
the embedding of the element, the features after every *interaction* (a round of messages between atoms), and the
last layer, which the readout makes of them.

One choice must be known. Many of these models are *equivariant*: beside plain numbers (scalars) they carry vectors and
tensors, which turn with the structure. **Here these enter as their norms**, one number per channel and per order l. So all features are
invariant (of PET nearly so), but a norm hides two things: where a vector points, and the angle between the vectors of two
channels. Two models could differ there without our seeing it, and a step that only turns vectors looks like no step at all.

## Parameters

Rerun this page with other models, structures or settings:
`lumlip run 08 -p models="[sevennet-0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz`.
"""

# %% tags=["parameters"]
models: list = [
    "chgnet-0.3.0",
    "sevennet-0",
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
]  # minis never trained, or from another seed; in no mean; or []
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
every: int = 3  # take every n-th structure; of a small set, more
split: str = "structure"  # what is kept whole: structure, atom, composition, parent
n_test: int = 1000  # test atoms; at most a fifth of all
n_bootstrap: int = 300  # resamples of the test structures
seed: int = 0  # of the split and the resamples
device: str = "auto"  # auto, cpu or cuda

# %% [markdown]
"""
## Data

Every third structure of [mini-mad](../book/structures.ipynb) by default, split as in
[chapter 01](01_different_latent_spaces.ipynb): whole structures are held out. Minis know fewer elements and get fewer
structures, so their numbers are not to be compared with those of published models in their digits.
"""

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

import lumlip
from chapters.depth import figures, neighborhoods, probing, reports, stages, words
from chapters.depth.paths import LAST_LAYER
from chapters.depth.study import DepthStudy, name, thinned
from chapters.shared.breakdown import mean_between
from chapters.shared.studies import studies_of
from lumlip.datasets.paper import chosen_models, paper_table
from lumlip.metrics.bootstrap import with_interval
from lumlip.plotting import style
from lumlip.zoo.relations import family_of

style.use_style()
frames = thinned(lumlip.structures(structures), every)
named = {"real": chosen_models(models, chapter=8), "minis": [*minis, *controls] if minis else []}
setting = {"by": split, "n_test": n_test, "seed": seed, "device": device}
studies = studies_of(DepthStudy.of, named, frames, layers=True, controls=controls, **setting)
options = {"n_bootstrap": n_bootstrap, "seed": seed}
found = {title: reports.StageReport(study, **options) for title, study in studies.items()}
main = words.first_set(studies)
pd.DataFrame(
    {
        model: pd.Series({figures.short(step): str(X.shape[1]) for step, X in path.items()})
        for study in studies.values()
        for model, path in study.paths.items()
    }
).T.fillna("").rename_axis("channels after step", axis=1)

# %% [markdown]
"""
## Within a model: what a step adds, what it forgets

Each cell of {numref}`fig-08-within` rebuilds one step of a model from another step of the same model, by one linear map.
Above the diagonal the map goes forward, as the model does: an error there is what the step *adds* (or bends beyond a linear
map). Below it goes backward: an error there is what has been *forgotten*. The first column is the element of the atom.
{glue:text}`forgetting:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-08-within", "caption": "GFRE (no unit) from each step of a model (row) to each other step (column): the embedding, the interactions by number, and the last layer. Above the diagonal forward, below it backward."}}
tables = {model: studies[main].within(model) for model in studies[main].models}
shown = dict(list(tables.items())[:4])
fig = plt.figure(figsize=(7.4, 0.8 + 2.9 * -(-len(shown) // 2)))
figures.within_maps(fig, shown)
plt.show()

# %% [markdown]
"""
## Between models: step against step

Models have different numbers of interactions, so they are compared at five stages: the embedding, the first, the middle and
the last interaction, and the last layer. (Of N interactions the middle one is number (N + 1) / 2, rounded down; a model
with two has its first there again.) That embeddings agree means little: a list of elements is easily translated.
{glue:text}`embedding:s`

The left column of {numref}`fig-08-between` takes features as they are. But how much of the early agreement is just
the element? In the right column, the mean of each element over the training atoms has been subtracted from all features, and
only what tells atoms of *one* element apart is left to be rebuilt.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-08-between", "caption": "Mean GFRE (no unit) between two models at the same stage, by what the two have in common, with 95 % intervals over test structures. Left: features as they are. Right: with the mean of each element taken out. Above: published models; below: minis."}}
shape = {"figsize": (7.4, 3.1 * len(studies)), "squeeze": False, "sharey": "row"}
fig, axs = plt.subplots(len(studies), 2, **shape)
for row, (title, report) in zip(axs, found.items(), strict=True):
    for ax, variation in zip(row, (reports.AS_THEY_ARE, reports.NO_ELEMENTS), strict=True):
        figures.stage_lines(ax, report.lines.get(variation, {}))
        ax.set_title(f"taken out: {variation}", fontsize=8.5)
    row[0].set_ylabel(f"GFRE, {words.TITLES[title]}")
    row[0].set_ylim(bottom=0)
    figures.kind_legend(row[1], report.pairs)
plt.show()

# %% [markdown]
"""
{glue:text}`seeds:s`

The last step deserves a test of its own. If models agree again at the end because the last layer is mostly *one* direction, the
energy, then that agreement must go away when each target's leading direction is taken out, too. The table has both; beside
them, what the features at each stage consist of. {glue:text}`energy_sentence:s`
"""

# %% tags=["hide-input"]
pd.concat({words.TITLES[title]: report.table() for title, report in found.items()})

# %% [markdown]
"""
Is it fair to compare first with first and last with last? {numref}`fig-08-stages` has all combinations. If every stage were a
language of its own that all models share, each column would be lowest on the diagonal.
{glue:text}`partner:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-08-stages", "caption": "Mean GFRE (no unit) between models of different families, from every stage of the source (row) to every stage of the target (column)."}}
maps = {words.TITLES[t]: report.table_of_stages for t, report in found.items() if report.families}
if maps:
    fig = plt.figure(figsize=(7.4, 3.4))
    figures.stage_maps(fig, maps)
    plt.show()

# %% [markdown]
"""
## Neighborhoods: dimension and information

Two measures that no linear map enters, on atoms drawn one per element and parent structure (copies by symmetry, and atoms of
rattled twins, would be anyone's nearest neighbors).

- The **intrinsic dimension** ({cite:t}`Facco2017`) counts along how many directions atoms spread around each
  other. In networks for images it rises first and falls to the end ({cite:t}`Ansuini2019`). {glue:text}`peaks:s`
- The **information imbalance** ({cite:t}`Glielmo2022`) asks whether nearest neighbors at one step are still near at another: 0 if so, 1 if
  neighbors there are as good as random. *Forth* asks whether the step foretells the last layer's neighbors, *back* the other
  way.

{glue:text}`imbalance:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-08-neighbors", "caption": "Against relative depth (0: embedding, 1: last interaction): intrinsic dimension with 95 % intervals from half-samples, and information imbalance from every step to the last layer (forth) and back (all without unit). Above: published models, below: minis; grey: controls."}}
dims = {t: neighborhoods.dimensions(study, seed=seed) for t, study in studies.items()}
inner = {t: neighborhoods.imbalances_within(study, seed=seed) for t, study in studies.items()}
fig, axs = plt.subplots(len(studies), 3, figsize=(7.4, 2.6 * len(studies) + 0.7), squeeze=False)
for row, (title, study) in zip(axs, studies.items(), strict=True):
    steps, look = {m: list(p) for m, p in study.paths.items()}, {"counted": study.models}
    figures.depth_lines(row[0], dims[title], steps, **look)
    figures.depth_lines(row[1], inner[title], steps, value="forth", **look)
    figures.depth_lines(row[2], inner[title], steps, value="back", **look)
    for ax, label in zip(
        row, ("intrinsic dimension", "imbalance forth", "imbalance back"), strict=True
    ):
        ax.set_ylabel(f"{label}, {words.TITLES[title]}")
for ax in axs[-1]:
    ax.set_xlabel("relative depth")
counted = [m for study in studies.values() for m in study.models]
greys = [m for study in studies.values() for m in study.paths if m not in study.models]
figures.model_legend(fig, counted, greys)
plt.show()

# %% [markdown]
"""
## What can be read off

[Linear probes](../book/methods.md) ask every step for things that have a name, on structures whose parents they have not seen: the element of
the atom, its coordination number, the volume per atom of bulk crystals, and the model's own energy per atom beyond composition.
{glue:text}`probes:s`.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-08-probes", "caption": "Scores of linear probes against relative depth (1 is perfect): balanced accuracy for the element, R² for the others, with 95 % intervals over structures of one parent. Dashed: what the element of the atom, or the composition, tells alone. Above: published models, below: minis; grey: controls."}}
probed = {t: probing.probe_steps(study, seed=seed) for t, study in studies.items()}
targets = list(dict.fromkeys(key[2] for scores, _ in probed.values() for key in scores))
if targets:
    size = (7.4, 2.3 * len(studies) + 0.7)
    fig, axs = plt.subplots(len(studies), len(targets), figsize=size, squeeze=False, sharey=True)
    for row, (title, (scores, alone)) in zip(axs, probed.items(), strict=True):
        study = studies[title]
        steps = {m: list(p) for m, p in study.paths.items()}
        for ax, target in zip(row, targets, strict=True):
            table = probing.score_table(scores, target)
            figures.depth_lines(ax, table, steps, counted=study.models)
            ax.axhline(alone.get(target, np.nan), color="#777777", ls="--", lw=1, zorder=0)
            ax.set(ylim=(-0.35, 1.05), xlabel=target if ax in axs[-1] else "")
        row[0].set_ylabel(f"score, {words.TITLES[title]}")
    figures.model_legend(fig, counted, greys)
    plt.show()

# %% [markdown]
"""
## Paper against here

The paper has two of our stages: its backbones are what leaves the last interaction (of MACE, of all interactions), and its last
layers are ours. Between its four families, the mean GFRE is {glue:text}`paper_backbone:.2f` for backbones and
{glue:text}`paper_last:.2f` for last layers on the MAD test set; here it is {glue:text}`here_real:s` for published models and
{glue:text}`here_minis:s` for minis.

What differs: the models, the structures, the split (atoms against whole structures), and that our last interaction holds norms
of vectors and tensors, which never enter an energy head. Numbers for the stages before are not published.
"""

# %% tags=["hide-input"]
against = pd.DataFrame(index=["first", "middle", "last", "last layer"])
published = {
    stage: mean_between(paper_table(f"cross_model/{layer}/MAD-test", "gfre"))
    for stage, layer in (("last", "backbone"), ("last layer", "last_layer"))
}
against["paper"] = pd.Series(published).map("{:.2f}".format)
for title, report in found.items():
    if report.families:
        rows = report.lines[reports.AS_THEY_ARE][stages.FAMILIES].loc[against.index]
        against[f"{words.TITLES[title]}, here"] = rows.apply(with_interval, axis=1)
against.rename_axis("mean GFRE between families").fillna("not published")

# %% tags=["remove-cell"]
study, title, families = studies[main], words.TITLES[main], found[main].families
options = [{"within_elements": choice, "seed": seed} for choice in (False, True)]
by_stage = neighborhoods.imbalance_by_stage
imbalances = [by_stage(study, families, **one) if families else None for one in options]
of_element = neighborhoods.neighbors_of_one_element(study, seed=seed)
scores = {t: probing.score_table(probed[main][0], t) for t in targets}
facts = {
    "answer_parting": words.parting(found[main], title),
    "answer_beyond": words.beyond(found[main], title),
    "answer_training": words.training(found.get("minis")),
    "seeds": words.seeds(found.get("minis")),
    "forgetting": words.forgetting(tables),
    "embedding": words.embedding(found[main]),
    "peaks": words.peaks(dims[main], study.models),
    "partner": words.partner(found),
    "imbalance": words.imbalance(*imbalances, of_element),
    "energy_sentence": words.energy_sentence(studies),
    "probes": words.probes(scores, study.models),
    **{f"here_{t}": words.two_ends(found.get(t), words.TITLES[t]) for t in words.TITLES},
    "paper_backbone": published["last"],
    "paper_last": published["last layer"],
}
for key, value in facts.items():
    glue(key, value, display=False)

# %% [markdown]
"""
## What changes when you turn the knobs

- `every=1` takes all structures: intervals shrink, and the models take three times as long.
- `split="atom"` is the paper's protocol.
- `models` may name any of the published ones; two of the same family show how far variants part on the way.
- `controls` may name any mini that was never trained, or trained from another seed.

## Checks

Facts that hold by construction; the page fails if one does not.
"""

# %%
for study in studies.values():
    determined = len(study.train) > 2000  # else a map to itself need not come out exact
    itself = np.sqrt(np.square(np.diagonal(study.errors.to_numpy(), axis1=0, axis2=1)).mean(axis=0))
    places = [
        i for i, key in enumerate(study.errors["source"].to_numpy()) if "embedding" not in key
    ]
    assert itself[places].max() < 1e-2 or not determined
    for model, path in study.paths.items():
        embedding = path["embedding"]
        for z in np.unique(study.numbers):  # an element is one point there
            assert np.ptp(embedding[study.numbers == z], axis=0).max() == 0, model
        assert np.array_equal(path[LAST_LAYER], study.panel.layer("last_layer")[model])
        if family_of(model) == "sevennet" and determined:  # its head is linear
            steps = name(model, list(path)[-2]), name(model, LAST_LAYER)
            head = study.errors.sel(source=steps[0], target=steps[1])
            assert float((head**2).mean() ** 0.5) < 1e-2, model
print(f"{sum(len(s.paths) for s in studies.values())} models, step by step: checks passed")

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](../book/references.md).
"""
