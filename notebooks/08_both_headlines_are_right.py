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
models: list = ["published"]  # all published models, or ids, at least two; or paper
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # small models trained by this project, with their twins and other seeds; [] for none
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
from chapters.shared.models import chosen, with_seeds
from chapters.similarity import figures, numbers
from chapters.similarity.all_measures import LABELS, Prepared, similarities
from chapters.similarity.draws import (
    AS_IS,
    BEFORE,
    MINIS,
    PERMUTED,
    PUBLISHED,
    SAME,
    SEEDS,
    WITHIN,
    draw,
    groups_of,
    parents_of,
    sample,
)
from chapters.similarity.numbers import average, by_measure, closer, estimate, level, scaled
from lumlip.book.page import Page, shown
from lumlip.datasets.paper import paper_table
from lumlip.plotting import style
from lumlip.zoo.relations import family_of, untrained_twin

style.use_style()
panel = lumlip.panel(chosen(models, chapter=8), structures, device=device, skip_failing=True)
wanted = [*with_seeds(minis), *map(untrained_twin, minis)] if len(minis) > 1 else []
small = lumlip.panel(wanted, structures, device=device, skip_failing=True) if wanted else None
names = list(panel.datasets)
groups = groups_of(names, list(small.datasets) if small else [])
every = list(combinations(names, 2))
apart = [pair for pair in every if family_of(pair[0]) != family_of(pair[1])]

# %% tags=["hide-input"]
options = {"layer": layer, "n_samples": n_samples, "n_halves": n_halves, "device": device}
views = {AS_IS: every, WITHIN: groups[PUBLISHED]}
seeds = range(seed, seed + n_redraws)
real = [draw(panel, views, groups[PUBLISHED], seed=s, **options) for s in seeds]
draws, fresh = real, []
if small:
    both = groups[MINIS] + groups[BEFORE] + groups[SEEDS]
    views = {AS_IS: both, WITHIN: both}
    of_minis = [draw(small, views, both, seed=s, **options) for s in seeds]
    both_panels = zip(real, of_minis, strict=True)
    draws = [list(map(pd.concat, zip(*two, strict=False))) for two in both_panels]
    # The view within elements was chosen on the draw of seed 0: these parents are not in it.
    known = parents_of(small, sample(small, layer=layer, n_samples=n_samples, seed=0))
    options["among"] = sorted(set(small.atoms["parent"].to_numpy()) - set(known))
    fresh = [draw(small, views, both, seed=s, **options) for s in seeds]
gain = {view: by_measure(draws, closer, groups, view) for view in (AS_IS, WITHIN)}
gain["elsewhere"] = by_measure(fresh, closer, groups, WITHIN)
orders = {m: estimate(real, numbers.order, every, "gfre", m) for m in LABELS if m != "gfre"}
between = {m: estimate(real, numbers.order, apart, "gfre", m) for m in orders}

# %% tags=["hide-input"]
page = Page(8)
chance_order = numbers.order_by_chance(real, every, "gfre", "cka")
for view, where, of in (
    (AS_IS, "as they are", draws),
    (WITHIN, "within elements", draws),
    (WITHIN, "within elements, on structures that are not in the first draw", fresh),
):
    by_chance = average(of, numbers.by_chance, groups, view)
    page.claim(
        f"compared {where}, training brings families closer, on the average of all measures",
        average(of, closer, groups, view), bound=max(0.0, by_chance.high), models="minis",
        bound_from="a null: their untrained twins, and what permuted atoms make of the difference (upper end)",
        control=by_chance, control_is="atoms permuted",
        chosen_after=("the view, after the first draw; " if view == WITHIN else "") + "the part of permuted atoms in the bound, after two draws",
    )  # fmt: skip
page.claim(
    "GFRE and linear CKA put pairs in one order", orders["cka"], bound=chance_order, models="published",
    bound_from="a null: models dealt anew to one of the measures (97.5 % quantile)",
)  # fmt: skip
parties = page.claim(
    "GFRE orders pairs of two families as linear CKA does, more than as shared neighbors do",
    estimate(real, lambda t: np.subtract(*(numbers.order(t, apart, "gfre", m) for m in ("cka", "mutual_knn")))),
    models="published", bound_from="a null: it agrees with both alike",
)  # fmt: skip

# %% tags=["hide-input"]
of_view = {
    view: {m: by_measure(draws, scaled, groups, m, view) for m in (PUBLISHED, MINIS, BEFORE)}
    for view in (AS_IS, WITHIN)
}
mean = {(m, v): average(draws, scaled, groups, m, v) for m in (MINIS, BEFORE) for v in of_view}
ups, downs = (
    {view: sum(test(e) for e in found.values()) for view, found in gain.items()}
    for test in (lambda e: e.low > 0, lambda e: e.high < 0)
)
page.says("as they are, some measures find trained families closer", ups[AS_IS], side="above")
page.says("as they are, others find them farther apart", downs[AS_IS], side="above")
half = len(LABELS) / 2
page.says("within elements most find them closer", ups[WITHIN], side="above", bound=half)
page.says("within elements none finds them farther apart", downs[WITHIN], side="below", bound=0.5)
page.says(
    "untrained twins are nearly as alike as trained minis, as they are",
    average(draws, closer, groups, AS_IS), side="below", bound=average(draws, closer, groups, WITHIN).low,
)  # fmt: skip

# %% tags=["remove-input"]
trained, before = mean[MINIS, WITHIN], mean[BEFORE, WITHIN]
page.answer(f"""
Compared element by element, small models of two families are **{100 * trained.value:.0f} %** ({100 * trained.low:.0f} to {100 * trained.high:.0f} %)
as alike as one model trained twice, on the average of all measures, and their untrained twins {100 * before.value:.0f} % (atoms permuted: none).
But compared as they are, untrained networks look nearly as alike as trained ones, and whether training brings families closer
depends on the measure.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-08-scale", "caption": "How alike two families are by each measure, with 95 % intervals; 0: as with the atoms of one model permuted, 1: as one mini trained from two seeds. Left: features as they are. Right: with the mean of each element subtracted. What lies beyond the axis is drawn at its edge."}, "image": {"alt": "Left: trained minis (hollow) are to the right of untrained twins (crosses) by measures of shape, and to the left of them by measures of neighbors. Right: trained minis are to the right of their untrained twins by every measure"}}
figures.scale_figure(plt.figure(), of_view)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

Ask two people which books of a library are alike. If the color of the covers counts, somebody who cannot read agrees with
everybody else nearly as well as two readers agree. Only among books of one color does reading show: there two readers
agree clearly more with each other than two who cannot read.
Here the color is the chemical element of an atom, and reading is training: networks that have learned nothing already agree on the
elements. Within one element, most measures say that training brings models closer and none says the opposite; without that
precaution the answer depends on the measure, and both headlines can be had from the same atoms.
:::

## What the papers say

{cite:t}`Chorna2025` rebuild one model's features from another's (global feature reconstruction error, {term}`GFRE`: 0 = rebuilt exactly,
1 = no better than the average) and find different latent spaces.
{cite:t}`Edamadaka2025` compare nearly sixty models by CKNNA, distance correlation and information imbalance: potentials
converge as they get better. {cite:t}`Li2025` describe every atom by its cosines to a few anchors, and find one geometry in seven potentials.
Here all measures look at the same atoms of the same models, one atom of each
structure, next to what neither headline has: permuted atoms, untrained twins, and other seeds.

## Evidence

"""

# %%
# The idea, for one pair of models, as they are: two measures on the same atoms.
X, Y = (panel.layer(layer)[name][:1000] for name in (names[0], names[-1]))
for measure in (lumlip.similarity.cka, lumlip.similarity.mutual_knn):
    print(f"{names[0]} and {names[-1]}, {measure.__name__}: {measure(X, Y):.2f}")

# %% tags=["hide-input"]
columns = {
    name: by_measure(draws, level, groups, PUBLISHED, AS_IS, name) for name in (SAME, PERMUTED)
}
chance, (inside, held_out) = columns[PERMUTED], page.claims[1:3]
left_out = numbers.over_families(draws, groups, WITHIN)
shown(f"""
- **Notice** that within elements {ups[WITHIN]} of {len(LABELS)} measures have their whole interval on the side of "closer", and none
  on the other side.
- **Notice** the zero: with {n_samples} atoms, permuted features reach {chance["pwcca"].value:.2f} by PWCCA, but {chance["cka"].value:.2f} by
  debiased CKA, so each measure and group of pairs needs a zero of its own.
- **Notice** that the view within elements was chosen after the first numbers: there training moves minis by {inside.found} of the scale, and on
  structures that were not among them by {held_out.found}. And four families are few: leaving out one at a time, the interval over *models*
  is {left_out.low:.2f} to {left_out.high:.2f}.
""")

# %% [markdown]
"""
**Orders.** Two measures on different scales may still put pairs of models in the same order.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-08-order", "caption": "Agreement of each measure with the GFRE on the order of pairs of published models (Spearman's coefficient), with 95 % intervals; features as they are."}, "image": {"alt": "Linear CKA and Procrustes order pairs nearly as the GFRE does; CKNNA, PWCCA and shared neighbors do so much less"}}
figures.order_figure(plt.figure(), orders, between, chance_order)
plt.show()

# %% tags=["remove-input"]
shown(f"""
- **Notice** that GFRE and linear CKA agree to {orders["cka"]}, against {chance_order:.2f} by chance.
- **Notice** two kinds of measures, those of large directions and those of nearest neighbors: over pairs of two families, GFRE agrees with
  linear CKA to {between["cka"]}, but with shared neighbors only to {between["mutual_knn"]}, a difference of {parties.found}.
""")

# %% [markdown]
"""
## Paper against here
"""

# %% tags=["hide-input"]
gfre = mean_between(paper_table(f"cross_model/{layer}/MAD-test", "gfre"))
says = {
    "gfre": f"Chorna et al.: different, about {1 - gfre**2:.2f}",
    **dict.fromkeys(("cknna", "distance_correlation", "imbalance"), "Edamadaka et al.: converging"),
    "anchors": "Li and Walsh: one geometry",
}
here = {
    "published families, here": columns[SAME],
    "minis minus untrained, as they are": gain[AS_IS],
    "the same within elements": gain[WITHIN],
}
table = {LABELS[m]: {"paper": says[m]} | {c: str(e[m]) for c, e in here.items()} for m in says}
pd.DataFrame(table).T

# %% [markdown]
"""
What differs: the models, the structures, the anchors, and the draws. Of the two papers that find convergence we have read abstracts
and excerpts, not their tables. Edamadaka et al. follow models as they get better; we compare before and after training.
The minis have learned one teacher's labels: what published models gain by training needs *their* untrained twins,
which nobody has published.

## What would change our mind

Untrained twins of published models that are as alike within elements as the trained ones; a measure by which minis move apart there; or
a scale on which neighbors and large directions order pairs of families alike.

## Parameters and checks

`lumlip run 08 -p models="[sevennet-0, chgnet-0.3.0]" -p structures=my.xyz` runs this page on your own models and structures.
It takes about three minutes on two cores once features are stored. [Methods](../book/methods.md) has the formulas.
"""

# %% tags=["hide-input"]
print(panel.report())
rows = sample(panel, layer=layer, n_samples=n_samples, seed=seed)
one = Prepared(panel.layer(layer)[names[0]][rows])
itself = similarities(one, one).values()
assert len(rows) < 100 or all(abs(value - 1) < 3 / len(rows) for value in itself)
print(f"{len(names)} models, {len(LABELS)} measures, {n_redraws} draws of atoms: checks passed")
page.table()
