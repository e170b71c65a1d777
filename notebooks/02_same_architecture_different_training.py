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
    *["mace-mini", "mace-mini-seed2", "mace-mini-r2scan", "mace-mini-inorganic"],
    *["mace-mini-half", "mace-mini-double", "pet-mini", "pet-mini-seed2"],
    *["dpa-mini@inorganic", "dpa-mini@molecules", "dpa-mini@r2scan"],
    *["uma-mini@omat", "uma-mini@omol", "uma-mini@oc20"],
]  # small models trained by this project, never in one mean with published ones; [] for none
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
from chapters.shared.models import chosen
from chapters.variants.figures import kinds_plot
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
from lumlip.extraction.panel import panel_if_any
from lumlip.metrics.repeated import jackknife
from lumlip.plotting.style import heat_map_figure, use_style
from lumlip.zoo.relations import family_of, kind_of

use_style()
frames = lumlip.structures(structures)
lists = {"published": chosen(models, chapter=2), "minis": [*minis, *controls] if minis else []}
panels = {name: panel_if_any(ids, frames, device=device) for name, ids in lists.items()}
options = {"n_seeds": n_seeds, "n_bootstrap": n_bootstrap, "device": device}
fits = {name: fitted(panel, **options) for name, panel in panels.items()}
real, small = (fit.only([m for m in fit.sources if m not in controls]) for fit in fits.values())
untrained = fits["minis"].only([m for m in fits["minis"].sources if m in controls])
uma = small.only([m for m in small.sources if family_of(m) == "uma"])
rest = small.only([m for m in small.sources if family_of(m) != "uma"])
mace = small.only([m for m in small.sources if kind_of(m, "mace-mini") not in ("size", FAMILIES)])
hienet = real.only([m for m in real.sources if family_of(m) in ("sevennet", "hienet")])
no_diep = real.only([m for m in real.sources if family_of(m) != "diep"])


def farther(fit, *kinds, than, family=""):
    """Return by how much pairs of some kinds are farther apart than those of other kinds."""
    first, second = (weights(fit, *some, family=family) for some in (kinds, than))
    return fit.difference(first, second)


# %% tags=["hide-input"]
page = Page(2)
within, between = weights(real, *VARIANTS), weights(real, FAMILIES)
apart, share = real.mean(within), real.share(within)
of_seeds = weights(small, "seed")
seeds, sizes = small.mean(of_seeds), real.mean(weights(real, "size", family="sevennet"))
page.claim(
    "published variants of one architecture do not rebuild each other", apart, primary=True,
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
without_diep = farther(no_diep, FAMILIES, than=VARIANTS)
page.says(
    "without DIEP, families are still farther apart than variants", without_diep, side="above"
)
page.says(
    "another functional does less than another seed",
    farther(mace, "functional", than=["seed"]),
    side="below",
)
tasks_closer = small.difference(weights(small, "task", family="uma"), weights(small, FAMILIES))
page.says("tasks of the mixture are closer than families", tasks_closer, side="below")
itself = max(np.diag(fit.table.to_numpy()).max(initial=0.0) for fit in fits.values())
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
of the variance of each other's last-layer features through one linear map, and two potentials of different families less.

But two of our small models that differ in the random seed of their training alone recover less than those variants do,
so what makes published variants differ, their training or mere chance, is not known.
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-02-kinds", "caption": "Global feature reconstruction error (GFRE: 0 = rebuilt exactly, 1 = no better than the average) of last-layer features, by what two models differ in. Grey bars: range and mean of the paper's tables. Filled circles: published models; open circles: minis; bars: 95 % interval of the mean; small dots: single ordered pairs. Colors mark the family."}, "image": {"alt": "Rows by what differs, from seed to architecture, and errors from zero to one. Two seeds of a mini lie as far to the right as most variants do; published families farther right than published variants."}}
rows = [paper_rows(), kind_rows(real, "published"), kind_rows(small, "minis")]
rows = pd.concat([some for some in rows if len(some)], ignore_index=True)
kinds_plot(plt.figure(), rows)
plt.show()

# %% [markdown]
"""
:::{admonition} In plain words
:class: in-plain-words

Think of a potential as a pupil who keeps notes on every atom, and of its architecture as the school.
From the notes of one pupil you can write most of the notes of a schoolmate, and less of those of a pupil from another
school: the school shows.
Then we let a pupil forget everything and take the same course again.
The second set of notes differs from the first by more than those of published schoolmates do, so two different sets of
notes do not prove that the courses were different.
:::

## What the paper says

{cite:t}`Chorna2025` compare variants within each of four families.
They are far apart or close, by what differs: sizes of MACE are almost the same, other training data and another target
put variants farther apart, and the tasks of UMA {cite:p}`Wood2025`, which share all weights and differ in how its experts
are mixed, are as far apart as two architectures.

What is added here is a control: how far apart two models are that differ in the random seed alone.
Published models have no such twins; [minis]{.mini}, small models that this project trained, have.

## Evidence
"""

# %% tags=["remove-input"]
mean = rows.set_index(["source", "kind", "name"])["value"].to_dict()


def at(*key):
    """Return the mean of one row of the figure."""
    return f"{mean.get(key, np.nan):.2f}"


shown(f"""
Notice in the figure of all distances:

- **Chance.** Two seeds are {at("minis", "seed", "mace")} apart for MACE minis and {at("minis", "seed", "pet")} for PET minis; published variants
  {apart}. This is no bound for published models, which are larger and were trained longer: SevenNet of two sizes, trained
  apart, are only {sizes}.
- **Causes.** In SevenNet other training data do more than another size, by {data.found}, as in the paper. This is one pair
  against one, and MACE minis do not repeat it: {data_minis.found}. There, another functional or other data with the seed
  kept do not do more than another seed ({causes.found}; another functional alone does less); beside another seed they add {added.found}.
- **Tasks.** Of the mixture of experts among the minis, tasks are {at("minis", "task", "uma")} apart, not more than other variants
  (difference {tasks.found}) and less than families, unlike those of UMA in the paper ({at("paper", "task", "UMA")}).
""")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-02-published", "caption": "GFRE of last-layer features between published models. Row = source, column = target; white lines part the families."}, "image": {"alt": "Heat map of errors between ten models. The blocks of CHGNet and of SevenNet on the diagonal are light, and so is the block of SevenNet with HIENet; the column of DIEP is dark."}}
if real.sources:
    heat_map_figure(real.table, metric="gfre", figure=plt.figure())
plt.show()

# %% tags=["remove-input"]
shown(f"""
Notice in the table of published models:

- **Families** are {real.mean(between)} apart, farther than variants by {closer.found}. DIEP carries much of it: without DIEP the
  difference is {without_diep}.
- **An exception.** HIENet, whose code goes back to that of SevenNet, is no farther from it than variants of SevenNet are from
  each other (difference {beside_hienet.found}).
- **How general?** There are few families. The interval of the difference over families is {over_models.low:.2f} to {over_models.high:.2f},
  and the models' names dealt at random reach {closer.control:.2f}, too: the order is that of these models, not of potentials in general.
""")

# %% [markdown]
"""
CHGNet-r2SCAN was fine-tuned from CHGNet 0.3.0. This pair is in the table of published models but in no
mean: it belongs to [chapter 3](03_fine_tuning_keeps_pretraining.ipynb), and so do such pairs of the paper.

## Paper against here

Mean GFRE by what differs. Pairs that differ in several ways are listed apart; *task or branch* means one set of weights.
"""

# %% tags=["remove-input"]
side_by_side(rows)

# %% [markdown]
"""
What differs between the studies: the models (published MACE, PET, DPA and UMA there; CHGNet, SevenNet, DIEP, HIENet and
minis here), the structures (the MAD test set there, [mini-mad](../book/structures.ipynb) here, for minis those
whose elements they know), and the protocol (one split by atom there; here every structure is tested once, by maps
fitted without any relative of it, and the folds are dealt in several orders).
A target other than energy, and models for organic matter only, are not compared here.

## What would change our mind

- Twins of a published model that differ in the seed alone. Were they as close as the sizes of MACE in the paper, the
  distances of published variants would have causes.
- More families with variants: two have them here.
- Several seeds for each functional and each set of data of a mini; there is one pair of seeds per family.

## Parameters and checks

`lumlip run 02 -p models="[paper]"` takes the checkpoints of the paper (a download, and leave of the authors for UMA);
`lumlip run 02 -p models="[chgnet-0.2.0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz` takes two on your structures.
"""

# %% tags=["hide-input"]
print("\n".join(panel.report() for panel in panels.values() if panel))
page.record(data_folder())
page.table()

# %% tags=["hide-input"]
print(f"GFRE of every model from itself: at most {itself:.1g}")
print("checks passed")
