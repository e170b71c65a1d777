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
# A straight line cannot recover a structure from its average
"""

# %% tags=["parameters", "hide-cell"]
models: list = ["published"]  # model ids, see `lumlip models`; or published, or paper
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # small models trained by this project, measured apart; [] for none
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
layer: str = "last_layer"  # features: last_layer or backbone
n_seeds: int = 10  # orders of the ten folds
n_imitated: int = 120  # structures that are imitated by mixtures
n_bootstrap: int = 500  # draws of the parents for each interval
widest: int = 64  # channels; features with more are not rebuilt by curves, which take long
seed: int = 0  # of the draw of structures
device: str = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

import lumlip
from chapters.cumulants import figures, fits, probing
from chapters.cumulants.fits import ELEMENT, block, from_mean, once
from chapters.cumulants.imitations import imitate, rms_distances
from chapters.cumulants.probing import ENERGY, MIX, SQUARES, STD
from chapters.shared.breakdown import mean_between
from chapters.shared.models import chosen
from chapters.shared.panels import as_samples, panels_of
from lumlip.book.chapters import data_folder
from lumlip.book.claims import NO_MORE
from lumlip.book.page import Page, shown
from lumlip.datasets.paper import paper_rows, paper_table
from lumlip.datasets.properties import one_hot
from lumlip.metrics.repeated import CrossFit, Estimate, jackknife, pair_weights
from lumlip.plotting.style import WIDTH, use_style
from lumlip.zoo.relations import family_of, first_of_families

use_style()
named = {"published": chosen(models, chapter=7), "minis": minis}
panels = panels_of(named, structures, device=device)
features = {kind: fits.all_cumulants(one, layer) for kind, one in panels.items()}
options = {"n_bootstrap": n_bootstrap}
orders = {kind: fits.orders_by_parent(one, n_seeds=n_seeds) for kind, one in panels.items()}
lost = {kind: from_mean(F, orders[kind], **options) for kind, F in features.items()}
main = next(iter(panels))  # the minis only if no other model can be run
panel, F, fit, dealt = (some[main] for some in (panels, features, lost, orders))
every, firsts = list(panel.datasets), first_of_families(list(panel.datasets))
few = fits.orders_by_parent(panel, n_folds=5, n_seeds=max(1, n_seeds // 5))
narrow = [name for name in firsts if F[name].shape[1] // 8 <= widest]
some = {name: F[name] for name in [*narrow, ELEMENT]}
bent = from_mean(some, dealt[: len(few)], highest=(8,), bent=True, **options)
index, parents = panel.atoms["structure"].to_numpy(), as_samples(panel)["parent"].to_numpy()
X = panel.layer(layer) | {ELEMENT: one_hot(panel.atoms["atomic_number"].to_numpy())}
made = {m: imitate(X[m], index, parents, n=n_imitated, seed=seed) for m in [*firsts, ELEMENT]}
alike = {m: made[m] for m in [*narrow, ELEMENT]}
apart = rms_distances(alike, parents, **options) if narrow else None
probes = probing.predicted(panel, {m: F[m] for m in firsts}, few, **options)
small = [name for name in firsts if F[name].shape[1] <= 1024]
between = CrossFit.of({m: F[m] for m in small}, orders=few[:1], **options)
wrong = {m: fits.with_published_kappa_8(F[m]) for m in narrow or firsts[:1]}
swapped = from_mean(wrong, dealt, highest=(8,))

# %% tags=["hide-input"]
page = Page(7)
paper = paper_rows("cumulants/PET-MAD/last_layer/MAD-test")["gfre_from_order_1_to_K"].dropna()
loss = {kind: one.mean(once(one, "8", list(panels[kind].datasets))) for kind, one in lost.items()}
blind = {kind: one.mean(once(one, "8", [ELEMENT])) for kind, one in lost.items()}
for kind in panels:
    page.claim(
        "a straight line rebuilds the cumulants up to the eighth from the mean no better than in "
        "the paper", loss[kind], bound=paper[8],
        bound_from="the paper: PET-MAD", control=blind[kind], models=kind, expect=NO_MORE,
        control_is="one-hot elements, of which the mean loses nothing", finding=5 * (kind == main),
    )  # fmt: skip
learned, element = (once(bent, "8", names) for names in (narrow, [ELEMENT]))
straight = fit.difference(once(fit, "8", narrow), once(fit, "8", [ELEMENT]))
curved = bent.difference(learned, element)
page.claim(
    "by curves, learned features are rebuilt from their mean with a larger error than one-hot "
    "elements", curved, bound_from="a null: features of which the mean loses nothing",
    control=straight, control_is="the same by straight lines", models=", ".join(narrow),
    chosen_after="the control of the first claim; curves were tried with seven knots and with four",
)  # fmt: skip
far = [Estimate.missing()] * 2
if apart:
    far = [apart.mean(once(apart, "2", names)) for names in (narrow, [ELEMENT])]
_ = page.claim(
    "mixtures with the mean of a structure differ from it in the spread", far[0], bound=0.01,
    bound_from="a null: how far the means may differ", models=", ".join(narrow),
    control=far[1], control_is="one-hot elements",
    chosen_after="models of few channels only: with all families it could not be tested",
)  # fmt: skip


# %% tags=["hide-input"]
gain = partial(probing.gain, probes, firsts)
page.claim(
    "the spread of coordination numbers is predicted with a smaller error from mean and spread "
    "than from the mean", gain(STD, MIX), bound_from="a null: no gain", models=", ".join(firsts),
    control=gain(SQUARES, MIX), control_is="the square of the mean in place of the spread",
)  # fmt: skip
worst = {
    "the mean": fit.worst_share(once(fit, "8", every)),
    "mixtures": apart.worst_share(once(apart, "2", narrow)) if apart else np.nan,
    "spread of coordination": probes[STD].worst_share(once(probes[STD], MIX, firsts)),
}
for name, value in worst.items():
    page.says(f"{name}: no parent carries a fifth of the squares", value, side="below", bound=0.2)
met = {m: len(made[m].met) / len(made[m].originals) for m in firsts}
least = min((met[m] for m in narrow), default=np.nan)
page.says("most structures have their mean met", least, side="above", bound=0.5)
change = float((swapped.table["8"] - fit.table.loc[swapped.sources, "8"]).abs().max())
page.says("the paper's eighth cumulant changes little", change, side="below", bound=0.05)
page.record(data_folder())

# %% tags=["remove-input"]
share = fit.share(once(fit, "8", every))
none = fit.share(once(fit, "8", [ELEMENT]))
page.answer(f"""
From the average of the features over a structure's atoms, a straight line recovers **{100 * share.value:.0f} %**
({100 * share.low:.0f} to {100 * share.high:.0f} %) of their cumulants (mean, spread, asymmetry and so on, up to the eighth).
But a small share does not prove a loss: from bare labels of the elements, of which the average loses nothing, a straight
line recovers only {100 * none.value:.0f} %.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-orders", "caption": "Global feature reconstruction error (GFRE: 0 = rebuilt exactly, 1 = no better than the average) from the mean to the cumulants up to order K. Lines: models; thick: mean over models in which every family counts once, with its 95 % interval; crosses: the control, one-hot elements."}, "image": {"alt": "Errors that rise with the order of the cumulants for all models, as in the paper, and are highest for one-hot elements"}}
fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
means = [fit.mean(once(fit, k, every)) for k in fit.targets]
figures.order_curves(ax, fit, ELEMENT, paper, mean=means)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

A model gives every atom a list of numbers, and a crystal usually gets the average of these lists.
Think of marks in a class: that the average is a five does not say whether all have a five, or half of them a one and the others a
nine. The *spread* is lost. Where a model has few numbers per atom, we found a twin for most structures: a mixture of others with the
same average and another spread.

The paper instead tries to compute the spread from the average with a straight line, and fails.
That test fails too easily. If marks are only "passed" or "failed", the share that passed tells the spread
exactly, but by a curve; a straight line finds a loss where there is none.
:::
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-toy", "caption": "Two made-up structures of six atoms (dots). The average of the feature is the same; the second cumulant, the variance, is not."}, "image": {"alt": "Two rows of dots around one dotted line: close to it, and in two groups far from it; the mean of both is 5.0, the variances 0.1 and 16.0"}}
figures.toy_figure(plt.subplots(figsize=(WIDTH, 1.7))[1])
plt.show()

# %% [markdown]
"""
## What the paper says

{cite:t}`Chorna2025` describe a structure by the *cumulants* of each feature over its atoms: mean, spread, asymmetry and so on,
up to the eighth ({ref}`methods <cumulants>`). They rebuild the longer list from the shorter by a linear map; from the mean to all
eight, the error ({term}`GFRE`) is large, and they conclude that averaging loses most of a structure.

## Evidence

Structures from one parent are fitted or tested together. The control, *one-hot elements*, has a column for each
element, 1 for its atoms. Its mean is the composition, from which all its cumulants follow.
"""

# %%
# The idea, for one model and one split: eight cumulants over a structure's atoms, from the mean.
X8 = lumlip.cumulant_features(panel.layer(layer)[firsts[0]], index, order=8)
averaged = lumlip.cumulant_features(panel.layer(layer)[firsts[0]], index, order=1)
train, test = lumlip.split(as_samples(panel), by="parent", n_test=len(averaged) // 5)
print(f"{firsts[0]}: GFRE {lumlip.gfre(averaged, X8, train=train, test=test):.2f}")


# %% tags=["remove-input"]
def over(kept):
    return float(
        np.average(fit.table["8"], weights=once(fit, "8", [every[i] for i in kept])[:, -1])
    )


of_models = jackknife([family_of(m) for m in every], over)
rebuilt = {name: bent.mean(w) for name, w in (("learned", learned), (ELEMENT, element))}
shown(f"""
Notice:

- At order eight the GFRE is {loss[main]} ({of_models.low:.2f} to {of_models.high:.2f} when families are left out in turn); one-hot elements have {blind[main]}.
- With curves in place of straight lines (cubic splines of every averaged channel) the two differ: one-hot elements come down to
  {rebuilt[ELEMENT]}, learned features ({", ".join(narrow)}) stay at {rebuilt["learned"]}.

No function of the mean, straight or curved, can tell apart two structures with the same mean. So for each of {made[firsts[0]].originals.size} structures
we look for a mixture of unrelated ones, in grains so large that their atoms stay as they are, with the same mean features.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-fooled", "caption": "Mixtures of unrelated structures that have the mean features of a real one: root mean square distance between the two in each order, in units of the total standard deviation of that order over all structures."}, "image": {"alt": "Distances that are zero in the first order and near one in the others for two models, but near zero for one-hot elements"}}
fig, ax = plt.subplots(figsize=(WIDTH, 2.7))
if apart:
    figures.distance_lines(ax, apart.table, ELEMENT)
plt.show()

# %% tags=["remove-input"]
shown(f"""
Notice:

- In models with at most {widest} channels, {100 * least:.0f} % or more of the structures have such a twin, to within a hundredth of the spread
  of all means; in models with more: {", ".join(f"{m}, {100 * met[m]:.0f} %" for m in firsts if m not in narrow) or "none here"}.
- In the second order, originals and mixtures are {far[0]} spreads apart, with one-hot elements {far[1].value:.2f}: unlike the
  control, the mean of learned features loses something that no map brings back.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-gains", "caption": "Variance (%) of two properties of a structure, each beyond a linear function of its composition, that ridge regressions predict for unseen parents; mean over one model of each family, 95 % intervals. Cross: control. The energy is that of a model of another family."}, "image": {"alt": "Predicted variance of two properties in three ways: only the spread of coordination numbers gains from the spread of the features"}}
found = {
    way: {target: one.share(once(one, target, firsts)) for target in one.targets}
    for way, one in probes.items()
}
fig, ax = plt.subplots(figsize=(WIDTH, 2.2))
figures.gains(ax, found, SQUARES)
plt.show()

# %% tags=["remove-input"]
shown(f"""
Is what is lost needed? Notice:

- The spread of coordination numbers, a property of the *mix* of atoms, is predicted better from mean and spread: the error falls by
  {gain(STD, MIX)}, in units of what is to be predicted; with the square of the mean in place of the spread, by {gain(SQUARES, MIX)}.
- The energy, a sum over atoms, gains nothing: its error falls by {gain(STD, ENERGY)}.
""")

# %% [markdown]
"""
## Paper against here
"""

# %% tags=["remove-input"]
single = int((np.bincount(index) == 1).sum())
published = paper_table("cumulants/cross_model_order_8/last_layer/MAD-test", "gfre")
crossed = between.mean(pair_weights([family_of(m) for m in small]))
shown(f"""
| GFRE | paper | here |
| --- | --- | --- |
| mean → order two | {paper[2]:.2f} | {fit.mean(once(fit, "2", every))} |
| mean → order four | {paper[4]:.2f} | {fit.mean(once(fit, "4", every))} |
| mean → order eight | {paper[8]:.2f} | {loss[main]} |
| between models, all eight orders | {mean_between(published):.2f} | {crossed} |

From the mean: PET-MAD there, {len(every)} models here, on a seventh as many structures ({single} of one atom), split by parent, not structure.
Between models: without those with the most channels, in one order of five folds.
The paper's eighth cumulant has two coefficients interchanged, which moves errors from the mean here by {change:.3f} at most.
""")

# %% [markdown]
"""
## What would change our mind

- No twins among single crystals: a mixture is more varied than most of its parts.
- A map that bends in all channels together and rebuilds the spread of learned features: curves of single channels are a weak attempt.
- A property other than the mix of atoms that the higher orders predict better than the mean.

## Parameters and checks

`lumlip run 07 -p models="[sevennet-0, chgnet-0.3.0]" -p structures=my.xyz` measures other models or structures.
The page takes about three minutes on two cores once features are stored.
"""

# %% tags=["hide-input"]
display(page.table())
for name, each in F.items():
    assert np.isfinite(each).all()
    assert not block(each, 2, 8)[np.bincount(index) == 1].any(), f"{name}: one atom has no spread"
p = block(F[ELEMENT], 1, 1)
assert np.allclose(block(F[ELEMENT], 2, 2) ** 2, p * (1 - p))  # the mean knows the spread
print("cumulants of one atom and of one-hot elements: checks passed")
