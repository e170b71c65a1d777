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
# Models part on the way, trained or not, and meet in the energy
"""

# %% tags=["parameters", "hide-cell"]
models: list = ["published"]  # model ids; or published: one of each family; or paper
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # small models of this project, with their untrained twins, shown apart; [] for none
seeds: list = ["mace-mini-seed2", "pet-mini-seed2"]  # minis trained from another seed
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
every: int = 3  # take every n-th structure; all of a small set
width: int = 64  # principal components that wider steps enter with
n_seeds: int = 10  # orders of the ten folds
n_mini_seeds: int = 5  # the same for minis and controls
n_bootstrap: int = 500  # draws of the structures for intervals
device: str = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import lumlip
from chapters.depth import figures, fits
from chapters.depth.fits import AS_IS, REST, STAGES_OF, WITHIN, StageFits
from chapters.shared.breakdown import mean_between
from chapters.shared.elements import element_share, without_element_mean
from chapters.shared.models import chosen
from chapters.shared.spectrum import energy_in_leading
from lumlip.book.claims import FAILS, NO_MORE
from lumlip.book.page import Page, shown
from lumlip.datasets.paper import paper_table
from lumlip.extraction.panel import panels_of
from lumlip.metrics.repeated import Estimate
from lumlip.plotting import style
from lumlip.zoo.relations import family_name, family_of, first_of_families, untrained_twin

style.use_style()
frames = lumlip.structures(structures)
frames = frames[:: max(1, min(every, len(frames) // 200))]
twins = [untrained_twin(m) for m in minis]
named = {"published": chosen(models, chapter=8), "minis": minis and [*minis, *twins, *seeds]}
if models == ["published"]:  # maps between all ten take several times as long
    named["published"] = first_of_families(named["published"])
panels = panels_of(named, frames, device=device, layers=True)

# %% tags=["hide-input"]
options = {"width": width, "n_bootstrap": n_bootstrap, "device": device}
whole = StageFits.of(panels.get("published"), n_seeds=n_seeds, **options)
heavy, real = whole.without_heavy(0.2)
small = StageFits.of(panels.get("minis"), n_seeds=n_mini_seeds, **options)
names = real.fit.sources
on_the_way, at_end = ("first", "last"), ("last", "last layer")
part, part_within = (real.change(view, names, on_the_way) for view in (AS_IS, WITHIN))
meet, meet_rest = (real.change(view, names, at_end) for view in (WITHIN, REST))
part_all, meet_all = whole.change(AS_IS, names, on_the_way), whole.change(WITHIN, names, at_end)
by_leading = real.change(REST, names, at_end, beyond=(WITHIN, names))
of_twins = {view: small.change(view, twins, on_the_way) for view in (AS_IS, WITHIN)}
end_of_twins = small.change(WITHIN, twins, at_end)
leading_of_twins = small.change(REST, twins, at_end, beyond=(WITHIN, twins))
learned = small.change(AS_IS, minis, on_the_way, beyond=(AS_IS, twins))
apart, nearer = (
    small.net([small.between(view, stage, minis)], [small.between(view, stage, twins)])
    for view, stage in ((AS_IS, "last"), (WITHIN, "last layer"))
)
seeds_part, seeds_end = (
    small.net([small.seeds(view, end, minis)], [small.seeds(view, start, minis)])
    for view, (start, end) in ((AS_IS, on_the_way), (WITHIN, at_end))
)

# %% tags=["hide-input"]
page = Page(8)
null = {"bound_from": "a null: no change with depth", "models": "published"}
crystal = {"chosen_after": "that one crystal carries a fifth of an error, which is left out here"}
control = {"control_is": "untrained minis"}
text = "families are further apart after the last interaction than after the first"
page.claim(text, part, control=of_twins[AS_IS], **control, **null, **crystal, expect=NO_MORE)
page.claim("the same, with that crystal", part_all, **null, expect=FAILS)
text = "among atoms of one element, families are further apart after the last interaction, too"
page.claim(text, part_within, control=of_twins[WITHIN], **control, **null, **crystal, expect=FAILS)
text = "among atoms of one element, last layers are nearer than last interactions"
page.claim(text, meet, side="below", control=end_of_twins, **control, **null, **crystal)
page.claim("the same, with that crystal again", meet_all, side="below", **null, expect=FAILS)
text = "they come nearer along the leading direction of the target, more than in the rest of it"
control |= {"control": leading_of_twins} | crystal
null |= {"bound_from": "a null: no direction is special"}
page.claim(text, by_leading, **null, **control)
null = {"bound_from": "a null: untrained twins", "models": "minis"}
page.claim("trained minis part on the way more than untrained ones", learned, **null)
page.claim("after the last interaction, trained minis are further apart", apart, **null)
text = "among atoms of one element, last layers of trained minis are nearer"
_ = page.claim(text, nearer, side="below", **null)

# %% tags=["hide-input"]
columns = {
    "first to last interaction": (AS_IS, on_the_way),
    "the same, within elements": (WITHIN, on_the_way),
    "last interaction to last layer, within elements": (WITHIN, at_end),
}
pairs = [pair for pair in combinations(names, 2) if family_of(pair[0]) != family_of(pair[1])]
by_pair = pd.DataFrame(
    {kind: [real.change(view, pair, steps) for pair in pairs] for kind, (view, steps) in columns.items()},
    index=[" and ".join(family_name(family_of(m)) for m in pair) for pair in pairs],
)  # fmt: skip
as_is, within, ends = (list(by_pair[kind]) for kind in columns)
odd = [any(family_of(m) == "hienet" for m in pair) for pair in pairs]
with_odd = max((e.high for e, one in zip(within, odd, strict=True) if one), default=np.nan)
without = min((e.low for e, one in zip(within, odd, strict=True) if not one), default=np.nan)
farthest = max(ends, key=lambda e: e.high, default=Estimate.missing())
w = [real.between(view, stage, names) for view, some in STAGES_OF.items() for stage in some]
carried = max((real.fit.worst_share(some) for some in w if some.any()), default=np.nan)

# %% tags=["hide-input"]
published = panels.get("published")
stages = fits.at_stages(published) if published else {}
numbers = published.atoms["atomic_number"].to_numpy() if published else None
explained = {s: [element_share(X, numbers) for X in of.values()] for s, of in stages.items()}
fading = [a - b for a, b in zip(*(explained.get(s, []) for s in on_the_way), strict=True)]
energy = [
    energy_in_leading(
        without_element_mean(fits.narrow(X, width), numbers),
        published.atoms["structure"], numbers, published.datasets[m]["energy"],
    )
    for m, X in stages.get("last layer", {}).items()
]  # fmt: skip
page.says("one crystal is left out", float(len(heavy) == 1), side="above")
page.says("without it, no parent has a fifth of an error", carried, side="below", bound=0.2)
page.says("most pairs part", np.mean([e.low > 0 for e in as_is]), side="above", bound=0.5)
page.says("within elements, pairs with HIENet come nearer", with_odd, side="below")
page.says("within elements, all others part", without, side="above")
page.says("in the last layer, every pair is nearer", farthest, side="below")
before = [real.change(WITHIN, names, (stage, "last layer")) for stage in ("first", "middle")]
page.says("nearer than at any interaction", max(e.high for e in before), side="below")
page.says("over models, too", real.over_families(WITHIN, at_end), side="below")
page.says("in the rest, they are no nearer on average, here", meet_rest.value, side="above")
page.says("two seeds part, too", seeds_part, side="above")
page.says("they go on parting into the last layer", seeds_end, side="above")
page.says("in all models the element fades", min(fading, default=np.nan), side="above")
page.says("leading directions are the energy", min(energy, default=np.nan), side="above", bound=0.8)
page.says("as they are, last layers are nearer", real.change(AS_IS, names, at_end), side="below")

# %% tags=["remove-input"]
recovered = real.fit.share(real.between(WITHIN, "last layer", names))
page.answer(f"""
From the last layer of another published family, a linear map recovers **{100 * recovered.value:.0f} %** \
[{100 * recovered.low:.0f}, {100 * recovered.high:.0f}] of what sets atoms of one element apart (one crystal left out), more than at any interaction: \
unlike untrained networks, these models meet there, along one direction, the energy.

But on the way there, from the first interaction to the last, they part, and so do networks that were never trained.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-08-stages", "caption": "Global feature reconstruction error (GFRE: 0 = rebuilt exactly, 1 = no better than the average) between two models at the same stage, mean over pairs, with 95 % intervals. Left: features as they are. Middle: without the mean of each element. Right: the same, without the leading direction of the target, for the two stages that a claim compares. Published models and minis are seen on different structures: compare slopes, not heights."}, "image": {"alt": "Left, all lines rise from the embedding to the last interaction. Middle, they are nearly level up to the last interaction; then published models fall steeply, trained minis a little, and untrained minis rise. Right, published models do not fall."}}
lines = {
    "published families": (real, real.between, names),
    "minis of different families": (small, small.between, minis),
    "the same, never trained": (small, small.between, twins),
    "a mini and its other seed": (small, small.seeds, minis),
}
fig, axs = plt.subplots(1, 3, figsize=(7.4, 3.4), sharey=True, layout="constrained")
for ax, (view, some) in zip(axs, STAGES_OF.items(), strict=True):
    found = {
        kind: {stage: one.fit.mean(of(view, stage, which)) for stage in some}
        for kind, (one, of, which) in lines.items()
    }
    figures.stage_lines(ax, found)
    ax.set_title(view, fontsize=8.5)
axs[0].set(ylabel="GFRE", ylim=(0, None))
fig.legend(*axs[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=7.5)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

A potential describes an atom in steps: first only which element it is, then, round after round of messages from its
neighbors (*interactions*), where it sits, and at the very end what energy follows.
We ask after every step whether one potential's description can be worked out from another's.
It is as with cooks who start from the same basket and must serve the same soup. While they cook, their pots grow
more different, and so do the pots of people who cannot cook: that alone is no sign of a style. But in the bowls of the real cooks
one thing has become alike, the taste that was ordered, here the energy.
:::

## What the paper says

{cite:t}`Chorna2025` take features at two places: the *backbone*, which enters the energy head, and the *last layer*.
What happens before is not in the paper. {cite:t}`Edamadaka2025` find that representations of many scientific models
converge, also at their ends. Here every step is looked at, at five *stages* that models of any length have: the
embedding of the element, the first, middle and last interaction, and the last layer. One model stands for each family.

Three choices must be known. Vectors and tensors of equivariant models enter as their norms, so a step that only
turns them looks like no step at all. Steps of more than 64 channels enter by that many principal components, lest a
wide step tell more only because it is wide. And *within elements*, every atom loses the mean over the atoms of its element in
structures of *other* parents, so that nothing of itself or its relatives is subtracted; atoms of elements in fewer than five
parents are not tested.

## Evidence
"""

# %% tags=["remove-input"]
low, high = real.over_families(AS_IS, on_the_way)[1:]
shown(f"""
Notice:

- As they are, published families part on the way: their GFRE changes by {part}, over families by anything from {low:.2f} to {high:.2f}.
  But that of untrained minis changes by {of_twins[AS_IS]}, too.
  Left out is {", ".join(f"`{name}`" for name in heavy) or "no crystal"}, which alone carries over a fifth of the squared error after
  the last interaction, mostly of maps to SevenNet. With it, no interval leaves out zero: {part_all} here, {meet_all} for the next number.
- Within elements, the step to the last layer changes the GFRE of published models by {meet}, that of untrained minis by {end_of_twins}.
  Without the leading direction of each target, the published models' change is {meet_rest}: what they come to share lies along that direction.
- Training drives minis apart (after the last interaction, trained minus untrained: {apart}), and brings them nearer within elements
  (last layer: {nearer}).
- Two seeds of one mini part, too, by {seeds_part}, and go on parting into the last layer, by {seeds_end} within elements.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-08-pairs", "caption": "Change of GFRE (no unit) with depth in each pair of published families, mean of both directions, with 95 % intervals. Right of zero the two part, left of it they come nearer."}, "image": {"alt": "One row per pair of families. Black marks lie right of zero. Blue marks lie right of zero for pairs without HIENet, left of it for pairs with HIENet. Orange marks lie left of zero in all rows."}}
if pairs:
    fig, ax = plt.subplots(figsize=(7.0, 1.2 + 0.4 * len(by_pair)))
    figures.pair_changes(ax, by_pair)
    plt.show()

# %% tags=["remove-input"]
share = {stage: np.mean(some) for stage, some in explained.items()}
shown(f"""
Notice:

- As they are, {sum(e.low > 0 for e in as_is)} of {len(pairs)} pairs part. Part of it is no surprise: in every model the element explains less of the features
  after the last interaction (on average {share.get("last", np.nan):.2f} of the variance) than after the first
  ({share.get("first", np.nan):.2f}), and a list of elements is what all models translate best.
- Within elements there is no common direction. Pairs with HIENet come nearer on the way, all others part, and the mean,
  {part_within}, does not tell what a fifth family would do.
- In the last layer *every* pair is nearer, least clearly by {farthest}. There, the leading direction is the energy of the atom
  (R² of {min(energy, default=np.nan):.2f} or more in all models). In SevenNet and HIENet the last layer is a linear map of the
  last interaction ([the chapter on layers](04_backbone_knows_more.ipynb)): they come nearer by leaving out.
""")

# %% [markdown]
"""
## Paper against here
"""

# %% tags=["remove-input"]
rows = {
    stage: [mean_between(paper_table(f"cross_model/{layer}/MAD-test", "gfre"))]
    + [one.fit.mean(one.between(AS_IS, stage, some)) for one, some in ((real, names), (small, minis))]
    for stage, layer in (("last", "backbone"), ("last layer", "last_layer"))
}  # fmt: skip
shown("""
| mean GFRE between families | paper | published models, here | minis, here |
| --- | --- | --- | --- |
""" + "\n".join(f"| {s} | {paper:.2f} | {ours} | {of_minis} |" for s, (paper, ours, of_minis) in rows.items()))  # fmt: skip

# %% [markdown]
"""
In the paper, last layers are further apart than backbones (our last interaction); here they are nearer, since they are mostly the energy.
What differs: the models, the structures, the split (single atoms against whole parents), and that our last interaction
has norms that enter no energy head. The stages before, and anything within elements, are not published.

## What would change our mind

- Untrained twins of the *published* models that do not part: ours are twins of small models.
- A fifth family: with four, one decides whether models part within elements.
- Last layers of the paper's models that do not meet along the energy.

## Parameters and checks

`lumlip run 08 -p models="[sevennet-0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz` runs this page on other models and
structures. `every=1` takes all structures, a larger `width` more channels; both take longer. With all channels, tried on two
orders of the folds, the claims about published models came out the same.
"""

# %% tags=["hide-input"]
page.table()

# %% tags=["hide-input"]
for panel in panels.values():
    elements = panel.atoms["atomic_number"].to_numpy()
    for model, X in fits.at_stages(panel)["embedding"].items():  # an element is one point there
        assert all(np.ptp(X[elements == z], axis=0).max() == 0 for z in np.unique(elements)), model
print(f"{sum(len(p.datasets) for p in panels.values())} models, step by step: checks passed")
