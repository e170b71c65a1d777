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
# The backbone knows more than the last layer

## The answer

{glue:text}`answer_within:s` {glue:text}`answer_between:s` {glue:text}`answer_content:s`

:::{admonition} In plain words
:class: in-plain-words

A potential first writes down a long description of the surroundings of an atom, the backbone, and then a
second one, the last layer, from which it adds up the energy.
The second is more easily worked out from the first than the first from the second: what the energy does not need,
such as which element the atom is, fades on the way.
It is as with a shopping list and its receipt: the total follows from the list, but from the total alone no one can
tell what is in the bag.
:::

## What the paper says

{cite:t}`Chorna2025` take features at two places: the *backbone*, the invariants that enter the energy head, and the
*last layer*, which the final linear map turns into the energy. They report two things.
Within a model, the last layer is rebuilt from the backbone better than the backbone from the last layer.
Between models, backbones agree better than last layers do.
They conclude that the backbone holds information that the head drops.
Two checks are missing there: whether this is more than a matter of the number of channels, for the last layer
is often the narrower one, and which information it is. Both are made here.

In what follows, *forth* is the way from the backbone to the last layer, the one that the model itself goes, and
*back* is the way from the last layer to the backbone.

## Parameters

Rerun this page with other models, structures or settings:
`lumlip run 04 -p models="[sevennet-0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz`.
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
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
    "uma-mini@omol",
]  # small models trained by this project, shown apart; [] for none
untrained: list = ["mace-mini-untrained", "pet-mini-untrained"]  # controls, in no mean; or []
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
probe_structures: str = "labelled"  # for the probes: those with forces of SevenNet-0, a set, a file
probe_every: int = 2  # of the probes' structures, take every n-th
split: str = "structure"  # what is kept whole: structure, atom, composition, parent
n_test: int = 1000  # test atoms; at most a fifth of all
n_neighbors: int = 64  # train atoms in a neighborhood (LFRE); at most a quarter of all
local_every: int = 4  # of the test atoms, every n-th has a local error: it takes long
n_bootstrap: int = 500  # resamples of the test structures
seed: int = 0  # of the split and the resamples
device: str = "auto"  # auto, cpu or cuda

# %% [markdown]
"""
## Data

Structures, split and scaling are those of [chapter 01](01_different_latent_spaces.ipynb): whole structures are held
out. Minis know fewer elements than the published models and get the structures that all of them take. Numbers of
published models and of [minis]{.mini} are therefore not to be compared in their digits.
"""

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

from chapters.layers import claims as knows_more
from chapters.layers import errors as layers
from chapters.layers import figures, intervals, words
from chapters.layers import tables as layer_reports
from chapters.layers.probing import probe_layers, structures_to_probe
from chapters.layers.study import LayerStudy, kinds_of
from chapters.shared import breakdown
from chapters.shared.headlines import LINEAR
from chapters.shared.studies import studies_of
from lumlip.book import findings
from lumlip.book.chapters import data_folder
from lumlip.choices import LAYERS
from lumlip.datasets.paper import chosen_models, paper_rows, paper_table
from lumlip.extraction.panel import panel_if_any
from lumlip.plotting import style
from lumlip.zoo.relations import family_of

style.use_style()
options = {"n_bootstrap": n_bootstrap, "seed": seed}
named = {"real": chosen_models(models, chapter=4), "minis": [*minis, *untrained] if minis else []}
setting = {"by": split, "n_test": n_test, "seed": seed, "device": device}
studies = studies_of(LayerStudy.of, named, structures, controls=untrained, **setting)
kinds = kinds_of(studies)

# %% [markdown]
"""
## Back and forth within a model

The head of a model is a function of its backbone, so that forth the error is small if this function is close to
linear. In some families it is *exactly* linear, and the error forth is zero by construction: that says nothing about
what was learned, and these models are left out of the means.

| family | from backbone to last layer |
| --- | --- |
| CHGNet | two hidden layers of the readout network |
| SevenNet | **one linear map**, no activation: zero by construction |
| DIEP | the hidden layers of a gated network, value and gate side by side; wider than the backbone |
| MACE | scalars of the first layer as they are, those of the last through one hidden layer |
| PET | one network on the atom, one on each of its *edges*, and then the sum over edges: not a function of the backbone, which has the sum already |
| DPA | hidden layers of the fitting network |
| UMA | two hidden layers of the energy block |
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-04-within", "caption": "Error back against error forth, one point per model (GFRE, no unit) with 95 % intervals over test structures. On the line, both layers rebuild each other equally well; above it, the backbone holds what the last layer lacks. Points on the left edge are models with a linear head. Grey crosses: the paper's PET and UMA models on the MAD test set."}}
rows = {
    way: pd.concat(
        [
            intervals.rms_rows(s.within.sel(direction=way), s.groups, **options)
            for s in studies.values()
        ]
    )
    for way in layers.DIRECTIONS
}
published = paper_rows("last_layer_vs_backbone")
published["forth"], published["back"] = published["gfre_bb_to_ll"], published["gfre_ll_to_bb"]
fig, ax = plt.subplots(figsize=(6.6, 4.2))
figures.back_against_forth(ax, rows, kinds, published[["forth", "back"]])
plt.show()

# %% [markdown]
"""
A map fitted anew around each atom (LFRE) may bend from place to place, so it forgives a head that is not linear.
{glue:text}`local_sentence:s` What it does not bring back was not merely bent by the head.
(With fewer neighbors than channels, even a linear head has an LFRE above zero.)
"""

# %% tags=["hide-input"]
every = {"every": max(1, local_every)}
local = {name: s.local(n_neighbors=n_neighbors, **every) for name, s in studies.items()}
shown = [layer_reports.within_table(s, local[n], **every, **options) for n, s in studies.items()]
pd.concat(shown, keys=studies, names=["models"])

# %% [markdown]
"""
## Is it only the width?

A long list is harder to rebuild than a short one, and easier to rebuild from. So both layers are cut to the same
number of channels, that of the narrower one: by principal components of the training atoms, which keep as much of
the variance as possible, or by random directions. Only models whose layers differ in width change.
SevenNet's head stays linear, but a cut backbone no longer holds all that it needs.
The untrained twins are the second control: what is harder before training is the work of the architecture.

{glue:text}`cut_sentence:s` {glue:text}`twins_sentence:s`

What is an asymmetry, then, between layers of one width? If every direction had the same variance on both sides, the
two errors would be equal by construction: each is what the canonical correlations of the layers leave. So
what remains of a difference at one width is a matter of *weight*: a layer that puts most of its variance into few
directions is easily rebuilt, and can rebuild little.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-04-width", "caption": "How much harder the way back is: GFRE back minus GFRE forth (no unit) with 95 % intervals over test structures. Filled: the layers as they are; open: both at the width of the narrower one. Names in italics: minis and their untrained twins."}}
cuts = {name: {how: s.cut(how) for how in ("pca", "random")} for name, s in studies.items()}
excess = {"as they are": [], "cut by PCA": [], "cut at random": []}
for name, study in studies.items():
    errors = (study.within, cuts[name]["pca"], cuts[name]["random"])
    for how, found in zip(excess, errors, strict=True):
        if found is not None:
            excess[how].append(intervals.excess_rows(found, study.groups, **options))
excess = {how: pd.concat(tables) for how, tables in excess.items() if tables}
fig, ax = plt.subplots(figsize=(6.4, 0.9 + 0.3 * len(kinds)))
figures.excess_plot(ax, excess, kinds)
plt.show()

# %% [markdown]
"""
## Between models

If backbones hold more, one might expect that the backbone of one model holds the last layer of another.
{numref}`fig-04-cross` shows this: {glue:text}`cross_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-04-cross", "caption": "GFRE (no unit) from the backbone of the row's model to the last layer of the column's. The diagonal is the way forth within each model. White lines part the families."}}
main = studies.get("real", next(iter(studies.values())))
cross = intervals.root_mean_square(main.tables["backbone", "last_layer"]).to_pandas()
style.heat_map_figure(cross, metric="gfre", diagonal=True, figure=plt.figure())
plt.show()

# %% [markdown]
"""
## One direction carries the last layer

GFRE weighs every direction of the target by its variance. {numref}`fig-04-directions` counts over how many directions
that is spread. {glue:text}`energy_real:s` {glue:text}`energy_minis:s` So an error between two such last layers
says little more than how well the two models agree about the *energy* of an atom, and energies is what all of them
were trained on. To see whether this decides the comparison of layers, the leading directions of
every target are taken out ({numref}`fig-04-directions`, right), from backbones and last layers alike.
What is left has extreme atoms that a root mean square follows, so the typical atom is given beside it.

{glue:text}`stripped_real:s` {glue:text}`stripped_minis:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-04-directions", "caption": "Left: effective number of directions (participation ratio of the variances, logarithmic) of the backbone, filled, and of the last layer, open. Right: mean GFRE between families (no unit) after the leading directions of each target were taken out, with 95 % intervals. Dashed: the typical atom, its median error over the median distance of the target from its mean."}}
steps = [0, 1, 4]
spectra = {name: layer_reports.spectra(s) for name, s in studies.items()}
stripped = {name: layer_reports.stripped(s, steps, **options) for name, s in studies.items()}
drawn = {words.TITLES[name]: table for name, table in stripped.items() if len(table)}
fig = plt.figure(figsize=(7.4, 0.9 + 0.24 * len(kinds)))
columns = fig.subfigures(1, 2, width_ratios=[1.15, 1]) if drawn else [fig]
figures.directions_plot(columns[0].subplots(), pd.concat(spectra.values()), kinds)
if drawn:
    figures.stripped_panels(columns[1], drawn)
plt.show()

# %% [markdown]
"""
## What the head drops

Linear probes ask both layers for things that have a name. A probe is a ridge regression, or a ridge classifier,
tested on structures whose parents it has not seen (`lumlip.metrics.probes`, five folds). By default the structures are
those that the minis were validated on, none of which any mini has seen, with forces of SevenNet-0: all models are
asked for the same forces.

- **Element** of the atom, scored by the accuracy averaged over elements.
- **Coordination number**: neighbors closer than 1.1 times the sum of the covalent radii.
- **Volume per atom**, as a logarithm, of bulk crystals (no empty layer of 7 Å or more), from the features averaged
  over the atoms.
- **Force magnitude** on the atom in eV/Å.
- **Energy beyond composition**: the model's own energy per atom minus its best linear function of the composition,
  from the averaged features. Here, the probe gets the composition for free. By construction the last layer knows this
  (nearly, if the head is gated), so it is the scale for the others.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-04-probes", "caption": "Scores of linear probes on the backbone (filled) and on the last layer (open); 1 is perfect. Broad bars: 95 % intervals over groups of structures with the same parent. Dashed: what the element of the atom, or the composition of the structure, tells alone; dotted: the mean, or the most frequent element. Names in italics: minis and their untrained twins."}}
everyone = [m for m in kinds if m not in untrained] + [m for m in kinds if m in untrained]
frames = structures_to_probe(probe_structures)[:: max(1, probe_every)]
probed = panel_if_any(everyone, frames, device=device)
print(probed.report() if probed else "no structure for all models: no probes")
scores = probe_layers(probed, seed=seed) if probed else {}
if scores:
    n_shown = len(probed.datasets)
    fig = plt.figure(figsize=(7.4, 1.2 + 0.42 * n_shown))
    figures.probe_panels(fig, scores, {m: kinds[m] for m in everyone})
    plt.show()

# %% [markdown]
"""
{glue:text}`probe_real:s` {glue:text}`probe_minis:s`

{glue:text}`gains:s` Such a gain is possible where the head bends what the backbone holds, or where the last layer is
not a function of the backbone at all: PET's head works on every edge before it sums over the edges, while the
backbone has been summed first.

{glue:text}`training:s` So random features already tell most of what the structure alone determines; what training adds
stands in the difference. (The energy of an untrained model is a random function, and a small one: its
score says only that it is nearly linear in the features.)

## Paper against here

In the paper's table of layers, the way back is harder by {glue:text}`paper_excess:.2f` on average over
{glue:text}`paper_n:d` models: by {glue:text}`paper_excess_pet:.2f` for PET and by {glue:text}`paper_excess_uma:.2f` for
UMA, where {glue:text}`paper_uma_other:d` of {glue:text}`paper_uma_n:d` tasks go the other way. The general statement thus
rests on PET. Here it is {glue:text}`excess_real:s` for published models and {glue:text}`excess_minis:s` for minis.
Between families, the paper has {glue:text}`paper_backbone:.2f` for backbones and {glue:text}`paper_last:.2f` for last
layers; here they are {glue:text}`pair_real:s` for published models and {glue:text}`pair_minis:s` for minis.

{glue:text}`why_sentence:s`

What differs beside the models: the structures (MAD test set against mini-mad) and the split (atoms against whole
structures). The paper has no intervals, no cut to one width and no probes.
"""

# %% tags=["hide-input"]
between = {name: layer_reports.between_families(s, **options) for name, s in studies.items()}
against = pd.DataFrame(index=pd.MultiIndex.from_product([LAYERS] * 2, names=["source", "target"]))
for layer in LAYERS:
    mean = breakdown.mean_between(paper_table(f"cross_model/{layer}/MAD-test", "gfre"))
    against.loc[(layer, layer), "paper"] = f"{mean:.2f}"
for name in between:
    title = "published models, here" if name == "real" else f"{name}, here"
    against[title] = intervals.as_text(between[name])
against.fillna("not published")

# %% [markdown]
"""
Does the finding hold? {ref}`The rule <verdicts>` asks for three things, each with its whole
interval on the right side: for published models the finding {glue:text}`real_verdict:s`, for minis it {glue:text}`minis_verdict:s`.
"""

# %% tags=["hide-input"]
claims = {name: knows_more.claims(study, **options) for name, study in studies.items()}
statistic = "GFRE last layer to backbone minus the other way"
finding = findings.Finding(
    4, statistic, float((published["back"] - published["forth"]).mean()), claims
)
finding.record(data_folder())
findings.claims_table(finding)

# %% tags=["remove-cell"]
counted = {name: table.loc[studies[name].models] for name, table in spectra.items()}
facts = {
    **finding.facts(),
    "answer_within": words.within(studies),
    "answer_between": words.between(between, claims),
    "answer_content": words.content(counted, scores),
    "local_sentence": words.local(studies, local),
    "cut_sentence": words.cut(claims, studies),
    "twins_sentence": words.twins(studies.get("minis"), untrained),
    "cross_sentence": words.cross(between),
    "gains": words.gains(scores, controls=untrained),
    "training": words.training(scores, untrained),
    "why_sentence": words.why(stripped.get("real")),
}
for name, title in words.TITLES.items():
    own = studies[name].models if name in studies else []
    facts[f"energy_{name}"] = words.leading(counted.get(name), title)
    facts[f"stripped_{name}"] = words.stripped(stripped.get(name), title)
    facts[f"probe_{name}"] = words.probes(scores, own, title)
    facts[f"excess_{name}"] = words.number_of(claims, name, 0)
    facts[f"pair_{name}"] = words.pair_of(between, name)
facts |= words.of_paper(published["back"] - published["forth"])
for name, value in facts.items():
    glue(name, value if isinstance(value, (str, int)) else float(value), display=False)

# %% [markdown]
"""
## What changes when you turn the knobs

- `split="atom"` is the paper's protocol. `split="parent"` also keeps structures derived from the same one together.
- `n_neighbors` and `local_every` touch the LFRE only.
- `probe_structures` may be a set or a file. Forces are asked for only if all structures carry them, as an array
  `forces` or `ref_forces`.
- `probe_every=1` takes all structures: intervals shrink, and models take twice as long.
- `minis` may name any of the minis, such as `mace-mini-half` and `mace-mini-double`, to see what the width does.

## Checks

Facts that hold by construction; the page fails if one does not.
"""

# %%
for study in studies.values():
    forth = intervals.root_mean_square(study.within.sel(direction="forth"))
    determined = len(study.train) > 2000  # else a map to itself need not come out exact
    for model in study.models if determined else ():
        if family_of(model) == "sevennet":
            assert float(forth.sel(model=model)) < LINEAR, model
    for layer in LAYERS:
        itself = intervals.root_mean_square(study.tables[layer, layer]).to_numpy()
        assert np.diag(itself).max() < 1e-3 or not determined
    held, fitted = (study.panel.atoms["structure"].to_numpy()[i] for i in (study.test, study.train))
    assert not set(held) & set(fitted) or split == "atom"
for (model, name, target), score in scores.items():
    assert np.isfinite(score.value), (model, name, target)
    assert score.value <= 1
print(f"{len(studies)} panels, {len(scores)} probes: checks passed")

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](../book/references.md).
"""
