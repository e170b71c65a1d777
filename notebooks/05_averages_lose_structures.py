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
# Averages over atoms lose most of a structure

## The answer

From the average over atoms alone, the cumulants of the {glue:text}`layer_name:s` features up to order
{glue:text}`order` are rebuilt with a GFRE of **{glue:text}`lost:.2f`** (interval {glue:text}`lost_low:.2f` to
{glue:text}`lost_high:.2f`, mean over {glue:text}`n_models:s`), where {glue:text}`bound:.2f` would mean that the
average says nothing about them; every order adds to the one before, the least {glue:text}`added:.2f`.
The average can be fooled: {glue:text}`met:.0f` % of the structures are imitated by mixtures of unrelated ones to within a
hundredth of the spread, and a classifier that sees averages tells the two apart with an accuracy of
**{glue:text}`told_mean:.2f`**, one that sees all orders with **{glue:text}`told_all:.2f`**.
{glue:text}`useful_sentence:s`

:::{admonition} In plain words
:class: in-plain-words

A potential describes every atom by a list of numbers, and to describe a whole crystal one usually takes the average of these lists.
We ask how much of the crystal is still in the average, and whether numbers that say how much, and how unevenly, the atoms
differ bring back the rest; the average turns out to be a poor portrait, though a good one for the energy, which is itself a sum over atoms.
It is as with a painting whose paint is scraped off and stirred in one pot: the tint of the pot is the average, many paintings give
the same tint, and you need to be told how far apart the colors were to guess which one it was.
:::

## What the paper says

{cite:t}`Chorna2025` describe a structure by the cumulants of each feature over its atoms, from the mean up to the
eighth, each brought back to the unit of the features by a root ({ref}`methods <cumulants>`).
They rebuild the longer list from the shorter one and find that the mean alone misses most, that each order adds
something, and that different potentials stay far apart at order eight.
Two questions are left open there, and asked here. Are the added orders *useful*, for a property that one wants to
know? And the printed formula of the eighth cumulant has two coefficients interchanged: what does that change?

## Parameters

Rerun this page with other models, structures or settings:
`lumlip run 05 -p models="[sevennet-0, chgnet-0.3.0]" -p structures=my.xyz`.
"""

# %% tags=["parameters"]
models: list = [
    "chgnet-0.3.0",
    "chgnet-r2scan",
    "sevennet-0",
    "sevennet-l3i5",
    "sevennet-mf-0@PBE",
    "diep-matpes-r2scan",
]  # model ids, see `lumlip models`; or paper: the published study's
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # small models trained by this project, shown apart; [] for none
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
layer: str = "last_layer"  # features: last_layer or backbone
order: int = 8  # highest cumulant, 2 to 8
split: str = "parent"  # what is kept whole: parent, composition, structure
n_test: int = 1000  # test structures; at most a fifth of all
n_imitated: int = 120  # structures that are imitated by mixtures
map_model: str = "sevennet-0"  # whose maps are drawn; the first model if it is not among them
n_bootstrap: int = 500  # resamples of the test structures
seed: int = 0  # of the split, the draws and the resamples
device: str = "auto"  # auto, cpu or cuda

# %% [markdown]
"""
## Data

Here a *sample* is a structure, not an atom. Structures derived from the same parent, such as a crystal and its rattled
copy, are on one side of the split, in every fit of this page.
A structure of one atom has no spread: all its cumulants beyond the mean are zero. With two atoms, all odd ones are
zero and the even ones are fixed multiples of the standard deviation. [Minis]{.mini} know fewer elements and get fewer structures.
"""

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from IPython.display import display
from myst_nb import glue

from chapters.cumulants import claims as averages_lose
from chapters.cumulants import facts as collect
from chapters.cumulants import figures, imitation_tests, maps, probing, scaling, words
from chapters.cumulants import tables as reports
from chapters.cumulants.pooling import up_to
from chapters.cumulants.study import OrderStudy
from chapters.shared.studies import studies_of
from lumlip.book import findings
from lumlip.book.chapters import data_folder
from lumlip.datasets.paper import chosen_models, paper_rows
from lumlip.metrics.cumulants import cumulant_features
from lumlip.plotting import style
from lumlip.zoo.relations import first_of_families

style.use_style()
options = {"n_bootstrap": n_bootstrap, "seed": seed}
named = {"real": chosen_models(models, chapter=5), "minis": minis}
setting = {"layer": layer, "order": order, "by": split, "n_test": n_test, "seed": seed}
studies = studies_of(OrderStudy.of, named, structures, device=device, **setting)
main = next(iter(studies))  # the minis only if no other model can be run
study = studies[main]
reports.contents(study)

# %% [markdown]
"""
## How much each order adds

On the left, everything up to order K is rebuilt from the mean alone; on the right, the next order is added to what is
already there. Order K contains all lower ones, so that the way back is exact. {glue:text}`bent_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-05-orders", "caption": "GFRE (no unit) from the mean to the cumulants up to order K (left) and from order K to order K + 1 (right). Lines: models, thin ones minis; grey: 95 % interval of the mean over the published models, from resampling test structures. Crosses: the paper's PET-MAD on the MAD test set."}}
found = {
    name: {reports.FROM_MEAN: one.from_mean(), reports.STEP: one.steps()}
    for name, one in studies.items()
}
curves = {
    name: {k: averages_lose.mean_curve(e, studies[name], **options) for k, e in kinds.items()}
    for name, kinds in found.items()
}
published = paper_rows(reports.ROWS)
labels = {reports.FROM_MEAN: "GFRE, order 1 → K", reports.STEP: "GFRE, order K → K + 1"}
fig, axs = plt.subplots(1, 2, figsize=(7.4, 3.9))
for ax, (kind, label) in zip(axs, labels.items(), strict=True):
    every = xr.concat([reports.values_of(kinds[kind]) for kinds in found.values()], "model")
    figures.order_lines(ax, every, published=published[kind], minis=minis, label=label)
    figures.band(ax, curves[main][kind], label="95 % interval of the mean")
figures.model_legend(fig, axs)
plt.show()

# %% [markdown]
"""
## What the scaling decides

All orders are divided by one number, and so an order counts by how much it varies. The roots of high cumulants are large
numbers: {glue:text}`high_share:.0f` % of the variance that is to be rebuilt lies in the upper half of the orders, {glue:text}`first_share:.0f` %
in the mean. If each order is scaled to the same variance instead, the second one counts as much as the eighth, and
the error from the mean to order two changes from {glue:text}`two_global:.2f` to {glue:text}`two_equal:.2f`.
The numbers of this comparison, the paper's included, are therefore statements about one scaling among others.
{glue:text}`scaling_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-05-scaling", "caption": "Left: share of each order in the variance of the features (bars: mean over the published models; points: models). Right: GFRE (no unit) from the mean to order K, mean over models, with one scale for all orders, as in the paper, and with each order scaled to equal variance. Dotted: what GFRE would be if the mean gave back itself and nothing else."}}
sizes = {"order": order, "train": study.train}
shares = np.array([scaling.shares_of_orders(F, **sizes) for F in study.features.values()])
equal = study.from_mean(lambda F: scaling.equal_orders(F, **sizes))
bound = np.array([scaling.if_mean_says_nothing(one) for one in shares]).mean(axis=0)
rebuilt = {"one scale for all orders": found[main][reports.FROM_MEAN], "each order scaled": equal}
lines = {name: reports.values_of(e).mean("model").to_numpy() for name, e in rebuilt.items()}
lines["one scale, mean says nothing"] = bound[1:]
fig, axs = plt.subplots(1, 2, figsize=(7.4, 3.0))
figures.share_bars(axs[0], shares)
figures.scaling_lines(axs[1], lines, range(2, order + 1))
plt.show()

# %% [markdown]
r"""
## The eighth cumulant, right and as published

With the two coefficients interchanged, $140\, m_2 (m_4 m_2 - m_3^2)$ is added to $\kappa_8$. By Pearson's inequality this is never less than
$140\, m_2^4$, so the published formula always gives too much. It breaks what a cumulant is made for: it does not
vanish for a normal distribution. {glue:text}`kappa_sentence:s`
"""

# %% tags=["hide-input"]
kappa = reports.kappa_table(study, **options)
kappa

# %% [markdown]
"""
## Between models

{glue:text}`cross_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-05-models", "caption": "GFRE (no unit) between models for averages over atoms and for the cumulants up to the highest order, on structures not seen by the fit. Row = source, column = target."}}
apart = {k: reports.families_apart(study, k, **options) for k in (1, order)}
titles = {1: "averages", order: up_to(order)}
figures.table_pair(plt.figure(), {titles[k]: table for k, (table, _) in apart.items()})
plt.show()

# %% [markdown]
"""
## Are the added orders useful?

A probe, a linear map with a penalty, predicts properties of structures whose parents it has never seen, from several ways to bring
atoms together. *Mean, widened* is a control: the mean with many cosines of itself, as wide as four orders but
with nothing new in them. The energy is that of a model of another family, beyond what the composition explains, which every probe
of it is given: a model's own energy is a linear function of its average last layer, so that the mean loses nothing of it.
The spread of coordination numbers is a property of the *mix* of atoms, which a mean need not know.

{glue:text}`gains_sentence:s`
{glue:text}`std_sentence:s` {glue:text}`composition_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-05-tasks", "caption": "What a probe predicts of structures with unseen parents, from the features of one model per family, brought together in several ways: balanced accuracy for the subset (no unit), else the share of the variance that is predicted (R², no unit). Crosses: the composition alone, and with the number of atoms."}}
scores = {
    name: probing.probe_scores(
        one, full=first_of_families(one.models) if name == main else (), **options
    )
    for name, one in studies.items()
}
firsts = first_of_families(study.models)
score_tables = probing.score_tables(scores[main], firsts)
fig = plt.figure(figsize=(7.4, 0.8 + 2.5 * max(1, -(-len(score_tables) // 2))))
figures.score_panels(fig, score_tables)
plt.show()

# %% [markdown]
"""
## Mixtures that fool the mean

The average of a mixture of crystals, in grains large enough that boundaries do not matter, is the average of theirs, weighted by
how many atoms each gives. So for a real structure we look for a mixture of *unrelated* ones, in amounts from a least-squares
fit that lets none be negative, whose average features are those of the structure. For a model and a probe that see averages, the
two are then one and the same. {numref}`fig-05-fooled` shows in which order they part, and how often a probe can tell
an original from an imitation when both are new to it. {glue:text}`others_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-05-fooled", "caption": "Originals and the mixtures that imitate their average. Left: median distance between the two in each order, in units of that order's total standard deviation over all structures. Right: balanced accuracy (no unit) of a probe that tells one from the other, from all orders up to K, with 95 % intervals; one half is chance."}}
imitated = imitation_tests.fool(study, firsts, n=n_imitated, **options)
fig, axs = plt.subplots(1, 2, figsize=(7.4, 3.4))
imitation_tests.distance_lines(axs[0], imitated)
imitation_tests.accuracy_lines(axs[1], imitated)
figures.model_legend(fig, axs)
plt.show()

# %% [markdown]
"""
One example, in the eyes of {glue:text}`example_model:s`: its average for {glue:text}`example:s` is that of the following mixture: they differ by
{glue:text}`example_distance:s` of the spread of all structures.
"""

# %% tags=["hide-input"]
imitation_tests.example_table(study, imitated[firsts[0]])

# %% [markdown]
"""
## Maps

Principal covariates regression {cite:p}`deJong1992,Helfrecht2020` draws structures so that both their spread and their energy show.
The maps are made with the training structures and drawn for all. In new structures, the two coordinates of the map of averages
explain {glue:text}`map_first:.0f` % of the energy's variance, those of the map of all orders {glue:text}`map_last:.0f` %.
With so many columns the regression needs a penalty: with the small default of scikit-matter the second map would
explain {glue:text}`loose_known:.0f` % for the structures that made it, and {glue:text}`loose_new:.0f` % for new ones.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-05-maps", "caption": "Maps of the structures by principal covariates regression (coordinates have no unit), from average features and from all orders. Above: colors mark the subset; below: energy per atom beyond a linear function of the composition (eV/atom), as the model has it. A few far points are beyond the frame."}}
shown = map_model if map_model in study.models else study.models[0]
drawn = maps.order_maps(study, shown)
loose = maps.order_maps(study, shown, penalty=1e-6)
names = {1: f"{shown}: averages", order: f"{shown}: {up_to(order)}"}
subset = study.panel.atoms["subset"].to_numpy()
fig = plt.figure(figsize=(7.4, 6.2))
points = {names[k]: xy for k, xy in drawn.points.items()}
figures.map_grid(fig, points, subset, drawn.energy, label="energy beyond composition (eV/atom)")
plt.show()

# %% [markdown]
"""
The same maps with their structures: click a point to see it, and choose other axes and colors in the menu of the map.

```{chemiscope} ../book/_data/cumulant-maps.json
```

The viewer holds every third structure.

## Paper against here

For PET-MAD on the MAD test set, the paper has a GFRE of {glue:text}`paper_lost:.2f` from the mean to order {glue:text}`order`; here it
is {glue:text}`lost:.2f` over {glue:text}`n_models:s`. Between models, the paper's four have a mean GFRE of {glue:text}`paper_cross:.2f` at order
eight; between the families of this run it is {glue:text}`cross_paper:s`.

{glue:text}`agree_sentence:s`
What differs: the models (theirs is PET-MAD, and MACE, DPA and UMA for the table between models), the structures (the MAD
test set, with about seven times as many, against mini-mad), the split (single structures against whole parents), the
eighth cumulant (theirs has the two coefficients interchanged), and structures of one atom (theirs are left out; here
there are {glue:text}`n_single`).
What we add contradicts nothing that is printed there, but it limits what follows from it: an order that cannot be rebuilt
is not yet an order that helps.

Does the finding hold? {ref}`The rule <verdicts>` asks for three things, each with its whole
interval on the right side: for published models the finding {glue:text}`real_verdict:s`, for minis it {glue:text}`minis_verdict:s`.
"""

# %% tags=["hide-input"]
display(reports.order_table(curves, order))
claims = {
    name: averages_lose.claims(studies[name], *found[name].values(), scores[name], **options)
    for name in studies
}
finding = findings.Finding(
    5, f"GFRE from the mean to order {order}", reports.paper_value(order), claims
)
finding.record(data_folder())
findings.claims_table(finding)

# %% tags=["remove-cell"]
maps.write_map_viewer(data_folder() / "cumulant-maps.json", study, drawn)
facts = collect.study_facts(study, curves[main], scores[main])
facts |= collect.scaling_facts(shares, lines) | collect.fooled_facts(study, imitated)
facts |= words.between_families({k: mean for k, (_, mean) in apart.items()}, order)
widened = reports.from_widened_mean(study, seed=seed)
facts |= {"bent_sentence": words.bent(facts["lost"], widened)}
facts |= {"kappa_sentence": words.formulas(kappa)}
facts |= collect.map_facts(drawn, loose)
facts |= finding.facts()
for name, value in facts.items():
    glue(name, value if isinstance(value, (str, int)) else float(value), display=False)

# %% [markdown]
"""
## What changes when you turn the knobs

- `order` stops at a lower cumulant; `layer="backbone"` takes the features that enter the energy head.
- `split="structure"` lets a crystal be in the training set and its rattled copy in the test; `split="composition"`
  keeps equal reduced formulas together.
- `n_imitated`, `n_test`, `seed`: other structures. The intervals tell how far the numbers then move.
- `structures`: with structures of many atoms, such as snapshots of liquids, the higher orders hold more than with the small
  cells of mini-mad, half of which have {glue:text}`median_size:.0f` atoms or fewer.

## Checks

Facts that hold by construction; the page fails if one does not. The last is about numerical noise: features are
computed in single precision, and the roots of odd cumulants can blow up its rounding where atoms come in symmetric
pairs.
"""

# %%
panel, first = study.panel, study.models[0]
assert not set(study.groups[study.train]) & set(study.groups[study.test])
whole, mean = study.up_to(order)[first], study.up_to(1)[first]
assert np.array_equal(whole[:, : mean.shape[1]], mean)  # order K contains the mean as it is
single = np.bincount(panel.atoms["structure"].to_numpy()) == 1
assert not whole[single][:, mean.shape[1] :].any()
assert all(np.isfinite(F).all() for F in study.features.values())
X = panel.layer(layer)[first]
noisy = X * (1 + 1e-6 * np.random.default_rng(seed).normal(size=X.shape))
blurred = cumulant_features(noisy, panel.atoms["structure"].to_numpy(), order=order)
pair = [study.errors({"mean": F[:, : mean.shape[1]]}, {"all": F}) for F in (whole, blurred)]
change = abs(float(np.sqrt((pair[0] ** 2).mean()) - np.sqrt((pair[1] ** 2).mean())))
assert change < 0.01
print(f"noise of one millionth changes the GFRE of {first} by less than 0.01: checks passed")

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](../book/references.md).
"""
