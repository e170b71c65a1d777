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
models: list = ["published"]  # ids with layers, some energies; published: one a family; or paper
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # small models of this project, with untrained twins and all other seeds; [] for none
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

import lumlip
from chapters.depth import figures, fits
from chapters.depth.fits import AS_IS, REST, STAGES_OF, WITHIN, StageFits
from chapters.shared.breakdown import mean_between
from chapters.shared.elements import element_share, without_element_mean
from chapters.shared.models import chosen, seeds_of
from chapters.shared.panels import only, panels_of
from chapters.shared.spectrum import energy_in_leading
from lumlip.book.claims import FAILS, NO_MORE
from lumlip.book.page import Page, shown
from lumlip.datasets.paper import paper_table
from lumlip.metrics.repeated import Estimate
from lumlip.plotting import style
from lumlip.zoo.relations import family_of, first_of_families, untrained_twin

style.use_style()
frames = lumlip.structures(structures)
frames = frames[:: max(1, min(every, len(frames) // 200))]
twins = [untrained_twin(m) for m in minis]
seeds = [one for m in minis if len(seeds_of(m)) > 1 for one in seeds_of(m)]
named = {"published": chosen(models, chapter=6)}
named["minis"] = list(dict.fromkeys([*minis, *twins, *seeds]))
if models == ["published"]:  # maps between all ten take several times as long
    named["published"] = first_of_families(named["published"])
panels = panels_of(named, frames, device=device, layers=True)

# %% tags=["hide-input"]
options = {"width": width, "n_bootstrap": n_bootstrap, "device": device}
whole = StageFits.of(panels.get("published"), n_seeds=n_seeds, **options)
heavy, real = whole.without_heavy(0.2)
small, again = (
    StageFits.of(only(panels.get("minis"), some), n_seeds=n_mini_seeds, **options)
    for some in ([*minis, *twins], seeds)
)
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
    again.net(*([again.between(view, stage, seeds, within=True)] for stage in steps[::-1]))
    for view, steps in ((AS_IS, on_the_way), (WITHIN, at_end))
)

# %% tags=["hide-input"]
page = Page(6)
null = {"bound_from": "a null: no change with depth", "models": "published"}
crystal = {"chosen_after": "one crystal is left out"}
control = {"control_is": "untrained minis"}
text = "families are farther apart after the last interaction than after the first"
page.claim(text, part, control=of_twins[AS_IS], **control, **null, **crystal, expect=NO_MORE)
page.claim("the same, with that crystal", part_all, **null, expect=FAILS)
text = "among atoms of one element, families are farther apart after the last interaction, too"
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
page.claim("after the last interaction, trained minis are farther apart", apart, **null)
text = "among atoms of one element, last layers of trained minis are nearer"
_ = page.claim(text, nearer, side="below", **null)

# %% tags=["hide-input"]
changes = {
    "first to last\ninteraction": (AS_IS, on_the_way),
    "the same,\nwithin elements": (WITHIN, on_the_way),
    "last interaction\nto last layer,\nwithin elements": (WITHIN, at_end),
}
pairs = [pair for pair in combinations(names, 2) if family_of(pair[0]) != family_of(pair[1])]
by_pair = {
    kind: [real.change(view, pair, steps) for pair in pairs]
    for kind, (view, steps) in changes.items()
}
as_is, within, ends = by_pair.values()
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
        published.atoms["structure"], numbers, published.energies(m),
    )
    for m, X in stages.get("last layer", {}).items() if "energy" in published.datasets[m]
]  # fmt: skip
page.says("one crystal is left out", float(len(heavy) == 1), side="above")
page.says("without it, no parent has a fifth of an error", carried, side="below", bound=0.2)
page.says("most pairs part", np.mean([e.low > 0 for e in as_is]), side="above", bound=0.5)
page.says("within elements, pairs with HIENet come nearer", with_odd, side="below")
page.says("within elements, all others part", without, side="above")
page.says("in the last layer, every pair is nearer", farthest, side="below")
before = [real.change(WITHIN, names, (stage, "last layer")) for stage in ("first", "middle")]
page.says("nearer than at any interaction", max(e.high for e in before), side="below")
over_models = real.over_families(WITHIN, at_end)
page.says("over families, too", over_models, side="below")
page.says("in the rest, they are no nearer on average, here", meet_rest.value, side="above")
page.says("two seeds of a mini part, too", seeds_part, side="above")
page.says("they go on parting into the last layer", seeds_end, side="above")
page.says("in all models the element fades", min(fading, default=np.nan), side="above")
page.says("leading directions are the energy", min(energy, default=np.nan), side="above", bound=0.8)
page.says("as they are, last layers are nearer", real.change(AS_IS, names, at_end), side="below")

# %% tags=["remove-input"]
recovered = real.fit.share(real.between(WITHIN, "last layer", names))
page.answer(f"""
From the last layer of another published family, a linear map recovers **{100 * recovered.value:.0f} %** \
({100 * recovered.low:.0f} to {100 * recovered.high:.0f} %) of what sets atoms of one element apart, more than at any step before (one crystal left out): \
trained models, unlike untrained ones, meet there, along one direction, the energy.

But on the way there, from the first interaction to the last, features as they are move apart, and so do those of untrained networks.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-06-stages", "caption": "Global feature reconstruction error (GFRE: 0 = rebuilt exactly, 1 = no better than the average) between two models at the same stage, mean over pairs, with 95 % intervals. Left: features as they are. Right: without the mean of each element; *the rest*: also without the leading direction of the target. Published models and minis are seen on different structures: compare slopes, not heights."}, "image": {"alt": "Left, all lines rise from the embedding to the last interaction. Right, they are nearly level up to the last interaction; then published models fall steeply, except in the rest, trained minis fall a little, and untrained minis rise."}}
fig, axs = plt.subplots(1, 2, figsize=(style.WIDTH, 4.2), sharey=True)
for ax, view in zip(axs, (AS_IS, WITHIN), strict=True):
    lines = {
        figures.PUBLISHED: real.by_stage(view, names),
        figures.REST: real.by_stage(REST, names) if view == WITHIN else {},
        figures.MINIS: small.by_stage(view, minis),
        figures.UNTRAINED: small.by_stage(view, twins),
        figures.SEEDS: again.by_stage(view, seeds, within=True),
    }
    figures.stage_lines(ax, lines)
    ax.set_title(view)
axs[0].set(ylabel="GFRE", ylim=(0, None))
fig.legend(*axs[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

A potential describes an atom in steps: first only which element it is; then, with each round of messages from its
neighbors (an {term}`interaction`), where it sits; at the very end, what energy follows.
After every step we ask whether one potential's description can be worked out from another's.
Cooks start from one basket and must all serve the same soup. Their pots grow more and more different, but so do those of people
who cannot cook: that alone is no sign of a style. Only in the bowls of the real cooks
has one thing become alike, the taste that was ordered: here, the energy.
:::

## What the paper says

{cite:t}`Chorna2025` look at two places: the {term}`backbone`, which enters the energy head, and the *last layer*.
{cite:t}`Edamadaka2025` find that representations of many scientific models converge.
Here we look at five *stages* that models of any length have: the embedding of the element, the first, middle and last
interaction, and the last layer. One model stands for each family.

Three choices matter. Vectors and tensors enter as their norms. Steps of more than 64 channels enter by that many principal components, so that width alone gives no advantage.
And *within elements*, every atom loses the mean over the atoms of its element in structures of *other* parents;
elements in fewer than five parents are not tested.

## Evidence
"""

# %%
# The idea, for one pair and one split: how near two models are within elements, by step.
panel = next(iter(panels.values()))
source, target = [*panel.datasets, *panel.datasets][:2]
elements = panel.atoms["atomic_number"].to_numpy()
train, test = lumlip.split(panel.atoms, by="parent", n_test=len(elements) // 5)
for stage, some in list(fits.at_stages(panel).items())[1:]:  # after the embedding
    X, Y = (without_element_mean(some[model], elements) for model in (source, target))
    print(f"{stage}: GFRE {lumlip.gfre(X, Y, train=train, test=test):.2f}")

# %% tags=["remove-input"]
low, high = real.over_families(AS_IS, on_the_way)[1:]
shown(f"""
Notice:

- As they are, published families part on the way, by {part} of GFRE ({low:.2f} to {high:.2f} when families are left out in turn); but untrained minis part, too, by {of_twins[AS_IS]}.
- Within elements, published models come nearer in the last layer, by {meet.map(lambda x: -x)}, and untrained minis do not; in the rest, the change is {meet_rest}: what the models come to share lies along the leading direction.
- Training drives minis apart, by {apart} after the last interaction, and brings them nearer within elements, by {nearer.map(lambda x: -x)} in the last layer.
- Two seeds of one mini part, too, by {seeds_part}, and within elements go on parting into the last layer.

Left out is {", ".join(f"`{name}`" for name in heavy) or "no crystal"}, which alone carries over a fifth of the squared error after
the last interaction. With it, the intervals of the first two changes include zero: {part_all} and {meet_all}.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-06-pairs", "caption": "Change of GFRE with depth in each pair of published families, mean of both directions, with 95 % intervals. Right of zero the two part, left of it they come nearer. A mark has the colors of its two families."}, "image": {"alt": "Three panels with one row per pair of families. In the first, all marks but one lie right of zero. In the second, pairs without HIENet lie right of zero, those with it left. In the third, all lie left of zero."}}
if pairs:
    size = style.WIDTH, 1.4 + 0.3 * len(pairs)
    fig, axs = plt.subplots(1, 3, figsize=size, sharex=True, sharey=True)
    figures.pair_changes(axs, by_pair, [tuple(map(family_of, pair)) for pair in pairs])
    plt.show()

# %% tags=["remove-input"]
share = {stage: np.mean(some) for stage, some in explained.items()}
shown(f"""
Notice:

- As they are, {sum(e.low > 0 for e in as_is)} of {len(pairs)} pairs part. In every model the element explains less of the
  features after the last interaction ({share.get("last", np.nan):.2f} of the variance, on average) than after the first ({share.get("first", np.nan):.2f}).
- Within elements there is no common direction (mean {part_within}): pairs with HIENet come nearer on the way, all others part.
- In the last layer *every* pair is nearer (with families left out in turn, by {-over_models.high:.2f} to {-over_models.low:.2f}); its leading direction is the energy of the atom,
  with R² of {min(energy, default=np.nan):.2f} or more in all models.
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
In the paper, last layers are farther apart than backbones (here, the last interaction, with norms that enter no energy head);
ours are nearer. Models, structures, and split (single atoms against whole parents) differ.

## What would change our mind

- Untrained twins of the *published* models that do not part: ours are twins of small models.
- A fifth family: with four, one decides whether models part within elements.
- Last layers of the paper's models that do not meet along the energy.

## Parameters and checks

`lumlip run 06 -p models="[sevennet-0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz` runs this page on other models and
structures. The page takes about two minutes on two cores once features are stored.
"""

# %% tags=["hide-input"]
for panel in panels.values():
    elements = panel.atoms["atomic_number"].to_numpy()
    for model, X in fits.at_stages(panel)["embedding"].items():  # an element is one point there
        assert all(np.ptp(X[elements == z], axis=0).max() == 0 for z in np.unique(elements)), model
print(f"{sum(len(p.datasets) for p in panels.values())} models, step by step: checks passed")
page.table()
