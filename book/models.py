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
# Models

This page is made from the table that `lumlip` itself uses (`lumlip/zoo.toml`); `lumlip models` prints
it. A model's id is all that the other pages and commands need. What follows `@` is the task, head or
modality of a model that has several.
"""

# %% tags=["remove-input"]
from IPython.display import Markdown

from lumlip import tables

Markdown(tables.models_markdown())

# %% [markdown]
"""
## Where the features are taken

**Backbone** features are the invariants that enter the energy head; **last-layer** features are what
the final linear map of the head sees, so that the energy is a known function of them.
This gives a test that each model on this page passes: the energy recomputed from the last-layer
features is the energy that the model's own package predicts.

| family | backbone | last layer | energy |
| --- | --- | --- | --- |
| CHGNet | 64 atom features that enter the readout's perceptron | 64 inputs of its final linear map | linear, averaged over the atoms, plus a linear term in the composition |
| SevenNet | 128 scalars that leave the last gate | 64 outputs of the first readout map | linear, scaled and shifted by element; **both maps are linear, so backbone to last layer is exact by construction** |
| DIEP | 64 node features that enter the final layer | two times 64 hidden activations | gated: a linear map of one half times the sigmoid of a linear map of the other |

Molecules, slabs and isolated atoms are treated alike in all families: a direction without periodic
boundaries gets so much vacuum that images do not see each other.
"""

# %% tags=["remove-input"]
Markdown(tables.packages_markdown())

# %% [markdown]
"""
## Is the extraction right?

For each model, on a sample of test structures of [mini-mad](structures.ipynb) that holds every subset:
the largest relative error of the energy recomputed from the last-layer features, its difference from
the package's own calculator, and the largest change of the features, relative to their size, when a structure is rotated, moved, when its atoms
are renumbered, or when it is run alone instead of in a batch. All in single precision, where one part in
ten million is lost at each operation. The atoms are moved some hundredths of an Å off their sites: where
several neighbors are at exactly the same distance, DIEP puts them in an order that rounding decides, and
its features jump a little. `lumlip check MODEL` does the same for a model of your own.
"""

# %% tags=["remove-input", "nbval-skip"]
Markdown(tables.checks_markdown("mini-mad:test"))

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](references.md).
"""
