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

This page is made from the table that `lumlip` itself uses (`lumlip/zoo/zoo.toml`); `lumlip models` prints
it. A model's id is all that the other pages and commands need. What follows `@` is the task, head,
branch or modality of a model that has several.

## Published models whose weights come with their package

They work without a download; the book's findings rest on them. The two tasks of SevenNet-MF-0 are two functionals that
one network learned together {cite:p}`Kim2025`; DIEP learned from MatPES {cite:p}`Kaplan2025`.
"""

# %% tags=["remove-input"]
from IPython.display import Markdown

from lumlip.book import models_page
from lumlip.zoo.table import shipped

Markdown(models_page.models_markdown(shipped(mini=False)))

# %% [markdown]
"""
## Published models to download

The packages of MACE {cite:p}`Batatia2022,Batatia2024`, PET {cite:p}`Pozdnyakov2023,Mazitov2025PET`,
DPA {cite:p}`Zhang2025`, UMA {cite:p}`Wood2025`, Orb {cite:p}`Neumann2024,Rhodes2025`, MatterSim {cite:p}`Yang2024`, GRACE {cite:p}`Bochkarev2024` and
SevenNet fetch their weights from their authors' sites.
lumlip asks each package's own loader to do so at first use, or takes a file of that name from the folder that the
variable `LUMLIP_MODELS` names. Their extractors are tested with small models of the same architectures,
below, those of Orb, MatterSim, NequIP and GRACE with random weights only; the published files themselves have not been opened in making
this page. eSEN is UMA's architecture without
experts, and read by the same extractor. Of the models of [nequip.net](https://www.nequip.net), which no package lists, three are in
the table; another is a file for `nequip:PATH.nequip.zip`. Where the table says *no features*, lumlip refuses the model before it
is downloaded.
"""

# %% tags=["remove-input"]
Markdown(models_page.published_markdown())

# %% [markdown]
"""
(minis)=
## Minis

A [mini]{.mini} is a small model of one of these four architectures, trained by a recipe in `lumlip/minis` and
committed with it, so that every family works offline. It is there for tests, for examples, and for questions
about training itself; it is not the published model and comes nowhere near it.

The minis learned the energies and forces of a published model, their teacher: SevenNet-0, and where r2SCAN is
named SevenNet-MF-0 with its r2SCAN task. Their structures are crystals, slabs and molecules of forty elements, rattled and strained.
Have they learned anything? The table compares their errors on structures whose parents they have not seen with
three models that know nothing of geometry: a *linear* function of the composition, a *look-up* of the composition
among the training structures, and *zero* force. Energies are in eV per atom, forces in eV/Å per component, all mean absolute errors; a
ratio is an error over the linear function's, or over that of zero force. *Unseen* are chemical systems that are absent from the training set: their ratios for energy and forces.
"""

# %% tags=["remove-input"]
Markdown(models_page.minis_markdown())

# %% [markdown]
"""
Among them are pairs that differ in one thing only: the seed, the functional of the teacher, the kind of structures
(all, inorganic, organic), or the width. The half-wide one had as many steps as the others and learned less.
Those called *quarter* and *sixteenth* had only this share of the steps: they are not good models, but show
[what longer training does](../notebooks/02_controls.ipynb) to the distance of two seeds.
An *untrained* twin has the initial weights of the mini it is named after.

Others were trained on lithium thiophosphates and their like, the set [mini-lps](structures.ipynb), by the paper's
protocols: *ff* starts from the general mini and trains all weights, *hf* its head only; *ftl* and *htl* do the same
with a new head; *bespoke* starts from untrained weights. Of MACE there are *ff* and *bespoke* at each other's learning
rate, too: *ff-high-rate*, *bespoke-low-rate*. The errors below are on structures of that set whose parents
none of them has seen; the baselines are fitted to its training part.
"""

# %% tags=["remove-input"]
Markdown(models_page.minis_markdown(fine_tuned=True))

# %% tags=["remove-input"]
Markdown(models_page.models_markdown(shipped(mini=True)))

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
| HIENet | 512 scalars that leave the last gate | 256 outputs of the first readout map | as SevenNet, on whose code it is built: both maps are linear |
| DIEP | 64 node features that enter the final layer | two times 64 hidden activations | gated: a linear map of one half times the sigmoid of a linear map of the other |
| MACE | scalars of the node features of all layers | scalars of all layers but the last, and the hidden activation of the last readout | linear, scaled and shifted, plus the energies of free atoms and the repulsion of nuclei where the model has one |
| PET | node features beside the edge features summed over neighbors, last layer | the same two inside the heads | linear, plus a constant per neighbor, weighted by the cutoff function |
| DPA | output of the descriptor | input of the fitting net's final linear map | linear, plus a constant per element |
| UMA | the invariant channels of the node embedding | input of the energy block's final linear map | linear, scaled, plus a constant per element |
| Orb | 256 node features that the heads read | 256 hidden activations of the energy head, which averages the backbone over the structure first: **all atoms of a structure have the same** | linear, scaled, plus a constant per element and the repulsion of nuclei where the model has one |
| NequIP | the scalars after the last convolution | inputs of the readout's final linear map; where that is the whole readout, the backbone itself | linear, scaled and shifted by element, plus a pair potential where the model has one |
| GRACE | the densities that enter the readout, 11 to 17 | the first of them, and the 64 hidden activations of the others' perceptron | linear, scaled and shifted by element, plus the repulsion of nuclei where the model has one |
| MatterSim | 128 or 256 atom features that enter the readout | two times as many hidden activations | gated, as DIEP's, scaled and shifted by element |

`uma-mini@expert:2` gives all the weight of UMA's mixture to one expert (in the task omat; `uma-mini@omol:expert:2`
in omol). The published UMA models take the same names.

A control of DPA does wrong on purpose what the published extraction script did: `dpa-mini@inorganic:alphabetical`
numbers the elements of each structure by the alphabet, instead of by the model's own list, so that it takes them for others.

Molecules, slabs and isolated atoms are treated alike in all families: a direction without periodic
boundaries gets so much vacuum that images do not see each other.
"""

# %% tags=["remove-input"]
Markdown(models_page.packages_markdown())

# %% [markdown]
"""
## Is the extraction right?

For each published model above whose weights are here, and one mini per family, on a sample of test structures of
[mini-mad](structures.ipynb) that holds every subset that the model knows:
the largest relative error of the energy recomputed from the last-layer features, its difference from
the package's own calculator, and the largest change of the features, relative to their size, when a structure is rotated, mirrored, moved, when its atoms
are renumbered, or when it is run alone instead of in a batch. All in single precision, where one part in
ten million is lost at each operation. The atoms are moved some hundredths of an Å off their sites: where
several neighbors are at exactly the same distance, DIEP puts them in an order that rounding decides, and
its features jump a little.

Four families lack a symmetry by construction, and the table gives in bold by how much: the root mean square of the
change over that of the features around their mean. PET sees the Cartesian vectors of the neighbors as they are and learns
from randomly turned structures what a rotation leaves alone. SevenNet, HIENet and UMA keep rotations, but tell a structure from its mirror
image. `lumlip check MODEL` does the same for a model of your own.
"""

# %% tags=["remove-input", "nbval-skip"]
minis = ["mace-mini", "pet-mini", "dpa-mini@inorganic", "uma-mini@omat"]
Markdown(models_page.checks_markdown("mini-mad:test", [*shipped(mini=False), *minis]))

# %% [markdown]
"""
## References

The works cited here stand, with all others, on [the references page](references.md).
"""
