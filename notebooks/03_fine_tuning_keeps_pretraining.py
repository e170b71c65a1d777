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
# Fine-tuning keeps the pre-training

## The answer

{glue:text}`minis_answer:s`

{glue:text}`control_answer:s`

{glue:text}`real_answer:s`

:::{admonition} In plain words
:class: in-plain-words

A potential that has learned from all kinds of matter can be taught one material more, in far fewer lessons.
We ask whether it then still describes atoms as it did before, or as a pupil would who has been taught that one
material only; and to be fair, we also ask how much alike two pupils are who have had no lesson at all.
It is as with a violinist who takes up the viola: she still holds the bow as her first teacher taught her, and that is
not the same as holding it as all violinists do.
:::

## What the paper says

{cite:t}`Chorna2025` fine-tune PET-MAD {cite:p}`Mazitov2025PET` on lithium thiophosphates, a family of battery materials.
They do it in four ways: all weights (FF), the heads only (HF), all weights with a new head (FTL), a new head only (HTL).
All four stay close to PET-MAD, much closer than a model trained on these structures from scratch, which they call
bespoke: fine-tuning carries a bias toward the pre-training.

A small distance between two networks can have other reasons, and this page looks for them.
Two networks of one architecture may be alike before they have learned anything.
A short training may leave any network near the weights that it began with, whatever these are.
And a model may stay near *its own* start without staying near what pre-training teaches.
So every distance here has three controls: the *bespoke* model, the *untrained* twin with the very random weights
that the start and the bespoke model began with, and a twin of *another seed*, pre-trained on the same data in the
same way from other random weights. As published weights come without such relatives, these are
[minis]{.mini} of PET {cite:p}`Pozdnyakov2023` and MACE {cite:p}`Batatia2022`, trained by this project; the published pair is CHGNet {cite:p}`Deng2023`.

## Parameters

Rerun this page with a start and a model fine-tuned from it:
`lumlip run 03 -p models="[chgnet-0.3.0, chgnet-r2scan]" -p structures=my.xyz`.
"""

# %% tags=["parameters"]
models: list = [
    "chgnet-0.3.0",
    "chgnet-r2scan",
    "chgnet-0.2.0",
    "sevennet-0",
]  # a pre-trained model, the one fine-tuned from it, a control, others
minis: list = ["pet-mini", "mace-mini"]  # pre-trained minis with fine-tuned ones; [] for none
structures: str = "mini-mad"  # of the published models: a named set, or a file that ase reads
tuning: str = "mini-lps"  # of the minis: what they are fine-tuned on; part test is held out
general: str = "mini-mad"  # of the minis' maps: structures of all kinds
layer: str = "last_layer"  # features of the figures: last_layer or backbone
split: str = "structure"  # of the published models: what is kept whole in the split
n_test: int = 1000  # test atoms of the published models; at most a fifth of all
n_neighbors: int = 64  # train atoms in a neighborhood (LFRE); at most a quarter of all
n_steps: int = 2  # checkpoints along a run for the curves, 0 to 4
n_bootstrap: int = 500  # resamples of the test structures
seed: int = 0  # of the split and the resamples
device: str = "auto"  # auto, cpu or cuda

# %% [markdown]
"""
## Data

The minis are compared on the structures of their fine-tuning, *mini-lps*: crystals and surfaces of H, Li, O, P and S,
with energies and forces of SevenNet-0, which is also the teacher of their pre-training.
Maps are fitted on the atoms of its train part and tested on those of its test part, structures with parents of their own,
which no fine-tuning has seen.
The *distance* of two models is the mean of their GFRE in both directions.
"""

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from myst_nb import glue

import lumlip
from chapters.fine_tuning import answers, figures, words
from chapters.fine_tuning import tables as report
from chapters.fine_tuning.maps import beyond
from chapters.fine_tuning.published import RealModels, margins_of_other_draws
from chapters.shared import fine_tuning
from chapters.shared.fine_tuning import (
    FINE_TUNED,
    PAPER_MODEL,
    PROTOCOLS,
    PUBLISHED,
    SCRATCH,
    START,
)
from chapters.shared.lineage import errors_on_unseen, lineages
from lumlip.book import findings
from lumlip.book.chapters import data_folder
from lumlip.choices import LAYERS
from lumlip.datasets.paper import chosen_models
from lumlip.metrics.bootstrap import interval
from lumlip.metrics.reconstruction import neighborhood_size
from lumlip.minis.cards import card
from lumlip.plotting import style

style.use_style()
draws = {"n_bootstrap": n_bootstrap, "seed": seed}
lines, ran = lineages(minis, tuning, n_steps=n_steps, device=device)
print(ran)
found = {mini: line.distances(layer, device=device, **draws) for mini, line in lines.items()}
pd.Series(PROTOCOLS, name="model").to_frame()

# %% [markdown]
"""
## Six models, rebuilt from each other

{numref}`fig-03-tables` has the paper's table for PET-MAD and ours for the minis.
{glue:text}`table_sentence:s`
In MACE, HF and HTL are near in part by construction: its last layer holds scalars of the first layer, too, which no head changes.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-03-tables", "caption": "Reconstruction errors (no unit) on held-out structures, global (GFRE, above) and local (LFRE, below; of the paper's, only those to and from the start are published). Row = source, column = target. Start: the pre-trained model; bespoke: trained from scratch."}}
local, tables = {PAPER_MODEL: fine_tuning.published("lfre")}, {"gfre": {}, "lfre": {}}
for mini, line in lines.items():
    k = neighborhood_size(len(line.train), n_neighbors)
    options = {"metric": "lfre", "n_neighbors": k, "device": device, **draws}
    local[mini] = line.distances(layer, names=PUBLISHED, **options)
columns = {PAPER_MODEL: fine_tuning.published(), **found}
tables = {
    metric: {
        name: each.table.reindex(index=PUBLISHED, columns=PUBLISHED) for name, each in of.items()
    }
    for metric, of in (("gfre", columns), ("lfre", local))
}
figures.tables_side_by_side(fig := plt.figure(), tables, vmax=0.5)
plt.show()

# %% [markdown]
"""
## Near compared to what?

A number such as {glue:text}`near_text:s` says little alone. {numref}`fig-03-controls` puts the distances of the
fine-tuned models from their start beside those of the controls.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-03-controls", "caption": "Distance (mean GFRE of both directions, no unit) from the start, with 95 % intervals from resampling the test structures; below the broken lines: the controls, and the distance of the bespoke model from its own beginning, the untrained twin. Of the paper's untrained PET, only that one is published."}}
pairs = {
    **{role: (role, START) for role in FINE_TUNED},
    "controls": None,
    SCRATCH: (SCRATCH, START),
    "other seed": ("other seed", START),
    "untrained": ("untrained", START),
    "other beginning": None,
    "bespoke from untrained": (SCRATCH, "untrained"),
}
rows = {
    name: {column: interval(each.between(*pair)) for column, each in columns.items() if pair}
    for name, pair in pairs.items()
}
fig, ax = plt.subplots(figsize=(6.6, 3.9))
figures.distance_rows(ax, rows, label="distance (GFRE)")
plt.show()

# %% [markdown]
"""
What keeps a fine-tuned model near can be taken apart. The bespoke model is as far from the start as training for the
purpose goes; take that distance as a whole. Fine-tuning *moves* the model over a part of it.
A part is the start's *own*: the twin of another seed, with the same pre-training, does not have it.
The rest is *shared* by both of them, and not by the bespoke model: it is what pre-training on these data gives, whatever
the random weights.
The parts are a bookkeeping of distances along one line, which the models need not lie on. They are unfair to
pre-training in one point: the bespoke model began with the random weights of the start, the twin with others. But
these leave little trace. {glue:text}`trace_sentence:s`
"""

# %% tags=["hide-input"]
report.parts_table(found)

# %% [markdown]
"""
## Along the training

Some steps of the runs are kept. {numref}`fig-03-progress` shows how a run leaves its beginning and comes near its end.
{glue:text}`progress_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-03-progress", "caption": "Distances (mean GFRE of both directions, no unit) along the runs: from the pre-trained start, from the end of the run, and for the bespoke model from the random weights that it began with."}}
curves = {mini: report.curves(found[mini], line) for mini, line in lines.items()}
if any(curves.values()):
    figures.progress_panels(fig := plt.figure(), curves)
    plt.show()

# %% [markdown]
"""
## Beyond the structures of the fine-tuning

Has the fine-tuned model kept the rest of what it knew? {numref}`fig-03-maps` maps structures of all kinds,
*mini-mad*, as three models see them, and puts the structures of the fine-tuning into each map.
{glue:text}`beyond_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-03-maps", "caption": "Principal covariates maps of structures of all kinds, one per model (no unit); crosses: the structures of the fine-tuning, projected. The maps are made of features averaged over the atoms, and of the energy per atom (SevenNet-0) beyond what the composition explains. Colors mark the kind of structure."}}
outside = beyond(next(iter(lines.values())), general, device=device) if lines else None
if outside is not None and (maps := outside.maps(layer)):
    labels = outside.panel.atoms["subset"].to_numpy()
    figures.projected(fig := plt.figure(), maps, labels, name=tuning)
    plt.show()

# %% [markdown]
"""
## Does staying near cost accuracy?

Errors on the held-out structures, beside the distance from the start. The energies are those that come with the features;
force errors stand on the minis' cards, mean absolute ones in meV/Å. The errors of the paper's models are root mean squares.
{glue:text}`error_sentence:s`
"""

# %% tags=["hide-input"]
errors = {mini: errors_on_unseen(line) for mini, line in lines.items()}
report.errors_table(errors, found)

# %% [markdown]
"""
## A published pair

By default, the pair is CHGNet 0.3.0 and its r2SCAN model, which its authors fine-tuned from it on other structures and for
another functional. The control is version 0.2.0: the same training data in an architecture that differs in detail. {glue:text}`real_sentence:s` {glue:text}`draws_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-03-real", "caption": "Errors (GFRE, no unit, logarithmic) between a published start and the model fine-tuned from it, and between the start and a control, by subset of the test structures; both directions together. Filled: root mean square over the atoms, as in the tables; open: the median atom."}}
panel = lumlip.panel(chosen_models(models, chapter=3), structures, device=device, skip_failing=True)
print(panel.report())
real = RealModels.of(
    panel, chosen_models(models, chapter=3), by=split, n_test=n_test, device=device, **draws
)
if real.by_subset(layer):
    fig, axs = plt.subplots(1, 2, figsize=(7.4, 3.6), sharey=True)
    for ax, name in zip(axs, LAYERS, strict=True):
        figures.by_label(ax, real.by_subset(name), label=f"{name.replace('_', '-')} GFRE")
    fig.legend(*axs[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    plt.show()

# %% tags=["hide-input"]
real.distances[layer].table.round(3)

# %% [markdown]
"""
## Paper against here

The distance of fine-tuned models from their start is {glue:text}`paper_and_here:s`.
{glue:text}`own_sentence:s` {glue:text}`untrained_sentence:s`

What differs: the models (PET-MAD is much larger than a mini), their training (PET-MAD's is long and on nearly a hundred
thousand structures, ours takes minutes), the structures of the fine-tuning (theirs are made for simulations of these
materials, ours are small crystals and slabs), and the labels (ours come from one teacher, before and after).
A bespoke run also has a higher learning rate than a fine-tuning, as from-scratch training needs it: part of its
longer way may be due to that.
{glue:text}`why_sentence:s`

Does the finding hold? By {ref}`the rule <verdicts>`, for published models it {glue:text}`real_verdict:s`,
for minis it {glue:text}`minis_verdict:s`.
"""

# %% tags=["hide-input"]
display(report.beside_paper(columns, local))
near = float(columns[PAPER_MODEL].between(FINE_TUNED, START)[0])
claims = {
    "real": report.real_claims(real, layer),
    "minis": report.mini_claims(list(found.values())),
}
finding = findings.Finding(3, "mean GFRE between fine-tuned and start", near, claims)
finding.record(data_folder())
findings.claims_table(finding)

# %% tags=["remove-cell"]
backbone = {
    mini: line.distances("backbone", names=list(PROTOCOLS), **draws) for mini, line in lines.items()
}
options = {"n_test": n_test, "seed": seed, "n_bootstrap": n_bootstrap}
far = outside.distances(layer, **options) if outside is not None else None
more = [seed + i for i in range(1, 6)]
options = {"by": split, "n_test": n_test, "n_bootstrap": n_bootstrap, "device": device}
margins = margins_of_other_draws(panel, real.models, layer, seeds=more, **options)
widths = {mini: line.features(layer)[START].shape[1] for mini, line in lines.items()}
widths[PAPER_MODEL] = 512
facts = words.of_minis(found, columns, backbone, widths)
facts |= words.of_training(curves, errors, found)
facts |= answers.of_real(real, layer, margins) | {"beyond_sentence": words.outside(outside, far)}
for name, value in {**facts, **finding.facts()}.items():
    glue(name, value, display=False)

# %% [markdown]
"""
## What changes when you turn the knobs

- `layer="backbone"` redraws the figures for the features that enter the energy head. HF and HTL are then the start itself.
- `n_steps` adds points to the curves along the training, up to all that are kept.
- `minis`, `tuning`: one family only, or the same models on other structures of their elements.
- `models`, `structures`, `split`, `n_test`, `seed`: another published pair, other test structures. The first model is taken for
  the start of the second, whatever they are.
- `models=paper` is refused here: the models that the paper fine-tuned are in no published table of checkpoints.

## Checks

Facts that hold by construction, or by the models' own make; the page fails if one does not.
"""

# %%
for mini, line in lines.items():
    assert not set(line.panel.atoms["structure"].to_numpy()[line.train]) & set(line.groups)
    assert np.diag(found[mini].table).max() < 1e-3, mini
    for role in {"HF", "HTL"} & set(line.ids):
        assert backbone[mini].between(role, START)[0] < 1e-3, f"{role} changed the backbone"
    for role in set(FINE_TUNED) & set(line.ids) if tuning == "mini-lps" else ():
        known = card(line.ids[role])["scores"]["all"]["energy"]
        assert abs(errors[mini].loc[role, "energy_mae"] / 1000 - known) < 1e-3, role
assert np.isclose(near, 0.0466, atol=1e-3), "the published table has changed"
print(f"{len(lines)} lineages, {len(claims['minis'])} claims on minis: checks passed")

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](../book/references.md).
"""
