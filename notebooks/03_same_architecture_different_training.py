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
# Variants are closer than families, on average
"""

# %% tags=["parameters", "hide-cell"]
models: list = ["published"]  # model ids, see `lumlip models`; or published, or paper
minis: list = [
    *["mace-mini", "mace-mini-r2scan", "mace-mini-inorganic", "mace-mini-half"],
    *["mace-mini-double", "pet-mini", "dpa-mini@inorganic", "dpa-mini@molecules"],
    *["dpa-mini@r2scan", "uma-mini@omat", "uma-mini@omol", "uma-mini@oc20"],
]  # this project's small models, which bring their other seeds along; [] for none
controls: list = ["uma-mini-untrained@omat", "uma-mini-untrained@omol"]  # untrained; or []
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
n_seeds: int = 10  # orders of the ten folds
n_bootstrap: int = 500  # draws of the structures for each interval
device: str = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import lumlip
from chapters.shared.breakdown import null_of_names
from chapters.shared.models import chosen, with_seeds
from chapters.shared.panels import panel_if_any
from chapters.variants.figures import kinds_plot
from chapters.variants.kinds import kind_of
from chapters.variants.pairs import (
    FAMILIES,
    VARIANTS,
    families_minus_variants,
    fitted,
    kind_rows,
    paper_rows,
    paper_value,
    side_by_side,
    weights,
)
from lumlip.book.chapters import data_folder
from lumlip.book.claims import FAILS, NO_MORE
from lumlip.book.page import Page, shown
from lumlip.metrics.repeated import jackknife
from lumlip.plotting.style import use_style
from lumlip.zoo.relations import family_of

use_style()
frames = lumlip.structures(structures)
small_models = [*with_seeds(minis), *controls] if minis else []
lists = {"published": chosen(models, chapter=3), "minis": small_models}
panels = {name: panel_if_any(ids, frames, device=device) for name, ids in lists.items()}
options = {"n_seeds": n_seeds, "n_bootstrap": n_bootstrap, "device": device}
fits = {name: fitted(panel, **options) for name, panel in panels.items()}
real, small = (fit.only([m for m in fit.sources if m not in controls]) for fit in fits.values())
untrained = fits["minis"].only([m for m in fits["minis"].sources if m in controls])
uma = small.only([m for m in small.sources if family_of(m) == "uma"])
rest = small.only([m for m in small.sources if family_of(m) != "uma"])
mace = small.only([m for m in small.sources if kind_of(m, "mace-mini") not in ("size", FAMILIES)])
hienet = real.only([m for m in real.sources if family_of(m) in ("sevennet", "hienet")])


def farther(fit, *kinds, than, family=""):
    """Return by how much pairs of some kinds are farther apart than those of other kinds."""
    first, second = (weights(fit, *some, family=family) for some in (kinds, than))
    return fit.difference(first, second)


# %% tags=["hide-input"]
page = Page(3)
within, between = weights(real, *VARIANTS), weights(real, FAMILIES)
apart, share = real.mean(within), real.share(within)
of_seeds = weights(small, "seed")
seeds, sizes = small.mean(of_seeds), real.mean(weights(real, "size", family="sevennet"))
page.claim(
    "published variants of one architecture differ more than the paper's sizes of MACE", apart, finding=2,
    bound=paper_value("size", "MACE-MP", "high"), bound_from="the paper: MACE-MP of three sizes",
    control=seeds, control_is="minis, two random seeds", models="published", expect=NO_MORE,
    chosen_after="the bound was set when numbers of one split were known",
)  # fmt: skip
null = {"bound_from": "a null: no difference"}
closer = page.claim(
    "families are farther apart than variants",
    real.difference(between, within), models="published", expect=NO_MORE,
    control=null_of_names(real.table, between - within),
    control_is="the ten models' names dealt at random, 97.5 % quantile", **null,
)  # fmt: skip
page.claim(
    "families are farther apart than variants",
    farther(small, FAMILIES, than=VARIANTS), models="minis", **null,
)  # fmt: skip
beside_hienet = page.claim(
    "HIENet is farther from SevenNet than variants of SevenNet are from each other",
    farther(hienet, FAMILIES, than=VARIANTS), models="published", expect=FAILS, **null,
    chosen_after="the pair was singled out in the table of errors",
)  # fmt: skip

# %% tags=["hide-input"]
text = "other training data put two variants farther apart than another size"
data = page.claim(
    text, farther(real, "data", than=["size"], family="sevennet"), models="SevenNet", **null
)
data_minis = page.claim(
    text, farther(small, "data", than=["size"], family="mace"), models="MACE minis",
    expect=FAILS, **null,
)  # fmt: skip
causes = page.claim(
    "another functional or other data do more than another seed",
    farther(mace, "functional", "data", than=["seed"]), models="MACE minis", expect=FAILS, **null,
)  # fmt: skip
added = page.claim(
    "beside another seed, another functional or other data add to the distance",
    farther(mace, "seed and more", than=["seed"]), models="MACE minis", **null,
    chosen_after="added when the claim before had failed",
)  # fmt: skip
others = weights(rest, *VARIANTS)
tasks = page.claim(
    "tasks of a mixture of experts are farther apart than other variants",
    uma.difference(weights(uma, "task"), others, other=rest), models="minis", expect=FAILS,
    control=untrained.difference(weights(untrained, "task"), others, other=rest),
    control_is="tasks of the mixture before any training", **null,
)  # fmt: skip

# %% tags=["hide-input"]
page.says(
    "two seeds recover less than variants", small.share(of_seeds), side="below", bound=share.low
)
page.says("SevenNet of two sizes are closer than two seeds", sizes, side="below", bound=seeds.low)
tasks_closer = small.difference(weights(small, "task", family="uma"), weights(small, FAMILIES))
page.says("tasks of the mixture are closer than families", tasks_closer, side="below")
itself = max(np.diag(fit.table.to_numpy()).max(initial=0.0) for fit in fits.values())
by_names = closer.control / closer.found.value
page.says("names dealt at random reach nearly as wide a gap", by_names, side="above", bound=0.9)
page.says("every model rebuilds itself", itself, side="below", bound=1e-3)
over_models = jackknife(
    [family_of(m) for m in real.sources], lambda left: families_minus_variants(real, left)
)
page.says("the interval over families reaches below zero", over_models.low, side="below")
for name, fit, chosen_pairs in (
    ("variants", real, within),
    ("families", real, between),
    ("seeds", small, of_seeds),
):
    worst = fit.worst_share(chosen_pairs) if chosen_pairs.any() else np.nan
    page.says(
        f"{name}: no structure carries a fifth of the squared error", worst, side="below", bound=0.2
    )

# %% tags=["remove-input"]
page.answer(f"""
Two published variants of one architecture recover on average **{100 * share.value:.0f} %** ({100 * share.low:.0f} to {100 * share.high:.0f} %)
of the variance of each other's last-layer features through one linear map; two potentials of different families recover less,
though dealing the models' names at random can open nearly as wide a gap.

But small models of ours that differ in nothing but the random seed recover less than those variants do: whether published
variants differ because of their training or by mere chance is not known.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-03-kinds", "caption": "Global feature reconstruction error (GFRE: 0 = rebuilt exactly, 1 = no better than the average) of last-layer features, by what two models differ in. Hue and marker: the family; without hue: means over families. Bars: 95 % interval."}, "image": {"alt": "Rows by what differs, from seed to architecture, and errors from zero to one. Two seeds of a mini lie as far to the right as most variants do; published families farther right than published variants."}}
rows = [paper_rows(), kind_rows(real, "published"), kind_rows(small, "minis")]
rows = pd.concat([some for some in rows if len(some)], ignore_index=True)
kinds_plot(plt.figure(), rows)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

Think of a potential as a pupil who keeps notes on every atom, and of its architecture as the school.
From one pupil's notes you can write most of a schoolmate's, and less of those of a pupil from another school: the school shows.
Now let a pupil forget everything and take the same course again.
The new notes differ from the old ones more than the notes of schoolmates do: that two sets of
notes differ does not prove that the courses did.
:::

## What the paper says

{cite:t}`Chorna2025` compare variants within four families.
How far apart they are depends on what differs. Three sizes of MACE are almost the same; other training data or another target
do more; and tasks of UMA {cite:p}`Wood2025`, one set of weights with its experts mixed in other ways, are nearly as far apart as
two architectures.

We add a {term}`control`: models that differ in the random seed alone. Published models have no such twins;
[minis]{.mini}, small models that this project trained, have.

## Evidence
"""

# %%
# The idea, for one target and one split: the error from models that differ in something.
panel = next(some for some in panels.values() if some is not None)
(target, Y), *sources = panel.layer("last_layer").items()
train, test = lumlip.split(panel.atoms, by="parent", n_test=len(Y) // 5)
for differ, X in {kind_of(source, target): X for source, X in sources}.items():
    print(f"{differ}: GFRE {lumlip.gfre(X, Y, train=train, test=test):.2f}")

# %% tags=["remove-input"]
found = rows.set_index(["source", "kind", "name"])


def at(*key):
    """Return the mean of one row of the figure, and the range of its pairs."""
    if key not in found.index:
        return "nan"
    value, errors = found.loc[key, ["value", "pairs"]]
    return f"{value:.2f} (pairs: {min(errors):.2f} to {max(errors):.2f})"


shown(f"""
Notice in the figure:

- **Chance.** Two seeds of MACE minis are {at("minis", "seed", "mace")} apart, published variants {apart}.
  This is no bound for published models, which are larger and were trained longer: SevenNet of two sizes are only {sizes}.
- **Families** are farther apart than variants, by {closer.found}. But names dealt at random reach {closer.control:.2f},
  too, and leaving out one family at a time, the interval is {over_models.low:.2f} to {over_models.high:.2f}: the order is that of these
  models, not of potentials in general.
- **An exception.** HIENet, whose code goes back to that of SevenNet, is no farther from it than variants of SevenNet are from
  each other (difference {beside_hienet.found}; all errors are in [the first chapter](01_different_latent_spaces.ipynb)).
""")

# %% [markdown]
"""
## Paper against here

Mean {term}`GFRE` by what differs; *task or branch* means one set of weights.
"""

# %% tags=["remove-input"]
side_by_side(rows)

# %% tags=["remove-input"]
shown(f"""
- **Causes.** In SevenNet, other training data do more than another size, by {data.found}, as in the paper; but that is one pair
  against one. MACE minis do not repeat it ({data_minis.found}): there another functional or other data do no more than
  another seed (difference {causes.found}), and on top of another seed they add {added.found}.
- **Tasks** of a mini's mixture of experts are no farther apart than other variants (difference {tasks.found}), and closer
  than families, unlike those of UMA in the paper.
""")

# %% [markdown]
"""
What differs: the models (MACE, PET, DPA, UMA there), the structures (MAD's test set there,
[mini-mad](../book/structures.ipynb) here, for minis those whose elements they know), and the protocol (one split by atom
there; here every structure is tested once, by maps fitted without its relatives, in several orders of the folds).
Pairs of a model and its own fine-tune are in no mean: they belong to [the next chapter](04_fine_tuning_keeps_pretraining.ipynb).

## What would change our mind

- Twins of a published model that differ in the seed alone. If they were as close as the sizes of MACE in the paper, chance
  could not explain how far apart published variants are.
- More families with variants: two have them here.

## Parameters and checks

The page takes about two minutes on two cores once features are stored.
`lumlip run 03 -p models="[paper]"` takes the checkpoints of the paper (a download);
`lumlip run 03 -p models="[chgnet-0.2.0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz` takes two on your structures.
No structure with its relatives makes up a fifth of a mean squared error.
"""

# %% tags=["hide-input"]
if panels["published"]:
    print(panels["published"].report())
print(f"minis: {len(fits['minis'].sources)} models, {fits['minis'].counts.sum():.0f} atoms")
page.record(data_folder())
page.table()

# %% tags=["hide-input"]
print(f"GFRE of every model from itself: at most {itself:.1g}")
print("checks passed")
