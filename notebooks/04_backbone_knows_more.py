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
models: list = ["published"]  # model ids, see `lumlip models`; or paper: the published study's
minis: list = ["mace-mini", "pet-mini", "dpa-mini@inorganic", "uma-mini@omat"]  # with their untrained twins; [] for none
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

from chapters.layers import figures, fits, tables
from chapters.shared.breakdown import mean_between
from chapters.shared.models import chosen
from lumlip.book.chapters import data_folder
from lumlip.book.claims import FAILS, NO_MORE
from lumlip.book.page import Page, shown
from lumlip.datasets.paper import paper_rows, paper_table
from lumlip.extraction.panel import only, panels_of
from lumlip.metrics.reconstruction import neighborhood_size
from lumlip.plotting import style
from lumlip.zoo.relations import family_name, family_of, untrained_twin

style.use_style()
named = {"published": chosen(models, chapter=4)}
named["minis"] = [*minis, *map(untrained_twin, minis)]
panels = panels_of(named, structures, device=device)
options = {"n_bootstrap": n_bootstrap, "device": device}
orders = {n: fits.dealt(p.atoms, n_seeds=n_seeds) for n, p in panels.items()}
fitted = {n: fits.LayerFits.of(p, orders[n], **options) for n, p in panels.items()}
real, small = (fitted.get(n, fits.LayerFits.of(None, [])) for n in named)
trained = [m for m in minis if {m, untrained_twin(m)} <= set(small.models)]
twins = [untrained_twin(m) for m in trained]

# %% tags=["hide-input"]
# One model of each family stands for it where maps take long or are many.
panel, own_orders = panels["published"], orders["published"]
some = fits.first_of_families(real.models)
linear, bent = ([m for m in some if m in part] for part in (real.linear, real.bent))
random, own = fits.back_from_random(panel, linear, own_orders, **options)
parts = fits.to_parts(panel, some, own_orders, **options)
pairs = fits.family_pairs(some)
n_atoms = panel.atoms.sizes["atom"]
local = fits.LayerFits.of(
    only(panel, bent),
    own_orders[:n_local_seeds],
    metric="lfre",
    n_neighbors=neighborhood_size(n_atoms // 2, n_neighbors),
    tested=np.arange(0, n_atoms, max(1, local_every)),
    **options,
)
leading = tables.leading_table(panel, parts)

# %% tags=["hide-input"]
page, before = Page(4), "that last layers are often narrow, and one is nearly a single number, was known"
control = {"control": small.excess(twins), "control_is": "untrained twins of the minis"}
published = {"models": "published"}
null = {"bound_from": "a null: no difference"}
excess = page.claim(
    "inside a model, the way back to the backbone is harder than the way forth", real.excess(real.models),
    primary=True, expect=NO_MORE, **null, **control, **published)  # fmt: skip
page.claim("the same where the head is not linear", real.excess(real.bent), expect=NO_MORE, **null, **control, **published)
learned = page.claim(
    "training makes the way back harder still", small.excess_over(trained, twins), expect=FAILS,
    bound_from="a null: untrained twins", models="minis").found  # fmt: skip
beyond = page.claim(
    "behind a linear head, the way back is harder than from as many random channels of the backbone",
    real.fit.difference(real.weights("back", linear), own, other=random),
    bound_from="a null: random channels", chosen_after=before, **published).found  # fmt: skip
bends = page.claim(
    "behind a nonlinear head, the way back is harder for local maps, too", local.excess(local.models),
    **null, **published).found  # fmt: skip
last, readout = (real.above_backbones(layer, real.models) for layer in ("last_layer", "readout"))
page.claim("between families, backbones agree better than last layers", last, expect=FAILS, **null, **published)
page.claim("between families, backbones agree better than readouts", readout, expect=FAILS, chosen_after=before, **null, **published)
of_minis, of_twins = (small.above_backbones("last_layer", some) for some in (trained, twins))
page.claim("between minis, backbones agree better than last layers", of_minis, expect=NO_MORE, **null,
           models="minis", control=of_twins, control_is="untrained twins")  # fmt: skip
split = page.claim(
    "between families, last layers agree better along their first component than in the rest",
    parts["along"].difference(pairs, pairs, other=parts["rest"]), side="below", chosen_after=before, **null, **published).found  # fmt: skip
page.record(data_folder())

# %% tags=["hide-input"]
families = {f: [m for m in real.models if family_of(m) == f] for f in dict.fromkeys(map(family_of, real.models))}
of_family = {family_name(f): real.excess(some) for f, some in families.items()}
sure = [f for f, found in of_family.items() if found.low > 0]
others = [f for f in of_family if f not in sure]
page.says("the way back is harder in every family, on these structures", min(e.value for e in of_family.values()), side="above")
page.says("in some families, that is certain", len(sure), side="above")
page.says("in others it is not", len(others), side="above")
page.says("training makes the way back easier", learned, side="below")
page.says("readouts agree better than backbones", readout, side="below")
page.says("last layers agree better than backbones", last, side="below")
page.says("without one parent, SevenNet is sure", UNSURE, side="above")
page.says("no parent carries a fifth of the error back", real.fit.worst_share(real.weights("back", real.models)), side="below", bound=0.2)
page.says("the first component is mostly the energy", leading["energy"].min(), side="above", bound=0.9)
