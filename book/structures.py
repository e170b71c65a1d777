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
# The structures

Features of a model are features of atoms in structures, so what one finds depends on which
structures one shows. The paper uses MAD {cite}`Mazitov2025MAD`, 95,595 structures of all kinds of
matter. This book comes with a small set made after the same plan, `mini-mad`:
{glue:text}`n_structures` structures, {glue:text}`n_atoms` atoms, {glue:text}`n_elements` elements. It is small
enough to lie in the repository, and it needs no download.

```python
import lumlip

atoms = lumlip.structures("mini-mad")           # a list of ase.Atoms
test = lumlip.structures("mini-mad:test")       # only its test part
slabs = lumlip.structures("mini-mad:surface")   # only one subset
mine = lumlip.structures("my_crystals.cif")     # any file that ase reads
```

## Eight subsets

`mini-mad` is not a sample of MAD, and none of its structures comes from there. It follows the way in
which MAD was made, with names of its own:

| subset | after MAD's | made from |
| --- | --- | --- |
| `bulk` | MC3D | real crystals: AFLOW's prototypes as they stand, and the elements; and prototypes with similar elements |
| `rattled` | MC3D-rattled | crystals of `bulk`, every coordinate displaced by Gaussian noise of 20 % of the covalent radius |
| `random` | MC3D-random | lattices of `bulk`, the element of every atom drawn anew, the volume set by the elements |
| `surface` | MC3D-surface | slabs of `bulk` along random planes with Miller indices up to 2 |
| `cluster` | MC3D-cluster | 2 to 8 neighboring atoms cut out of `bulk` and `rattled` |
| `2d` | MC2D | single layers lifted off layered crystals, and the same with similar elements |
| `molcrys` | SHIFTML-molcrys | small organic molecules packed in the common space groups of molecular crystals |
| `molfrags` | SHIFTML-molfrags | the 22 dimers of S22, and small organic molecules and radicals |
"""

# %% tags=["remove-input"]
import matplotlib.pyplot as plt
import numpy as np
from myst_nb import glue

import lumlip
from lumlip.book.chapters import data_folder
from lumlip.datasets.sets import SETS, STRAINED, summary
from lumlip.metrics.cross_fit import cross_fitted_errors
from lumlip.plotting import style, viewers
from lumlip.plotting.periodic_table import periodic_heat_map

style.use_style()
atoms = lumlip.structures("mini-mad")
numbers = np.concatenate([a.numbers for a in atoms])
columns = {
    "structures": "structures",
    "test": "of these, test",
    "atoms": "atoms",
    "elements": "elements",
    "closest_0%": "closest",
    "closest_50%": "median closest",
    "volume_0%": "least Å³/atom",
    "volume_50%": "median Å³/atom",
    "volume_100%": "most Å³/atom",
}
table = summary(atoms)[list(columns)].rename(columns=columns)
table.round(2).astype(object).fillna("none")

# %% [markdown]
"""
*Closest* is the shortest distance in any of the structures, *median closest* that of the median structure,
both over the sum of the two covalent radii. The volume per atom of slabs and layers counts their
vacuum; molecules and clusters have none.

The elements are hydrogen to bismuth, Z = 1 to 83. These are the elements of the paper's evaluation,
and every model of this book knows them, apart from models for organic molecules only. Noble gases are
in it, but rare.

"""

# %% tags=["remove-input"] mystnb={"figure": {"name": "fig-structures-elements", "caption": "Number of atoms of each element in mini-mad; the colors are logarithmic. Light gray: not in the set."}, "image": {"alt": "Periodic table in which each element is colored by how many atoms of it the set holds; hydrogen, oxygen and carbon are the most frequent"}}
counts = dict(zip(*np.unique(numbers, return_counts=True), strict=True))
fig, ax = plt.subplots(figsize=(style.WIDTH, 3.6))
periodic_heat_map(ax, counts, label="atoms in mini-mad", log=True)
plt.show()

# %% [markdown]
"""
## See them

Each point is a structure. Drag the structure to turn it, click a point for another one; axes and colors
can be changed in the menu of the map.

```{chemiscope} ../book/_data/mini-mad.json
```

The viewer, chemiscope {cite}`Fraux2020`, holds every fourth structure. Its atoms are colored by how badly the last layer of
CHGNet is rebuilt there from SevenNet-0's: error over the root mean square of all atoms.
"""

# %% tags=["remove-cell"]
panel = lumlip.panel(["sevennet-0", "chgnet-0.3.0"], atoms)
source, target = panel.layer("last_layer").values()
folds = lumlip.folds(panel.atoms)
[[errors]] = cross_fitted_errors({"source": source}, {"target": target}, folds=folds).to_numpy()
shown = np.repeat(np.arange(len(atoms)) % 4 == 0, [len(a) for a in atoms])
relative = errors[shown] / np.sqrt(np.mean(errors**2))
viewers.write_viewer(
    data_folder() / "mini-mad.json",
    atoms[::4],
    name="mini-mad",
    of_atoms={"relative error": relative},
)
glue("n_structures", f"{len(atoms):,}", display=False)
glue("n_atoms", f"{len(numbers):,}", display=False)
glue("n_elements", len(counts), display=False)
forces = np.loadtxt(SETS["mini-mad-unstrained"].forces)
left_out = [a.info["subset"] for a, force in zip(atoms, forces, strict=True) if force > STRAINED]
assert len(atoms) - len(left_out) == len(lumlip.structures("mini-mad-unstrained"))
glue("n_strained", f"{len(left_out)}", display=False)
glue("n_rattled", f"{left_out.count('rattled')}", display=False)
glue("n_bulk", f"{left_out.count('bulk')}", display=False)
glue("strained", f"{STRAINED:g}", display=False)
glue("largest", f"{forces.max():.0f}", display=False)

# %% [markdown]
"""
## How it is made

One command makes the set, and a test makes it again and compares:

```
pip install -e ".[recipe]"
python -m recipes.mini_mad.mini_mad mini-mad.xyz.gz
```

- **Real crystals.** 246 entries of the AFLOW library of prototypes {cite}`Mehl2017AFLOW`, as
  pymatgen {cite}`Ong2013` carries them, with up to 40 atoms; entries in whose cell two atoms come much closer than their
  covalent radii allow are left out. To these come ase's ground states of 69 elements. Solid argon, krypton
  and xenon, and the metals rubidium and cesium are shown under pressure, with neighbors at 3.8 Å and 4.7 Å: at normal
  pressure their atoms would be alone within the 5 Å that some models see.
- **Similar elements.** The other crystals put elements into these prototypes: alkali metals for alkali metals,
  halogens for halogens and so on, the rarest element first. The cell is scaled by the
  sums of covalent radii over the bonds.
- **Slabs and layers** have 16 Å of vacuum and are periodic in three dimensions, which all models
  accept. **Clusters and molecules** have no cell and no boundaries.
- **Molecular crystals** are packed by shrinking a random cell until the van der Waals spheres (times
  0.88) touch; of sixteen packings the densest is kept, and its atoms are displaced by 0.04 Å.
- **Nothing is relaxed.** No potential and no energy plays a part, so the set favors none of the models. Many
  structures are far from equilibrium, as in MAD.
- **Strain can be left out.** `mini-mad-unstrained` is the set without the {glue:text}`n_strained:s` structures in which
  SevenNet-0 finds a force above {glue:text}`strained:s` eV/Å ({glue:text}`n_rattled:s` of them are rattled,
  {glue:text}`n_bulk:s` are of `bulk`, and the largest force is {glue:text}`largest:s` eV/Å); `python -m recipes.mini_mad.strain OUT` finds the forces again.
- **A part for all.** `atlas` is the part whose features [entries of the atlas](atlas.ipynb) hold: about 2,000 atoms, relatives together,
  every element in two parents or more wherever there are two; `python -m recipes.mini_mad.atlas OUT` chooses it again.

Every structure passes these checks: no two atoms closer than 0.62 times the sum of their covalent
radii; every atom has a neighbor within 4 Å, or, if that one is a large atom bonded to it, within 4.8 Å; three-dimensional crystals
have 4 to 95 Å³ per atom.

## Train and test

In a split structure by structure, a crystal may be among the train structures and its rattled copy among those for testing.
Here, `info["parent"]` names the crystal or molecule that a structure was made from, and all structures whose
parents have one composition are on one side. Two of nine such groups are the test part.

## Your own structures

`lumlip.structures` reads any file that ase reads. Frames without `subset`, `part` or `parent` in their
`info` get `user`, `test`, and a name of their own. Before a model sees structures they are checked: not-a-number positions,
frames without atoms, flat or left-handed cells, overlapping atoms and
elements unknown to the model are reported with the number of the frame.

The sets of the paper go by the names `mad`, `salex` and `lps`. They do not come with lumlip: save the file
as `mad.xyz` and so on in a folder, and let `LUMLIP_DATA` name that folder.

## References

The works cited here stand, with all others, on [the references page](references.md).
"""
