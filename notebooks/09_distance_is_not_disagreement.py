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

## The answer

{glue:text}`answer_ranks:s` {glue:text}`answer_flags:s` {glue:text}`answer_stitching:s`

:::{admonition} In plain words
:class: in-plain-words

If the notes of two models about an atom cannot be translated into each other, one expects them to judge it
differently.
That is only loosely so: structures that are strange for one pair of models are strange for all, and what is lost in
translation is mostly not what the energy is made of.
It is as with two cooks whose recipes share few words: their loaves may taste alike, while two cookbooks with nearly
the same words may leave out the one line that matters.
:::

## What the paper says

{cite:t}`Chorna2025` read a large feature reconstruction error as a difference in what two models know.
What such a difference means for the energies and forces that users see is left open there, and so is whether the
error of a single atom is a warning. This page asks three questions.

1. Where two models are far apart, do they disagree? About energies, forces, and across pairs of models.
2. Does the pointwise error detect structures unlike those of the fit, better than scores that need one model only?
3. Can the energy of one model be read off the features of another? If the error is low, or only then?

## Parameters

Rerun this page with other models, structures or settings:
`lumlip run 09 -p models="[sevennet-0, chgnet-0.3.0]" -p minis="[]" -p structures=my.xyz`.
"""

# %% tags=["parameters"]
models: list = [
    "chgnet-0.3.0",
    "chgnet-r2scan",
    "sevennet-0",
    "sevennet-mf-0@PBE",
    "sevennet-mf-0@R2SCAN",
    "sevennet-l3i5",
    "diep-matpes-r2scan",
]  # model ids, see `lumlip models`; at least two; or paper: the published study's
minis: list = ["mace-mini", "pet-mini", "dpa-mini@inorganic", "uma-mini@omat"]  # shown apart; or []
controls: list = [
    "mace-mini-seed2",
    "pet-mini-seed2",
    "mace-mini-untrained",
    "pet-mini-untrained",
]  # second seeds and untrained twins of the minis; or []
structures: str = "mini-mad"  # a named set of structures, or a file that ase reads
layer: str = "last_layer"  # features that distances are taken in: last_layer or backbone
split: str = "structure"  # what is kept whole: structure, composition, parent
n_folds: int = 3  # every structure is tested once, by maps fitted on the other folds
n_neighbors: int = 32  # train atoms in a neighborhood (LFRE); at most a quarter of all
local_atoms: int = 2  # atoms of a structure that have a local error: it takes long
force_structures: str = "labelled"  # that atoms are moved in; or a named set, or a file
n_forces: int = 150  # atoms that are moved; at most as many as there are structures
n_changed: int = 60  # crystals that are compressed, and shaken
n_bootstrap: int = 200  # resamples of the structures
seed: int = 0  # of folds, draws and resamples
device: str = "auto"  # auto, cpu or cuda

# %% [markdown]
"""
## Data

Every structure is tested once: maps and baselines are fitted on the other folds.
The error of a structure is the root mean square over its atoms, and over both directions of a pair, for disagreement
has no direction. The *disagreement* in energy is the difference of the two energies per atom, less what a linear
function of the composition explains: models put different energies on free atoms, and functionals on elements.
[Minis]{.mini} have all learned the energies of SevenNet-0; they are kept apart, with their second seeds.
Formulas stand on {ref}`the methods page <disagreement>`.
"""

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

from chapters.disagreement import extra_runs, figures, forces, ood_scores, ranks, tables, words
from chapters.disagreement.energies import model_pairs
from chapters.disagreement.stitch_pairs import StitchedPairs
from chapters.disagreement.study import PairStudy
from chapters.shared import breakdown
from lumlip.datasets.paper import chosen_models, paper_table
from lumlip.extraction.panel import panels_of
from lumlip.plotting import style
from lumlip.plotting.periodic_table import periodic_heat_map
from lumlip.zoo.relations import first_of_families

style.use_style()
options = {"n_bootstrap": n_bootstrap, "seed": seed}
named = {"real": chosen_models(models, chapter=9), "minis": [*minis, *controls] if minis else []}
panels = panels_of({k: v for k, v in named.items() if v}, structures, device=device)
setting = {"by": split, "n_folds": n_folds, "seed": seed, "layer": layer, "device": device}
studies = {name: PairStudy.of(found, **setting) for name, found in panels.items()}
main = studies.get("real", next(iter(studies.values())))
firsts = first_of_families(main.models)
pairs = {name: (s.distance[:, s.kept], s.disagreement[:, s.kept]) for name, s in studies.items()}

# %% tags=["hide-input", "hide-output"]
columns = {"gfre": "GFRE", "disagreement": "median disagreement, meV/atom"}
pd.concat({name: s.by_pair for name, s in studies.items()}).round(2).rename(columns=columns)

# %% [markdown]
"""
## Where they are far apart, do they disagree?

{numref}`fig-09-ranks` shows one pair on the left. On the right each point is a pair of models: up, how well its error
ranks the structures by its own disagreement (Spearman's ρ); to the right, how well the same error ranks them by the
disagreements of pairs that share no model with it. If the error told where *these two* models differ, points would
stand high above the line.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-ranks", "caption": "Left: disagreement in energy beyond composition (meV/atom) against the error of the structure (no unit) for one pair of models of different families; a point per structure. Right: rank correlation ρ of each pair's error with its own disagreement, with 95 % intervals over structures, against the mean ρ with the disagreements of pairs without a common model. Open: minis."}}
own = {name: ranks.own_and_foreign(*pairs[name], s.pairs, **options) for name, s in studies.items()}
by_pair = {name: ranks.own_by_pair(*pairs[name], s.pairs, **options) for name, s in studies.items()}
fig, axs = plt.subplots(1, 2, figsize=(7.4, 3.7))
example = main.pairs.index(model_pairs(firsts)[0]) if len(firsts) > 1 else 0
if main.pairs:
    x, y = (side[example] for side in pairs["real" if "real" in pairs else "minis"])
    figures.example_pair(axs[0], x, y, main.subset[main.kept])
figures.own_against_foreign(axs[1], by_pair)
plt.show()

# %% [markdown]
"""
{glue:text}`gain_sentence:s` A structure that is strange to one pair of models is strange to all: that is most of what
the pointwise error tells about energies.

{numref}`fig-09-subsets` takes out the simplest reason for that, different kinds of structures.
{glue:text}`subset_sentence:s` {glue:text}`local_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-subsets", "caption": "Mean rank correlation ρ, over pairs of models, of error and disagreement among the structures of one subset, with 95 % intervals over structures. Filled: published models; open: minis. Subsets with fewer than 20 structures are left out."}}
subset_rows = {
    name: ranks.by_label(*pairs[name], study.subsets(), **options)
    for name, study in studies.items()
}
errors_local = main.local(firsts, n_neighbors=n_neighbors, at_most=local_atoms, seed=seed)
local_ranks = tables.same_structures(main, errors_local, firsts, **options)
fig, ax = plt.subplots(figsize=(6.4, 3.0))
figures.by_subset(ax, subset_rows)
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-elements", "caption": "Mean rank correlation ρ, over pairs of published models, of error and disagreement among the structures that hold an element; grey: fewer than 20 structures."}}
once = {"n_bootstrap": 1, "seed": seed}
element_rows = ranks.by_label(*next(iter(pairs.values())), main.holders(), **once)
if len(element_rows):
    fig, ax = plt.subplots(figsize=(7.4, 4.2))
    periodic_heat_map(ax, element_rows["value"].to_dict(), label="mean ρ", limits=(0, 0.5))
    plt.show()

# %% [markdown]
"""
## Do distant pairs disagree more?

So much for the structures of one pair; now one number per pair. {glue:text}`across_sentence:s`
Pairs that share a model are not independent, so the p-value is that of Mantel's test, which relabels the models.
Filled points in {numref}`fig-09-across` are pairs trained on one functional. A change of functional shifts energies
without making the features of an atom harder to rebuild.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-across", "caption": "Median disagreement in energy beyond composition (meV/atom, logarithmic) against the GFRE of the pair (no unit), one point per pair of models. Filled: both models learned one functional; open: two."}}
tests = {
    name: {
        "all": study.mantel(seed=seed),
        "same": study.mantel(same_functional=True, seed=seed) if name == "real" else None,
    }
    for name, study in studies.items()
}
fig, ax = plt.subplots(figsize=(6.6, 3.5))
figures.across_pairs(ax, {name: study.by_pair for name, study in studies.items()})
plt.show()

# %% [markdown]
"""
## Forces

One atom of a structure is moved back and forth by a hundredth of an Å, in double precision; the difference of the
energies is the force on it along that line. The structures are those that the minis were validated on; maps are
fitted on the structures above. {glue:text}`force_sentence:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-forces", "caption": "Left: difference of the forces of two models on an atom, along one direction (eV/Å), against the error of that atom (no unit); a point per atom and pair of models. Right: mean rank correlation ρ with that difference, with 95 % intervals over atoms. Filled: published models; open: minis."}}
probed = {"real": firsts} if "real" in studies else {}
probed |= (
    {"minis": [m for m in minis[:2] if m in studies["minis"].models]} if "minis" in studies else {}
)
frames = extra_runs.structures_to_move(
    force_structures, [m for own in probed.values() for m in own]
)
few = {"n_forces": min(n_forces, len(main.panel.structures)), "seed": seed, "device": device}
probes = {
    name: extra_runs.probe(
        chosen, frames, study=main if name == "real" else None, n_changed=n_changed, **few
    )
    for name, chosen in probed.items()
}
found_forces = {
    name: forces.forces_of(panels[name], one.panel, one.moves, layer=layer, device=device)
    for name, one in probes.items()
    if one.panel is not None
}
force_rows = tables.force_rows(found_forces, **options)
if len(force_rows):
    fig = plt.figure(figsize=(7.4, 3.1))
    figures.force_panels(fig, found_forces, force_rows)
    plt.show()

# %% [markdown]
"""
## Does the error detect what is new?

Maps are fitted without one subset, and the test structures of that subset are to be told from all others by a score: out-of-distribution (OOD) detection.
Eight subsets take turns; then the structures with any of eight elements are left out; then crystals are compressed
to 0.85 of their cell length, or shaken by 0.3 Å, and are to be told from themselves.
The area under the ROC curve (AUROC) is the probability that a new structure has the higher score: 0.5 is chance.

| score | needs |
| --- | --- |
| GFRE, LFRE | two models: the error of rebuilding one from the other, mean over ordered pairs |
| distance | one model: the way to the nearest train atom in feature space |
| LLPR | one model: the uncertainty of a linear model on the last layer {cite:p}`Bigi2024` |
| energies differ | two models: the disagreement of this page; no map, so nothing is left out |
| composition | none: the difference to the most similar train composition |

A subset may simply be hard. So each area has a control (open points): the same structures, with maps that were fitted
on all subsets. {glue:text}`flag_gain:s` {glue:text}`flag_others:s`
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-ood", "caption": "Left: AUROC of every score (rows, of the last layer if not said) for every shift (columns), mean over models or pairs; 0.5 is chance, below it new structures score lower. Right: mean over the held-out subsets with 95 % intervals over structures; open: the same structures, with maps fitted on their subset, too."}}
made = probes.get("real", extra_runs.Probes(None, None, np.zeros(0, dtype=int), {}))
material = extra_runs.material_of(
    main, made, firsts, n_neighbors=n_neighbors, local_atoms=local_atoms, seed=seed
)
shifts, train = extra_runs.shifts_of(main, made, seed=seed)
unseen, seen = ood_scores.unseen_and_seen(material, shifts, train, **options)
areas = ood_scores.table(unseen)
means = tables.mean_areas(unseen, seen, shifts)
if len(areas):
    fig = plt.figure(figsize=(7.4, 3.4))
    figures.ood_panels(fig, areas, means)
    plt.show()

# %% [markdown]
"""
## Stitching: the energy of one model from the features of another

The features of model A, averaged over the atoms, and the composition go through one linear map to the energy of
model B. What is lost is measured on the scale of the GFRE: the root of the share of the variance beyond composition
that is missed. The map is either made for the energy (ridge regression, {numref}`fig-09-stitching` left), or it is the map of
the GFRE, which rebuilds B's last layer, followed by B's own readout (right), which least squares recover from B's
features and energies.

{glue:text}`necessary_sentence:s` {glue:text}`enough_sentence:s` {glue:text}`seed_sentence:s`
{glue:text}`single_sentence:s`

{glue:text}`own_sentence:s` So the rebuilding map does worse with the same features: it spends itself on the directions
of large variance, the energy asks for others.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-09-stitching", "caption": "What is lost of a model's energy beyond composition (no unit; dotted: no better than the composition) against the GFRE of its last layer, one point per ordered pair of models. Left: a linear map made for the energy; right: the map of the GFRE and the target's own readout. Crosses (left): each model's own last layer, cut to the energy of the atom, or to all but that. On the grey line, the energy is lost in the same measure as the features."}}
stitched_pairs = {name: StitchedPairs.of(study) for name, study in studies.items()}
stitched = {name: one.table(**options) for name, one in stitched_pairs.items()}
surgeries = {name: one.surgery() for name, one in stitched_pairs.items()}
stitched_ranks = {name: tables.stitched_ranks(table) for name, table in stitched.items()}
fig = plt.figure(figsize=(7.4, 4.0))
figures.stitched_panels(fig, stitched, surgeries)
plt.show()

# %% [markdown]
"""
### Two sources made by surgery

Is a low GFRE enough at all? From each last layer two sources are made. The one knows nothing but the energy of the
atom beyond its element, $e = w^\top y - e_0$, with the readout $w$: one number. The other is the last layer from which
every linear trace of the energy has been taken: neither it, nor anything that is rebuilt from it, has any linear
relation to the energy of the structures of the fit beyond their composition ({ref}`methods <disagreement>`).
Its GFRE is a warning line: a source with as low an error may know nothing of the energy.
{glue:text}`surgery_sentence:s`
"""

# %% tags=["hide-input"]
titles = {
    "gfre_energy": "GFRE from the energy alone",
    "lost_energy": "energy lost",
    "gfre_rest": "GFRE from the rest",
    "lost_rest": "energy lost by the rest",
}
pd.concat(surgeries)[list(titles)].rename(columns=titles).round(2)

# %% [markdown]
"""
## Paper against here

The paper has mean GFRE and LFRE over pairs, and no number on disagreement, OOD scores or stitching; the GFRE is the only
one to compare. It reads its numbers as differences in what the models know. Here, what they are good for is measured:
a GFRE of {glue:text}`here_gfre:s` between families (paper: {glue:text}`paper_gfre:.2f`) goes with a loss of
{glue:text}`here_lost:s` of the energy when a map is made for it.

What differs: the models (theirs are larger), the structures (MAD test set against mini-mad), the split (atoms against whole
structures, each tested once), and that here energies are compared at all.
"""

# %% tags=["hide-input"]
published = breakdown.mean_between(paper_table("cross_model/last_layer/MAD-test", "gfre"))
main_stitched = stitched["real" if "real" in stitched else "minis"]
families = main_stitched[main_stitched["kind"] == "different families"]
rank_numbers = next(iter(own.values()))
rows = {
    "mean GFRE between families, last layer": (f"{published:.2f}", families["gfre"].mean()),
    "energy lost beyond composition, direct": ("not published", families["lost"].mean()),
    "ρ of pointwise error and disagreement": (
        "not published",
        rank_numbers.get("own", [np.nan])[0],
    ),
    "the same, of two other models": ("not published", rank_numbers.get("foreign", [np.nan])[0]),
}
against = pd.DataFrame.from_dict(rows, orient="index", columns=["paper", "here"])
against["here"] = [f"{value:.2f}" if np.isfinite(value) else "none" for value in against["here"]]
against

# %% tags=["remove-cell"]
facts = {
    "answer_ranks": words.ranks_answer(own),
    "answer_flags": words.ood_answer(means),
    "answer_stitching": words.stitching_answer(stitched, stitched_ranks),
    "gain_sentence": words.gain(own),
    "subset_sentence": words.within_subsets(subset_rows),
    "local_sentence": words.local(local_ranks),
    "across_sentence": words.across(tests),
    "force_sentence": words.forces(force_rows),
    "flag_gain": words.ood_gain(means),
    "flag_others": words.ood_others(areas, shifts),
    "necessary_sentence": words.necessary(stitched),
    "enough_sentence": words.enough(stitched),
    "single_sentence": words.single_energy(stitched),
    "seed_sentence": words.seeds(stitched),
    "own_sentence": words.own_readout(stitched, stitched_ranks),
    "surgery_sentence": words.surgery(surgeries),
    "here_gfre": against["here"].iloc[0],
    "here_lost": against["here"].iloc[1],
    "paper_gfre": float(published),
}
for name, value in facts.items():
    glue(name, value, display=False)

# %% [markdown]
"""
## What changes when you turn the knobs

- `layer="backbone"` takes distances between backbones. Stitching always looks at the last layer, where the readout is.
- `split="parent"` keeps structures derived from one another in one fold.
- `n_forces`, `force_structures`: more atoms to move, or atoms of your own structures.
- `n_changed=0` leaves the changed crystals out, `controls=[]` the seeds and the untrained twins.

## Checks

Facts that hold by construction, or because a finite difference must give the package's own force; the page fails
if one does not.
"""

# %%
for table in surgeries.values():
    assert (table["lost_energy"] < 0.1).all()  # a single number that is the energy
for study in studies.values():
    itself = study.errors[np.arange(len(study.models)), np.arange(len(study.models))]
    assert np.nanmedian(itself) < 1e-3 or len(study.owner) < 2000
if "composition" in areas and "compressed" in areas.index:
    assert areas.loc["compressed", "composition"] == 0.5  # compression changes no composition
for one in found_forces.values():
    known = forces.reference(one.moves, frames, "ref_forces")
    if known is not None and "sevennet-0" in one.component:
        miss = np.abs(one.component["sevennet-0"] - known)
        print(
            f"finite differences against SevenNet-0's own forces: median {np.median(miss):.1e} eV/Å"
        )
        assert np.median(miss) < 1e-3
        assert np.corrcoef(one.component["sevennet-0"], known)[0, 1] > 0.999
print("checks passed")

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](../book/references.md).
"""
