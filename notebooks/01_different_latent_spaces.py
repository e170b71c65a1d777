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
# Different potentials, different latent spaces

## The answer

Rebuilt by one linear map from the features of {glue:text}`another:s`, the {glue:text}`layer_name:s`
features of a universal potential keep a GFRE of **{glue:text}`mean_gfre:.2f`** on average
(interval {glue:text}`mean_gfre_low:.2f` to {glue:text}`mean_gfre_high:.2f`; single pairs from
{glue:text}`min_gfre:.2f` to {glue:text}`max_gfre:.2f`): the map recovers
**{glue:text}`explained:.0f` %** of their variance{glue:text}`within_clause:s`.
A map fitted anew around every atom {glue:text}`local_verb:s` the error of the median atom from
{glue:text}`median_gfre:.2f` to {glue:text}`median_lfre:.2f`. The LFRE, a root mean square over all atoms, is
{glue:text}`mean_lfre:.2f` ({glue:text}`mean_lfre_low:.2f` to {glue:text}`mean_lfre_high:.2f`): the worst hundredth
of them carries {glue:text}`carried:.0f` % of its square.

:::{admonition} In plain words
:class: in-plain-words

A universal potential turns the surroundings of an atom into a list of numbers before it says how
much energy that atom has.
We take two potentials and ask whether the list of one can be worked out from the list of the other;
mostly it cannot, although both give good energies.
It is as with two students who got the same mark: rewriting one's lecture notes from the other's with
a single dictionary fails at many pages, because each wrote down things that the other left out.
:::

## What the paper says

{cite:t}`Chorna2025` compare MACE, PET, DPA and UMA, four potentials of about the same accuracy.
They find that the last-layer features of one are rebuilt badly from those of another, that the
error depends on the direction, and that fitting the map locally helps but does not close the gap.
The errors are the global and the local feature reconstruction error, GFRE and LFRE, of
{cite:t}`Goscinski2021`; [the methods page](../book/methods.md) has their formulas.
Here the same question goes to the families whose trained weights come with their Python packages,
CHGNet {cite:p}`Deng2023`, SevenNet {cite:p}`Park2024` and DIEP {cite:p}`Tawfik2024`, so that everything on this page
can be rerun without a download. [The models page](../book/models.ipynb) lists them. The paper's own
four families appear [further down](#the-papers-four-families-as-minis), as small models trained by this project.

## Parameters

Rerun this page with other models, structures or settings:
`lumlip run 01 -p models="[sevennet-0, chgnet-0.3.0]" -p structures=my.xyz`.
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
]  # model ids, see `lumlip models`; at least two; or paper: the published study's
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # small models trained by this project, shown apart; [] for none
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
layer: str = "last_layer"  # features of the figures: last_layer or backbone
split: str = "structure"  # what is kept whole: structure, atom, composition, parent
n_test: int = 1000  # test atoms; at most a fifth of all
n_neighbors: int = 64  # train atoms in a neighborhood (LFRE); at most a quarter of all
n_bootstrap: int = 500  # resamples of the test structures
seed: int = 0  # of the split and the resamples
device: str = "auto"  # auto, cpu or cuda

# %% [markdown]
"""
## Data

By default, the structures are those of [mini-mad](../book/structures.ipynb), made after the eight subsets of the
MAD data set. Test atoms come in whole structures by default: no atom of a test structure is seen
by the fit. That is stricter than the paper, where single atoms are drawn.
"""

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from myst_nb import glue

import lumlip
from chapters.latent_spaces import claims as different_spaces
from chapters.latent_spaces.claims import minis_against
from chapters.shared import breakdown
from lumlip.book import findings
from lumlip.book.chapters import data_folder
from lumlip.choices import LAYERS
from lumlip.datasets.paper import chosen_models, paper_table
from lumlip.metrics import maps
from lumlip.metrics.bootstrap import mean_with_interval, table_of
from lumlip.metrics.reconstruction import neighborhood_size, pointwise_errors
from lumlip.metrics.splits import n_held_out
from lumlip.plotting import intervals, style
from lumlip.plotting.periodic_table import periodic_heat_map
from lumlip.zoo.relations import family_of, first_of_families

style.use_style()
panel = lumlip.panel(chosen_models(models, chapter=1), structures, device=device, skip_failing=True)
print(panel.report())
atoms = panel.atoms
n_test = n_held_out(atoms.sizes["atom"], n_test)
train, test = lumlip.split(atoms, by=split, n_test=n_test, seed=seed)
n_neighbors = neighborhood_size(len(train), n_neighbors)
of_atom = atoms["subset"].to_numpy()[atoms["structure"].to_numpy()]
pd.DataFrame(
    {
        "structures": pd.Series(atoms["subset"].to_numpy()).value_counts(),
        "atoms": pd.Series(of_atom).value_counts(),
        "test atoms": pd.Series(of_atom[test]).value_counts(),
    }
).loc[list(dict.fromkeys(of_atom))].fillna(0).astype(int)

# %% [markdown]
"""
## Every model from every other

For each pair and each layer, the error of every test atom; tables are root mean squares over them.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-gfre", "caption": "Global feature reconstruction error (GFRE, no unit). Each row is the source, each column the target that is rebuilt from it by one linear map. White lines part the families. The table is not symmetric: one model can contain another without being contained in it."}}
features = {name: panel.layer(name) for name in LAYERS}
errors = {
    (name, metric): pointwise_errors(
        features[name],
        metric=metric,
        train=train,
        test=test,
        n_neighbors=n_neighbors if metric == "lfre" else None,
        device=device,
    )
    for name in LAYERS
    for metric in ("gfre", "lfre")
}
tables = {key: table_of(value) for key, value in errors.items()}
shown = list(panel.datasets)
different, another = breakdown.between(shown, family_of)
same = breakdown.within(shown, family_of)
fig = style.heat_map_figure(tables[layer, "gfre"], metric="gfre", figure=plt.figure())
fig.savefig(data_folder() / "answer.png", dpi=160)
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-lfre", "caption": "Local feature reconstruction error (LFRE, no unit), in the same order and colors as the figure before. The linear map is fitted anew for each test atom, on its nearest distinct training atoms in the space of the source."}}
style.heat_map_figure(tables[layer, "lfre"], metric="lfre", figure=plt.figure())
plt.show()

# %% [markdown]
"""
## Is it the last layer only?

The last layer has been shaped for one task, the energy. The backbone features that enter the energy
head could still agree. {numref}`fig-01-layers` puts both layers side by side, pair by pair: points
below the diagonal are pairs whose backbones agree better than their last layers. Here these are
{glue:text}`n_better_gfre` of the {glue:text}`n_pairs` pairs between families.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-layers", "caption": "GFRE of backbone features against GFRE of last-layer features, one point per ordered pair of models (no unit). Filled: models of different families; open: variants of one family."}}
fig, ax = plt.subplots(figsize=(4.6, 4.4))
pairs = {"different families": different, "variants of one family": same}
x, y = (tables[name, "gfre"].to_numpy() for name in ("last_layer", "backbone"))
intervals.pair_scatter(ax, x, y, pairs)
ax.set(xlabel="GFRE of last-layer features", ylabel="GFRE of backbone features")
plt.show()

# %% [markdown]
"""
## How sure are these numbers?

The direction counts: between the same two models, GFRE differs by {glue:text}`asymmetry:.2f` on average,
depending on which one is rebuilt.
The intervals below come from drawing the test structures anew, whole, {glue:text}`n_bootstrap` times.
They cover 95 % of these draws: they say how much a number depends on which structures were in the test, not
how it would change with another training of the same model.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-intervals", "caption": "Mean GFRE and LFRE (no unit) from every model to the models of other families, with 95 % intervals from resampling the test structures. Colors mark the source's family; the scale of the LFRE is logarithmic."}}
groups = atoms["structure"].to_numpy()[test]
options = {"n_bootstrap": n_bootstrap, "seed": seed}
fig, axs = plt.subplots(1, 2, figsize=(7.4, 0.6 + 0.3 * len(shown)), sharey=True)
for ax, metric in zip(axs, ("gfre", "lfre"), strict=True):
    rows = intervals.source_rows(errors[layer, metric], different, groups, **options)
    label = f"mean {metric.upper()} to other families"
    intervals.interval_plot(ax, rows, label=label, log=metric == "lfre")
plt.show()

# %% [markdown]
"""
The paper draws single atoms for the test. Their neighbors, and copies by symmetry, then stay in the
training set, and an error may look smaller than it is. {numref}`fig-01-splits` draws both ways.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-splits", "caption": "The same errors (no unit) with test atoms drawn one by one, as in the paper, and by whole structures. Points above the diagonal: drawing single atoms makes the models look more alike than they are."}}
splits = {by: lumlip.split(atoms, by=by, n_test=n_test, seed=seed) for by in ("atom", "structure")}
by_split = {}
fig, axs = plt.subplots(1, 2, figsize=(7.4, 3.7))
for ax, metric in zip(axs, ("gfre", "lfre"), strict=True):
    for by, (fit, held) in splits.items():
        k = n_neighbors if metric == "lfre" else None
        found = pointwise_errors(
            features[layer], metric=metric, train=fit, test=held, n_neighbors=k, device=device
        )
        by_split[by, metric] = table_of(found).to_numpy()
    x, y = (by_split[by, metric] for by in ("atom", "structure"))
    intervals.pair_scatter(ax, x, y, pairs, log=metric == "lfre")
    ax.set(
        xlabel=f"{metric.upper()}, split by atom", ylabel=f"{metric.upper()}, split by structure"
    )
plt.show()

# %% [markdown]
"""
## Which atoms are hardest to rebuild?

Averaged over the pairs of different families, by subset and by element. An error above one means
that the map does worse than predicting the mean of the training atoms.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-subsets", "caption": "Error (no unit, logarithmic) between families by subset of the test atoms. Filled: root mean square over the atoms, as in the tables; open: the median atom. The number of test atoms is given with each name."}}
by_subset = {
    metric: breakdown.error_by_label(errors[layer, metric], of_atom[test], different)
    for metric in ("gfre", "lfre")
}
fig, ax = plt.subplots(figsize=(6.4, 0.9 + 0.34 * len(by_subset["gfre"])))
intervals.paired_dots(ax, by_subset, label="error between families")
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-elements", "caption": "GFRE between families by element (no unit), for elements with at least three test atoms; grey: fewer."}}
symbols = atoms["atomic_number"].to_numpy()[test]
by_element = breakdown.error_by_label(errors[layer, "gfre"], symbols, different)
enough = by_element[by_element["atoms"] >= 3]["error"]
fig, ax = plt.subplots(figsize=(7.4, 4.2))
periodic_heat_map(ax, enough.to_dict(), label="GFRE between families")
plt.show()

# %% [markdown]
"""
## The same structures, seen by each model

The two leading principal components of every model's features, averaged over the atoms of each
structure. Models that group the subsets alike may still differ in what they know within a group.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-maps", "caption": "One principal-component map per model; each point is a structure, its features averaged over its atoms and scaled by one number (no unit). Colors mark the subset."}}
points = maps.structure_maps(features[layer], atoms["structure"].to_numpy())
fig = plt.figure(figsize=(7.4, 1.2 + 2.2 * -(-len(points) // 3)))
intervals.map_panels(fig, points, atoms["subset"].to_numpy())
plt.show()

# %% [markdown]
"""
(the-papers-four-families-as-minis)=
## The paper's four families, as minis

No package brings the trained weights of MACE, PET, DPA or UMA, so this page shows small models of these
architectures: [minis]{.mini}, trained by this project's recipes to repeat the energies and forces of SevenNet-0.
They know far less than the published models ([the models page](../book/models.ipynb) says how much less), and no
number of theirs is to be read as one of the paper's, nor does any enter the means above.
But they can show what the architecture alone does: all four have learned the same labels from the same
structures. {glue:text}`mini_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-minis", "caption": "GFRE (no unit) between minis (names in italics) of the paper's four families and one published model of each other family, on the structures that all of them take. Row = source, column = target. SevenNet-0 is the minis' teacher."}}
firsts = first_of_families(shown)  # the minis' teacher stands for its family
beside = lumlip.panel([*minis, *firsts], structures, device=device, skip_failing=True)
print(beside.report())
n_held = n_held_out(beside.atoms.sizes["atom"], n_test)
fit, held = lumlip.split(beside.atoms, by=split, n_test=n_held, seed=seed)
options_small = {"train": fit, "test": held, "device": device}
found = pointwise_errors(beside.layer(layer), metric="gfre", **options_small)
small = table_of(found)
of_minis = {m: X for m, X in beside.layer(layer).items() if m in minis}
k = neighborhood_size(len(fit), n_neighbors)
k_of = {"gfre": None, "lfre": k} if len(of_minis) > 1 else {}
mini_errors = {
    metric: pointwise_errors(of_minis, metric=metric, n_neighbors=k_of[metric], **options_small)
    for metric in k_of
}
style.heat_map_figure(small, metric="gfre", figure=plt.figure())
plt.show()

# %% [markdown]
"""
## Paper against here

On the MAD test set, the paper finds a mean GFRE of {glue:text}`paper_gfre:.2f` and a mean LFRE of
{glue:text}`paper_lfre:.2f` between its four models; here they are {glue:text}`mean_gfre:.2f` and
{glue:text}`mean_lfre:.2f`. In the backbone the paper has {glue:text}`paper_gfre_backbone:.2f` and
{glue:text}`paper_lfre_backbone:.2f`, here {glue:text}`here_gfre_backbone:.2f` and
{glue:text}`here_lfre_backbone:.2f`: in the paper the backbones agree better than the last layers; of the
{glue:text}`n_pairs` pairs here {glue:text}`n_better_gfre` do so by the GFRE, and {glue:text}`n_better_lfre` by the LFRE.

What differs: the models (theirs are MACE-MP-0b3, PET-MAD, DPA-3.1 with its Omat24 branch and UMA-S-1.1
with its omat task; ours are smaller and older), the structures (the MAD test set and sAlexandria against
mini-mad), the split (atoms against whole structures), the neighborhood of the LFRE (as many
atoms as the smaller of the two feature vectors is long, against one size for all pairs) and the fit of its maps
(scikit-matter's own, which breaks down where neighbors are copies of each other, against {ref}`the robust one <local-error>`).
The published means are over the pairs of four models, ours over all pairs of different families.

Does the finding hold? {ref}`The rule <verdicts>` asks for three things, each with its whole
interval on the right side: for published models the finding {glue:text}`real_verdict:s`, for minis it {glue:text}`minis_verdict:s`.
"""

# %% tags=["hide-input"]
rows = []
for name in LAYERS:
    for metric in ("gfre", "lfre"):
        row = {"layer": name, "metric": metric.upper()}
        for data in ("MAD-test", "sAlexandria"):
            table = f"cross_model/{name}/{data}"
            known = table in lumlip.paper_tables()
            row[f"paper, {data}"] = (
                breakdown.mean_between(paper_table(table, metric)) if known else np.nan
            )
        mean = mean_with_interval(errors[name, metric], different, groups, **options)
        row |= dict(zip(("here", "low", "high"), mean, strict=True))
        rows.append(row)
against = pd.DataFrame(rows).set_index(["layer", "metric"])
display(against.map(lambda value: "not published" if np.isnan(value) else f"{value:.3f}"))
chosen = {name: errors[layer, name] for name in ("gfre", "lfre")}
mini_pairs = breakdown.across(list(of_minis), family_of)
mini_groups = beside.atoms["structure"].to_numpy()[held]
claims = {
    "real": different_spaces.claims(chosen, different, groups, **options),
    "minis": different_spaces.claims(mini_errors, mini_pairs, mini_groups, **options),
}
published = breakdown.mean_between(paper_table("cross_model/last_layer/MAD-test", "gfre"))
finding = findings.Finding(1, "mean GFRE between families", published, claims)
finding.record(data_folder())
findings.claims_table(finding)

# %% tags=["remove-cell"]
main = tables[layer, "gfre"].to_numpy()
facts = {"another": another, "layer_name": layer.replace("_", "-"), "n_bootstrap": n_bootstrap}
for metric in ("gfre", "lfre"):
    mean = mean_with_interval(errors[layer, metric], different, groups, **options)
    facts |= zip((f"mean_{metric}", f"mean_{metric}_low", f"mean_{metric}_high"), mean, strict=True)
    facts[f"paper_{metric}"] = against.loc[("last_layer", metric.upper()), "paper, MAD-test"]
    facts[f"paper_{metric}_backbone"] = against.loc[("backbone", metric.upper()), "paper, MAD-test"]
    facts[f"here_{metric}_backbone"] = against.loc[("backbone", metric.upper()), "here"]
for metric in ("gfre", "lfre"):
    better = (tables["backbone", metric] < tables["last_layer", metric]).to_numpy()[different]
    facts |= {"n_pairs": len(better), f"n_better_{metric}": int(better.sum())}
facts |= {"min_gfre": main[different].min(), "max_gfre": main[different].max()}
facts["explained"] = 100 * (1 - (main[different] ** 2).mean())
facts["asymmetry"] = np.abs(main - main.T)[different].mean()
medians = {m: float(np.median(errors[layer, m].to_numpy()[different])) for m in ("gfre", "lfre")}
facts |= {f"median_{metric}": value for metric, value in medians.items()}
facts["local_verb"] = "lowers" if medians["lfre"] < medians["gfre"] else "raises"
words = ((0.5, "Mostly, they do not"), (0.25, "In part, they do"), (0, "Mostly, they do"))
facts["verdict"] = next(word for limit, word in words if facts["mean_gfre"] >= limit)
facts["carried"] = 100 * breakdown.carried_by_worst(errors[layer, "lfre"], different, share=0.01)
within = f"; between variants of one family the mean GFRE is {main[same].mean():.2f}"
facts["within_clause"] = within if same.any() and not same[different].any() else ""
for metric in ("gfre", "lfre"):
    harder = by_split["structure", metric] - by_split["atom", metric]
    facts[f"harder_{metric}"] = np.median(harder[different])
facts["mini_sentence"] = minis_against(small, minis)
facts |= finding.facts()
for name, value in facts.items():
    glue(name, value if isinstance(value, (str, int)) else float(value), display=False)

# %% [markdown]
"""
## What changes when you turn the knobs

- `split="atom"` is the paper's protocol. For the median pair, drawing whole structures changes GFRE by
  {glue:text}`harder_gfre:+.3f` and LFRE by {glue:text}`harder_lfre:+.3f`.
- `n_neighbors` sets how local the LFRE is. With fewer neighbors than source features the local fit is
  under-determined and leans on its regularization.
- `layer="backbone"` redraws all figures for the features that enter the energy head.
- `n_test`, `seed`: other test structures. The intervals tell how far the means then move.

## Checks

Facts that hold by construction, or by the models' own make; the page fails if one does not.
"""

# %%
widest = max(X.shape[1] for layers in features.values() for X in layers.values())
if len(train) > 10 * widest:  # else a map to itself is not determined
    assert all(np.diag(tables[name, "gfre"]).max() < 1e-3 for name in LAYERS)
assert not set(atoms["structure"].to_numpy()[train]) & set(groups) or split == "atom"
assert all(np.isfinite(table.to_numpy()).all() for table in tables.values())
numbers = atoms["atomic_number"].to_numpy()
for model, dataset in panel.datasets.items():
    assert np.array_equal(dataset["atomic_number"].to_numpy(), numbers), model
print(f"{len(tables)} tables of {len(shown)} x {len(shown)} pairs: checks passed")

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](../book/references.md).
"""
