# %% [markdown]
"""
# One model among others
"""

# %% tags=["parameters", "hide-cell"]
model: str = "sevennet-0"  # a model id, or FAMILY:PATH[@TASK]
structures: str = "mini-mad-unstrained"  # a named set of structures, or a file that ase reads
every: int = 2  # take every n-th structure
n_seeds: int = 5  # orders of the ten folds
n_bootstrap: int = 500  # draws of the structures for each interval
device: str = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
import shlex
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from ase.data import chemical_symbols

import lumlip
from chapters.cumulants import fits, probing
from chapters.depth.fits import narrow
from chapters.depth.paths import LAST_LAYER, depth_path
from chapters.disagreement import energies
from chapters.disagreement.study import FEWEST, Study
from chapters.report import breakdown, figures, place, probes, words
from chapters.report.words import name, percent, shown
from chapters.shared.panels import as_samples, only
from chapters.shared.sources import FIXED, unlearned
from lumlip.atlas import entries
from lumlip.book.chapters import atlas_files
from lumlip.book.models_page import CHECKED, markdown_table, models_markdown
from lumlip.book.page import literal
from lumlip.conformance.check_model import check_model
from lumlip.datasets.properties import one_hot
from lumlip.errors import NothingLeftError
from lumlip.extraction.panel import REMARKS, lacking
from lumlip.metrics.cross_fit import GlobalFits
from lumlip.metrics.cumulants import mean_over_atoms
from lumlip.metrics.repeated import CrossFit, Estimate, orders_of
from lumlip.plotting import style
from lumlip.plotting.periodic_table import periodic_heat_map
from lumlip.zoo.listing import lineage_text
from lumlip.zoo.relations import company, family_of, lineage
from lumlip.zoo.table import resolve

style.use_style()
plt.rcParams["text.parse_math"] = False  # a dollar in a path is no formula
frames = lumlip.structures(structures)[::every]
proof = ThreadPoolExecutor(1).submit(check_model, model, frames, device=device)  # meanwhile
layered = "layers" not in lacking(resolve(model))
panel = lumlip.panel(
    [model, *company(model)], frames, device=device, layers=layered, skip_failing=True
)
others = [m for m in panel.datasets if m != model]
if model not in panel.datasets or not others:
    raise NothingLeftError(f"nothing to compare with: {panel.missing}")
has = {"layers": layered, "energies": "energy" in panel.datasets[model]}
lacks = [name for name, there in has.items() if not there]
features, orders = panel.layer("last_layer"), orders_of(panel.atoms, n_seeds=n_seeds)
options = {"n_bootstrap": n_bootstrap, "device": device}

# %% tags=["hide-input"]
fit = CrossFit.of(features, orders=orders, **options)
table = place.neighbors(fit, model)
nearest, as_near = table.index[0], place.level_with_nearest(table)
path = depth_path(panel.datasets[model]) if layered else {}
steps = {s: narrow(X, 64) for s, X in path.items()}
element = one_hot(panel.atoms["atomic_number"].to_numpy())
deep = CrossFit.of(steps | {"element": element}, orders=orders[:2], **options)
backbones = panel.layer("backbone")
layers = {"backbone": backbones[model], LAST_LAYER: features[model], "other": backbones[nearest]}
sides = {"backbone": [LAST_LAYER, "other"], LAST_LAYER: ["backbone"], "other": ["backbone"]}
within = CrossFit.of(layers, orders=orders[:2], pairs=sides, **options)
own = resolve(model).weights == "features"  # of these structures, not of the atlas's
sent = [] if own else list(entries(atlas_files(own=True))[0])
standing = place.in_atlas(model, sent, **options) if sent else table[:0]

# %% tags=["hide-input"]
structure, groups = panel.atoms["structure"].to_numpy(), np.asarray(orders[0].groups)
strangers = [m for m in others if family_of(m) != family_of(model)] or others
rebuilt = GlobalFits({m: features[m] for m in strangers}, {model: features[model]}, device)
errors = np.sqrt([np.square(rebuilt.errors(order)).mean(("source", "target")) for order in orders])
of_all, of_label = (
    partial(f, n_bootstrap=n_bootstrap) for f in (breakdown.rms, breakdown.by_label)
)
whole = of_all(errors, groups)
symbols = np.array(chemical_symbols)[panel.atoms["atomic_number"].to_numpy()]
subset = panel.atoms["subset"].to_numpy().astype(str)
elements, subsets = of_label(errors, symbols, groups), of_label(errors, subset[structure], groups)
hard, hard_subsets = breakdown.harder(elements), breakdown.harder(subsets)

# %% tags=["hide-input"]
averages = {m: mean_over_atoms(features[m], structure) for m in (model, nearest)}
averages[FIXED] = mean_over_atoms(unlearned(panel.structures)[FIXED], structure)
known, samples = probes.properties(panel, [model, nearest]), orders_of(as_samples(panel), n_seeds=2)
probed = CrossFit.empty()
if known:
    read_off = {m: probing.ridge_fit(X, known, samples, n_bootstrap) for m, X in averages.items()}
    probed = fits.stacked(read_off)
study = Study(only(panel, [model, nearest]), [model, nearest], n_seeds, n_bootstrap, device)
kept, signed = study.known & ("energies" not in lacks), np.zeros((n_seeds, 0))
if kept.any():
    signed = 1000 * (study.beyond[..., 0] - study.beyond[..., 1])[:, kept]  # meV/atom
parents = study.parent[kept]
gap, gaps = of_all(signed, parents), of_label(signed, subset[kept], parents)
rank = carried = Estimate.missing()
if kept.any():
    rank = energies.weighted(energies.rank_tables(study), np.ones((1, 1)))
    stitched = energies.stitched(study)[0]
    carried = stitched.share(place.pairs(stitched, (model, nearest)))
failure = proof.exception()
checks = pd.DataFrame(columns=["error", "bound", "ok"]) if failure else proof.result()
failed = [check for check, ok in checks["ok"].items() if not ok]

# %% tags=["remove-input"]
verdict = f"passes all {len(checks)} checks"
if failure:
    verdict = f"could not be checked ({literal(str(failure))})"
elif failed:
    verdict = f"**fails {', '.join(failed)}**, and no number below is to be trusted"
shown(f"""
- **Proof.** The extractor {verdict}.
- **Place.** Of {len(others)} other models, on {len(panel.structures)} structures, the nearest is {" or ".join(map(name, as_near))}{", between which it cannot be told" * (len(as_near) > 1)}.
  {name(nearest)} recovers {percent(fit.share(place.pairs(fit, (nearest, model))))} of the variance of this model's last layer, which recovers
  {percent(fit.share(place.pairs(fit, (model, nearest))))} of that of {name(nearest)}.{"".join(f" **{literal(line)}.**" for line in REMARKS)}
- **Hardest.** Rebuilt worse than all atoms together: the elements {words.some(hard.index, "(none)")}; the subsets {words.some(hard_subsets.index, "(none)")}.
- **Energy.** Beyond composition, it disagrees with {name(nearest)} by {words.whole(gap)} meV/atom.
{f"- **Not here.** This model comes without {' and '.join(lacks)}: what the page says of them has no numbers." if lacks else ""}
""")

# %% [markdown]
"""
In brackets: 95 % intervals, over parents of structures. *Rebuilt*: by one linear map, on structures whose relatives it has not seen. The global
feature reconstruction error (GFRE) is 0 if that is exact, 1 if it is no better than the average; 1 − GFRE² is the share of the variance that is
*recovered*. Of two numbers one is called larger only where the interval of their difference says so.

## Proof

The energy is computed once more from the last layer alone, and by the package of the model as it is. Rotations, inversion, translations, another
order of the atoms and other batches must change nothing, but for symmetries that a family was not made to keep. Errors are the largest over some
structures, relative to the size of energies or features.
"""

# %% tags=["remove-input"]
some = {check: words for check, words in CHECKED.items() if check in checks.index} | {
    c: c for c in failed
}
rows = [
    (literal(words), f"{checks.error[check]:.0e}".replace("0e+00", "0"), f"{checks.bound[check]:.0e}", "**failed**" if check in failed else "passed")
    for check, words in some.items()
]  # fmt: skip
shown(f"""
{markdown_table(["check", "error", "allowed", "verdict"], rows)}

Of all {len(checks)} checks (`lumlip check` lists them), {len(checks) - len(failed)} pass.
""")

# %% [markdown]
"""
## Place

Beside it: one published model of each family whose weights come with a package, and its own parents and children.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-report-map", "caption": "Map of the models by their last layers, the model of this page in a ring: two are as far apart as the mean GFRE of both directions, as well as a plane can show it. Clouds: the same, for other draws of the structures."}, "image": {"alt": "A point for each model, with a cloud of fainter ones around it"}}
points, draws, flat = place.model_map(fit)
fig, ax = plt.subplots(figsize=(style.WIDTH, 3.2))
figures.place_map(ax, points, draws, fit.sources, list(map(words.called, fit.sources)))
plt.show()

# %% tags=["remove-input"]
rows = [(name(m), *map(str, row)) for m, row in zip(table.index, table.to_numpy(), strict=True)]
ways = [place.pairs(fit, way) for way in ((nearest, model), (model, nearest))]
shown(f"""
{markdown_table(["GFRE", "rebuilds this model", "is rebuilt from it", "mean of both", "less that of the nearest"], rows)}

- Of {name(nearest)}, the first direction less the second is {fit.difference(*ways)}; between the backbones of the two models, the mean of both is
  {within.mean(place.pairs(within, ("backbone", "other"), ("other", "backbone")))}.
- On the atoms of the atlas, the nearest of its {len(standing)} entries here: {"; ".join(f"{name(m)} {found}" for m, found in standing["mean"][:3].items()) or "(none)"}.
- The plane of the map holds {100 * flat.value:.0f} % ({100 * flat.low:.0f} to {100 * flat.high:.0f} %) of the squared distances. All pairs:
""")

# %% tags=["remove-input"]
words.heat(fit)

# %% [markdown]
"""
## Lineage
"""

# %% tags=["remove-input"]
shown("\n".join(f"- {literal(line)}" for line in lineage_text(model).splitlines()))

# %% [markdown]
"""
## Layers
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-report-layers", "caption": "What the steps of the model hold, from the embedding of the element on: GFRE, with 95 % intervals. Steps of more than 64 channels by their principal components."}, "image": {"alt": "Three panels with a dot and an interval for each step"}}
ways = {
    "the step, from the element alone": lambda s: ("element", s),
    "the last layer, from the step": lambda s: (s, LAST_LAYER),
    "the step, from the last layer": lambda s: (LAST_LAYER, s),
}
found = {k: {s: deep.mean(place.pairs(deep, way(s))) for s in steps} for k, way in ways.items()}
if steps:
    figures.intervals(plt.figure(), found, "GFRE")
    plt.show()

# %% tags=["remove-input"]
forth = place.pairs(within, ("backbone", LAST_LAYER))
back = place.pairs(within, (LAST_LAYER, "backbone"))
shown(f"""
- The backbone has {layers["backbone"].shape[1]} channels, the last layer {layers[LAST_LAYER].shape[1]}{"; they are one and the same here" if np.array_equal(*list(layers.values())[:2]) else ""}.
- The last layer is rebuilt from the backbone with a GFRE of {within.mean(forth)}, the backbone from the last layer with {within.mean(back)};
  the second less the first is {within.difference(back, forth)}.
""")

# %% [markdown]
"""
## Hardest elements and subsets

How well models of other families rebuild the last layer around each atom, mean over them.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-report-elements", "caption": "Error by element, in total standard deviations of the last layer. Gray: in too few structures."}, "image": {"alt": "A periodic table in colors"}}
if len(elements):
    fig, ax = plt.subplots(figsize=(style.WIDTH, 3.4))
    by_number = {chemical_symbols.index(one): e.value for one, e in elements["error"].items()}
    periodic_heat_map(ax, by_number, label="error / total standard deviation")
    plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-report-hardest", "caption": "The same by subset, and for the elements with a larger error than all atoms together (gray band), with 95 % intervals."}, "image": {"alt": "A dot with an interval for each subset and element"}}
both_parts = {"subsets": subsets["error"], "elements": hard["error"]}
figures.intervals(plt.figure(), both_parts, "error / total standard deviation", level=whole)
plt.show()

# %% tags=["remove-input"]
shown(f"""
- All atoms: {whole}. Of {len(elements)} elements in at least {breakdown.LEAST} parents, {len(hard)} are above that with their whole interval;
  {len(elements) / 40:.1f} would be by chance, if none were.
""")

# %% [markdown]
"""
## Probes, without composition

What a ridge regression on the average last layer predicts of a property of unseen structures, after what a linear function of the composition
explains is subtracted: share of the variance. SOAP with element and composition stands for features that learned nothing.
"""

# %% tags=["remove-input"]
rows = []
for one in probed.targets:
    ours, near, soap = (place.pairs(probed, (source, one)) for source in averages)
    more = [str(probed.difference(w, ours)) for w in (near, soap)]
    rows.append([literal(one), *(percent(probed.share(w)) for w in (ours, near, soap)), *more])
heads = ["property", "this model", name(nearest), "SOAP", "less error than it by", "than SOAP by"]
shown(markdown_table(heads, rows) if rows else "Composition alone determines the properties here.")

# %% [markdown]
"""
## Energies

Energies per atom of two models are compared beyond what a linear function of the composition explains, fitted on other structures.
"""

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-report-energies", "caption": "Disagreement in energy with the nearest model by subset (root mean square), with 95 % intervals; gray band: all structures."}, "image": {"alt": "A dot with an interval for each subset"}}
if kept.any():
    figures.intervals(plt.figure(), {"": gaps["error"]}, "disagreement / (meV/atom)", level=gap)
    plt.show()

# %% tags=["remove-input"]
worst = np.abs(signed.mean(axis=0)).argsort()[::-1][:5]
rows = [
    (panel.structures[i].get_chemical_formula(), literal(subset[i]), words.whole(Estimate.over([(x,) * 3 for x in some])))
    for i, some in zip(np.flatnonzero(kept)[worst], signed.T[worst], strict=True)
]  # fmt: skip
shown(f"""
- {kept.sum()} of {len(kept)} structures hold only elements of at least {FEWEST} parents, and count. There the two disagree by
  {words.whole(gap)} meV/atom.
- From the last layer of this model, a linear map recovers {percent(carried)} of the energy of {name(nearest)} beyond composition.
- The rank correlation of the disagreement with the error of the features, over structures, is {rank}.

The largest disagreements, with intervals over the orders of the folds:

{markdown_table(["structure", "subset", f"this model less {name(nearest)} / (meV/atom)"], rows)}
""")

# %% [markdown]
"""
## What to cite, and how this page was made

The models by their references, below; the study that this page follows, S. Chorna et al., [arXiv:2512.05717](https://arxiv.org/abs/2512.05717) (2025);
the errors, A. Goscinski et al., [Mach. Learn.: Sci. Technol. 2, 025028](https://doi.org/10.1088/2632-2153/abdaf7) (2021); and lumlip.
"""

# %% tags=["remove-input"]
cited = dict.fromkeys([*lineage(model), *panel.datasets])
shown(models_markdown([m for m in cited if not words.is_own(m)]))

# %% tags=["remove-input"]
attrs = panel.datasets[model].attrs
print(shlex.join(["lumlip", "report", model, "--structures", structures]), f"lumlip {lumlip.__version__}",
      f"structures 0, {every}, {2 * every}, ...", panel.report(), sep="\n")  # fmt: skip
print(*(f"{key}: {attrs[key]}" for key in sorted(attrs) if "sha256" in key), sep="\n")
