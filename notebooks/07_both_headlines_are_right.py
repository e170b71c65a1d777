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
# Alike or not: it depends on what you call alike
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
]  # small models trained by this project; [] for none
controls: list = [
    "mace-mini-untrained",
    "pet-mini-untrained",
    "dpa-mini-untrained@inorganic",
    "uma-mini-untrained@omat",
    "mace-mini-seed2",
    "pet-mini-seed2",
]  # untrained twins and other seeds of the minis, without which there is no scale
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
layer: str = "last_layer"  # features: last_layer or backbone
n_samples: int = 400  # structures of a draw, one atom of each
n_redraws: int = 5  # draws of atoms, and orders of the ten folds for the GFRE
n_halves: int = 6  # random halves of the parents in each draw, for the intervals; 2 or more
seed: int = 0  # of the first draw
device: str = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import lumlip
from chapters.shared.breakdown import mean_between
from chapters.shared.models import chosen
from chapters.similarity import all_measures, figures
from chapters.similarity.all_measures import LABELS, Prepared, invariances, similarities
from chapters.similarity.draws import (
    AS_IS,
    BEFORE,
    MINIS,
    PERMUTED,
    PUBLISHED,
    SEEDS,
    WITHIN,
    by_measure,
    draw,
    estimate,
    groups_of,
    level,
    null_agreement,
    order_agreement,
    parents_of,
    sample,
    scaled,
)
from lumlip.book.page import Page, shown
from lumlip.datasets.paper import paper_table
from lumlip.metrics.repeated import jackknife
from lumlip.plotting import style
from lumlip.zoo.relations import family_of

style.use_style()
panel = lumlip.panel(chosen(models, chapter=7), structures, device=device, skip_failing=True)
wanted = [*minis, *controls] if len(minis) > 1 else []
small = lumlip.panel(wanted, structures, device=device, skip_failing=True) if wanted else None
names, some = list(panel.datasets), list(small.datasets) if small else []
groups = groups_of(names, some)
every = list(combinations(names, 2))
apart = [pair for pair in every if family_of(pair[0]) != family_of(pair[1])]
of_minis = groups[MINIS] + groups[BEFORE] + groups[SEEDS]
seeds = range(seed, seed + n_redraws)
options = {"layer": layer, "n_samples": n_samples, "n_halves": n_halves, "device": device}

# %% tags=["hide-input"]
views = {AS_IS: every, WITHIN: groups[PUBLISHED]}
real = [draw(panel, views, groups[PUBLISHED], seed=s, **options) for s in seeds]
draws, fresh = real, []
if small and of_minis:
    both = dict.fromkeys((AS_IS, WITHIN), of_minis)
    of_small = [draw(small, both, of_minis, seed=s, **options) for s in seeds]
    draws = [[pd.concat(t) for t in zip(*two, strict=True)] for two in zip(real, of_small, strict=True)]
    # The view within elements was chosen on the first draw: these parents are not in it.
    first = sample(small, layer=layer, n_samples=n_samples, seed=0)
    unseen = set(parents_of(small, np.arange(len(small.atoms["structure"])))) - set(parents_of(small, first))
    if len(unseen) > 1:
        fresh = [draw(small, both, of_minis, seed=s, among=sorted(unseen), **options) for s in seeds]


def closer(table: pd.DataFrame, view: str, of: dict = groups) -> pd.Series:
    """How much closer minis are than their untrained twins, on the scale, by each measure."""
    return scaled(table, of, MINIS, view) - scaled(table, of, BEFORE, view)


def by_chance(table: pd.DataFrame, view: str) -> pd.Series:
    """The same with the atoms permuted: what the measures' chance levels alone would make of it."""
    low, before = (level(table, groups[name], view, PERMUTED) for name in (MINIS, BEFORE))
    return (low - before) / (level(table, groups[SEEDS], view) - before)


# %% tags=["hide-input"]
page = Page(7)
gain = {view: by_measure(draws, lambda t, v=view: closer(t, v)) for view in (AS_IS, WITHIN)}
ups, downs = (
    {v: sum(test(e) for e in found.values()) for v, found in gain.items()}
    for test in (lambda e: e.low > 0, lambda e: e.high < 0)
)
minis_only = {"models": "minis", "bound_from": "a null: their untrained twins"}
for view, of, word in ((AS_IS, draws, "as they are"), (WITHIN, draws, "within elements"), (WITHIN, fresh, "within elements, on structures not in the first draw")):
    page.claim(
        f"compared {word}, training brings families closer, on the average of all measures",
        estimate(of, lambda t, v=view: float(closer(t, v).mean())), **minis_only,
        control=estimate(of, lambda t, v=view: float(by_chance(t, v).mean())), control_is="atoms permuted",
        chosen_after="the view, after the first draw was seen" if view == WITHIN else "",
    )  # fmt: skip
orders = {m: estimate(real, lambda t, m=m: order_agreement(t, every, "gfre", m)) for m in list(LABELS)[1:]}
between = {m: estimate(real, lambda t, m=m: order_agreement(t, apart, "gfre", m)) for m in orders}
null = null_agreement(real[0][0], every, "gfre", "cka")
page.claim(
    "GFRE and linear CKA put pairs in one order", orders["cka"], bound=null, models="published",
    bound_from="a null: models dealt anew to one of the measures (97.5 % quantile)",
)  # fmt: skip
page.claim(
    "GFRE orders pairs of two families as linear CKA does, rather than as shared neighbors do",
    estimate(real, lambda t: order_agreement(t, apart, "gfre", "cka") - order_agreement(t, apart, "gfre", "mutual_knn")),
    models="published", bound_from="a null: all measures agree alike",
)  # fmt: skip

# %% tags=["hide-input"]
on_scale = {
    view: {name: by_measure(draws, lambda t, n=name, v=view: scaled(t, groups, n, v)) for name in (PUBLISHED, MINIS, BEFORE)}
    for view in (AS_IS, WITHIN)
}
mean = {
    (name, view): estimate(draws, lambda t, n=name, v=view: float(scaled(t, groups, n, v).mean()))
    for name in (MINIS, BEFORE, PUBLISHED) for view in (AS_IS, WITHIN)
}  # fmt: skip
median = {
    (zero, view): estimate(draws, lambda t, z=zero, v=view: float(scaled(t, groups, MINIS, v, zero=z).median()))
    for zero in (PERMUTED, BEFORE) for view in (AS_IS, WITHIN)
}  # fmt: skip
moved = {
    view: estimate(draws, lambda t, v=view: float((scaled(t, groups, MINIS, v) - scaled(t, groups, MINIS, v, zero=BEFORE)).median()))
    for view in (AS_IS, WITHIN)
}
room = by_measure(draws, lambda t: level(t, groups[SEEDS], AS_IS) - level(t, groups[BEFORE], AS_IS))
chance = by_measure(draws, lambda t: level(t, groups[PUBLISHED], AS_IS, PERMUTED))
page.says("as they are, some measures call trained families closer", ups[AS_IS], side="above")
page.says("as they are, other measures call them farther apart", downs[AS_IS], side="above")
page.says("within elements every measure calls them closer", ups[WITHIN], side="above", bound=len(LABELS) - 0.5)
for view, found in moved.items():
    page.says(f"{view}, the zero changes the median", found, side="above")
page.says("some measure has no room between untrained twins and two seeds", sum(not e.low > 0 for e in room.values()), side="above")
of_neighbors = estimate(draws, lambda t: float(scaled(t, groups, PUBLISHED, WITHIN)[["cka", "mutual_knn"]].diff().iloc[1]))
page.says("published families share fewer neighbors than they share shape", of_neighbors, side="below")

# %% tags=["remove-input"]
page.answer(f"""
On a scale from none (atoms permuted) to all (one small network trained twice), two families of trained minis reach
**{100 * mean[MINIS, WITHIN].value:.0f} %** ({100 * mean[MINIS, WITHIN].low:.0f} to {100 * mean[MINIS, WITHIN].high:.0f} %)
where atoms are compared within their element, on the average of {len(LABELS)} measures, and their untrained twins {100 * mean[BEFORE, WITHIN].value:.0f} %.
But compared as they are, untrained networks look nearly as alike as trained ones ({100 * mean[BEFORE, AS_IS].value:.0f} against
{100 * mean[MINIS, AS_IS].value:.0f} %), and {ups[AS_IS]} measures say that training brings families closer, {downs[AS_IS]} that it drives them apart.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-scale", "caption": "How alike two families are by each measure, with 95 % intervals; 0: as with the atoms of one model permuted, 1: as one mini trained from two seeds. Left: features as they are. Right: with the mean of each element subtracted. What lies beyond the axis is drawn at its edge."}, "image": {"alt": "Left: untrained twins are below trained minis by measures of shape and above them by measures of neighbors. Right: trained minis are above untrained twins by every measure"}}
figures.scale_figure(plt.figure(), on_scale)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

Ask two people which books of a library are alike. If the color of the covers counts, somebody who cannot read agrees with
everybody else nearly as well as two readers agree. Only among books of one color does reading show: there two readers
agree clearly more with each other than two who cannot read.
Here the color is the chemical element of an atom, and reading is training: networks that have learned nothing already agree on the
elements. Within one element, trained models are more alike by *every* measure; without that precaution the answer
depends on the measure, and so both headlines can be had from the same atoms.
:::

## What the papers say

Three papers of one month compare the features of potentials.
{cite:t}`Chorna2025` rebuild one model's features from another's (global feature reconstruction error, GFRE: 0 = rebuilt exactly,
1 = no better than the average) and find different latent spaces.
{cite:t}`Edamadaka2025` compare nearly sixty models by CKNNA, distance correlation and information imbalance: potentials
converge as they get better. {cite:t}`Li2025` tell every atom by its cosines to a few anchors, and find one geometry in seven potentials.
Each used its own models, structures and measures. Here all measures look at the same atoms of the same models, one atom of each
structure, beside what none of the headlines has: permuted atoms, untrained twins, and a second seed.

## Evidence

**Chance levels.** No measure is to be read without its value for unrelated features: the same two models, with the atoms
of one permuted.
"""

# %% tags=["hide-input"]
columns = {
    f"{name}{', permuted' if atoms == PERMUTED else ''}": by_measure(draws, lambda t, n=name, a=atoms: level(t, groups[n], AS_IS, a))
    for name in (PUBLISHED, MINIS, BEFORE, SEEDS) for atoms in (PERMUTED, "same atoms")
    if atoms != PERMUTED or name in (PUBLISHED, MINIS)
}  # fmt: skip
raw = pd.DataFrame({c: {m: e.value for m, e in found.items()} for c, found in columns.items()})
raw.set_axis([LABELS[m] for m in raw.index]).rename_axis("features as they are").round(2) + 0.0

# %% tags=["remove-input"]
left_out = jackknife(
    [family_of(m) for m in dict.fromkeys(m for pair in groups[MINIS] for m in pair)],
    lambda kept: np.mean([float(closer(whole, WITHIN, {
        **groups, **{n: [p for p, own in zip(groups[n], combinations(range(len(minis)), 2), strict=True) if set(own) <= set(kept)]
                     for n in (MINIS, BEFORE)}}).mean()) for whole, *_ in draws]),
)  # fmt: skip
shown(f"""
Notice:
- With {n_samples} atoms, permuted features reach {chance["pwcca"].value:.2f} by PWCCA and {chance["svcca"].value:.2f} by SVCCA;
  most others are near zero. The wider the features, the higher these levels: each group has its own zero.
- Within elements, training moves families by {page.claims[1].found} of the scale. With one family of minis left out at a time
  the mean over *models* is {left_out.value:.2f} ({left_out.low:.2f} to {left_out.high:.2f}). That view was chosen after the first numbers;
  on structures whose parents were not among them the gain is {page.claims[2].found}, though linear CKA alone no longer settles it.
- The zero matters. For features as they are the median over measures is {median[PERMUTED, AS_IS]} from permuted atoms, and
  {median[BEFORE, AS_IS]} from untrained twins; within elements {median[PERMUTED, WITHIN]} and {median[BEFORE, WITHIN]}.
  Whether training brings families closer does not depend on it, but how close they are does.
""")

# %% [markdown]
"""
**Orders.** A measure may be stretched and still put pairs of models in the same order.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-07-order", "caption": "Agreement of each measure with the GFRE on the order of pairs of published models (Spearman's coefficient, no unit), with 95 % intervals over draws of atoms and their parents; features as they are."}, "image": {"alt": "Linear CKA and Procrustes order pairs nearly as the GFRE does; CKNNA, PWCCA and shared neighbors do so much less"}}
fig, ax = plt.subplots(figsize=(6.6, 4))
figures.order_figure(ax, orders, between, null)
plt.show()

# %% tags=["remove-input"]
shown(f"""
Notice:
- GFRE and linear CKA agree to {orders["cka"]}, against {null:.2f} by chance; over pairs of two families, without the variants that
  are alike by any measure, to {between["cka"]}, and GFRE and shared neighbors to {between["mutual_knn"]} only.
- So the measures fall into two parties, one for the large directions, which hold most of the energy, and one for who is next to whom.
""")

# %% [markdown]
"""
The reason is what each measure does not notice, tried on random features that were changed in a known way:
"""

# %% tags=["hide-input"]
table = pd.DataFrame(invariances(seed=seed)).T
table.index = pd.Index([LABELS[name] for name in table.index], name="does not notice")
table.replace({True: "yes", False: "notices"})

# %% [markdown]
"""
## Paper against here
"""

# %% tags=["hide-input"]
gfre = mean_between(paper_table(f"cross_model/{layer}/MAD-test", "gfre"))
says = {
    "gfre": ("Chorna et al.: different", f"about {1 - gfre**2:.2f}"),
    "cknna": ("Edamadaka et al.: converging", "not read"),
    "distance_correlation": ("Edamadaka et al.: converging", "not read"),
    "imbalance": ("Edamadaka et al.: converging", "not read"),
    "anchors": ("Li and Walsh: one geometry", "not read"),
}
rows = [
    {"measure": LABELS[m], "paper": paper, "paper's number": number, "published, here": str(columns[PUBLISHED][m]),
     "minis against untrained, as they are": str(gain[AS_IS][m]), "within elements": str(gain[WITHIN][m])}
    for m, (paper, number) in says.items()
]  # fmt: skip
pd.DataFrame(rows).set_index("measure")

# %% [markdown]
"""
What differs: the models, the structures, the anchors, and the draws. Of the two papers that find convergence we have read abstracts
and excerpts, not their tables. Edamadaka et al. follow models as they get better; we cannot, but compare before and after training.
The minis have learned one teacher's labels: what published models gain by training needs *their* untrained twins,
which nobody has published. Their place on the scale is in units of the minis' seeds.

## What would change our mind

Untrained twins of published models that are as alike within elements as the trained ones; a measure by which minis move apart there; or
a scale on which neighbors and large directions order pairs of families alike.

## Parameters and checks

`lumlip run 07 -p models="[sevennet-0, chgnet-0.3.0]" -p structures=my.xyz` runs this page on your own models and structures;
`layer=backbone` takes the features that enter the energy head. [Methods](../book/methods.md) has the formulas.
"""

# %% tags=["hide-input"]
page.table()

# %% tags=["hide-input"]
print(panel.report())
one = Prepared(next(iter(panel.layer(layer).values()))[sample(panel, layer=layer, n_samples=n_samples, seed=seed)])
assert all(abs(value - 1) < 3 / len(one.X) for value in similarities(one, one).values())
print(f"{len(names)} models, {len(all_measures.METRICS)} measures, {n_redraws} draws: checks passed")
