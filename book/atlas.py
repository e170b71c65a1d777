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
# The atlas

Who resembles whom, by every measure of this book, and where does a new model stand? The atlas compares models on the same
few atoms, the set `atlas`: about 2,000 of [mini-mad](structures.ipynb), chosen to hold its eight kinds of matter and its 83 elements.
An entry is one small file of features and energies, which anyone can make and send; no weights change hands.
"""

# %% tags=["parameters", "hide-cell"]
entries: list[str] = []  # more entries, as files
n_seeds: int = 3  # orders of the ten folds
local_every: int = 8  # the LFRE tests every n-th atom
n_draws: int = 3  # draws of one atom of each structure, for similarities
n_halves: int = 6  # random halves of the parents in each draw, for their intervals
n_bootstrap: int = 200  # draws of the parents, for the intervals of errors
device: str = "auto"  # auto, cpu or cuda

# %% tags=["hide-cell"]
import sys
from pathlib import Path

import numpy as np
from IPython.display import HTML

sys.path.append("../notebooks")  # where the chapters' own code lies
from chapters.atlas.entries import of_pairs, picker, side_by_side
from chapters.latent_spaces import ask
from chapters.report.place import neighbors
from chapters.shared import heat
from chapters.similarity.all_measures import LABELS
from chapters.similarity.both_ways import both_ways
from lumlip.atlas import entry
from lumlip.book.chapters import atlas_files
from lumlip.book.models_page import markdown_table
from lumlip.book.page import literal, shown
from lumlip.metrics.reconstruction import neighborhood_size
from lumlip.metrics.repeated import CrossFit, orders_of
from lumlip.zoo.relations import PUBLISHED
from lumlip.zoo.table import resolve

files = [*atlas_files(), *map(Path, entries)]
listed = {path.stem: entry(path) for path in files}
panel = side_by_side(PUBLISHED, files, device=device)
names, features = list(panel.datasets), panel.layer("last_layer")
orders = orders_of(panel.atoms, n_seeds=n_seeds)
options = {"n_bootstrap": n_bootstrap, "device": device}

# %% tags=["hide-cell"]
last = CrossFit.of(features, orders=orders, **options)
backbone = CrossFit.of(panel.layer("backbone"), orders=orders[:1], **options)
tested = np.arange(0, panel.atoms.sizes["atom"], local_every)
k = neighborhood_size(panel.atoms.sizes["atom"] // 2, 64)
local = CrossFit.of(
    features, metric="lfre", n_neighbors=k, orders=orders[:1], tested=tested, **options
)
measured = {"GFRE": of_pairs(last), "GFRE, backbone": of_pairs(backbone), "LFRE": of_pairs(local)}
alike = both_ways(panel, layer="last_layer", n_draws=n_draws, n_halves=n_halves)
measured |= {LABELS[name]: found for name, found in alike.items()}

# %% [markdown]
"""
## Entries

Published models whose weights come with a package, then those that were sent: how many channels, which other one is nearest (mean
{term}`GFRE` of both directions, last layer), and how far the energy recomputed from the last layer is off (*identity*: the largest
relative error of an entry that was sent; *checked* by a test for the others).
"""

# %% tags=["remove-input"]
rows = []
for name, ds in panel.datasets.items():
    nearest = neighbors(last, name).iloc[0]
    told = listed.get(name, {})
    known = None if told else resolve(name)
    rows.append(
        [
            literal(name),
            literal(told.get("model", "")) or "package",
            literal(str(ds.attrs["family"])),
            *(str(ds.sizes[f"{layer}_channel"]) for layer in ("backbone", "last_layer")),
            f"{literal(nearest.name)}: {nearest['mean']}",
            told.get("identity", "[checked](models.ipynb)"),
            literal(told["licence"] if told else known.licence),
        ]
    )
heads = ["entry", "of", "family", "backbone", "last layer", "nearest", "identity", "licence"]
n, atoms = len(panel.structures), panel.atoms.sizes["atom"]
shown(f"""
{markdown_table(heads, rows)}

All are compared on {n} structures, {atoms} atoms.
""")

# %% [markdown]
"""
## Who resembles whom?

GFRE of the last layer; the interval of a cell shows below the table when the cell is chosen.
"""

# %% tags=["remove-input"]
heat.heat_of(last)

# %% [markdown]
"""
## Every measure between two

Of last layers, except where the backbone is named. GFRE and LFRE are errors: 0, rebuilt exactly. The others are similarities: 1, the
same; a measure without a direction has one number. Chance alone gives more than 0, more so with many channels: PWCCA with a wide last layer says little
([chapter 8](../notebooks/08_both_headlines_are_right.ipynb)).
"""

# %% tags=["remove-input"]
HTML(
    '<div id="ask"><noscript>This needs JavaScript; the GFRE stands in the table above.</noscript></div>'
    f'{ask.script([picker(measured, names)])}<script src="../_static/ask.js"></script>'
)

# %% tags=["remove-input"]
shown(f"""
In brackets: 95 % intervals. Those of the GFRE come from {n_bootstrap} draws of the parents of structures and {n_seeds} orders of the folds, those of
backbones and of the LFRE ({k} neighbors, every {local_every}th atom) from one order, those of similarities from {n_draws} draws of atoms with {n_halves} halves each: fewer
than elsewhere in this book, so that the page is made in seconds. With fewer atoms to learn from, errors are larger than on
mini-mad: compare numbers of this page with each other. [Methods](methods.md) has the formulas.
""")

# %% [markdown]
"""
## Send yours

```sh
lumlip atlas add FAMILY:PATH --trust-checkpoint --licence MIT -o my-model.npz
lumlip atlas my-model.npz
lumlip run atlas -p entries="[my-model.npz]"
```

The first line runs `lumlip check`, and then the model on the atlas's atoms: minutes on a CPU. The second checks the file as this
project's tests do: what it says of model, versions and licence, its size, its structures, its identity. The third makes this page
with your model in it. A pull request that adds the file to `book/atlas/` puts it here for everyone;
[CONTRIBUTING](https://github.com/lumlip/lumlip/blob/main/CONTRIBUTING.md) says how. The file counts as a model everywhere:
`lumlip compare features:my-model.npz sevennet-0 --structures atlas`.
"""
