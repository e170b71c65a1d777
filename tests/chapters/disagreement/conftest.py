"""Made-up features of small structures, under the names of real models."""

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk

from chapters.disagreement.study import Study
from lumlip.datasets.properties import composition
from lumlip.extraction.panel import Panel

FORMULAS = ("NaCl", "MgO", "LiF", "KBr")
MODELS = ["chgnet-0.3.0", "sevennet-0", "diep-matpes-r2scan", "hienet-v3"]


def crystals(n):
    """Return n rattled salts in two subsets, two of each parent."""
    made = []
    for i in range(n):
        atoms = bulk(FORMULAS[i // 2 % 4], "rocksalt", a=5.0 + 0.01 * i)
        atoms.rattle(0.05, seed=i)
        atoms.info.update(subset=("bulk", "rattled")[i % 2], parent=f"p{i // 2}")
        made.append(atoms)
    return made


def panel_of(structures, models, *, seed=0):
    """Return made-up features; the energy is a linear function of the last layer."""
    rng = np.random.default_rng(seed)
    sizes = [len(atoms) for atoms in structures]
    owner = np.repeat(np.arange(len(structures)), sizes)
    known = rng.normal(size=(len(owner), 4))
    shares = composition(structures)
    datasets = {}
    for i, model in enumerate(models):
        last = known @ rng.normal(size=(4, 5)) + 0.1 * rng.normal(size=(len(owner), 5))
        per_atom = np.bincount(owner, weights=last[:, 0]) / sizes
        energy = (0.3 * per_atom + 5 * shares @ np.arange(shares.shape[1]) * (i + 1)) * sizes
        datasets[model] = xr.Dataset(
            {
                "last_layer": (("atom", "last_layer_channel"), last),
                "energy": ("structure", energy),
            },
            coords={
                "structure": ("atom", owner),
                "atomic_number": ("atom", np.concatenate([a.numbers for a in structures])),
                "subset": ("structure", [a.info.get("subset", "user") for a in structures]),
                "parent": ("structure", [a.info.get("parent", "") for a in structures]),
            },
        )
    return Panel(list(structures), datasets)


@pytest.fixture(scope="session")
def make_crystals():
    """Return the function that makes n rattled salts."""
    return crystals


@pytest.fixture(scope="session")
def make_panel():
    """Return the function that makes up the features of models."""
    return panel_of


@pytest.fixture(scope="session")
def study():
    """Return four models of four families on 60 salts."""
    return Study(panel_of(crystals(60), MODELS), MODELS, 2, 40, "cpu")
