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
# Distance is not disagreement
"""

# %% tags=["parameters", "hide-cell"]
models: list = [
    "published"
]  # models with energies, at least two; of several families the first of each counts; or paper
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # with their untrained twins; [] for none
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
n_seeds: int = 10  # orders of the ten folds
n_few_seeds: int = 3  # the same where a subset is left out, which takes long
n_bootstrap: int = 500  # draws of the structures for intervals
device: str = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import spearmanr

import lumlip
from chapters.disagreement import energies, figures
from chapters.disagreement.detection import COMPOSITION, DISTANCE, ERROR, areas, mean_area
from chapters.disagreement.study import Study, groups_of
from chapters.shared.breakdown import mean_between
from chapters.shared.models import chosen
from chapters.shared.panels import panels_of
from lumlip.book.claims import FAILS, NO_MORE
from lumlip.book.page import Page, shown
from lumlip.datasets.paper import paper_table
from lumlip.metrics.cumulants import mean_over_atoms
from lumlip.metrics.repeated import Estimate, pair_weights
from lumlip.plotting import style
from lumlip.zoo.relations import first_of_families, untrained_twin

style.use_style()
every = chosen(models, chapter=9)
firsts = first_of_families(every)
named = {"published": firsts if len(firsts) > 1 else every}
named["minis"] = [*minis, *map(untrained_twin, minis)]
studies = {}
for name, panel in panels_of(named, structures, device=device).items():
    own = [m for m in (minis if name == "minis" else named[name]) if m in panel.datasets]
    if len(own) > 1:
        studies[name] = Study(panel, own, n_seeds, n_bootstrap, device)

# %% tags=["hide-input"]
ranks, gfre, energy, single, w, twins, pairs, weights = ({} for _ in range(8))
for name, study in studies.items():
    ranks[name] = energies.rank_tables(study)
    gfre[name] = study.fit(study.errors, study.features)
    energy[name], single[name] = energies.stitched(study)
    w[name], twins[name] = study.weights(), study.weights(trained=False)
    pairs[name] = pair_weights(groups_of(study.models))
    weights[name] = energies.own_and_foreign(groups_of(study.models))
detected = areas(studies["published"], n_seeds=n_few_seeds) if "published" in studies else {}


def of(name: str, number) -> Estimate:
    """Take a number of the published models, or of the minis, if they are there."""
    return number(name) if name in studies else Estimate.missing()


def rho(own: float, foreign: float):
    """So much of the own rank correlation, and so much of that with strangers' errors."""
    return lambda n: energies.weighted(ranks[n], own * weights[n][0] + foreign * weights[n][1])


# %% tags=["hide-input"]
page = Page(9)
earlier = "an earlier version had measured it"
one_each = {"models": "published", "chosen_after": earlier}
on_minis = {"models": "minis", "chosen_after": earlier}
features = of("published", lambda n: gfre[n].difference(w[n], w[n], other=energy[n]))
number = of("published", lambda n: gfre[n].difference(w[n], pairs[n], other=single[n]))
gained = of("published", lambda n: single[n].difference(pairs[n], w[n], other=energy[n]))
learned = of("minis", lambda n: energy[n].difference(twins[n], w[n]))
sharper, composition = (mean_area(detected, score, DISTANCE) for score in (ERROR, COMPOSITION))
text = "a pair's error tells its own disagreement better than errors of strangers do"
strangers = {"bound_from": "a null: errors between two other families"}
page.claim(text, of("published", rho(1, -1)), **strangers, **one_each)
page.claim("the same", of("minis", rho(1, -1)), **strangers, **on_minis)
text = "more is lost of the features than of the energy"
control = {"control": number, "control_is": "from the energy of the source alone"}
page.claim(text, features, bound_from="a null: as much", expect=NO_MORE, **control, **one_each)
text = "features lose less of another model's energy than that one number does"
page.claim(text, gained, bound_from="a null: no less", expect=FAILS, **one_each)
text = "trained features lose less of another model's energy than untrained ones"
page.claim(text, learned, bound_from="a null: untrained twins", **on_minis)
text = "a pair's error detects what was left out better than the distance in one model"
control = {"control": composition, "control_is": "composition alone", "expect": FAILS}
_ = page.claim(text, sharper, bound_from="a null: no better", **control, **one_each)

# %% tags=["hide-input"]
main = next(iter(studies))
share, alone = energy[main].share(w[main]), single[main].share(pairs[main])
of_features = gfre[main].share(w[main])
area = {score: mean_area(detected, score) for score in (ERROR, DISTANCE, COMPOSITION)}
cluster, molcrys = ({k: v for k, v in detected.items() if k == n} for n in ("cluster", "molcrys"))
rows = {name: energies.by_pair(study, ranks[name]) for name, study in studies.items()}
by_pair = rows[main]
reversed_ = [label for label, (one, other) in by_pair.items() if not one.value > other.value]
carried = [fit[main].worst_share(w[main]) for fit in (gfre, energy)]
page.says("strangers' errors reach most of it", of("published", rho(-0.5, 1)), side="above")
page.says("so they do for minis", of("minis", rho(-0.5, 1)), side="above")
page.says("in some pairs strangers do as well", len(reversed_), side="above")
page.says("all of them with DIEP", all("DIEP" in label for label in reversed_), side="above")
page.says("the energy is recovered nearly whole", share, side="above", bound=0.9)
page.says("no parent has a fifth of an error", max(carried), side="below", bound=0.2)
page.says("the error detects no better than a coin", area[ERROR].low, side="below", bound=0.5)
page.says("nor does the composition", area[COMPOSITION].low, side="below", bound=0.5)
page.says("the distance detects a little better", sharper, side="below")
better = mean_area(cluster, DISTANCE, ERROR)
page.says("it detects clusters better", better, side="above")
page.says("molecular crystals look usual", mean_area(molcrys, ERROR), side="below", bound=0.5)

# %% tags=["remove-input"]
page.answer(f"""
From the last layer of another family, a linear map recovers **{100 * share.value:.0f} %** \
({100 * share.low:.0f} to {100 * share.high:.0f} %) of what a model's energy says beyond composition, against \
{100 * of_features.value:.0f} % of its features.

But the other model's energy alone, one number, gives {100 * alone.value:.0f} %, too: models agree on energies, not \
on features, and a large feature error says more about the structure than about the two models.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-stitching", "caption": "What is lost of a model's energy beyond composition against the GFRE of its last layer, for each ordered pair of families. On the gray line as much is lost of both."}, "image": {"alt": "Circles, for trained sources, lie far below the diagonal, with crosses, for the energy alone, on top of them; triangles, for untrained sources, lie near the diagonal or above."}}
size = style.WIDTH, 3.2
fig, axs = plt.subplots(1, len(studies), figsize=size, sharex=True, sharey=True, squeeze=False)
for ax, name in zip(axs.flat, studies, strict=True):
    x, y, some = gfre[name].table.to_numpy(), energy[name].table.to_numpy(), w[name] > 0
    before, one = twins[name] > 0, single[name].table.to_numpy()[pairs[name] > 0]
    look = figures.MINI if name == "minis" else figures.CLAIMED
    ax.scatter(x[some], y[some], s=26, label="from the last layer", **look)
    ax.scatter(x[some], one, s=44, lw=1.2, label="from the energy alone", **figures.AGAINST)
    if before.any():
        look = {"marker": "^", "facecolors": "none", "edgecolors": style.MIDDLE}
        ax.scatter(x[before], y[before], s=26, label="from an untrained last layer", **look)
    ax.axline((0, 0), slope=1, color=style.LIGHT, lw=0.9)
    ax.axhline(1, color=style.LIGHT, lw=0.9, ls=":")
    ax.set(title=name, xlabel="GFRE of the last layer", xlim=(0, 1.05))
axs[0, 0].set(ylabel="lost of the energy", ylim=(0, None))
fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

Two doctors examine the same patients. Much of what one writes down cannot be worked out from the other's notes; yet
from these notes one can nearly always tell the first doctor's diagnosis. No wonder: both
make nearly the same diagnoses, so the other's diagnosis alone would do.
And on whom do their notes differ most? Mostly on patients on whom the notes of two other doctors differ, too.
:::

## What the paper says

{cite:t}`Chorna2025` read a large feature reconstruction error as a difference in what two models know.
What it means for the energies that users see, and whether the error of a single structure is a
warning, is left open.

Here, {term}`disagreement` is the difference of two models' energies per atom beyond what a linear function of the composition
explains. Maps and baselines are fitted without the structure and its relatives. One model stands for each family.

## Evidence

Does the error tell *where* two models disagree? The features of a pair are rebuilt from each other (global feature
reconstruction error, {term}`GFRE`: 0 = rebuilt exactly, 1 = no better than the average), and structures are ranked by that error.
*Strangers* are models of two other families, whose error knows nothing of this pair.
"""

# %%
# The idea, for one pair: do structures that are hard to rebuild have energies that differ?
study, last, (a, b) = studies[main], studies[main].features, studies[main].models[:2]
errors, folds = np.empty(len(study.owner)), study.orders[0]
for here in (folds == one for one in np.unique(folds)):
    errors[here] = lumlip.pointwise_gfre(last[a], last[b], train=~here, test=here)
differ = np.abs(study.beyond[0][:, 0] - study.beyond[0][:, 1])  # beyond composition
rho_of_pair = spearmanr(mean_over_atoms(errors[:, None], study.owner)[:, 0], differ).statistic
print(f"{a} to {b}: rank correlation {rho_of_pair:.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-ranks", "caption": "Rank correlation (Spearman's ρ, over structures) of each pair's disagreement in energy with its own error and with that of strangers; lines: 95 % intervals."}, "image": {"alt": "For each pair of families a circle and a cross. The circle lies far to the right of the cross in the three pairs of published models without DIEP, close to it in most others, and left of it in pairs with DIEP."}}
sizes = [len(some) for some in rows.values()]
options = {"figsize": (style.WIDTH, 1.3 + 0.32 * sum(sizes)), "height_ratios": sizes}
fig, axs = plt.subplots(len(rows), sharex=True, squeeze=False, **options)
for ax, (name, some) in zip(axs.flat, rows.items(), strict=True):
    figures.own_and_foreign(ax, some, mini=name == "minis")
    ax.set_title(name, loc="left")
ax.set(xlabel="rank correlation with the pair's disagreement in energy")
fig.legend(*axs.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %% tags=["remove-input"]
shown(f"""
Notice:

- A pair's error ranks structures by its own disagreement with ρ = {of("published", rho(1, 0))}, strangers' errors with
  {of("published", rho(0, 1))}: most of what the error says holds for any pair.
- The difference, what is the pair's own, is {of("published", rho(1, -1))}; for the minis it is {of("minis", rho(1, -1))}.
- In {len(reversed_)} of {len(by_pair)} pairs of published models, those with DIEP, strangers do at least as well; four families are too few for an interval over models.
""")

# %% [markdown]
"""
How much of the energy is lost where much of the features is? A linear map takes the average of A's last layer over
the atoms, and the composition, to the energy of B. *Lost* is on the scale of the GFRE: 0 = nothing, 1 = as much as from
the composition alone. The same map can be given A's energy, one number, in place of its features. {numref}`fig-09-stitching`
shows all pairs.
"""

# %% tags=["remove-input"]
shown(f"""
Notice:

- Of the features {gfre[main].mean(w[main])} is lost, of the energy only {energy[main].mean(w[main])}; from the energy of the source alone it is {single[main].mean(pairs[main])}, so all features together do no better.
- So models agree on energies, and what the distance measures lies mostly in the rest of the features.
- It is learned: from the last layers of trained minis {of("minis", lambda n: energy[n].mean(w[n]))} is lost, from those of their untrained twins {of("minis", lambda n: energy[n].mean(twins[n]))}.
""")

# %% [markdown]
"""
Does the error detect structures unlike those of the fit? One subset after another is left out of the maps, and its
structures are to be told from all others by a score: a pair's error, the distance to the nearest atom of the fit in one model's
features, or the distance to the nearest composition. The area under the ROC curve ({term}`AUROC`) is the probability that a left-out structure
scores higher; a toss of a coin gives one half.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-ood", "caption": "AUROC of three scores for each left-out subset, mean over pairs or models, with 95 % intervals; dotted: a coin."}, "image": {"alt": "Three marks for each subset; most lie near a half, clusters and random crystals above it, molecular crystals and fragments below"}}
fig, ax = plt.subplots(figsize=(style.WIDTH, 1.1 + 0.36 * max(1, len(detected))))
figures.by_subset(ax, detected)
fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %% tags=["remove-input"]
shown(f"""
Notice:

- On average, a pair's error detects new structures no better than a coin, {area[ERROR]}, nor does the composition,
  {area[COMPOSITION]}; the distance in one model does a little better, {area[DISTANCE]}.
- Clusters are detected, by the distance ({mean_area(cluster, DISTANCE)}) better than by the error ({mean_area(cluster, ERROR)}).
- Molecular crystals score *lower* than what the maps were fitted on ({mean_area(molcrys, ERROR)}): new is not the same as hard.
""")

# %% [markdown]
"""
## Paper against here
"""

# %% tags=["hide-input"]
published = mean_between(paper_table("cross_model/last_layer/MAD-test", "gfre"))
against = {
    "mean GFRE between families, last layer": (f"{published:.2f}", gfre[main].mean(w[main])),
    "lost of the energy": ("not published", energy[main].mean(w[main])),
    "rank correlation of error and disagreement": ("not published", of("published", rho(1, 0))),
}
pd.DataFrame.from_dict(against, orient="index", columns=["paper", "here"]).astype(str)

# %% [markdown]
"""
The paper's models are larger, its structures MAD's test part, its split takes single atoms; here every structure counts alike.

## What would change our mind

- A family whose energy the others cannot recover: then a distance might be a disagreement.
- Features of A that recover what A's own energy misses of B's.
- Pairs whose errors point to their own disagreements alone, on more than four families.

## Parameters and checks

`lumlip run 09 -p models="[sevennet-0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz` runs this page on your own models and
structures. With fewer than four families there are no strangers. It takes about three minutes on two cores once features are stored.
"""

# %% tags=["hide-input"]
for name, study in studies.items():
    itself = max(energy[name].table.loc[m, m] for m in study.models)
    print(f"{name}: {study.known.sum()} structures count; lost of its own {itself:.2f}")
    assert np.isfinite(gfre[name].table.to_numpy()).all()
print(f"{len(studies)} sets of models: checks passed")
page.table()
