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
# The last layer holds less than the backbone, trained or not
"""

# %% tags=["parameters", "hide-cell"]
models: list = ["published"]  # at least one id with backbone, some energies; or paper
minis: list = [
    "mace-mini",
    "pet-mini",
    "dpa-mini@inorganic",
    "uma-mini@omat",
]  # with their untrained twins; [] for none
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
n_seeds: int = 10  # orders of the ten folds
n_local_seeds: int = 3  # the same for local maps
n_neighbors: int = 64  # train atoms in a neighborhood of a local map; at most a quarter of all
local_every: int = 16  # every n-th atom has a local error
n_bootstrap: int = 500  # draws of the structures for intervals
device: str = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import lumlip
from chapters.layers import figures, fits, tables
from chapters.shared.models import chosen
from chapters.shared.panels import only, panels_of
from lumlip.book.chapters import data_folder
from lumlip.book.claims import FAILS, NO_MORE
from lumlip.book.page import Page, shown
from lumlip.datasets.paper import paper_rows
from lumlip.metrics.reconstruction import neighborhood_size
from lumlip.metrics.repeated import jackknife, orders_of
from lumlip.plotting import style
from lumlip.zoo.relations import family_of, first_of_families, untrained_twin

style.use_style()
named = {"published": chosen(models, chapter=5)}
named["minis"] = [*minis, *map(untrained_twin, minis)]
panels = panels_of(named, structures, device=device)
options = {"n_bootstrap": n_bootstrap, "device": device}
orders = {n: orders_of(p.atoms, n_seeds=n_seeds) for n, p in panels.items()}
# Between families: among published models, among minis, and among the twins of those.
sets = {"published": [named["published"]], "minis": [minis, named["minis"][len(minis) :]]}
fitted = {n: fits.LayerFits.of(p, orders[n], sets=sets[n], **options) for n, p in panels.items()}
real, small = (fitted.get(n, fits.LayerFits.of(None, [])) for n in named)
trained = [m for m in minis if {m, untrained_twin(m)} <= set(small.models)]
twins = [untrained_twin(m) for m in trained]

# %% tags=["hide-input"]
# One model of each family stands for it where maps take long or are many.
panel, own_orders = panels["published"], orders["published"]
some = first_of_families(real.models)
linear, bent = ([m for m in some if m in part] for part in (real.linear, real.bent))
random, own = fits.back_from_random(panel, linear, own_orders, **options)
parts = fits.to_parts(panel, some, own_orders, **options)
pairs, all_pairs = fits.family_pairs(some), fits.family_pairs(real.models)
n_atoms = panel.atoms.sizes["atom"]
local = fits.LayerFits.of(
    only(panel, bent),
    own_orders[:n_local_seeds],
    metric="lfre",
    n_neighbors=neighborhood_size(n_atoms // 2, n_neighbors),
    tested=np.arange(0, n_atoms, max(1, local_every)),
    **options,
)
leading = tables.leading_table(panel)
families = {f: [m for m in real.models if family_of(m) == f] for f in map(family_of, some)}
backs = [real.weights("back", members) for members in families.values()]
crystals, kept = fits.without_worst(real, backs, panel.atoms, own_orders[0].groups)
excess, curved = real.excess(real.models), kept.excess(real.bent)
beyond = real.fit.difference(real.weights("back", linear), own, other=random)
bends = local.excess(local.models)
last, readout = (real.above_backbones(layer, real.models) for layer in ("last_layer", "readout"))
nearer = real.between("readout", real.models).difference(
    all_pairs, all_pairs, other=real.between("last_layer", real.models)
)
of_minis, of_twins = (small.above_backbones("last_layer", m) for m in (trained, twins))
before, learned = small.excess(twins), small.excess_over(trained, twins)
split = parts["along"].difference(pairs, pairs, other=parts["rest"])

# %% tags=["hide-input"]
page = Page(5)
null = {"bound_from": "a null: no difference", "models": "published"}
control = {"control": before, "control_is": "untrained twins of the minis", "expect": NO_MORE}
late = {"chosen_after": "that last layers are narrow, or one direction, was known"}
page.claim(
    "in a model, the way back is harder than the way forth", excess, finding=4, **null, **control
)
aside = {"chosen_after": "that some crystals carry much of the error, which are left out here"}
page.claim("the same where the head is not linear", curved, **null, **control, **aside)
text = "training makes the way back harder still"
against_twins = {"bound_from": "a null: untrained twins", "models": "minis"}
page.claim(text, learned, expect=FAILS, **against_twins)
text = (
    "behind a linear head, the way back is harder than from as many random channels of the backbone"
)
page.claim(text, beyond, **null, **late)
page.claim("behind a nonlinear head, it is harder for local maps, too", bends, **null)
text = "between families, backbones agree better than "
page.claim(text + "last layers", last, expect=FAILS, **null)
page.claim(text + "readouts", readout, expect=FAILS, **null, **late)
control = {"control": of_twins, "control_is": "untrained twins", "expect": NO_MORE}
page.claim(text + "last layers", of_minis, **(null | control | {"models": "minis"}))
text = "last layers agree better along their first component than in the rest"
page.claim(text, split, side="below", **null, **late)
page.record(data_folder())

# %% tags=["hide-input"]
of_family = {f: real.excess(members) for f, members in families.items()}
without = min((kept.excess(members) for members in families.values()), key=lambda e: e.low)
values = np.array([found.value for found in of_family.values()])
jack = jackknife(list(of_family), lambda left: float(values[left].mean()))
carried = real.fit.worst_share(real.weights("back", real.models))
recovered = kept.fit.share(kept.weights("back", real.models))
page.says("without these crystals, it is harder in every family", without, side="above")
page.says("over models, the interval reaches zero", jack.low, side="below")
page.says("no parent has a fifth of the error back", carried, side="below", bound=0.2)
page.says("training makes the way back easier", learned, side="below")
page.says("last layers agree better than backbones", last, side="below")
page.says("readouts come nearer to backbones than last layers", nearer, side="above")
least = leading["energy"].min()
page.says("first components are mostly the energy", least, side="above", bound=0.9)

# %% tags=["remove-input"]
page.answer(f"""
From its last layer, a linear map recovers **{100 * recovered.value:.0f} %** \
({100 * recovered.low:.0f} to {100 * recovered.high:.0f} %) of the variance of a published model's backbone, less than the other way round \
in each of the {len(families)} families (without {len(crystals)} crystals on which single maps fail).

But networks that were never trained show this, too: in our small models, training made the gap smaller, not larger.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-05-ways", "caption": "Global feature reconstruction error (GFRE: 0 = rebuilt exactly, 1 = no better than the average) within each model: forth (from backbone to last layer, as the model itself goes), bar, and back, marker with 95 % interval (broad; cut at the edge). Hollow: minis; crosses: controls, which are untrained minis and, where the head is linear and the way forth exact by construction, as many random channels of the backbone."}, "image": {"alt": "One line per model from the error forth to the error back, in five groups: published models with nonlinear and with linear heads, minis, untrained minis, and the paper's families; back lies to the right of forth in all published models here, but not in every mini, nor in the paper's UMA."}}
kinds = {
    "published, nonlinear head": real.bent, "published, linear head": real.linear,
    "minis": trained, "minis, untrained": twins,
}  # fmt: skip
known = [
    tables.way_rows(found, {k: m for k, m in kinds.items() if set(m) <= set(found.models)})
    for found in (real, small)
]
rows = pd.concat([*known, tables.paper_ways(paper_rows("last_layer_vs_backbone"))])
random_back = {m: random.table.loc[fits.key("random", m), fits.key("backbone", m)] for m in linear}
fig, ax = plt.subplots(figsize=(style.WIDTH, 1.6 + 0.2 * len(rows)))
figures.both_ways(ax, rows, random_back)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

A potential first writes a long description of the surroundings of an atom, the {term}`backbone`; from it, its *head* makes
the notes from which it adds up the energy, the {term}`last layer`.
It is like a shopping list and its receipt: the receipt follows from the list, but the list does not quite follow from the
receipt.
That is so in all published models here. But a till that nobody has set up loses something, too:
the loss comes with printing receipts at all, and is no sign of learning.
:::

## What the paper says

{cite:t}`Chorna2025` report that within a model the last layer is rebuilt from the backbone better than the reverse,
that between models backbones agree better than last layers, and conclude that the head drops information.
What is missing: intervals, networks that learned nothing, and the number of channels, for a narrow last layer
cannot rebuild a wide backbone, whatever it holds.

## Evidence

{numref}`fig-05-ways` shows every model.
"""

# %%
# The idea, for one model and one split: forth, from backbone to last layer, and back.
name = real.models[0]
backbone, last_layer = (panel.layer(layer)[name] for layer in ("backbone", "last_layer"))
train, test = lumlip.split(panel.atoms, by="parent", n_test=n_atoms // 5)
forth = lumlip.gfre(backbone, last_layer, train=train, test=test)
back = lumlip.gfre(last_layer, backbone, train=train, test=test)
print(f"{name}: GFRE {forth:.2f} forth, {back:.2f} back")

# %% tags=["remove-input"]
shown(f"""
Notice:

- Without {len(crystals)} crystals on which single maps fail ({", ".join(f"`{name}`" for name in crystals)}) the way back is harder
  in every family, by {kept.excess(real.models)} on average; with them by {excess}. Leaving out one family at a time,
  the interval reaches zero ({jack.low:.2f} to {jack.high:.2f}).
- In untrained minis it is harder by {before}, through widths and random weights alone; training changes that by {learned}. The
  paper's claim holds, but for networks that learned nothing as well.
- Width is not all of it: behind linear heads the way back is harder by {beyond} than from as many random channels, and behind
  nonlinear ones, no narrower than their backbones, also for local maps (LFRE, fitted anew around each atom), by {bends}.
""")

# %% [markdown]
"""
Between models, a last layer may mislead: where two linear maps follow each other, as in SevenNet and HIENet, what
stands between them is arbitrary. So we add the *readout*: the widest features that the energy is linear in,
which is the backbone for those two families and the last layer for all others.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-05-between", "caption": "GFRE between each pair of families (0 = rebuilt exactly, 1 = no better than the average), mean of both directions; lines: 95 % intervals."}, "image": {"alt": "For each pair of families three marks: backbones, last layers and readouts; last layers lie lowest in most pairs."}}
table = tables.family_table(real)
fig, ax = plt.subplots(figsize=(style.WIDTH, 1.1 + 0.36 * len(table)))
figures.by_layer(ax, table)
plt.show()

# %% tags=["remove-input"]
shown(f"""
Notice:

- From backbones to last layers, the GFRE between families changes by {last}: last layers agree *better*, against the paper; with
  readouts in their place, hardly any difference is left ({readout}).
- In every last layer, one direction is the energy of the atom (R² of {least:.2f} or more), which models agree on: along it the GFRE is
  {parts["along"].mean(pairs)}, in the rest {parts["rest"].mean(pairs)}.
- Minis behave as the paper's models do ({of_minis}), but so do their untrained twins ({of_twins}).
""")

# %% [markdown]
"""
## Paper against here
"""

# %% tags=["hide-input"]
tables.against_paper({
    "published models, here": (excess, last),
    "minis, here": (small.excess(trained), of_minis),
    "untrained minis": (before, of_twins),
})  # fmt: skip

# %% [markdown]
"""
The paper's two families disagree: the way back is harder in PET and easier in UMA.
Its models, structures (the test part of MAD) and split (single atoms, once) are others; here relatives stay together.

## What would change our mind

- Untrained twins of the *published* models that are as good back as forth: ours are twins of small models.
- Trained models whose way back is harder than in their own twins.
- First components of the paper's last layers: if they hold little, its second claim may hold there.

## Parameters and checks

`lumlip run 05 -p models="[sevennet-0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz` runs this page on other models and
structures. It takes about three minutes on two cores once features are stored.
"""

# %% tags=["hide-input"]
page.table()

# %% tags=["hide-input"]
exact = max((real.error("forth", [m]).value for m in real.linear), default=0.0)
print(f"largest error forth behind a linear head, zero by construction: {exact:.0e}")
assert all(np.isfinite(real.error(way, [m]).value) for way in fits.WAYS for m in real.models)
print(f"{len(real.models)} published models, {len(small.models)} minis and twins: checks passed")
